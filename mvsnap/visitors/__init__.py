"""What the Dashboard counts of visitors: fetched in the background and kept."""
