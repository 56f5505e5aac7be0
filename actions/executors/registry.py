"""The table of contents: every way in which an action can have an effect."""

from collections.abc import Callable, Mapping
from typing import Final

from actions.executors.apprise import Apprise
from actions.executors.kafka import Kafka
from actions.executors.mail import Mail
from actions.executors.pagerduty import PagerDuty
from actions.executors.webhook import Webhook
from actions.outbox import Perform

EXECUTORS: Final[Mapping[str, Callable[..., Perform]]] = {
    "webhook": Webhook,
    "apprise": Apprise,
    "mail": Mail,
    "pagerduty": PagerDuty,
    "kafka": Kafka,
}
"""Name in the configuration to what builds it; a new one is one file, one line, one law rig."""
