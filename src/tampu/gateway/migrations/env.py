"""Run by alembic: steps of the schema, in the connection and the transaction that `database.upgrade` brings."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
