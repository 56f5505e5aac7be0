"""The pure core: journeys (state as columns) and the questions asked of them."""
