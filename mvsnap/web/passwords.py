"""Passwords as they are stored: scrypt, by werkzeug."""

from __future__ import annotations

from werkzeug.security import check_password_hash, generate_password_hash

# Of a discarded random text: unknown users take as long as a wrong password.
NOBODYS = (
    "scrypt:32768:8:1$yHur9eIybNkBZXIo$"
    "f3d99409575af1497a5ece3b211299eb900852a303849a85ab0806e8dd3647dd"
    "f5a75b26f7fea109cae2ee1bf78cdb67c4f8a642b15a1448077a9005ccb09efc"
)


def hashed(password: str) -> str:
    return generate_password_hash(password)


def fits(stored: str, password: str) -> bool:
    return check_password_hash(stored, password)
