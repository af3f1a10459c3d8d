"""A real mosquitto, started for a demo or a test."""
