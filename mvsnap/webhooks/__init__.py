"""Alarms from Meraki, IXON Cloud and anything else that posts JSON."""
