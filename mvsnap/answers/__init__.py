"""The bot answers: what people write to it in Webex, and which buttons they press."""
