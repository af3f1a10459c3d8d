"""The simulated Webex, with a page that shows its rooms."""
