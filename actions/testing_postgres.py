"""A real PostgreSQL for tests and benchmarks: made, used and thrown away, without root or network.

It runs the server's own programs, which Debian's package ``postgresql`` brings; they refuse root,
so root hands them to another user. Nothing is synced to disk: it need not outlive the machine.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from actions.chain import BEGINNING
from actions.tables import chain, metadata

PLACES: Final = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
)
"""Where distributions put the programs, one folder per version."""

SERVED_AS: Final = ("postgres", "nobody")
"""Users that root may hand the server to; the first that exists."""

START_S: Final = 30.0
"""Longest start that is no failure; about one second is usual."""

FAST: Final = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
DURABLE: Final = ("fsync=on", "synchronous_commit=on", "full_page_writes=on")
"""Settings of a server that may, or may not, lose what it said it had."""


class NoPostgres(Exception):  # noqa: N818 - read as a sentence: there is no PostgreSQL here
    """The server's programs are not installed; the message says how to get them."""


def programs() -> Path:
    """Return the folder of the newest PostgreSQL's programs.

    Raises:
        NoPostgres: There are none.
    """
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    for place in PLACES:
        folders += sorted(Path("/").glob(place.lstrip("/")), key=_version)
    for folder in reversed(folders):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoPostgres("no PostgreSQL server here; on Debian and Ubuntu: apt install postgresql")


def _version(folder: Path) -> int:
    digits = "".join(filter(str.isdigit, folder.parent.name))
    return int(digits or 0)


class Server:
    """One server in a folder of its own; it can be taken away and come back with its data."""

    def __init__(self, settings: tuple[str, ...] = FAST) -> None:
        """Make the folder and start.

        Raises:
            NoPostgres: There are no programs, or none that will run as the present user.
        """
        self._binaries = programs()
        self._home = tempfile.mkdtemp(prefix="andon-pg-", dir="/tmp")
        self._settings = settings
        self._server: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql+psycopg://andon@/postgres?host={self._home}"
        """Of its first database, which is empty."""
        try:
            self._output: dict[str, Any] = {"cwd": self._home} | _someone_but_root(self._home)
            self._make()
            self.start()
        except BaseException:
            self.close()
            raise

    def _make(self) -> None:
        make = ["initdb", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-U", "andon"]
        with Path(self._home, "log").open("ab") as said:
            subprocess.run(  # noqa: S603 - the server's own program
                [self._binaries / make[0], *make[1:], "-D", f"{self._home}/db"],
                check=True,
                stdout=said,
                stderr=subprocess.STDOUT,
                **self._output,
            )

    def start(self) -> None:
        """Start, or come back; return when it answers."""
        if self._server is not None:
            return
        told = [f"unix_socket_directories={self._home}", "listen_addresses=", *self._settings]
        options = [word for one in told for word in ("-c", one)]
        log = Path(self._home, "log")
        with log.open("ab") as said:
            self._server = subprocess.Popen(  # noqa: S603 - as above
                [self._binaries / "postgres", "-D", f"{self._home}/db", *options],
                stdout=said,
                stderr=subprocess.STDOUT,
                **self._output,
            )
        _wait_for(self.url, self._server, log)

    def stop(self) -> None:
        """Go away, without waiting for those still connected; the data stay."""
        server, self._server = self._server, None
        if server is not None:
            server.send_signal(signal.SIGINT)  # "fast"
            server.wait(START_S)

    def close(self) -> None:
        """Go away for good."""
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)


@contextmanager
def postgres(settings: tuple[str, ...] = FAST) -> Iterator[str]:
    """Run a server in a folder of its own; yield the URL of its first, empty database.

    Raises:
        NoPostgres: There are no programs, or none that will run as the present user.
    """
    server = Server(settings)
    try:
        yield server.url
    finally:
        server.close()


def _someone_but_root(home: str) -> dict[str, Any]:
    """Return whom to start the server as; root gives the folder away."""
    if os.geteuid() != 0:
        return {}
    for name in SERVED_AS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(home, user.pw_uid, user.pw_gid)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise NoPostgres(f"PostgreSQL refuses root, and there is no user {' or '.join(SERVED_AS)}")


def _wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    engine = create_engine(url)
    until = time.monotonic() + START_S
    while server.poll() is None and time.monotonic() < until:
        try:
            engine.connect().close()
        except OperationalError:
            time.sleep(0.02)
        else:
            engine.dispose()
            return
    engine.dispose()
    raise NoPostgres(f"PostgreSQL does not start: {log.read_text(errors='replace')[-500:]}")


def new_database(url: str, name: str) -> str:
    """Create an empty database called ``name`` on the server of ``url``; return its URL."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE template0'))
    engine.dispose()
    return engine.url.set(database=name).render_as_string(hide_password=False)


def empty(url: str) -> None:
    """Take every row out of the ledger at ``url``, as only the server's superuser can."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # no triggers
        for table in metadata.tables.values():
            connection.execute(table.delete())
        connection.execute(chain.insert().values(one=1, entry=0, hash=BEGINNING))
    engine.dispose()
