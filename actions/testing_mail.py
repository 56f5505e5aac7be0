"""A real mail server on loopback that keeps count, for tests; it needs the package aiosmtpd."""

import asyncio
import socket
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from typing import Any, Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

TRY_AGAIN: Final = "451 try again later"
NO_SUCH_MAILBOX: Final = "550 no such mailbox"


@dataclass
class MailReceiver:
    """Takes mail, shows each Message-ID once, keeps count.

    It answers as :class:`actions.testing.Receiver` does: ``answers`` are HTTP statuses for the next
    mails, 5xx for "later" and any other error for "never". ``pause_s`` is the time for an answer.
    """

    port: int = 0
    deliveries: Counter[str] = field(default_factory=Counter)
    effects: dict[str, Any] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    answers: deque[tuple[int, Mapping[str, str]]] = field(default_factory=deque)
    pause_s: float = 0.0
    stop: Callable[[], None] = lambda: None

    async def handle_DATA(  # noqa: N802 - the name aiosmtpd calls
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Answer one mail."""
        await asyncio.sleep(self.pause_s)
        status = self.answers.popleft()[0] if self.answers else 204
        if status >= 500:  # noqa: PLR2004 - HTTP's own classes
            return TRY_AGAIN
        if status >= 400:  # noqa: PLR2004 - as above
            return NO_SUCH_MAILBOX
        self._keep(envelope)
        return "250 taken"

    def _keep(self, envelope: Envelope) -> None:
        mail = message_from_bytes(bytes(envelope.original_content or b""), policy=default)
        key = str(mail["message-id"])
        self.deliveries[key] += 1
        said = {name.lower(): str(value) for name, value in mail.items()}
        body = mail.get_body()
        self.effects.setdefault(key, said | {"body": "" if body is None else body.get_content()})


class _Loopback(Controller):
    """A server that asks for a login without TLS, which is fine where nobody else can listen."""

    def factory(self) -> SMTP:
        """Return what serves one connection."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            server: SMTP = super().factory()  # type: ignore[no-untyped-call]  # not typed there
        return server


@contextmanager
def loopback_mail(login: tuple[str, str] | None) -> Iterator[MailReceiver]:
    """Run a mail server on a free port of 127.0.0.1 that asks for ``login``, if there is one."""
    receiver = MailReceiver()

    def knows(*said: Any) -> AuthResult:  # noqa: ANN401 - aiosmtpd's own signature
        given = said[-1]
        known = isinstance(given, LoginPassword) and login == (
            given.login.decode(),
            given.password.decode(),
        )
        return AuthResult(success=known, handled=False)

    controller = _Loopback(
        receiver,
        hostname="127.0.0.1",
        port=_free_port(),
        auth_required=login is not None,
        auth_require_tls=False,
        authenticator=knows,
    )
    controller.start()
    receiver.port = controller.port
    stopped = False

    def stop() -> None:
        nonlocal stopped
        if not stopped:
            stopped = True
            controller.stop()

    receiver.stop = stop
    try:
        yield receiver
    finally:
        stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
