"""What was found painted over: findings, and how far each channel was looked through."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "findings",
        sa.Column("id", _id(), nullable=False),
        sa.Column("epoch_id", _id(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("start", sa.Text(), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.Text(), nullable=False),
        sa.Column("end_ns", sa.BigInteger(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("left", "top", "right", "bottom", "width", "height")
        ),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("reliability", sa.String(length=16), nullable=False),
        sa.Column("keyframes", sa.Integer(), nullable=False),
        sa.Column("heat", sa.LargeBinary(), nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=True),
        sa.Column("verdict_author", sa.Text(), nullable=True),
        sa.Column("verdict_ns", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("told_ns", sa.BigInteger(), nullable=False),
        sa.Column("found_ns", sa.BigInteger(), nullable=True),
        sa.Column("over_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["epoch_id"], ["epochs.id"], name="fk_findings_epoch_id"),
        sa.PrimaryKeyConstraint("id", name="pk_findings"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_findings_epoch_id_start_ns", "findings", ["epoch_id", "start_ns"], unique=False)
    op.create_table(
        "inspections",
        sa.Column("channel_id", _id(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.Text(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_inspections_channel_id"),
        sa.PrimaryKeyConstraint("channel_id", name="pk_inspections"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("inspections")
    op.drop_table("findings")
