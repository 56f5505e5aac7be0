"""Where the broker's jars and its Java come from; fetched once, and again when the pom changes."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parents[1]
POM: Final = CHECKOUT / "deploy" / "kafka" / "pom.xml"
CACHE: Final = CHECKOUT / ".kafka"
"""Where the jars are kept, below ``lib``; git ignores it."""

OLDEST_JAVA: Final = 17
"""What brokers of Kafka 4 need: https://kafka.apache.org/documentation/#java."""


class NoKafka(Exception):  # noqa: N818 - read as a sentence: there is no Kafka here
    """No broker can run here; the message says what is missing and how to get it."""


def java() -> str:
    """Return the program that runs the broker.

    Raises:
        NoKafka: There is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin") if home else None
    found = found or shutil.which("java")
    if found is None:
        raise NoKafka(
            "no Java here, which Apache Kafka runs on; on Debian and Ubuntu: "
            "apt install openjdk-17-jre-headless maven"
        )
    said = subprocess.run([found, "-version"], check=False, capture_output=True, text=True)  # noqa: S603 - asks for its version
    version = re.search(r'version "(\d+)', said.stderr)
    if version is None or int(version[1]) < OLDEST_JAVA:
        raise NoKafka(f"Apache Kafka needs Java {OLDEST_JAVA} or newer; {found} is {said.stderr}")
    return found


def classpath(pom: Path = POM, cache: Path = CACHE) -> str:
    """Return Java's class path of the jars that ``pom`` names, fetched into ``cache`` if need be.

    Raises:
        NoKafka: Maven is missing, or could not fetch them.
    """
    if not pom.exists():
        raise NoKafka(f"{pom} is missing: the broker runs from a checkout of Andon's source")
    digest = hashlib.sha256(pom.read_bytes()).hexdigest()
    folder = cache / "lib"
    cache.mkdir(exist_ok=True)
    with _alone(cache / "lock"):
        if not _is_current(folder, digest):
            _fetch(pom, folder)
            (folder / "pom.sha256").write_text(digest, encoding="utf-8")
    return str(folder / "*")


def _is_current(folder: Path, digest: str) -> bool:
    try:
        return (folder / "pom.sha256").read_text(encoding="utf-8") == digest
    except FileNotFoundError:
        return False


def _fetch(pom: Path, folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise NoKafka(
            "no Maven here, which fetches Apache Kafka; on Debian and Ubuntu: apt install maven"
        )
    shutil.rmtree(folder, ignore_errors=True)
    where = f"-DoutputDirectory={folder}"
    goal = ("dependency:copy-dependencies", "-DincludeScope=runtime", where)
    command = [maven, "-q", "-B", "-ntp", "-f", str(pom), *goal]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - as the pom says
    if done.returncode:
        raise NoKafka(f"Maven cannot fetch what {pom} names: {done.stdout[-1000:].strip()}")


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Keep other processes out: tests that run side by side share one cache."""
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
