"""The bot in Webex: what people write to it, and which buttons they press."""
