"""``andon demo``: the whole system in a minute, with nothing else installed."""

import time
from typing import Annotated

import typer

from andon.cli.options import examples

EXAMPLES = examples("andon demo", "andon demo --fast")


def demo(
    fast: Annotated[bool, typer.Option("--fast", help="Do not wait between events.")] = False,
) -> None:
    """Live through a simulated week: two wrong bags of coffee, and what Andon does about them."""
    from rich.console import Console

    from andon.demo_view import LiveView, PlainView, closing
    from andon.demonstration import SECONDS, demonstrate

    console = Console(highlight=False)
    start = time.monotonic()
    with LiveView(console) if console.is_terminal else PlainView(console) as view:
        score, home = demonstrate(view, seconds=0.0 if fast else SECONDS)
    console.print(closing(score, home, time.monotonic() - start), soft_wrap=True)
