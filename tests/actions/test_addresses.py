"""Requests go where they may, and to the address that was checked."""

import pytest

from actions.errors import Refused, Unavailable
from actions.executors.addresses import networks, safe_address


def test_a_public_address_may_be_called() -> None:
    assert safe_address("192.0.43.8", 443, ()) == "192.0.43.8"


def test_an_allowed_network_may_be_called() -> None:
    assert safe_address("10.1.2.3", 443, networks(["10.0.0.0/8", "fd00::/8"])) == "10.1.2.3"


def test_a_network_beside_the_allowed_one_may_not() -> None:
    with pytest.raises(Refused, match=r"11\.|172\.16\.0\.1"):
        safe_address("172.16.0.1", 443, networks(["10.0.0.0/8"]))


def test_multicast_may_not_be_called() -> None:
    with pytest.raises(Refused):
        safe_address("224.0.1.1", 443, ())


def test_a_name_that_leads_nowhere_is_worth_another_try() -> None:
    with pytest.raises(Unavailable, match="cannot be resolved"):
        safe_address("no-such-host.invalid", 443, ())


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="bad"):
        networks(["bad"])
