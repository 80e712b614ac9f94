"""People and what they do: users, sessions, tokens, audit, edits, seen, handouts; curves; learnings."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _people() -> None:
    op.create_table(
        "users",
        sa.Column("id", _id(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("disabled_ns", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("name", name="uq_users_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sessions",
        sa.Column("id", _id(), nullable=False),
        sa.Column("user_id", _id(), nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("used_ns", sa.BigInteger(), nullable=False),
        sa.Column("expires_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("secret_sha256", name="uq_sessions_secret_sha256"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("id", _id(), nullable=False),
        sa.Column("user_id", _id(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("used_ns", sa.BigInteger(), nullable=True),
        sa.Column("expires_ns", sa.BigInteger(), nullable=True),
        sa.Column("revoked_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tokens_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("secret_sha256", name="uq_tokens_secret_sha256"),
    )
    op.create_index("ix_tokens_user_id", "tokens", ["user_id"], unique=False)
    op.create_table(
        "audit",
        sa.Column("id", _id(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_created_ns", "audit", ["created_ns"], unique=False)


def _work() -> None:
    op.create_table(
        "edits",
        sa.Column("id", _id(), nullable=False),
        sa.Column("channel_id", _id(), nullable=False),
        sa.Column("epoch_id", _id(), nullable=True),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("start", sa.Text(), nullable=True),
        sa.Column("end", sa.Text(), nullable=True),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("undoes_id", _id(), nullable=True),
        sa.Column("undone_ns", sa.BigInteger(), nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_edits_channel_id"),
        sa.ForeignKeyConstraint(["epoch_id"], ["epochs.id"], name="fk_edits_epoch_id"),
        sa.ForeignKeyConstraint(["undoes_id"], ["edits.id"], name="fk_edits_undoes_id"),
        sa.PrimaryKeyConstraint("id", name="pk_edits"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_edits_channel_id", "edits", ["channel_id"], unique=False)
    op.create_table(
        "seen",
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("author", "kind", "subject_id", name="pk_seen"),
    )
    op.create_table(
        "handouts",
        sa.Column("id", _id(), nullable=False),
        sa.Column("channel_id", _id(), nullable=False),
        sa.Column("programme_id", sa.BigInteger(), nullable=False),
        sa.Column("piece_id", _id(), nullable=False),
        sa.Column("ended_ns", sa.BigInteger(), nullable=False),
        sa.Column("wished_ns", sa.BigInteger(), nullable=False),
        sa.Column("ready_ns", sa.BigInteger(), nullable=False),
        sa.Column("taken_ns", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_handouts_channel_id"),
        sa.ForeignKeyConstraint(["piece_id"], ["pieces.id"], name="fk_handouts_piece_id"),
        sa.PrimaryKeyConstraint("id", name="pk_handouts"),
        sa.UniqueConstraint("programme_id", name="uq_handouts_programme_id"),
    )
    op.create_index("ix_handouts_channel_id", "handouts", ["channel_id"], unique=False)


def _measured() -> None:
    op.create_table(
        "curves",
        sa.Column("epoch_id", _id(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("values", sa.LargeBinary(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["epoch_id"], ["epochs.id"], name="fk_curves_epoch_id"),
        sa.PrimaryKeyConstraint("epoch_id", "kind", "minute", name="pk_curves"),
    )
    op.create_table(
        "learnings",
        sa.Column("id", _id(), nullable=False),
        sa.Column("channel_id", _id(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("wish", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=True),
        sa.Column("share", sa.Double(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=True),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_learnings_channel_id"),
        sa.PrimaryKeyConstraint("id", name="pk_learnings"),
        sa.UniqueConstraint("key", name="uq_learnings_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_learnings_channel_id_state", "learnings", ["channel_id", "state"], unique=False)


def _edited() -> None:
    op.add_column("boundary_versions", sa.Column("author", sa.Text(), nullable=True))
    op.add_column("boundaries", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.execute(
        "UPDATE boundaries SET version ="
        " (SELECT count(*) FROM boundary_versions WHERE boundary_versions.boundary_id = boundaries.id)"
    )
    op.add_column("programmes", sa.Column("shape_author", sa.Text(), nullable=True))


def upgrade() -> None:
    """Make the tables."""
    _edited()
    _people()
    _work()
    _measured()


def downgrade() -> None:
    """Drop them."""
    for table in (
        "learnings", "curves", "handouts", "seen", "edits", "audit", "tokens", "sessions", "users",
    ):  # fmt: skip
        op.drop_table(table)
    for table, column in (("programmes", "shape_author"), ("boundaries", "version"), ("boundary_versions", "author")):
        op.drop_column(table, column)
