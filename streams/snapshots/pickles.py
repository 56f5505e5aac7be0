"""State to bytes and back: small things in one stream, large arrays beside it as they are.

Whoever can write the folder of snapshots must not be able to run code in the worker, and an
ordinary pickle is a program. So what is loaded can name nothing but a few containers, the structs
of ``schemas``, what puts arrays and structs together, and the pure core, which does no input or
output (import-linter sees to that). Settings are not kept at all, see
:mod:`streams.snapshots.settings`.
"""

import importlib
import io
import pickle
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, Final, NamedTuple

from streams.snapshots import settings as kept_out
from streams.snapshots.settings import Settings, Unreadable, answers, stand_in

SMALLEST: Final = 1 << 16
"""Arrays below this (bytes) are kept in the stream: a file of their own would cost more."""

Buffer = memoryview | bytes | bytearray


class Frozen(NamedTuple):
    """A state as bytes: a stream, then the buffers it refers to."""

    stream: bytes
    buffers: Sequence[Buffer]
    """Of arrays that may still change, unless they were copied."""

    def copied(self) -> "Frozen":
        """Return the same with buffers that nobody changes any more."""
        return Frozen(self.stream, [bytes(buffer) for buffer in self.buffers])

    @property
    def parts(self) -> list[Buffer]:
        """All of it, the stream first."""
        return [self.stream, *self.buffers]


class _Pickler(pickle.Pickler):
    def reducer_override(self, thing: object) -> Any:  # noqa: ANN401 - as the base class has it
        return stand_in(thing)


def freeze(state: object) -> Frozen:
    """Return ``state`` as bytes; its large arrays are not copied."""
    buffers: list[Buffer] = []

    def keep(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < SMALLEST:
            return True
        buffers.append(raw)
        return False

    stream = io.BytesIO()
    _Pickler(stream, 5, buffer_callback=keep).dump(state)
    return Frozen(stream.getvalue(), buffers)


_FUNCTIONS: Final = {
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"),
    ("msgspec._utils", "rebuild"),
}
"""What puts arrays and structs together."""

_CLASSES: Final = {
    "builtins": {"bytearray", "complex", "frozenset", "range", "set", "slice"},
    "collections": {"Counter", "OrderedDict", "defaultdict", "deque"},
    "datetime": {"date", "datetime", "time", "timedelta", "timezone"},
    "decimal": {"Decimal"},
    "fractions": {"Fraction"},
    "numpy": {"dtype", "ndarray"},
}

_CORE: Final = "detectors."
_OURS: Final = (_CORE, "schemas.")
_STATES: Final = {
    ("streams.partition", "Partition"),
    ("streams.judging", "Gap"),
    ("streams.judging", "Seat"),
    ("streams.accounts", "Telling"),
}


class _Unpickler(pickle.Unpickler):
    def __init__(
        self, stream: bytes, buffers: Sequence[Buffer], known: dict[str, Callable[..., object]]
    ) -> None:
        super().__init__(io.BytesIO(stream), buffers=buffers)
        self._known = known

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - as the base class has it
        if module == kept_out.__name__ and name in self._known:
            return self._known[name]
        if (module, name) in _FUNCTIONS or name in _CLASSES.get(module, ()):
            return getattr(importlib.import_module(module), name)
        if module.startswith(_OURS) or (module, name) in _STATES:
            found = getattr(importlib.import_module(module), name, None)
            is_ours = isinstance(found, type) or (
                module.startswith(_CORE) and isinstance(found, FunctionType)
            )
            if is_ours and found.__module__ == module:
                return found
        raise Unreadable(f"it names {module}.{name}, which no state of Andon is made of")


def thaw(frozen: Frozen, settings: Settings) -> Any:  # noqa: ANN401 - whatever was frozen
    """Return the state that was frozen, with the questions and rules of ``settings`` in it.

    Raises:
        Unreadable: It names something that a state is not made of, or that is not there any more.
    """
    try:
        return _Unpickler(frozen.stream, frozen.buffers, answers(settings)).load()
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(f"its stream makes no sense: {error!r}") from error
