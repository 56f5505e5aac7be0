"""What many journeys say together: the judge and its rules."""
