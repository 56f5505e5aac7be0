import gc
import gzip
import io
import os
import random
from pathlib import Path
from threading import Thread

import pytest
import zstandard

from schemas.codec import Decoder, encode
from schemas.events import Event
from schemas.forms import Form
from schemas.problems import Problem, problems_digest
from schemas.testing import a_delivery, a_dispatch, a_packing, a_scan, an_order, as_lines, at, at_ms
from schemas.times import iso
from streams import replay, sorting
from streams.engine import Engine
from streams.folder import Folder
from streams.journal import Entry, Journal
from streams.recordings import NotARecording
from streams.replay import Replayed, replay_paths

LATE = at_ms("03-05T10:00")
"""When the promise of :func:`late_orders` passes."""


def late_orders(count: int = 40) -> list[Event]:
    """Return orders that are delivered two days late, by recorded time."""
    told: list[Event] = []
    for number in range(count):
        of = {"order_id": f"o-{number}"}
        second = f":{number:02}"
        told += [
            an_order(**of, time=at("03-01T10:00" + second)),
            a_packing(**of, time=at("03-02T10:00" + second)),
            a_dispatch(**of, time=at("03-03T10:00" + second)),
            a_scan(**of, time=at("03-04T10:00" + second)),
            a_delivery(**of, time=at("03-07T10:00" + second)),
        ]
    return sorted(told, key=lambda event: event.time)


def run(*paths: Path | str, batch_size: int = 20_000) -> Replayed:
    return replay_paths(paths, Engine(), batch_size=batch_size)


def written(path: Path, text: bytes) -> Path:
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def kinds(problems: list[Problem]) -> set[str]:
    return {problem.kind for problem in problems}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return written(tmp_path / "events.jsonl", as_lines(late_orders()))


@pytest.fixture
def answer(recording: Path) -> str:
    return problems_digest(run(recording).problems)


def test_a_replay_returns_the_newest_state_of_each_problem_by_its_opening(recording: Path) -> None:
    replayed = run(recording)
    late = [problem for problem in replayed.problems if problem.kind == "late-delivery"]

    assert replayed.events == 200
    assert len(late) == 40
    assert {problem.opened_at for problem in late} == {LATE}
    assert all(problem.cleared_at for problem in late)
    assert replayed.problems == sorted(replayed.problems, key=lambda p: (p.opened_at, p.id))
    assert [change.at for change in replayed.changes] == sorted(c.at for c in replayed.changes)


@pytest.mark.parametrize("size", [1, 7, 199, 200, 201])
def test_any_batch_size_gives_the_same_answer(recording: Path, answer: str, size: int) -> None:
    assert problems_digest(run(recording, batch_size=size).problems) == answer


def test_small_pieces_give_the_same_answer(
    recording: Path, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "CHUNK", 700)

    assert problems_digest(run(recording, batch_size=13).problems) == answer


@pytest.mark.parametrize("piece", [500, 1 << 21])
@pytest.mark.parametrize("size", [7, 20_000])
def test_an_unsorted_file_gives_the_same_answer_and_nothing_is_clamped(
    tmp_path: Path, answer: str, monkeypatch: pytest.MonkeyPatch, piece: int, size: int
) -> None:
    lines = as_lines(late_orders()).splitlines()
    random.Random(7).shuffle(lines)  # noqa: S311 - a shuffled deck, no secret
    shuffled = written(tmp_path / "shuffled.jsonl", b"\n".join(lines))
    monkeypatch.setattr(replay, "CHUNK", piece)
    monkeypatch.setattr(sorting, "CHUNK", piece)
    monkeypatch.setattr(sorting, "LINES", 9)
    replayed = run(shuffled, batch_size=size)

    assert problems_digest(replayed.problems) == answer
    assert replayed.events == 200
    assert replayed.counts["late: clamped"] == 0


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz"])
def test_several_files_are_one_log(tmp_path: Path, answer: str, ending: str) -> None:
    lines = as_lines(late_orders()).splitlines(keepends=True)
    odd = written(tmp_path / f"odd{ending}", b"".join(lines[1::2]))
    even = written(tmp_path / f"even{ending}", b"".join(lines[::2]))

    assert problems_digest(run(odd, even).problems) == answer
    assert problems_digest(run(tmp_path / f"odd{ending}", str(even)).problems) == answer


def test_a_folder_stands_for_the_recordings_in_it(tmp_path: Path, answer: str) -> None:
    lines = as_lines(late_orders()).splitlines(keepends=True)
    week = tmp_path / "week"
    week.mkdir()
    written(week / "1.jsonl.gz", b"".join(lines[:90]))
    written(week / "2.jsonl", b"".join(lines[90:]))
    written(week / "notes.txt", b"not events")

    assert problems_digest(run(week).problems) == answer


def test_a_folder_without_recordings_is_said_to_hold_none(tmp_path: Path) -> None:
    with pytest.raises(NotARecording, match="no recording in"):
        run(tmp_path)


def test_the_journal_of_a_run_is_replayed_up_to_what_the_run_decided(tmp_path: Path) -> None:
    events = late_orders()[:120]
    folder = Folder(tmp_path)
    with Journal(folder.journal) as journal:
        entries = [Entry(at_ms(e.time[5:23]), "", encode(e)) for e in events]
        journal.append(entries)
        undecided = kinds(run(tmp_path).problems)
        journal.decide(LATE + 1)

    assert "late-delivery" not in undecided
    assert "late-delivery" in kinds(run(tmp_path).problems)


def test_a_journal_and_a_file_are_one_log(tmp_path: Path, answer: str) -> None:
    events = late_orders()
    run_folder = tmp_path / "run"
    run_folder.mkdir()
    with Journal(Folder(run_folder).journal) as journal:
        journal.append([Entry(at_ms(e.time[5:23]), "", encode(e)) for e in events[::2]])
    rest = written(tmp_path / "rest.jsonl", as_lines(events[1::2]))

    assert problems_digest(run(run_folder, rest).problems) == answer


def test_standard_input_may_be_in_any_order_too(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backwards = b"\n".join(reversed(as_lines(late_orders()).splitlines()))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(backwards)))
    replayed = run("-", batch_size=10)

    assert problems_digest(replayed.problems) == answer


def test_lines_that_are_no_events_are_kept_with_their_file_and_line(tmp_path: Path) -> None:
    good = as_lines(late_orders(2)).splitlines()
    lines = [good[0], b"{", b"", good[1], b"  ", b'{"type":"order.placed"}', *good[2:]]
    path = written(tmp_path / "bad.jsonl", b"\n".join(lines))
    replayed = run(path)

    assert replayed.events == len(good)
    assert [one.position for one in replayed.rejected] == [1, 5]
    assert {one.file for one in replayed.rejected} == {str(path)}
    assert replayed.rejected[0].raw == b"{"


def test_bad_lines_of_an_unsorted_file_are_kept_once_and_the_rest_is_read(
    tmp_path: Path, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = as_lines(late_orders()).splitlines()[::-1]
    lines = [good[0], b"{", b"", *good[1:50], b"\xff\xfe", *good[50:]]
    path = written(tmp_path / "bad.jsonl", b"\n".join(lines))
    monkeypatch.setattr(replay, "CHUNK", 600)
    monkeypatch.setattr(sorting, "CHUNK", 600)
    replayed = run(path, batch_size=3)

    assert problems_digest(replayed.problems) == answer
    assert [one.position for one in replayed.rejected] == [1, 52]


def test_events_recorded_from_until_on_are_left_out_but_time_passes_up_to_it(
    recording: Path,
) -> None:
    engine = Engine()
    before = replay_paths([recording], engine, until=LATE)
    after = replay_paths([recording], Engine(), until=LATE + 1)

    assert before.events == after.events == 160
    assert "late-delivery" not in kinds(before.problems)
    assert "late-delivery" in kinds(after.problems)


def test_an_until_beyond_the_recording_lets_no_more_time_pass_than_is_recorded(
    recording: Path, answer: str
) -> None:
    replayed = replay_paths([recording], Engine(), until=LATE * 2)

    assert problems_digest(replayed.problems) == answer


def test_what_was_over_before_since_is_left_out(recording: Path) -> None:
    end = at_ms("03-07T10:00:20")
    replayed = replay_paths([recording], Engine(), since=end)
    late = [problem for problem in replayed.problems if problem.kind == "late-delivery"]

    assert len(late) == 20
    assert all(change.at >= end for change in replayed.changes)


def test_progress_tells_the_bytes_read_and_the_bytes_in_all(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "CHUNK", 5_000)
    told: list[tuple[int, int]] = []
    replay_paths([recording], Engine(), on_progress=lambda done, total: told.append((done, total)))
    size = recording.stat().st_size

    assert told[0] == (0, size)
    assert told[-1] == (size, size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(told) > 3


def test_the_garbage_collector_is_as_it_was_afterwards(recording: Path) -> None:
    run(recording)
    enabled = gc.isenabled()
    gc.disable()
    run(recording)
    still_disabled = not gc.isenabled()
    gc.enable()

    assert enabled
    assert still_disabled


def test_an_empty_file_holds_no_problems(tmp_path: Path) -> None:
    empty = written(tmp_path / "empty.jsonl", b"")
    blank = written(tmp_path / "blank.jsonl", b"\n\n")

    assert run(empty, blank).problems == []
    assert run(empty, blank).events == 0


def test_an_empty_file_may_stand_among_files_that_are_not_sorted(
    tmp_path: Path, answer: str
) -> None:
    lines = as_lines(late_orders()).splitlines(keepends=True)
    parts = [b"".join(lines[100:]), b"", b"".join(lines[:100])]
    paths = [written(tmp_path / f"{n}.jsonl", text) for n, text in enumerate(parts)]

    assert problems_digest(run(*paths).problems) == answer


def test_a_file_that_is_not_what_its_name_says_is_named(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl.gz"
    path.write_bytes(b"plain text")

    with pytest.raises(NotARecording, match=r"events\.jsonl\.gz is damaged"):
        run(path)


def test_a_packed_file_that_was_cut_off_is_named(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl.gz"
    path.write_bytes(gzip.compress(as_lines(late_orders()))[:-20])

    with pytest.raises(NotARecording, match=r"events\.jsonl\.gz is damaged"):
        run(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.jsonl"):
        run(tmp_path / "missing.jsonl")


def test_what_can_be_read_only_once_may_be_in_any_order_too(tmp_path: Path, answer: str) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    backwards = b"\n".join(reversed(as_lines(late_orders()).splitlines()))
    writer = Thread(target=pipe.write_bytes, args=[backwards])
    writer.start()
    replayed = run(pipe, batch_size=10)
    writer.join()

    assert problems_digest(replayed.problems) == answer


def test_a_zst_file_is_read_like_any_other(tmp_path: Path, answer: str) -> None:
    packed = zstandard.ZstdCompressor().compress(as_lines(late_orders()))
    path = written(tmp_path / "events.jsonl.zst", packed)

    assert problems_digest(run(path).problems) == answer


def test_a_decoder_of_ones_own_is_used(tmp_path: Path) -> None:
    path = written(tmp_path / "events.jsonl", as_lines(late_orders(1)))
    replayed = replay_paths([path], Engine(), decoder=Decoder(Form.CLOUDEVENTS))

    assert replayed.events == 0
    assert len(replayed.rejected) == 5


def test_times_are_cut_where_they_lie_in_the_future(tmp_path: Path) -> None:
    order = an_order(time=iso(LATE + 10**9), recordedtime=iso(LATE))
    path = written(tmp_path / "events.jsonl", as_lines([order]))

    assert run(path).events == 1
