"""Alembic runs this file to migrate. It works on the connection that `store.migration` hands over."""

from alembic import context

# Alembic fills `context` only while it migrates; whoever else loads this file (test collection) finds it empty.
if hasattr(context, "config"):
    context.configure(connection=context.config.attributes["connection"])
    context.run_migrations()
