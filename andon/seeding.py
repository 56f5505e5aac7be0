"""The hash seed of a worker's snapshots: asked for first, before much is imported."""

import os
import sys
from typing import Final

from streams.snapshots.seeds import hash_seed

NO_SNAPSHOTS: Final = "none"
"""Written instead of a place, it keeps no snapshots."""

STATELESS: Final = frozenset({"desk", "ingest"})
"""Roles that keep no state."""


def with_one_seed(snapshots: str, roles: frozenset[str]) -> None:
    """Run this program again under the hash seed of its ``snapshots``, unless it does already.

    State remembers ids by Python's hash of them, which differs from process to process otherwise.
    Whatever was imported before is imported twice, and every restart waits for it.

    Raises:
        NotPossible: Nothing can be kept there.
    """
    if snapshots == NO_SNAPSHOTS or roles <= STATELESS:
        return
    try:
        seed = hash_seed(snapshots)
    except (OSError, ValueError) as error:
        from andon.wiring import NotPossible  # noqa: PLC0415 - all of Andon, in vain if it is kept

        raise NotPossible(f"snapshots cannot be kept in {snapshots}: {error}") from error
    if os.environ.get("PYTHONHASHSEED") == seed:
        return
    os.environ["PYTHONHASHSEED"] = seed
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - this very program
