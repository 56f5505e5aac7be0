"""How fast history is replayed: ``andon replay`` beside merely decoding the same lines.

python -m benchmarks.replay --events 1000000 5000000 --runs 3
"""

import argparse
import re
from collections.abc import Sequence

from andon.simulate import Form
from benchmarks.measuring import MIB, Spent, alternating, andon, machine, median, module, table
from benchmarks.worlds import recording

FORMS: tuple[Form, ...] = ("flat", "cloudevents")
HEAD = (
    "events",
    "form",
    "CPU s",
    "wall s",
    "events per CPU-second",
    "without start-up",
    "peak MiB",
    "msgspec alone",
    "share of it",
)


def row(
    events: int, form: Form, product: Sequence[Spent], yardstick: Sequence[Spent]
) -> list[object]:
    """Return one line of the table: medians of the runs."""
    cpu = median([one.cpu_s for one in product])
    decoding = median([one.cpu_s for one in yardstick])
    return [
        events,
        form,
        round(cpu, 2),
        round(median([one.wall_s for one in product]), 2),
        round(events / cpu),
        round(events / median([inner_seconds(one) for one in product])),
        round(median([one.peak_bytes for one in product]) / MIB),
        round(events / decoding),
        f"{decoding / cpu:.0%}",
    ]


def inner_seconds(spent: Spent) -> float:
    """Return the CPU seconds that ``andon replay`` itself reports: reading and deciding."""
    found = re.search(r"([\d.]+) CPU seconds", spent.told)
    if found is None:
        raise ValueError(f"no CPU seconds in {spent.told!r:.200}")
    return float(found[1])


def digest(spent: Spent) -> str:
    """Return the hash over all problems that a replay printed last."""
    return spent.said.splitlines()[-1]


def measure(events: int, form: Form, runs: int) -> tuple[list[object], str]:
    """Measure one recording; return the line of the table and the hash that all runs agreed on."""
    path = recording(events, form)
    spent = alternating(
        {"andon": andon("replay", path, "--hash"), "msgspec": module("yardstick", path)}, runs
    )
    [answer] = {digest(one) for one in spent["andon"]}
    return row(events, form, spent["andon"], spent["msgspec"]), answer


def main() -> None:
    """Measure every size in every form, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=FORMS)
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    print(machine())
    rows, answers = [], set()
    for events in chosen.events:
        for form in chosen.forms:
            line, answer = measure(events, form, chosen.runs)
            rows.append(line)
            answers.add((events, answer))
    print(table(HEAD, rows))
    same = "yes" if len(answers) == len(chosen.events) else "NO"
    print(f"\nThe same problems in every run and form: {same}.")


if __name__ == "__main__":
    main()
