"""Tables of API keys and webhook tokens. Moments are UTC."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, Table, Text

from mvsnap.store.tables import Moment, metadata

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True, comment="random"),
    Column("kind", Text, nullable=False, comment="KeyKind"),
    Column("name", Text, nullable=False, comment="shown with each event"),
    Column("limits", JSON, nullable=False, comment="as in the settings file"),
    Column("made_at", Moment, nullable=False, comment="when it was"),
    Column("made_by", Text, nullable=False, comment="user name"),
    Column("expires_at", Moment, comment="works until then"),
    Column("is_disabled", Boolean, nullable=False, comment="refused for now"),
    Index("api_keys_name", "name", unique=True),
    comment="API keys and webhook tokens beside those of the settings file",
)

key_secrets = Table(
    "key_secrets",
    metadata,
    Column("lookup", Text, primary_key=True, comment="characters 8 to 15, no secret"),
    Column("key_id", Text, nullable=False, comment="of api_keys"),
    Column("digest", Text, nullable=False, comment="SHA-256 in hexadecimal"),
    Column("made_at", Moment, nullable=False, comment="when it was"),
    Column("ends_at", Moment, comment="replaced; works until then"),
    Column("used_at", Moment, comment="last use, to a quarter of an hour"),
    Column("used_from", Text, nullable=False, comment="address of that use"),
    Index("key_secrets_of_key", "key_id"),
    comment="One secret of each key; two while an old one may still be used",
)
