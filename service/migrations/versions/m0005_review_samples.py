"""The sample that a review belongs to, so that the unbiased one is told from the rest."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; reviews until now belong to no sample."""
    with op.batch_alter_table("reviews") as table:
        table.add_column(sa.Column("sample", sa.String(32)))
