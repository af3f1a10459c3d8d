"""mvsnap: turns a trigger into camera evidence in front of a person."""

__version__ = "0.1.0"
