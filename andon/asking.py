"""What a person asks to have explained: an order, or a group of which they may say the type."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from andon.explaining import Account, UnknownOrder, explain_order
from andon.weighed import TYPES, Course, Unheard, course_of, sources_of
from andon.wiring import NotPossible, check_name


@dataclass(frozen=True, slots=True)
class Asked:
    """A name, and of what type it is; an order first of all where that is not said."""

    name: str
    subject_type: str | None = None

    @classmethod
    def of(cls, words: Sequence[str], subject_type: str | None = None) -> Self:
        """Read ``A-1001``, ``lane SP->RJ`` or ``warehouse W1`` as they stand on a command line.

        Raises:
            NotPossible: There are more words than that, or the type is none.
        """
        *before, name = words
        if subject_type is None and len(before) == 1:
            subject_type, before = before[0], []
        if before:
            raise NotPossible("one thing at a time: an order, or a type and a name (lane 'SP->RJ')")
        kind = subject_type and subject_type.replace("-", "_")
        check_name("type of subject", kind, TYPES)
        return cls(name, kind)


def explained(
    asked: Asked, paths: Sequence[Path], data: Path | None, playbook: Path | None
) -> Account | Course:
    """Return the account of an order, or the evidence about a group.

    Raises:
        NotPossible: Nothing is known of it, or several groups are called so.
        JournalError: There is no journal yet.
    """
    if asked.subject_type is not None:
        sources = sources_of(paths, data)
        return course_of(asked.name, asked.subject_type, sources, playbook)
    try:
        return explain_order(asked.name, paths, data, playbook)
    except UnknownOrder as unknown:
        try:
            return course_of(asked.name, None, sources_of(paths, data), playbook)
        except Unheard as unheard:
            also = "nothing was counted for a SKU, lane, seller ... of that name either"
            raise NotPossible(f"{unknown}; {also}") from unheard
