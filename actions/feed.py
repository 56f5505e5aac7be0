"""A feed of what is to be done, for systems that would rather ask than be called.

It is the outbox itself, under the names that Debezium's outbox event router expects
(https://debezium.io/documentation/reference/transformations/outbox-event-router.html), so whoever
reads the table by change data capture and whoever asks for the feed see the same.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from actions.rows import envelope
from actions.tables import outbox
from schemas.decisions import Action, Status

MOST: Final = 1_000
"""Rows of one answer."""


def feed_rows(connection: Connection, after: int, limit: int = MOST) -> Iterator[dict[str, Any]]:
    """Yield what was handed to the relay behind number ``after``, oldest first.

    ``payload`` is what a webhook would get. There is one writer at a time, so no number appears
    behind one that was read already. What was called off is left out.
    """
    query = (
        select(outbox.c.seq, outbox.c.payload)
        .where(outbox.c.seq > after, outbox.c.status != Status.CALLED_OFF.value)
        .order_by(outbox.c.seq)
        .limit(limit)
    )
    for seq, payload in connection.execute(query):
        action = msgspec.json.decode(payload, type=Action)
        yield {
            "seq": seq,
            "id": action.id,
            "aggregatetype": action.target_type,
            "aggregateid": action.target,
            "type": action.name,
            "payload": msgspec.to_builtins(envelope(action)),
        }
