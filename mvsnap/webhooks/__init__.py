"""Alarms of Meraki, IXON Cloud and anybody else who posts JSON."""
