"""How the parts of a worker join their consumer groups, all of them alike."""

from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from streams.live_settings import LiveSettings


def member_of(settings: LiveSettings, part: str, fetch_bytes: int) -> AIOKafkaConsumer:
    """Return a consumer in the group of ``part``, not started yet.

    Its partitions are those of the same numbers in every topic, it is known by the worker's name
    over restarts, and offsets are committed by whoever reads. ``fetch_bytes`` come at most from one
    partition at a time.
    """
    return AIOKafkaConsumer(
        bootstrap_servers=settings.bootstraps,
        group_id=settings.group(f"{part}s"),
        group_instance_id=settings.member(part),
        client_id=settings.member(part),
        partition_assignment_strategy=(RangePartitionAssignor,),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=settings.session_ms,
        heartbeat_interval_ms=settings.session_ms // 5,
        max_partition_fetch_bytes=fetch_bytes,
        max_poll_interval_ms=600_000,
    )
