"""Run by alembic: migrate over the connection, and in the transaction, that the caller has opened."""

from alembic import context
from sqlalchemy import Connection

from streamproc.catalogue.models import Base

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
context.run_migrations()
