"""Alembic's way in: it runs on the connection that `service.migrations.upgrade` hands over."""

from alembic import context

from service.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
