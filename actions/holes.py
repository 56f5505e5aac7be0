"""Texts that are written once and then only have names put in, however many orders they are for.

Most texts put the number of an order in as it is, and ask at most whether there is one. Such a
text says the same about every order but for that number: it can be rendered with a mark in its
place, and the mark be replaced. A text that does more with the number is rendered for each order.
"""

from functools import lru_cache
from typing import Final

from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

MARK: Final = "\ue000"
"""Stands for the number of an order; a private-use character, which no text contains."""

KNOWN: Final = frozenset({"kind", "amount"})
"""Facts that are the same for all letters of one form: whatever a text makes of them is, too."""

LISTS: Final = frozenset({"remedies"})
"""Facts that are lists of texts; a text may say each in turn."""

_STATEMENTS: Final = (nodes.Output, nodes.If, nodes.For)


@lru_cache(maxsize=1_000)
def only_puts_in(text: str) -> bool:
    """Whether a template puts every name but those ``KNOWN`` in as it is, or asks if it is there.

    What it makes of a text with ``MARK`` in it is then what it makes of any other, with the mark
    replaced.
    """
    if MARK in text:
        return False
    return all(map(_is_plain, ImmutableSandboxedEnvironment().parse(text).body))


def _is_plain(node: nodes.Node) -> bool:
    if not isinstance(node, _STATEMENTS):
        return False
    if isinstance(node, nodes.Output):
        return all(map(_is_plain_expression, node.nodes))
    if isinstance(node, nodes.If):
        parts = (*node.body, *node.elif_, *node.else_)
        return _is_plain_expression(node.test) and all(map(_is_plain, parts))
    return _is_plain_loop(node)


def _is_plain_expression(node: nodes.Node) -> bool:
    """A bare name is put in as it is; anything else must not look at what differs by order."""
    if isinstance(node, nodes.Name | nodes.TemplateData):
        return True
    return {name.name for name in node.find_all(nodes.Name)} <= KNOWN


def _is_plain_loop(node: nodes.Node) -> bool:
    if not isinstance(node, nodes.For) or node.test is not None or node.recursive:
        return False
    over_list = isinstance(node.iter, nodes.Name) and node.iter.name in LISTS
    one_name = isinstance(node.target, nodes.Name) and node.target.name not in KNOWN | LISTS
    return over_list and one_name and all(map(_is_plain, (*node.body, *node.else_)))
