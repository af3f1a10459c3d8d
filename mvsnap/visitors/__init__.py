"""The Dashboard's visitor counts: fetched in the background and stored."""
