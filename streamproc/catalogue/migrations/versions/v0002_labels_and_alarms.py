"""Labels that people give, alarms about models that no longer fit, and what the watch over them remembers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "labels",
        sa.Column("id", _id(), nullable=False),
        sa.Column("epoch_id", _id(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("start", sa.Text(), nullable=False),
        sa.Column("end", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["epoch_id"], ["epochs.id"], name="fk_labels_epoch_id"),
        sa.PrimaryKeyConstraint("id", name="pk_labels"),
    )
    op.create_index("ix_labels_epoch_id", "labels", ["epoch_id"], unique=False)
    op.create_table(
        "alarms",
        sa.Column("id", _id(), nullable=False),
        sa.Column("channel_id", _id(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=True),
        sa.Column("since_ns", sa.BigInteger(), nullable=False),
        sa.Column("raised_ns", sa.BigInteger(), nullable=False),
        sa.Column("cleared_ns", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("sureness", sa.Double(), nullable=False),
        sa.Column("usual", sa.Double(), nullable=False),
        sa.Column("unsure_share", sa.Double(), nullable=False),
        sa.Column("absent_s", sa.Double(), nullable=False),
        sa.Column("pictures", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_alarms_channel_id"),
        sa.PrimaryKeyConstraint("id", name="pk_alarms"),
    )
    op.create_index("ix_alarms_channel_id", "alarms", ["channel_id"], unique=False)
    op.create_table(
        "watches",
        sa.Column("channel_id", _id(), nullable=False),
        sa.Column("memory", sa.Text(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_watches_channel_id"),
        sa.PrimaryKeyConstraint("channel_id", name="pk_watches"),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("watches", "alarms", "labels"):
        op.drop_table(table)
