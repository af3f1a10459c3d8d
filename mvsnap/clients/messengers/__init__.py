"""Messengers by Apprise: e-mail, Teams, Slack, Telegram, ntfy and many more."""
