"""Where a request may go: addresses are resolved, checked, and then used as they were checked."""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from actions.errors import Refused, Unavailable

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def networks(allowed: Sequence[str]) -> tuple[Network, ...]:
    """Return networks from CIDR text; ValueError names the one that is none."""
    return tuple(ip_network(text) for text in allowed)


def safe_address(host: str, port: int, allowed: Sequence[Network]) -> str:
    """Return an address of ``host`` that is public or allowed; the caller must connect to it.

    A name whose answers include a single private, link-local or loopback address is refused as a
    whole: such a name is either a mistake or an attack (server-side request forgery).
    """
    found = _resolve(host, port)
    for address in found:
        if not _may_be_called(address, allowed):
            raise Refused(f"{host} resolves to {address}, which is not public: allow it to use it")
    return str(found[0])


def _resolve(host: str, port: int) -> list[Address]:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unavailable(f"{host} cannot be resolved") from error
    return [ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers]


def _may_be_called(address: Address, allowed: Sequence[Network]) -> bool:
    plain = getattr(address, "ipv4_mapped", None) or address
    if any(plain in network for network in allowed if network.version == plain.version):
        return True
    return plain.is_global and not plain.is_multicast
