"""Snapshots of the state of a live worker: kept in chunks, so that what did not change stays."""

from streams.snapshots.background import Background
from streams.snapshots.catalogue import Damage, Pruned
from streams.snapshots.children import Failed
from streams.snapshots.manifests import Manifest
from streams.snapshots.pace import Pace
from streams.snapshots.seeds import hash_seed
from streams.snapshots.settings import Settings, Unreadable
from streams.snapshots.shelves import Unreachable
from streams.snapshots.store import Loaded, Saved, Snapshots

__all__ = [
    "Background",
    "Damage",
    "Failed",
    "Loaded",
    "Manifest",
    "Pace",
    "Pruned",
    "Saved",
    "Settings",
    "Snapshots",
    "Unreachable",
    "Unreadable",
    "hash_seed",
]
