"""``andon topics``: the topics on Kafka, made and checked."""

from typing import Annotated

import typer

from andon.cli.options import FormatOption, KafkaOption, PrefixOption, examples
from andon.cli.output import Format, print_rows, say

app = typer.Typer(name="topics", help="Make and check the topics on Kafka.", no_args_is_help=True)

_CREATE = examples(
    "andon topics create --kafka 127.0.0.1:9092",
    "andon topics create --partitions 24 --replicas 3",
    "andon topics create --mend                # also set what differs",
)
_CHECK = examples("andon topics check", "andon topics check -o json | jq .remedy")


@app.command(epilog=_CREATE)
def create(
    kafka: KafkaOption = None,
    partitions: Annotated[
        int, typer.Option("--partitions", min=1, help="Of input topics; decided once.")
    ] = 12,
    replicas: Annotated[
        int | None,
        typer.Option(
            "--replicas", min=1, help="Brokers that keep each record.", show_default="the cluster's"
        ),
    ] = None,
    mend: Annotated[bool, typer.Option("--mend", help="Also change settings that differ.")] = False,
    prefix: PrefixOption = None,
) -> None:
    """Make the topics that are missing; those that exist are left alone."""
    from andon.kafka import cluster
    from streams import topics

    where = cluster(kafka, prefix)
    wanted = topics.topics(where.names, partitions)
    made = topics.create(where.bootstrap, wanted, replicas)
    changed = topics.mend(where.bootstrap, wanted) if mend else []
    for name in made:
        say(f"made {name}")
    for name in changed:
        say(f"mended {name}")
    say(f"{len(made)} of {len(wanted)} topics made; andon topics check says whether all is well")


@app.command(epilog=_CHECK)
def check(
    kafka: KafkaOption = None, prefix: PrefixOption = None, form: FormatOption = Format.TABLE
) -> None:
    """Say what about the topics is not as it must be, and the remedy; exit with 1 if anything."""
    from andon.kafka import cluster
    from streams import topics

    where = cluster(kafka, prefix)
    wanted = topics.topics(where.names)
    found = topics.differences(where.bootstrap, wanted)
    rows = [
        {
            "topic": one.topic,
            "what": one.what,
            "found": one.found,
            "wanted": one.wanted,
            "remedy": one.remedy,
        }
        for one in found
    ]
    print_rows(rows, form)
    say(f"{len(found)} differences" if found else f"all {len(wanted)} topics are as they must be")
    if found:
        raise typer.Exit(1)
