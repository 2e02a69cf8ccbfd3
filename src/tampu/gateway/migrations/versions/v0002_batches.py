"""Batches that wait for their answers, and the answers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """From generations and spending alone."""
    op.create_table(
        "batches",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("served_by", sa.Text, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("elements", sa.Text, nullable=False),
        sa.Column("claimed_until", sa.Float, nullable=False),
        sa.Column("finished", sa.Float, index=True),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "batch_answers",
        sa.Column("batch", sa.Integer, sa.ForeignKey("batches.number", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("answer", sa.Text, nullable=False),
    )
