"""The event store: tables, queries, files. SQLite and PostgreSQL, the same code."""
