"""The shapes in which events arrive: flat JSON, CloudEvents envelopes, mapped foreign objects."""

from enum import StrEnum


class Form(StrEnum):
    """How a record is laid out; ``AUTO`` tells envelopes from flat records by ``specversion``."""

    AUTO = "auto"
    FLAT = "flat"
    CLOUDEVENTS = "cloudevents"
