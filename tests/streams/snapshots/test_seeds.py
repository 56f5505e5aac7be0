import threading
from pathlib import Path

import pytest

from streams.snapshots import hash_seed


def test_a_store_has_one_seed_for_good(tmp_path: Path) -> None:
    assert hash_seed(tmp_path / "store") == hash_seed(tmp_path / "store")
    assert int(hash_seed(tmp_path / "store")) in range(1, 1 << 32)


def test_stores_have_seeds_of_their_own(tmp_path: Path) -> None:
    assert len({hash_seed(tmp_path / str(number)) for number in range(3)}) == 3


def test_workers_that_begin_together_get_one_seed(tmp_path: Path) -> None:
    found: list[str] = []
    start = threading.Barrier(8)

    def begin() -> None:
        start.wait()
        found.append(hash_seed(tmp_path))

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert set(found) == {hash_seed(tmp_path)}
    assert [path.name for path in tmp_path.iterdir()] == ["hash-seed"]


def test_a_url_has_a_seed_too() -> None:
    assert hash_seed("memory://seeds") == hash_seed("memory://seeds")


@pytest.mark.parametrize("text", ["", "seven", "4294967296", "-1"])
def test_a_file_that_holds_no_seed_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "hash-seed").write_text(text, encoding="ascii")

    with pytest.raises(ValueError, match="holds no number"):
        hash_seed(tmp_path)
