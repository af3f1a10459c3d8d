"""Attacks on the running service by somebody who merely reaches its port."""
