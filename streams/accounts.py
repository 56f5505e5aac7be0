"""What a partition tells the judge when they live in different processes, as bytes.

An account covers the recorded time from ``since`` to before ``until``. Everything in it bears the
moment at which it became known, so accounts can be cut anywhere, and what was told before can be
taken out of one that begins too early. Codes never leave their process: the words travel instead.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any, Final, cast

import msgspec
import numpy as np
import zstandard

from detectors.journeys.names import UNKNOWN, Codes
from detectors.journeys.vocabulary import Item, Lane, PackedItem, Vocabulary
from detectors.observations import (
    Appeal,
    Exposures,
    Observation,
    Repair,
    Replacement,
    Report,
    Reports,
    Retraction,
)
from schemas.problems import Change
from streams.partition import Account

VERSION: Final = 1
"""Of the form of these bytes; a judge reads no other."""

LARGEST: Final = 900_000
"""Bytes of one record: below the megabyte that Kafka takes unless told otherwise."""

Said = Sequence[tuple[int, str]]

Offsets = dict[str, tuple[int, int]]
"""By input topic: the offset an account begins with, and the one after its last."""

_CELL: Final = {"item": "items", "place": "packed", "lane": "lanes"}
"""Where the words behind the codes of a cell are kept."""

_MAKE: Final = {"item": Item, "place": PackedItem, "lane": Lane}

_EXPOSED: Final = tuple(field.name for field in fields(Exposures))
_REPORTED: Final = tuple(field.name for field in fields(Reports) if field.name != "names")

Observed = Report | Retraction | Replacement | Repair | Appeal


class AccountError(Exception):
    """Bytes that are no account; the message says what they lack."""


class VersionError(AccountError):
    """An account as another version of Andon tells it."""


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """One account, and which partition gives it of which stretch of recorded time (ms UTC)."""

    partition: int
    of: int
    """How many partitions there are."""
    since: int
    until: int
    offsets: Offsets
    is_end: bool = False
    """Whether this is the end of a recording: time stands still at ``until``."""
    changes: tuple[Change, ...] = ()
    """Of problems about journeys, each one's in the order of time."""
    said: tuple[tuple[int, str], ...] = ()
    """What customers said, and what was said of them: when it was recorded (ms UTC), flat JSON."""
    orders: int = 0
    """How many orders were placed."""
    observations: tuple[Observation, ...] = ()
    exposures: Exposures = Exposures()
    reports: Reports = Reports()
    words: Vocabulary


class _Form(msgspec.Struct, frozen=True, array_like=True):
    """How a telling travels: columns as bytes, words once each."""

    version: int
    partition: int
    of: int
    since: int
    until: int
    offsets: Offsets
    is_end: bool
    changes: tuple[Change, ...]
    said: tuple[tuple[int, str], ...]
    orders: int
    observations: tuple[Observed, ...]
    exposures: tuple[bytes, ...]
    reports: tuple[bytes, ...]
    names: list[str]
    items: list[list[str]]
    places: list[list[str]]
    lanes: list[list[str]]
    skus: list[str]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Form).decode


def telling_of(  # noqa: PLR0913 - all that an account is told with, by name
    account: Account,
    *,
    partition: int,
    of: int,
    since: int,
    until: int,
    offsets: Offsets,
    is_end: bool = False,
    said: Said = (),
    orders: int = 0,
) -> Telling:
    """Return the account that a partition gives of ``since`` to before ``until`` (ms UTC)."""
    return Telling(
        partition=partition,
        of=of,
        since=since,
        until=until,
        offsets=offsets,
        is_end=is_end,
        changes=tuple(account.changes),
        said=tuple(said),
        orders=orders,
        observations=tuple(account.observations),
        exposures=account.exposures,
        reports=account.reports,
        words=account.words,
    )


def after(telling: Telling, since: int) -> Telling:
    """Return what ``telling`` says of ``since`` (ms UTC) and later; the rest was told before."""
    return telling if telling.since >= since else _part(telling, since, telling.until)


def before(telling: Telling, until: int) -> Telling | None:
    """Return what ``telling`` says of before ``until`` (ms UTC), ``None`` if it says nothing."""
    if telling.since >= until:
        return None
    return telling if telling.until <= until else _part(telling, telling.since, until)


def _part(telling: Telling, since: int, until: int) -> Telling:
    def within(at: Codes) -> Codes:
        return np.flatnonzero((at >= since) & (at < until))

    return msgspec.structs.replace(
        telling,
        since=since,
        until=until,
        is_end=telling.is_end and until == telling.until,
        changes=tuple(change for change in telling.changes if since <= change.at < until),
        said=tuple(one for one in telling.said if since <= one[0] < until),
        orders=telling.orders if since == telling.since else 0,
        observations=tuple(o for o in telling.observations if since <= o.at < until),
        exposures=_exposed(telling.exposures, within(telling.exposures.at)),
        reports=_reported(telling.reports, within(telling.reports.at)),
    )


def _exposed(told: Exposures, index: Codes) -> Exposures:
    return Exposures(*(getattr(told, name)[index] for name in _EXPOSED))


def _reported(told: Reports, index: Codes) -> Reports:
    columns = {name: getattr(told, name)[index] for name in _REPORTED}
    return Reports(**columns, names=[told.names[i] for i in index.tolist()])


def encoded(telling: Telling, largest: int = LARGEST) -> Iterator[bytes]:
    """Yield ``telling`` as records of at most ``largest`` bytes, in the order of time.

    Raises:
        AccountError: One millisecond says more than fits into a record.
    """
    whole = _encoded(telling)
    if len(whole) <= largest:
        yield whole
        return
    middle = _middle(telling)
    yield from encoded(_part(telling, telling.since, middle), largest)
    yield from encoded(_part(telling, middle, telling.until), largest)


def _middle(telling: Telling) -> int:
    """Return a moment before which about half of what is told became known, ms UTC."""
    said = [observation.at for observation in telling.observations]
    said += [change.at for change in telling.changes]
    said += [at for at, _ in telling.said]
    moments = np.concatenate((telling.exposures.at, telling.reports.at, said)).astype(np.int64)
    middle = int(np.median(moments))
    if not telling.since < middle < telling.until:
        middle = (telling.since + telling.until) // 2
    if middle == telling.since:
        raise AccountError(f"partition {telling.partition} says too much of one millisecond")
    return middle


def _encoded(telling: Telling) -> bytes:
    words, e, r = telling.words, telling.exposures, telling.reports
    recoded, texts = {}, {}
    for column, kept in _CELL.items():
        both = np.concatenate((getattr(e, column), getattr(r, column)))
        codes, texts[column] = _spelt(both, getattr(words, kept).values)
        recoded[column] = codes[: e.at.size], codes[e.at.size :]
    found, skus = _spelt(r.found, words.skus.values)
    out = [recoded[n][0] if n in recoded else getattr(e, n) for n in _EXPOSED]
    said = {n: recoded[n][1] if n in recoded else getattr(r, n) for n in _REPORTED}
    form = _Form(
        VERSION,
        telling.partition,
        telling.of,
        telling.since,
        telling.until,
        telling.offsets,
        telling.is_end,
        telling.changes,
        telling.said,
        telling.orders,
        cast("tuple[Observed, ...]", telling.observations),
        tuple(_packed(column) for column in out),
        tuple(_packed(column) for column in (said | {"found": found}).values()),
        r.names,
        [list(one) for one in texts["item"]],
        [list(one) for one in texts["place"]],
        [list(one) for one in texts["lane"]],
        skus,
    )
    return zstandard.ZstdCompressor(level=1).compress(_encode(form))


def _packed(column: Codes) -> bytes:
    return column.astype("<i8").tobytes()


def _spelt(codes: Codes, values: Sequence[Any]) -> tuple[Codes, list[Any]]:
    """Return ``codes`` numbered anew from 0, and the word behind each number."""
    used, anew = np.unique(codes, return_inverse=True)
    known = used[used >= 0]
    return anew - (used.size - known.size), [values[code] for code in known.tolist()]


def decoded(data: bytes, words: Vocabulary) -> Telling:
    """Return the telling that ``data`` is; its codes are of ``words``, which learn new ones.

    Raises:
        AccountError: ``data`` is no telling.
        VersionError: It is one of another version.
    """
    try:
        form = _decode(zstandard.ZstdDecompressor().decompress(data))
    except (msgspec.MsgspecError, zstandard.ZstdError) as error:
        raise AccountError(f"no account of a partition: {error}") from error
    if form.version != VERSION:
        raise VersionError(f"an account of version {form.version}; this judge reads {VERSION}")
    out = [np.frombuffer(column, "<i8").astype(np.int64) for column in form.exposures]
    said = [np.frombuffer(column, "<i8").astype(np.int64) for column in form.reports]
    spelt = {"item": form.items, "place": form.places, "lane": form.lanes}
    for column, texts in spelt.items():
        make, kept = _MAKE[column], getattr(words, _CELL[column])
        codes = kept.codes([make(*text) for text in texts])
        for columns, names in ((out, _EXPOSED), (said, _REPORTED)):
            _recode(columns, names.index(column), codes)
    _recode(said, _REPORTED.index("found"), words.skus.codes(form.skus))
    return Telling(
        partition=form.partition,
        of=form.of,
        since=form.since,
        until=form.until,
        offsets=form.offsets,
        is_end=form.is_end,
        changes=form.changes,
        said=form.said,
        orders=form.orders,
        observations=form.observations,
        exposures=Exposures(*out),
        reports=Reports(**dict(zip(_REPORTED, said, strict=True)), names=form.names),
        words=words,
    )


def _recode(columns: list[Codes], place: int, codes: Codes) -> None:
    """Put the judge's ``codes`` where those of the record are."""
    columns[place] = np.append(codes, UNKNOWN)[columns[place]]
