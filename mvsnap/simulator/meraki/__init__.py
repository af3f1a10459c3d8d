"""The simulated Dashboard, its cameras, and the people before them."""
