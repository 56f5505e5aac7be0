"""Mail by SMTP: to teams and partners by tag, and to customers where their addresses are known.

Mail knows no idempotency key, but it has one: the Message-ID (RFC 5322, 3.6.4) is made from the
action id and the Date from when it was planned, so the same action is byte by byte the same mail,
and mailboxes that look for duplicates show it once.
"""

import contextlib
import smtplib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cached_property
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from actions.errors import Refused, Unavailable
from actions.executors.telling import OPS, TAG_OF_ACTION, body_of, title_of
from schemas.decisions import Action
from schemas.times import instant

PORTS: Final[Mapping[str, int]] = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
"""Schemes of a mail server's address, with their usual ports.

``smtp`` asks for encryption (STARTTLS) and refuses to go on without; ``smtps`` is encrypted from
the first byte; ``smtp+plain`` is not encrypted, for a relay on the same machine.
"""

AddressOf = Callable[[str], str | None]
"""The mail address of a customer, ``None`` where nobody knows it."""


def nobody(_customer: str) -> None:
    """Return no address: customers are written to by somebody else."""


@dataclass(frozen=True, repr=False)
class Mail:
    """Writes one mail per action.

    ``url`` reads ``smtp://user:password@host:port`` and is a secret. ``to`` are the addresses of
    each tag (``ops``, ``carrier``, ``warehouse``, ``seller``); ``address_of`` knows customers.
    """

    url: str
    sender: str
    to: Mapping[str, tuple[str, ...]]
    address_of: AddressOf = nobody
    timeout_s: float = 15.0

    def __post_init__(self) -> None:
        """Check the address of the server at once: ValueError says what is wrong with it."""
        if self._server.scheme not in PORTS or not self._server.hostname:
            raise ValueError(f"a mail server's address starts with one of {', '.join(PORTS)}")
        _ = self._port

    def __repr__(self) -> str:
        return f"Mail(host={self._server.hostname!r}, tags={sorted(self.to)})"

    @property
    def destination(self) -> str:
        """The mail server: what fails together."""
        return f"mail {self._server.hostname}"

    def __call__(self, action: Action) -> str:
        """Hand the mail about ``action`` to the server; return to how many it went."""
        to = self._addresses(action)
        letter = self._letter(action, to)
        try:
            with self._connected() as server:
                refused = server.send_message(letter)
        except smtplib.SMTPRecipientsRefused as error:
            raise _judged(max(code for code, _ in error.recipients.values()), self) from None
        except smtplib.SMTPResponseException as error:
            raise _judged(error.smtp_code, self) from None
        except smtplib.SMTPNotSupportedError:
            raise Refused(f"{self.destination} offers no encryption or no login") from None
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable(f"{self.destination} failed: {type(error).__name__}") from None
        return f"{self.destination} took it for {len(to) - len(refused)} of {len(to)}"

    def _addresses(self, action: Action) -> tuple[str, ...]:
        if action.name == "message-customer":
            address = None if action.customer_id is None else self.address_of(action.customer_id)
            if address is None:
                raise Refused("nobody knows this customer's mail address")
            return (address,)
        tag = TAG_OF_ACTION.get(action.name, OPS)
        if not self.to.get(tag):
            raise Refused(f"no mail address is configured under the tag {tag!r}")
        return self.to[tag]

    def _letter(self, action: Action, to: tuple[str, ...]) -> EmailMessage:
        is_letter = action.name == "message-customer"
        letter = EmailMessage()
        letter["From"] = self.sender
        letter["To"] = ", ".join(to)
        letter["Date"] = format_datetime(instant(action.planned_at).astimezone(UTC))
        letter["Message-ID"] = f"<{action.id}@{self.sender.rpartition('@')[2].strip('> ')}>"
        letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
        letter["Subject"] = _flat(action.params.get("subject") if is_letter else title_of(action))
        letter.set_content(str(action.params.get("body", "")) if is_letter else body_of(action))
        return letter

    def _connected(self) -> smtplib.SMTP:
        host, scheme = self._server.hostname or "", self._server.scheme
        safe = ssl.create_default_context()
        if scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, self._port, timeout=self.timeout_s, context=safe
            )
        else:
            server = smtplib.SMTP(host, self._port, timeout=self.timeout_s)
        with contextlib.ExitStack() as on_error:
            on_error.callback(server.close)
            if scheme == "smtp":
                server.starttls(context=safe)
            if self._server.username:
                server.login(unquote(self._server.username), unquote(self._server.password or ""))
            on_error.pop_all()
        return server

    @cached_property
    def _server(self) -> SplitResult:
        return urlsplit(self.url)

    @cached_property
    def _port(self) -> int:
        return self._server.port or PORTS[self._server.scheme]


def _flat(text: object) -> str:
    """Return one line: a header with a line break could hold another header."""
    return " ".join(str(text or "").split())


def _judged(code: int, mail: Mail) -> Unavailable | Refused:
    """Return what an answer means: 4xx is for now, 5xx for good (RFC 5321, 4.2.1)."""
    said = f"{mail.destination} answered {code}"
    return Unavailable(said) if code < 500 else Refused(said)  # noqa: PLR2004 - see the RFC
