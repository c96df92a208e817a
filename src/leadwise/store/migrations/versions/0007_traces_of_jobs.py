"""What asked for a job, so that its trace can name that one."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column; PostgreSQL writes no row anew for that."""
    op.execute("ALTER TABLE jobs ADD COLUMN traceparent text")
