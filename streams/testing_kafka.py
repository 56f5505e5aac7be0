"""A real Apache Kafka for tests, benchmarks and ``make kafka``: no Docker, no root, no network.

One process that is broker and controller (KRaft), on loopback, with the jars that
``deploy/kafka/pom.xml`` names. Maven fetches them once; after that nothing leaves the machine.
"""

import atexit
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from streams.reaching import listens
from streams.testing_kafka_jars import NoKafka, classpath, java

START_S: Final = 180.0
"""Longest start that is no failure: three to eight seconds are usual, half a minute on a busy
machine."""

STOP_S: Final = 30.0
"""Longest controlled shutdown; then the broker is killed."""

HEAP: Final = "-Xmx512m"

PORTS: Final = range(20000, 32000)
"""Below the ports that systems hand out to clients, so that nobody takes a stopped broker's."""

SETTINGS: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    # One broker holds the only copy of everything.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # Topics are made by `andon topics create`, so that a misspelt name is an error.
    "auto.create.topics.enable": "false",
    # Groups form and lose members quickly: tests wait for both.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "500",
    # After a kill, a broker may register again only once its former self has expired.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # The defaults are for a machine that does nothing else.
    "num.network.threads": "2",
    "num.io.threads": "4",
    "log.cleaner.dedupe.buffer.size": "16777216",
}
"""What makes one small broker of Kafka; addresses and folders are added for each."""

_LOGGING: Final = """\
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = [%d] %p %m (%c)%n
"""

_GUARD: Final = 'read -r _ || { kill -KILL "$1"; if [ -n "$2" ]; then rm -rf -- "$2"; fi; }'
"""Reads until it is told that all is well; if its input just ends, so has whoever started it."""


class Broker:
    """One Kafka broker, running; leave the ``with`` block, or ``close()``, to end it for good.

    ``stop()`` and ``kill()`` take it away, ``start()`` brings it back on the same port with the
    same data. Whatever becomes of this process, the broker does not outlive it.
    """

    def __init__(
        self,
        home: Path | None = None,
        *,
        port: int = 0,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Start in ``home`` (kept; without one a temporary folder) on ``port`` (0: a free one).

        ``settings`` are broker properties that differ from :data:`SETTINGS`.

        Raises:
            NoKafka: Java or Maven is missing, the jars cannot be fetched, or it does not start.
        """
        self._java, self._jars = java(), classpath()
        self._is_temporary = home is None
        self.home = home or Path(tempfile.mkdtemp(prefix="andon-kafka-"))
        """Folder of data (``data``), settings (``server.properties``) and log (``log``)."""
        self.port = port or _free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        """What clients connect to first, ``host:port``."""
        self._settings = dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()
        atexit.register(self.close)
        try:
            self._format()
            self.start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Return the running broker."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the broker and remove its temporary folder."""
        self.close()

    @property
    def log(self) -> Path:
        """What the broker said, all starts in one file."""
        return self.home / "log"

    @property
    def pid(self) -> int:
        """The process of the broker.

        Raises:
            NoKafka: It is not running.
        """
        if self._process is None:
            raise NoKafka("the broker is stopped; start() brings it back")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether there is a process; a paused one counts."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Bring a stopped or killed broker back, with its data, and wait until it answers.

        Raises:
            NoKafka: It does not start; the message ends with what it said last.
        """
        if self.is_running:
            return
        if not _is_free(self.port):
            raise NoKafka(f"{self.bootstrap} is in use: end what listens there")
        self._release()
        with self.log.open("ab") as said:
            self._process = subprocess.Popen(  # noqa: S603 - the broker's own program
                self._command("kafka.Kafka", str(self.home / "server.properties"), heap=HEAP),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                cwd=self.home,
                start_new_session=True,
            )
        self._guard = _guarding(self._process.pid, self.home if self._is_temporary else None)
        self._wait()

    def stop(self, within_s: float = STOP_S) -> None:
        """Shut the broker down in order; what has not ended ``within_s`` seconds is killed."""
        self._end(signal.SIGTERM, within_s)

    def kill(self) -> None:
        """Take the broker away as a power cut would."""
        self._end(signal.SIGKILL, STOP_S)

    def pause(self) -> None:
        """Freeze the broker (SIGSTOP): connections stay open and nothing answers.

        Returns when all its threads stand still, which takes a moment on a busy machine.
        """
        os.kill(self.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOWAIT)

    def resume(self) -> None:
        """Let a paused broker go on."""
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """End the broker for good and remove its folder if it was temporary; may be repeated."""
        if os.getpid() != self._owner:
            return  # a forked copy of who started it
        self.stop() if not self._is_temporary else self.kill()
        self._release()
        if self._is_temporary:
            shutil.rmtree(self.home, ignore_errors=True)
        atexit.unregister(self.close)

    def _command(self, main: str, *arguments: str, heap: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self.home / 'log4j2.properties'}"
        quick = ("-XX:+UseSerialGC", "-Djava.net.preferIPv4Stack=true")
        return [self._java, heap, *quick, logging, "-cp", self._jars, main, *arguments]

    def _format(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        controller = _free_port(above=self.port)
        addresses = {
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
            "log.dirs": str(self.home / "data"),
        }
        every = SETTINGS | addresses | self._settings
        lines = "".join(f"{name}={value}\n" for name, value in every.items())
        (self.home / "server.properties").write_text(lines, encoding="utf-8")
        (self.home / "log4j2.properties").write_text(_LOGGING, encoding="utf-8")
        made = self._command(
            "kafka.tools.StorageTool",
            *("format", "--cluster-id", "AndonAndonAndonAndonAn", "--standalone"),
            *("--ignore-formatted", "--config", str(self.home / "server.properties")),
            heap="-Xmx128m",
        )
        with self.log.open("ab") as said:
            done = subprocess.run(made, check=False, stdout=said, stderr=subprocess.STDOUT)  # noqa: S603 - as above
        if done.returncode:
            raise NoKafka(f"Kafka cannot prepare {self.home / 'data'}: {self._last_words()}")

    def _wait(self) -> None:
        until = time.monotonic() + START_S
        while self.is_running and time.monotonic() < until:
            if answers(self.bootstrap):
                return
            time.sleep(0.1)
        why = "does not answer" if self.is_running else "does not start"
        raise NoKafka(f"Kafka {why}: {self._last_words()}")

    def _end(self, number: signal.Signals, within_s: float) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        self._process.send_signal(signal.SIGCONT)  # a paused one would never hear of it
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._release()
        self._process = None

    def _release(self) -> None:
        """Tell the guard that the broker ended as it should."""
        guard, self._guard = self._guard, None
        if guard is not None and guard.stdin is not None:
            with suppress(BrokenPipeError):
                guard.stdin.write(b"well\n")
                guard.stdin.flush()
            guard.stdin.close()
            guard.wait()

    def _last_words(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-2000:]


def answers(bootstrap: str) -> bool:
    """Whether a broker at ``bootstrap`` serves requests (it is asked for its metadata)."""
    if not listens(bootstrap):
        return False
    try:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=2000)
    except KafkaError:
        return False
    try:
        return bool(admin.describe_cluster()["brokers"])
    except KafkaError:
        return False
    finally:
        admin.close()


def _guarding(pid: int, home: Path | None) -> "subprocess.Popen[bytes]":
    """Start what ends process ``pid``, and removes ``home``, should this process just vanish."""
    return subprocess.Popen(  # noqa: S603 - our own few words
        ["/bin/sh", "-c", _GUARD, "sh", str(pid), str(home or "")],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _free_port(above: int = 0) -> int:
    """Return a loopback port that nobody listens on, the next one ``above`` if given."""
    first = above + 1 if above else random.choice(PORTS)  # noqa: S311 - any will do
    for port in range(first, 65536):
        if _is_free(port):
            return port
    raise NoKafka("no free port on 127.0.0.1")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closed ones may linger
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
