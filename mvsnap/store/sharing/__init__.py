"""What processes and machines share out, hand over, and know of each other."""
