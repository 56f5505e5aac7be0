"""Where an event goes on Kafka: topic, key, partition. Producer and engine agree on it."""

from dataclasses import dataclass
from typing import Final, cast

from detectors.journeys.journeys import journey_keys
from schemas.events import EVENT_TYPES, CartAbandoned, Event, PriceChanged, SellerAppealUpheld
from streams.wire import partition_of_key

OF_JOURNEYS: Final = frozenset(
    kind for kind in EVENT_TYPES.values() if "order_id" in kind.__struct_fields__
)
"""Event types that are about an order, or may be; the judge alone hears the others."""


@dataclass(frozen=True, slots=True)
class Routes:
    """Topics to send to, and how many partitions each has."""

    events: str
    """Events of orders."""
    catalogue: str
    """Events of SKUs, sellers and visitors."""
    partitions: dict[str, int]

    def of(self, event: Event) -> tuple[str, int, bytes]:
        """Return topic, partition and key for ``event``."""
        kind = type(event)
        topic = self.events if kind in OF_JOURNEYS else self.catalogue
        key = key_of(event)
        return topic, partition_of_key(key, self.partitions[topic]), key.encode()


def key_of(event: Event) -> str:
    """Return what ``event`` is keyed by: its journey, else its customer, seller or SKU."""
    kind = type(event)
    if kind in OF_JOURNEYS:
        return journey_keys(kind, [event])[0]
    if isinstance(event, CartAbandoned):
        return event.customer_id
    if isinstance(event, SellerAppealUpheld):
        return event.seller_id
    return cast("PriceChanged", event).sku
