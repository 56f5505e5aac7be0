"""What is said when Kafka does not do as asked; needs no client of Kafka, which few install."""


class KafkaTrouble(Exception):  # noqa: N818 - read as a sentence: there is trouble with Kafka
    """Kafka cannot be reached or refuses; the message says where, why and what to do."""
