"""``andon customer``: one customer's whole life with the shop, and whether to sell to them now."""

from typing import Annotated

import typer

from andon.cli.options import DataOption, FormatOption, examples
from andon.cli.output import Format, print_rows, say

EXAMPLES = examples("andon customer C-1001", "andon customer C-1001 -o json")


def customer(
    name: Annotated[str, typer.Argument(help="The customer's id.")],
    form: FormatOption = Format.TABLE,
    data: DataOption = None,
) -> None:
    """Show everything about a customer in one timeline: events, problems, what was done.

    Says at the end whether a promotion may reach them: not while something is wrong for them.
    """
    from andon.lifetimes import COLUMNS, lifetime

    rows, standing = lifetime(name, data)
    print_rows(rows, form, COLUMNS)
    kinds = ", ".join(problem.kind for problem in standing.problems)
    say("promotions: free" if standing.may_promote else f"promotions: hold, because of {kinds}")
