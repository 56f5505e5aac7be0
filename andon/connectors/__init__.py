"""Ways in for histories that other systems have written."""
