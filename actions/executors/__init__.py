"""One file per effect. Each is callable with an action, and under the same law suite."""
