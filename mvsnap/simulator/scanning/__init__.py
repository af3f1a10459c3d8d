"""Phones in a shop, posted as Meraki's Location Scanning posts them."""
