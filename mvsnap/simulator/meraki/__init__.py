"""The simulated Dashboard, its cameras, and the people in front of them."""
