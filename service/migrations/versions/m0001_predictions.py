"""The log of predictions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table and its indexes."""
    op.create_table(
        "predictions",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("model_version", sa.String(32), nullable=False),
        sa.Column("text", sa.Text),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("service", sa.String(16)),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("probabilities", sa.JSON, nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("urgency", sa.String(16), nullable=False),
        sa.Column("flags", sa.JSON, nullable=False),
        sa.Column("set_aside", sa.JSON, nullable=False),
    )
    for column in ("created", "model_version", "decision", "urgency"):
        op.create_index(f"ix_predictions_{column}", "predictions", [column])
