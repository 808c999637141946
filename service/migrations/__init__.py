"""The prediction log's schema, step by step, inside the package so that a serving machine can take the steps itself."""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

_FIRST = "0001"


def upgrade(connection: Connection) -> None:
    """Bring the schema up to this release, within the connection's transaction.

    Raises alembic.util.CommandError when the database was made by a newer release.
    """
    config = Config()
    config.set_main_option("script_location", str(files(__name__)))
    config.attributes["connection"] = connection
    tables = set(inspect(connection).get_table_names())
    if "predictions" in tables and "alembic_version" not in tables:
        # Made before there were migrations: it has exactly the first one's table.
        command.stamp(config, _FIRST)
    command.upgrade(config, "head")


def newest() -> str:
    """Revision that this release works with."""
    config = Config()
    config.set_main_option("script_location", str(files(__name__)))
    return str(ScriptDirectory.from_config(config).get_current_head())
