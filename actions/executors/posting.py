"""One HTTP request, carefully: checked address, time-outs, no redirects, an answer that is judged.

The address is checked after the name was resolved, and then called as it was checked, so that a
name that answers differently a moment later cannot lead a request inside.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Final

import httpx2

from actions.errors import Gone, Refused, Unavailable
from actions.executors.addresses import Network, networks, safe_address
from actions.tracing import carried
from schemas.times import instant

TRY_AGAIN: Final = frozenset({408, 425, 429, *range(500, 600)})
"""Answers after which the same request may succeed."""

CONNECT_S: Final = 5.0
READ_S: Final = 10.0
"""Seconds to wait for a connection, and for an answer."""


@dataclass(frozen=True, repr=False)
class Poster:
    """Sends to one URL, which may be a secret; ``allowed`` are networks (CIDR) beside public ones.

    Raises:
        ValueError: A network is none; at once, before the first request.
    """

    url: str
    allowed: Sequence[str] = ()
    read_s: float = READ_S

    def __post_init__(self) -> None:
        """Check everything at once, so that a bad setting is found before the first action."""
        _ = (self._networks, self._client)
        for name in ("httpx2", "httpcore2"):
            logging.getLogger(name).setLevel(logging.WARNING)  # they log URLs, which may be secret

    @property
    def host(self) -> str:
        """The host that is called: what fails together."""
        return httpx2.URL(self.url).host

    def post(self, body: bytes, headers: Mapping[str, str], now: int) -> str:
        """Send ``body``; return what was answered. Unavailable or Refused otherwise."""
        return _judged(self._sent(body, headers), now)

    def _sent(self, body: bytes, headers: Mapping[str, str]) -> httpx2.Response:
        url = httpx2.URL(self.url)
        port = url.port or (443 if url.scheme == "https" else 80)
        address = safe_address(url.host, port, self._networks)
        to_be_sent = self._client.build_request(
            "POST",
            url.copy_with(host=address),
            content=body,
            headers={
                **carried(),
                **headers,
                "content-type": "application/json",
                "host": url.netloc.decode(),
            },
            extensions={"sni_hostname": url.host},
        )
        try:
            answer = self._client.send(to_be_sent, stream=True)
            answer.close()  # only status and headers matter: a body without end must not hold us
        except httpx2.TransportError as error:
            raise Unavailable(f"{url.host} did not answer: {type(error).__name__}") from None
        return answer

    @cached_property
    def _networks(self) -> tuple[Network, ...]:
        return networks(self.allowed)

    @cached_property
    def _client(self) -> httpx2.Client:
        timeout = httpx2.Timeout(self.read_s, connect=CONNECT_S)
        return httpx2.Client(timeout=timeout, follow_redirects=False, trust_env=False)


def _judged(response: httpx2.Response, now: int) -> str:
    status, host = response.status_code, response.request.headers["host"]
    if response.is_success:
        return f"{host} answered {status}"
    if status in TRY_AGAIN:
        raise Unavailable(f"{host} answered {status}", _retry_after(response, now))
    if status == httpx2.codes.GONE:
        raise Gone(f"{host} answered 410: this webhook was switched off over there")
    raise Refused(f"{host} answered {status}")


def _retry_after(response: httpx2.Response, now: int) -> timedelta | None:
    """Return the wait that ``Retry-After`` asks for, in seconds or as a date (RFC 9110)."""
    text = response.headers.get("retry-after", "").strip()
    if text.isdigit():
        return timedelta(seconds=int(text))
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(until.replace(tzinfo=until.tzinfo or UTC) - instant(now), timedelta())
