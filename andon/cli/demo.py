"""``andon demo``: the whole system in a minute, with nothing else installed."""

from typing import Annotated

import typer

from andon.cli.options import examples

EXAMPLES = examples("andon demo", "andon demo --fast")


def demo(
    fast: Annotated[
        bool, typer.Option("--fast", help="As fast as it goes, without a view.")
    ] = False,
) -> None:
    """Live through a simulated week: two wrong bags of coffee, and what Andon does about them."""
    from andon.demonstration import demonstrate

    demonstrate(fast=fast)
