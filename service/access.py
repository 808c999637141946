"""Who may call: bearer keys and their scopes."""

from flask import g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from service.keys import Keys, Scope
from service.tables import ApiKey

SECURITY = {"key": {"type": "http", "scheme": "bearer", "description": "A key made by `triage keys add`"}}
"""For the specification: how a key is shown."""


def require(keys: Keys, scope: Scope) -> None:
    """Let the request go on only with a good key of that scope; `admin` may all that `review` may.

    Raises Unauthorized, Forbidden, LogUnavailable.
    """
    found = bearer(keys)
    if found is None:
        raise Unauthorized("Send an API key: Authorization: Bearer <key>.", www_authenticate=WWWAuthenticate("bearer"))
    if found.scope not in (scope, "admin"):
        raise Forbidden(f"This key has the scope {found.scope}; {scope} is needed.")
    g.caller = found.name


def bearer(keys: Keys) -> ApiKey | None:
    """The entry of the key that the request shows, or None."""
    shown = request.authorization
    return keys.find(shown.token) if shown and shown.type == "bearer" and shown.token else None


def caller() -> str:
    """Name of the key that `require` let pass."""
    return str(g.caller)
