"""Badge events: received, pictured, compared with the directory, reviewed."""
