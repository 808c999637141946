"""API keys: named, with a scope, stored as hashes, shown once."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import select

from model.errors import TriageError
from service.database import Database
from service.tables import ApiKey

Scope = Literal["review", "admin"]
SCOPES: tuple[Scope, ...] = ("review", "admin")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_PREFIX = "triage_"


class InvalidKey(TriageError):
    """A key cannot be added or revoked as asked."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"key {name!r}: {reason}")


class Keys:
    """The API keys in the log's database. Every method raises LogUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, scope: Scope) -> str:
        """Make a key and return it, this once.

        Raises InvalidKey when the name is taken or not of the form.
        """
        if not _NAME.fullmatch(name):
            raise InvalidKey(
                name, "a name has 1 to 64 of a-z, 0-9, dot, dash and underscore, and begins with a letter or digit"
            )
        key = _PREFIX + secrets.token_urlsafe(32)
        with self._database.session(writing=True) as session:
            if session.get(ApiKey, name):
                raise InvalidKey(
                    name, "there is one of that name; names are not used twice, so that reviews stay attributable"
                )
            session.add(ApiKey(name=name, digest=_digest(key), scope=scope, created=datetime.now(UTC)))
        return key

    def all(self) -> Sequence[ApiKey]:
        """All keys, revoked ones too, by name."""
        with self._database.session() as session:
            return session.scalars(select(ApiKey).order_by(ApiKey.name)).all()

    def revoke(self, name: str) -> None:
        """Let a key open nothing from now on.

        Raises InvalidKey when there is none of that name, or it was revoked before.
        """
        with self._database.session(writing=True) as session:
            key = session.get(ApiKey, name)
            if key is None or key.revoked:
                raise InvalidKey(
                    name, "was revoked already" if key else "there is none of that name; see `triage keys list`"
                )
            key.revoked = datetime.now(UTC)

    def find(self, key: str) -> ApiKey | None:
        """The entry of a key that is good, or None."""
        with self._database.session() as session:
            # 256 random bits need no slow hash, and an index lookup by hash tells a guesser nothing.
            return session.scalars(
                select(ApiKey).where(ApiKey.digest == _digest(key), ApiKey.revoked.is_(None))
            ).first()


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
