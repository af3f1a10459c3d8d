"""Delivery: the kinds of messages, their texts, and the channels they go through.

A channel is a module of this package that holds a `CHANNEL`; see `channel.py`.
"""
