"""The status for pages and programs; its rows come from `mvsnap.status`."""
