"""One file per question about one order's journey."""
