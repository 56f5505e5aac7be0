"""Settings of the service: read once, at the start of a command, from environment and file.

An option of the command line wins over the environment, the environment over the file, the file
over the default. The file is ``andon.toml`` beside the caller, or what ``ANDON_CONFIG`` names.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

FILE: Final = "andon.toml"
DEFAULT_ADDRESS: Final = "127.0.0.1:8080"
"""What ``andon run --http`` listens on if it is not told."""

_PREFIX: Final = "ANDON_"

SECRETS: Final = ("ledger_url", "webhook_secret", "pagerduty_secret", "apprise", "mail_url")
"""Settings that ``ANDON_..._FILE`` may name a file for, so that no environment holds them."""


class ConfigError(Exception):
    """A setting cannot be used; the message names it, where it stands and what is allowed."""


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting, as text until its user reads it; the names are those of the file."""

    data: str = "andon-data"
    """Folder of journal, ledger and lock."""

    playbook: str = ""
    """Path of the playbook; empty for the one that ships with Andon."""

    http: str = ""
    """``PORT`` (on loopback) or ``HOST:PORT`` to take events on; empty for none."""

    log: str = "auto"
    """``json``, ``console``, or ``auto``: console on a terminal."""

    ledger_url: str = ""
    """Database of the ledger, such as ``postgresql://host/name``; empty for a file in the folder.

    Passwords belong in ``~/.pgpass``, where PostgreSQL's own clients look for them.
    """

    snapshots: str = ""
    """Folder or URL (fsspec, such as ``s3://bucket/andon``) of snapshots of the state of workers on
    Kafka; empty for ``snapshots`` in the data folder."""

    webhook_url: str = ""
    """Where actions are sent as Standard Webhooks."""

    webhook_secret: str = ""
    """The secret that signs them, ``whsec_...``; ``ANDON_WEBHOOK_SECRET_FILE`` names a file."""

    webhook_allowed: str = ""
    """Networks (CIDR) that may be called although they are not public; separated by spaces."""

    apprise: str = ""
    """Apprise addresses for alerts, separated by spaces; for some tags: ``carrier=ADDRESS``."""

    pagerduty_secret: str = ""
    """Routing key of a PagerDuty integration: alerts to the operations team open incidents."""

    mail_url: str = ""
    """Mail server: ``smtp://user:password@host:port``, ``smtps://`` or ``smtp+plain://``."""

    mail_from: str = ""
    """Whom mail is from, such as ``Shop <help@shop.example>``."""

    mail_to: str = ""
    """Mail addresses for alerts, separated by spaces; for some tags: ``carrier=ADDRESS``."""

    mail_customers: str = ""
    """CSV file with the columns ``customer_id`` and ``address``: letters go there by mail."""

    kafka: str = ""
    """Addresses of Kafka brokers, ``HOST:PORT`` with commas between; empty for none."""

    kafka_prefix: str = "andon"
    """What the names of Andon's topics begin with: ``andon.events`` and so on."""

    kafka_inputs: str = ""
    """Further topics with events of orders, separated by spaces; keyed like the first one."""

    actions_to_kafka: str = ""
    """``yes`` puts actions into the topic ``andon.actions`` for others to perform."""


NAMES: Final = tuple(field.name for field in fields(Config))
"""Every setting, as it is called in the file; ``ANDON_`` and capitals in the environment."""


def read_config(environment: Mapping[str, str] | None = None) -> Config:
    """Read the settings; raise ConfigError for an unknown or unreadable one."""
    environment = os.environ if environment is None else environment
    return Config(**(_from_file(environment) | _from_environment(environment)))


def _from_file(environment: Mapping[str, str]) -> dict[str, str]:
    named = environment.get(_PREFIX + "CONFIG")
    path = Path(named or FILE)
    if not named and not path.exists():
        return {}
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    return {name: _text(path, name, value) for name, value in settings.items()}


def _text(path: Path, name: str, value: object) -> str:
    if name not in NAMES:
        raise ConfigError(f"{path}: no setting is called {name!r}; there are {', '.join(NAMES)}")
    if isinstance(value, list):
        return " ".join(str(item) for item in value)
    return str(value)


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    found = {name: environment.get(_PREFIX + name.upper()) for name in NAMES}
    secrets = {name: _secret(environment, name) for name in SECRETS}
    return {name: value for name, value in (secrets | _present(found)).items() if value}


def _present(found: Mapping[str, str | None]) -> dict[str, str | None]:
    return {name: value for name, value in found.items() if value}


def _secret(environment: Mapping[str, str], name: str) -> str | None:
    path = environment.get(f"{_PREFIX}{name.upper()}_FILE")
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"{_PREFIX}{name.upper()}_FILE: {error}") from error
