"""What a detector is: one question asked of rows of facts."""

from typing import Any, ClassVar, Protocol, TypeGuard

from detectors.journeys.tables import Table
from schemas.problems import Severity
from schemas.times import Flags, Times


class Question(Protocol):
    """From when is this a problem, on what is known?

    A detector is a frozen dataclass whose fields are its settings. It sees rows of facts and
    nothing else: no clock, no other detector, no randomness. On an empty row it says ``NEVER``.
    """

    kind: ClassVar[str]
    """Name of the problem, kebab case."""
    version: ClassVar[str]
    """Changes whenever the same facts would mean something else."""
    table: ClassVar[Table]
    """Where all the facts it needs meet."""
    severity: ClassVar[Severity]
    evidence: ClassVar[tuple[str, ...]]
    """Facts that prove the problem, by name."""

    def due(self, rows: Any, /) -> Times:  # noqa: ANN401 - each detector names its own table's rows
        """Return ms UTC per row; ``NEVER`` where nothing is wrong."""


class Refutable(Question, Protocol):
    """A detector whose problems can turn out never to have been any."""

    def refuted(self, rows: Any, /) -> Flags:  # noqa: ANN401 - each detector names its own table's rows
        """Return where what was reported has been taken back."""


def is_refutable(question: object) -> TypeGuard[Refutable]:
    """Return whether problems of this detector can be taken back."""
    return hasattr(question, "refuted")
