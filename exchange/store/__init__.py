"""Journal and tables on SQL: SQLite in one file, PostgreSQL by URL, the same tables on both.

Read: schema (the tables), save (events → changed rows), load (tables → state), queries (reads at one sequence), then
sqlite and postgres (connections, locks, commits), migrations (Alembic).
"""
