"""How early and how cleanly trouble is seen in a real shop's history, as a referee judges it.

    python -m benchmarks.olist [--data FOLDER] [--referee score_olist.py]

The history (Olist, CC BY-NC-SA) and its referee are no part of this project; where they are not at
hand, this says so and measures nothing.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

from benchmarks.measuring import ROOT, andon, machine, run
from benchmarks.worlds import CACHE

DATA: Final = ROOT.parent / "shared" / "data" / "olist-2016-2017"
REFEREE: Final = ROOT.parent / "shared" / "bench" / "score_olist.py"


def problems(data: Path, folder: Path) -> Path:
    """Import and replay the history; return the file with a problem on each line."""
    folder.mkdir(parents=True, exist_ok=True)
    events, found = folder / "olist.jsonl", folder / "andon.jsonl"
    run(andon("import", "olist", data, "--out", events))
    spent = run(andon("replay", events, "--format", "json"))
    found.write_text(spent.said, encoding="utf-8")
    print(spent.told)
    return found


def main() -> None:
    """Print what the referee says of Andon, beside the rules it is compared with."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--referee", type=Path, default=REFEREE)
    chosen = parser.parse_args()
    for needed in (chosen.data, chosen.referee):
        if not needed.exists():
            print(f"not measured: no {needed.name} here; name one with --data and --referee")
            return
    print(machine())
    found = problems(chosen.data, CACHE / "olist")
    print(run([sys.executable, str(chosen.referee), str(chosen.data), str(found)]).said)


if __name__ == "__main__":
    main()
