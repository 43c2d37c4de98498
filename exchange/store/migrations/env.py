"""Alembic's entry: our tables, one connection, batch mode so that SQLite can change columns."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine

from exchange.store.schema.all import metadata

url = context.config.get_main_option("sqlalchemy.url") or "sqlite://"
engine = create_engine(url)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=False, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
engine.dispose()
