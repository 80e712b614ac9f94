"""The first tables: channels, epochs and gaps, boundaries and versions, segments, clips, readers, events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "channels",
        sa.Column("id", _id(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("model_name", sa.Text(), nullable=True),
        sa.Column("model_sha256", sa.String(length=64), nullable=True),
        sa.Column("clips", sa.Boolean(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_channels"),
        sa.UniqueConstraint("name", name="uq_channels_name"),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_event_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_table(
        "epochs",
        sa.Column("id", _id(), nullable=False),
        sa.Column("channel_id", _id(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("utc_zero_ns", sa.BigInteger(), nullable=True),
        sa.Column("frame_rate", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.Text(), nullable=True),
        sa.Column("end_frame", sa.BigInteger(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_epochs_channel_id"),
        sa.PrimaryKeyConstraint("id", name="pk_epochs"),
        sa.UniqueConstraint("channel_id", "number", name="uq_epochs_channel_id_number"),
    )
    op.create_table(
        "readers",
        sa.Column("channel_id", _id(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.Text(), nullable=True),
        sa.Column("memory", sa.Text(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_readers_channel_id"),
        sa.PrimaryKeyConstraint("channel_id", name="pk_readers"),
    )
    op.create_table(
        "boundaries",
        sa.Column("id", _id(), nullable=False),
        sa.Column("epoch_id", _id(), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("before", sa.String(16), nullable=False),
        sa.Column("after", sa.String(16), nullable=False),
        sa.Column("last_old", sa.Text(), nullable=True),
        sa.Column("first_new", sa.Text(), nullable=True),
        sa.Column("decided", sa.Text(), nullable=True),
        sa.Column("time", sa.Text(), nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("frame", sa.BigInteger(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("method", sa.String(16), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["epoch_id"], ["epochs.id"], name="fk_boundaries_epoch_id"),
        sa.PrimaryKeyConstraint("id", name="pk_boundaries"),
        sa.UniqueConstraint("epoch_id", "decided", name="uq_boundaries_epoch_id_decided"),
    )
    op.create_index("ix_boundaries_epoch_id_time_ns", "boundaries", ["epoch_id", "time_ns"], unique=False)
    op.create_index("ix_boundaries_state", "boundaries", ["state"], unique=False)
    op.create_table(
        "gaps",
        sa.Column("id", _id(), nullable=False),
        sa.Column("channel_id", _id(), nullable=False),
        sa.Column("before_id", _id(), nullable=False),
        sa.Column("after_id", _id(), nullable=False),
        sa.ForeignKeyConstraint(["after_id"], ["epochs.id"], name="fk_gaps_after_id"),
        sa.ForeignKeyConstraint(["before_id"], ["epochs.id"], name="fk_gaps_before_id"),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_gaps_channel_id"),
        sa.PrimaryKeyConstraint("id", name="pk_gaps"),
        sa.UniqueConstraint("after_id", name="uq_gaps_after_id"),
        sa.UniqueConstraint("before_id", name="uq_gaps_before_id"),
    )
    op.create_index("ix_gaps_channel_id", "gaps", ["channel_id"], unique=False)
    op.create_table(
        "boundary_versions",
        sa.Column("id", _id(), nullable=False),
        sa.Column("boundary_id", _id(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("time", sa.Text(), nullable=False),
        sa.Column("frame", sa.BigInteger(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("method", sa.String(16), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["boundary_id"], ["boundaries.id"], name="fk_boundary_versions_boundary_id"),
        sa.PrimaryKeyConstraint("id", name="pk_boundary_versions"),
        sa.UniqueConstraint("boundary_id", "number", name="uq_boundary_versions_boundary_id_number"),
    )
    op.create_table(
        "segments",
        sa.Column("id", _id(), nullable=False),
        sa.Column("epoch_id", _id(), nullable=False),
        sa.Column("start_id", _id(), nullable=False),
        sa.Column("end_id", _id(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["end_id"], ["boundaries.id"], name="fk_segments_end_id"),
        sa.ForeignKeyConstraint(["epoch_id"], ["epochs.id"], name="fk_segments_epoch_id"),
        sa.ForeignKeyConstraint(["start_id"], ["boundaries.id"], name="fk_segments_start_id"),
        sa.PrimaryKeyConstraint("id", name="pk_segments"),
        sa.UniqueConstraint("end_id", name="uq_segments_end_id"),
        sa.UniqueConstraint("start_id", name="uq_segments_start_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_segments_epoch_id", "segments", ["epoch_id"], unique=False)
    op.create_table(
        "clips",
        sa.Column("id", _id(), nullable=False),
        sa.Column("segment_id", _id(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["segment_id"], ["segments.id"], name="fk_clips_segment_id"),
        sa.PrimaryKeyConstraint("id", name="pk_clips"),
        sa.UniqueConstraint("segment_id", name="uq_clips_segment_id"),
    )
    op.create_index("ix_clips_state", "clips", ["state"], unique=False)
    op.execute("INSERT INTO outbox (id, last_event_id) VALUES (1, 0)")


def downgrade() -> None:
    """Drop them all."""
    for table in (
        "clips",
        "segments",
        "boundary_versions",
        "gaps",
        "boundaries",
        "readers",
        "epochs",
        "outbox",
        "events",
        "channels",
    ):
        op.drop_table(table)
