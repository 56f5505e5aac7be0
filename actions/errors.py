"""The few ways in which acting goes wrong, each naming whose fault it is and what to do."""

from datetime import timedelta


class Unavailable(Exception):  # noqa: N818 - named for what the reader must know, not for its type
    """The other side did not answer or asked for patience: try again.

    ``retry_after`` is the patience it asked for, ``None`` where it did not say.
    """

    def __init__(self, reason: str, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class NotYet(Exception):  # noqa: N818 - as above
    """Nothing was tried: it may be, from ``due_at`` (ms UTC) on. Uses up no try."""

    def __init__(self, due_at: int) -> None:
        super().__init__(f"not before {due_at}")
        self.due_at = due_at


class Refused(Exception):  # noqa: N818 - as above
    """The other side will not do it, today or tomorrow: a person must look."""


class Gone(Refused):
    """The other side wants nothing from us any more: it is sent nothing until a restart."""


class LedgerError(Exception):
    """The ledger cannot be used as it is; the message says what to do."""
