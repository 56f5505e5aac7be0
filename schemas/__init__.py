"""What travels: events in, problems and actions out, and the codecs between bytes and types."""
