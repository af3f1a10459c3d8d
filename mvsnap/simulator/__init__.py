"""Simulated clouds of Meraki, Webex and IXON: for tests, and to try mvsnap out."""
