"""Finished work: listings, programmes and parts, pieces, orders, deliveries, webhooks, cues, reviews."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, and have clips say when their files were deleted."""
    op.add_column("clips", sa.Column("removed_ns", sa.BigInteger(), nullable=True))
    # What was catalogued before there were rules is all sure, so that no clip that is there is asked about.
    op.add_column("channels", sa.Column("min_confidence", sa.Double(), nullable=False, server_default="0"))
    op.add_column("channels", sa.Column("review_ns", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "hooks",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("last_event_id", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_ns", sa.BigInteger(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_hooks"),
    )
    op.create_table(
        "listings",
        sa.Column("id", _id(), nullable=False),
        sa.Column("channel_id", _id(), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("stop_ns", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("subtitle", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("episode", sa.Text(), nullable=True),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_listings_channel_id"),
        sa.PrimaryKeyConstraint("id", name="pk_listings"),
    )
    op.create_index("ix_listings_channel_id_start_ns", "listings", ["channel_id", "start_ns"], unique=False)
    op.create_table(
        "programmes",
        sa.Column("id", _id(), nullable=False),
        sa.Column("channel_id", _id(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("title_author", sa.Text(), nullable=True),
        sa.Column("scheduled_start_ns", sa.BigInteger(), nullable=True),
        sa.Column("scheduled_stop_ns", sa.BigInteger(), nullable=True),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_programmes_channel_id"),
        sa.PrimaryKeyConstraint("id", name="pk_programmes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_programmes_channel_id", "programmes", ["channel_id"], unique=False)
    op.create_table(
        "cues",
        sa.Column("id", _id(), nullable=False),
        sa.Column("epoch_id", _id(), nullable=False),
        sa.Column("time", sa.Text(), nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("duration", sa.Text(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("payload_sha256", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["epoch_id"], ["epochs.id"], name="fk_cues_epoch_id"),
        sa.PrimaryKeyConstraint("id", name="pk_cues"),
        sa.UniqueConstraint(
            "epoch_id",
            "origin",
            "time_ns",
            "kind",
            "payload_sha256",
            name="uq_cues_epoch_id_origin_time_ns_kind_payload_sha256",
        ),
    )
    op.create_index("ix_cues_epoch_id_time_ns", "cues", ["epoch_id", "time_ns"], unique=False)
    op.create_table(
        "pieces",
        sa.Column("id", _id(), nullable=False),
        sa.Column("channel_id", _id(), nullable=False),
        sa.Column("programme_id", _id(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=True),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.Column("removed_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_pieces_channel_id"),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programmes.id"], name="fk_pieces_programme_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_pieces"),
        sa.UniqueConstraint("key", name="uq_pieces_key"),
    )
    op.create_index("ix_pieces_channel_id", "pieces", ["channel_id"], unique=False)
    op.create_index("ix_pieces_programme_id", "pieces", ["programme_id"], unique=False)
    op.create_index("ix_pieces_state", "pieces", ["state"], unique=False)
    op.create_table(
        "orders",
        sa.Column("id", _id(), nullable=False),
        sa.Column("channel_id", _id(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("wanted_start_ns", sa.BigInteger(), nullable=True),
        sa.Column("wanted_end_ns", sa.BigInteger(), nullable=True),
        sa.Column("due_ns", sa.BigInteger(), nullable=True),
        sa.Column("target", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("programme_id", _id(), nullable=True),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.Column("piece_id", _id(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("message_ru", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=True),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_orders_channel_id"),
        sa.ForeignKeyConstraint(["piece_id"], ["pieces.id"], name="fk_orders_piece_id"),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programmes.id"], name="fk_orders_programme_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
        sa.UniqueConstraint("key", name="uq_orders_key"),
    )
    op.create_index("ix_orders_channel_id", "orders", ["channel_id"], unique=False)
    op.create_index("ix_orders_piece_id", "orders", ["piece_id"], unique=False)
    op.create_index("ix_orders_programme_id", "orders", ["programme_id"], unique=False)
    op.create_index("ix_orders_state", "orders", ["state"], unique=False)
    op.create_table(
        "piece_ranges",
        sa.Column("piece_id", _id(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch_id", _id(), nullable=False),
        sa.Column("start", sa.Text(), nullable=False),
        sa.Column("end", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["epoch_id"], ["epochs.id"], name="fk_piece_ranges_epoch_id"),
        sa.ForeignKeyConstraint(["piece_id"], ["pieces.id"], name="fk_piece_ranges_piece_id"),
        sa.PrimaryKeyConstraint("piece_id", "number", name="pk_piece_ranges"),
    )
    op.create_table(
        "programme_parts",
        sa.Column("programme_id", _id(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch_id", _id(), nullable=False),
        sa.Column("start", sa.Text(), nullable=False),
        sa.Column("end", sa.Text(), nullable=True),
        sa.Column("start_id", _id(), nullable=True),
        sa.Column("end_id", _id(), nullable=True),
        sa.Column("start_sure", sa.Boolean(), nullable=False),
        sa.Column("end_sure", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["end_id"], ["boundaries.id"], name="fk_programme_parts_end_id"),
        sa.ForeignKeyConstraint(["epoch_id"], ["epochs.id"], name="fk_programme_parts_epoch_id"),
        sa.ForeignKeyConstraint(["programme_id"], ["programmes.id"], name="fk_programme_parts_programme_id"),
        sa.ForeignKeyConstraint(["start_id"], ["boundaries.id"], name="fk_programme_parts_start_id"),
        sa.PrimaryKeyConstraint("programme_id", "number", name="pk_programme_parts"),
    )
    op.create_index("ix_programme_parts_epoch_id", "programme_parts", ["epoch_id"], unique=False)
    op.create_table(
        "reviews",
        sa.Column("id", _id(), nullable=False),
        sa.Column("boundary_id", _id(), nullable=True),
        sa.Column("programme_id", _id(), nullable=True),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["boundary_id"], ["boundaries.id"], name="fk_reviews_boundary_id"),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programmes.id"], name="fk_reviews_programme_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_reviews"),
    )
    op.create_index("ix_reviews_boundary_id", "reviews", ["boundary_id"], unique=False)
    op.create_index("ix_reviews_programme_id", "reviews", ["programme_id"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", _id(), nullable=False),
        sa.Column("target", sa.String(length=64), nullable=False),
        sa.Column("clip_id", _id(), nullable=True),
        sa.Column("piece_id", _id(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_ns", sa.BigInteger(), nullable=False),
        sa.Column("remote_path", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sent_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("resume", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clips.id"], name="fk_deliveries_clip_id"),
        sa.ForeignKeyConstraint(["piece_id"], ["pieces.id"], name="fk_deliveries_piece_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("target", "clip_id", name="uq_deliveries_target_clip_id"),
        sa.UniqueConstraint("target", "piece_id", name="uq_deliveries_target_piece_id"),
    )
    op.create_index("ix_deliveries_state", "deliveries", ["state"], unique=False)


def downgrade() -> None:
    """Drop them."""
    for table in (
        "deliveries",
        "reviews",
        "programme_parts",
        "piece_ranges",
        "orders",
        "pieces",
        "cues",
        "programmes",
        "listings",
        "hooks",
    ):
        op.drop_table(table)
    op.drop_column("clips", "removed_ns")
    op.drop_column("channels", "review_ns")
    op.drop_column("channels", "min_confidence")
