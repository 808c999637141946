"""The way that an enquiry came."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column; of predictions until now nobody said."""
    op.add_column("predictions", sa.Column("channel", sa.String(16)))
