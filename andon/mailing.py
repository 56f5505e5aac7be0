"""Mail as it is configured: who gets which alerts, and where customers are looked up."""

import csv
from functools import partial
from pathlib import Path

from actions.errors import Unavailable
from actions.executors.mail import Mail, nobody
from actions.executors.telling import OPS, TAG_OF_ACTION
from andon.config import Config, ConfigError

LETTER = "message-customer"
"""The action that goes to customers, who may be written to by mail."""


def mail_of(config: Config) -> Mail:
    """Return who writes mails as ``config`` says.

    Raises:
        ConfigError: Nobody is named as the sender, or the file of customers is missing.
        ValueError: The server's address cannot be read.
    """
    if not config.mail_from:
        raise ConfigError("ANDON_MAIL_URL needs ANDON_MAIL_FROM: every mail is from somebody")
    known = Path(config.mail_customers)
    if config.mail_customers and not known.is_file():
        raise ConfigError(f"ANDON_MAIL_CUSTOMERS: {known}: no such file")
    find = partial(address_in, known) if config.mail_customers else nobody
    return Mail(config.mail_url, config.mail_from, addresses(config.mail_to), find)


def addresses(text: str) -> dict[str, tuple[str, ...]]:
    """Return the addresses of each tag; one without a tag of its own is told everything."""
    found: dict[str, tuple[str, ...]] = {}
    for word in text.split():
        tags, _, address = word.rpartition("=")
        for tag in tags.split(",") if tags else (OPS, *sorted(set(TAG_OF_ACTION.values()))):
            found[tag] = (*found.get(tag, ()), address)
    return found


def address_in(path: Path, customer: str) -> str | None:
    """Return the address of ``customer`` in a CSV file, ``None`` if it has none.

    It is read anew each time, so that whoever is taken out of it is not written to any more.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            return next((row["address"] for row in rows if row["customer_id"] == customer), None)
    except (OSError, KeyError, UnicodeDecodeError) as error:
        raise Unavailable(f"customers' addresses cannot be read: {type(error).__name__}") from None
