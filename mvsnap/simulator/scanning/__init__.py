"""Phones in a shop, posted like Meraki's Location Scanning."""
