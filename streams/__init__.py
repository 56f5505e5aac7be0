"""How facts reach the core and decisions leave it: the engine and its drivers."""
