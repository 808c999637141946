"""Reviews, erasures, and the keys by which a repeated request is known."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make two tables; add the keys to the predictions."""
    with op.batch_alter_table("predictions") as table:
        table.add_column(sa.Column("request_key", sa.String(64)))
        table.add_column(sa.Column("request_digest", sa.String(64)))
        table.create_unique_constraint("uq_predictions_request_key", ["request_key"])
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("prediction_id", sa.String(36), sa.ForeignKey("predictions.id", ondelete="CASCADE"), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewer", sa.String(64), nullable=False),
        sa.Column("service", sa.String(16)),
        sa.Column("flags", sa.JSON),
        sa.Column("note", sa.Text),
    )
    op.create_index("ix_reviews_prediction_id", "reviews", ["prediction_id"])
    op.create_index("ix_reviews_created", "reviews", ["created"])
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_erasures_created", "erasures", ["created"])
