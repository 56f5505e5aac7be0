import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from streams.folder import Folder, FolderInUse
from streams.journal import Entry, Journal, JournalError, Mark, Refusal


def an_entry(at: int, order: str = "o1", line: bytes = b"{}") -> Entry:
    return Entry(at, order, line)


def a_refusal(reason: str = "not JSON") -> Refusal:
    return Refusal(5, "http", 2, "$.lines[0].quantity", reason, b"{oops")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.db")


def test_what_was_appended_is_read_back_in_order(journal: Journal) -> None:
    journal.append([an_entry(1, line=b"a"), an_entry(1, line=b"b"), an_entry(2, line=b"c")])

    assert list(journal.lines(size=2)) == [b"a\nb", b"c"]


def test_an_order_is_found_without_reading_the_rest(journal: Journal) -> None:
    journal.append([an_entry(1, "o1", b"a"), an_entry(2, "o2", b"b"), an_entry(3, "o1", b"c")])

    assert journal.order_lines("o1") == b"a\nc"


def test_recorded_at_never_goes_back(journal: Journal) -> None:
    journal.append([an_entry(10)])

    with pytest.raises(JournalError, match="goes back from 10 to 9"):
        journal.append([an_entry(9)])


def test_a_refused_batch_leaves_nothing_behind(journal: Journal) -> None:
    with pytest.raises(JournalError):
        journal.append([an_entry(10), an_entry(9)], [a_refusal()], [Mark("f", 3, "h")])

    assert (journal.count(), journal.rejected(), journal.mark("f")) == (0, [], None)


def test_the_floor_is_the_newest_stamp_or_the_decided_clock(journal: Journal) -> None:
    journal.append([an_entry(10)])
    journal.decide(25)
    journal.decide(20)

    assert journal.floor == 25


def test_the_input_position_is_stored_with_its_events(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.db") as journal:
        journal.append([an_entry(1)], marks=[Mark("in.jsonl", 120, "head")])

    assert Journal(tmp_path / "j.db").mark("in.jsonl") == Mark("in.jsonl", 120, "head")


def test_rejected_records_keep_reason_path_and_bytes(journal: Journal) -> None:
    journal.append([], [a_refusal()])
    (kept,) = journal.rejected()

    assert (kept.refusal, kept.state) == (a_refusal(), "kept")


def test_a_retried_record_leaves_the_list_but_not_the_journal(journal: Journal) -> None:
    journal.append([], [a_refusal()])
    journal.queue_rejected([1])
    journal.append([an_entry(1)], retried=[1])

    assert journal.rejected() == []
    assert [kept.state for kept in journal.rejected(state=None)] == ["retried"]


def test_commits_are_synced_to_disk(journal: Journal) -> None:
    modes = [
        journal._connection.execute(f"PRAGMA {name}").fetchone()[0]  # noqa: SLF001 - stated
        for name in ("journal_mode", "synchronous")
    ]

    assert modes == ["wal", 2]


def test_a_file_that_is_no_journal_is_named_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"not a database, but long enough to be read as one" * 10)

    with pytest.raises(JournalError, match=r"journal\.db is not a journal of Andon.*--data"):
        Journal(path)


def test_a_journal_of_a_newer_format_is_not_touched(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "j.db")
    connection.execute("PRAGMA user_version=99")
    connection.close()

    with pytest.raises(JournalError, match="format 99"):
        Journal(tmp_path / "j.db")


def test_reading_a_folder_that_never_ran_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="andon run"):
        Journal.reader(tmp_path / "journal.db")


def test_a_second_writer_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    refused = pytest.raises(FolderInUse, match=f"process {os.getpid()}.*--data")
    with folder.locked(), refused, folder.locked():
        pass


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    code = "import os,sys,pathlib; from streams.folder import Folder\n"
    code += "Folder(pathlib.Path(sys.argv[1])).locked().__enter__(); os._exit(9)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)

    with Folder(tmp_path).locked():
        pass
