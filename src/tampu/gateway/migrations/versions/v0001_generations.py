"""Generations, and what each tenant spent by the day."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """From an empty file."""
    op.create_table(
        "generations",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("answer_id", sa.Text, nullable=False, index=True),
        sa.Column("dialect", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("served_by", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("created", sa.Float, nullable=False, index=True),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("seconds_to_first_chunk", sa.Float),
        sa.Column("prompt_tokens", sa.BigInteger, nullable=False),
        sa.Column("completion_tokens", sa.BigInteger, nullable=False),
        sa.Column("cached_tokens", sa.BigInteger, nullable=False),
        sa.Column("prompt_cost", sa.BigInteger, nullable=False),
        sa.Column("completion_cost", sa.BigInteger, nullable=False),
        sa.Column("finish_reasons", sa.Text, nullable=False),
        sa.Column("streamed", sa.Boolean, nullable=False),
        sa.Column("cancelled", sa.Boolean, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("prompt_digests", sa.Text, nullable=False),
        sa.Column("choice_digests", sa.Text, nullable=False),
        sa.Column("replay", sa.Text, nullable=False),
        sa.Column("text", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "spending",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True),
        sa.Column("generations", sa.BigInteger, nullable=False),
        sa.Column("cost", sa.BigInteger, nullable=False),
    )
