"""Webex: messages, files, rooms."""
