"""Badge swipes: received, pictured, compared with the directory, reviewed."""
