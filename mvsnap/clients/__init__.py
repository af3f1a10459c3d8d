"""Clients of the outside services; the only place that speaks HTTP to them."""
