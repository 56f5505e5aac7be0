"""What must be the same for the state of one worker to mean the same in another."""

import sys
from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np

from streams.snapshots.manifests import FORMAT

PACKAGES: Final = ("schemas", "detectors", "streams")
"""State consists of their objects."""


def complete(of_settings: str) -> str:
    """Return ``of_settings``, then what this process adds: versions, code, and its hashes.

    Ids are remembered by ``hash(str)``, which is another one under another ``PYTHONHASHSEED``.
    """
    parts = {
        "format": FORMAT,
        "andon": _andon(),
        "code": code(),
        "python": ".".join(map(str, sys.version_info[:2])),
        "numpy": np.__version__.partition(".")[0],
        "hashes": hash("andon") & 0xFFFFFFFF,
    }
    return " ".join([of_settings, *(f"{name}={value}" for name, value in parts.items())])


def difference(mine: str, theirs: str) -> str:
    """Return in which parts two fingerprints differ, in words."""
    pairs = zip(_parts(mine), _parts(theirs), strict=False)
    found = [f"{their or 'nothing'} instead of {my}" for my, their in pairs if my != their]
    return "; ".join(found) or "it was written by something else"


def _parts(text: str) -> list[str]:
    return text.split(" ")


def _andon() -> str:
    try:
        return version("andon")
    except PackageNotFoundError:
        return "none"


@cache
def code() -> str:
    """Return a digest of the code that state is made of: a version may be worked on."""
    found = blake2b(digest_size=8)
    for package in PACKAGES:
        spec = find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            for path in sorted(Path(folder).rglob("*.py")):
                found.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return found.hexdigest()
