"""Write the tables of docs/dependencies.md: every direct dependency, its pin, and why it is here.

Names come from pyproject.toml, versions from the files under requirements/, reasons from the
literal below. A dependency without a reason, or a reason without a dependency, is an error.
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "dependencies.md"
START: Final = "<!-- tables: written by docs/dependencies_table.py -->"
END: Final = "<!-- end of tables -->"

REASONS: Final[Mapping[str, str]] = {
    "aiokafka": "reads the high-rate input topics in batches, in Faust's own consumer group",
    "aiosmtpd": "a real mail server on loopback for the tests",
    "alembic": "moves a ledger from one version of its tables to the next",
    "apprise": "over a hundred alert services (chat, mail, pagers) behind one kind of URL",
    "check-jsonschema": "carries the schema of the Compose specification, for the test of ours",
    "cloudevents": "the official SDK, as the second opinion in the tests of our own codec",
    "duckdb": "the SQL an analyst would write, measured beside the replay",
    "editables": "lets hatchling install this project in place",
    "faust-streaming": "the live worker on Kafka: lifecycle, supervision, low-rate topics",
    "fsspec": "snapshots of state on S3 and its like, by URL",
    "hatchling": "builds the wheel; plain Python, no native code",
    "holidays": "public holidays of the destination, for promises counted in business days",
    "httpx2": "HTTP client with explicit timeouts; the maintained successor of httpx",
    "hypothesis": "shuffles, duplicates, cuts and partitions recordings to break the laws",
    "import-linter": "the direction of imports, and that the core does no I/O",
    "jinja2": "messages to customers and alerts, one template per locale",
    "jsonschema": "checks samples against the published JSON Schemas",
    "kafka-python": "creates and inspects topics, and reads ranges of a log for replay",
    "mode-streaming": "Faust's own base: what a part of a worker is, started and stopped with it",
    "msgspec": "decodes events into frozen structs; the fastest typed JSON decoder measured",
    "mypy": "types, strict, on everything including tests",
    "numpy": "journeys are columns; every version of every fact in a handful of array calls",
    "numba": "compiles the referee of the evidence benchmark, which is no part of this project",
    "opentelemetry-api": "traces from event to action; does nothing until an operator adds an SDK",
    "opentelemetry-exporter-otlp-proto-http": "sends spans to a collector; over HTTP, without grpc",
    "opentelemetry-sdk": "records spans for the exporter, and in memory for the tests",
    "packaging": "reads requirements in the packaging tests",
    "pandas": "what analysts get back from a replay: DataFrames",
    "pandas-stubs": "types for pandas",
    "plotext": "draws evidence over time in a terminal",
    "prometheus-client": "metrics in the form that every monitoring system reads",
    "psycopg": "PostgreSQL for the ledger, one driver for the desk and the relay",
    "pyarrow": "reads Parquet in the benchmarks",
    "pydantic": "checks files people write (playbooks) and reports every error at once",
    "pytest": "runs the tests",
    "pytest-cov": "every branch of the pure core is taken by a test",
    "pytest-timeout": "a test that hangs fails instead",
    "pytest-xdist": "runs the tests side by side",
    "pyyaml": "reads playbooks, with line and column for the error messages",
    "rich": "tables, progress and the live view in a terminal",
    "ruff": "lint and format",
    "scipy": "the referee of the evidence benchmark draws and fits distributions with it",
    "sqlalchemy": "the ledger, the same code on SQLite and PostgreSQL; Core only, no ORM",
    "stamina": "retries with jitter and caps, switched off in tests by one call",
    "standardwebhooks": "signs outgoing webhooks the way receivers' libraries already verify",
    "starlette": "HTTP intake",
    "structlog": "structured logs on stderr: JSON, or readable on a terminal",
    "typer": "the command line from typed functions",
    "types-jsonschema": "types for jsonschema",
    "types-pyyaml": "types for pyyaml",
    "tzdata": "time zones where the system has none, the same everywhere",
    "uv": "compiles the hash-pinned requirement files",
    "uvicorn": "serves the HTTP intake",
    "zstandard": "reads and writes .zst: recordings, and the state kept between runs",
}


def direct(table: Sequence[str | Mapping[str, str]]) -> list[str]:
    """Names of the packages a list of requirements asks for; included groups are left out."""
    found = (re.match(r"[a-z0-9-]+", entry) for entry in table if isinstance(entry, str))
    return sorted(match.group() for match in found if match)


def pins(text: str) -> dict[str, str]:
    """Version by package of a compiled requirement file; two where Python versions differ."""
    found: dict[str, str] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==([^ \\]+)", text, re.MULTILINE):
        found[name] = f"{found[name]}, {version}" if name in found else version
    return found


def table(title: str, names: Sequence[str], versions: Mapping[str, str]) -> str:
    """One Markdown table; raises KeyError for a package without a pin or a reason."""
    rows = [f"| {name} | {versions[name]} | {REASONS[name]} |" for name in names]
    return "\n".join(
        [f"## {title}", "", "| package | pinned | why |", "| --- | --- | --- |", *rows]
    )


def tables() -> str:
    """All tables as they should stand in the page."""
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    files = [ROOT / "requirements" / f"{name}.txt" for name in ("dev", "bench")]
    versions = {k: v for file in files for k, v in pins(file.read_text("utf-8")).items()}
    project, groups = asked["project"], asked["dependency-groups"]
    sections = {
        "To run": direct(project["dependencies"]),
        "To run on Kafka (extra `kafka`)": direct(project["optional-dependencies"]["kafka"]),
        "To send traces to a collector (extra `otel`)": direct(
            project["optional-dependencies"]["otel"]
        ),
        "To keep the ledger in PostgreSQL (extra `postgres`)": direct(
            project["optional-dependencies"]["postgres"]
        ),
        "To draw events in tests (extra `testing`)": direct(
            project["optional-dependencies"]["testing"]
        ),
        "To install from source": direct(groups["build"]),
        "To develop": direct(groups["dev"]),
        "To compare with, in benchmarks": direct(groups["bench"]),
    }
    unused = sorted(set(REASONS) - {name for names in sections.values() for name in names})
    if unused:
        raise KeyError(unused)
    return "\n\n".join(table(title, names, versions) for title, names in sections.items())


def main() -> int:
    """Compare the page with what it should say, or with ``--write`` make it so; 1 if it differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="rewrite the tables in place")
    before, _, rest = PAGE.read_text("utf-8").partition(START)
    _, _, after = rest.partition(END)
    page = f"{before}{START}\n\n{tables()}\n\n{END}{after}"
    if parser.parse_args().write:
        PAGE.write_text(page, "utf-8")
    return int(page != PAGE.read_text("utf-8"))


if __name__ == "__main__":
    sys.exit(main())
