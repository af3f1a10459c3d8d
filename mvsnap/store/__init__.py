"""The event store: tables, queries, files. The same code for SQLite and PostgreSQL."""
