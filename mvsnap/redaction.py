"""What others say, cut to a length and then freed of secrets. Pure."""

from __future__ import annotations

from collections.abc import Iterable


def hidden(text: str, secrets: Iterable[str], instead: str, most: int) -> str:
    """Return the beginning of a text, with `instead` for each secret.

    A service may say megabytes: it is cut first. Of a secret that the cut goes through
    nothing is left.
    """
    cut = text[:most]
    for secret in filter(None, secrets):
        cut = cut.replace(secret, instead)
        if len(text) > most:
            cut = _without_beginning(cut, secret)
    return cut


def _without_beginning(text: str, secret: str) -> str:
    """Return the text without the beginning of the secret that it ends with."""
    for length in range(min(len(secret) - 1, len(text)), 0, -1):
        if text.endswith(secret[:length]):
            return text[:-length]
    return text
