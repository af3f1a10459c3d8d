"""Meraki Dashboard API: cameras, snapshots, video links, analytics."""
