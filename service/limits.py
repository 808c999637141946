"""How often one client may call: counted in memory, or in Redis where several processes serve."""

import ipaddress
from typing import Any

from flask import Blueprint, Flask, request
from flask_limiter import Limiter

from service.access import bearer
from service.api.bodies import BATCH_LIMIT
from service.config import ServiceSettings
from service.keys import Keys
from service.log import LogUnavailable


def limit_calls(app: Flask, settings: ServiceSettings, keys: Keys, *blueprints: Blueprint) -> None:
    """Limit the calls to some blueprints together, by client; answers that are refused say Retry-After.

    A caller with a good key is not limited. If Redis does not answer, each process counts for itself meanwhile.
    """
    if not settings.rate_limit:
        return
    limiter = Limiter(
        _client,
        app=app,
        storage_uri=settings.redis_url or "memory://",
        storage_options={"socket_connect_timeout": 0.5, "socket_timeout": 0.5} if settings.redis_url else {},  # type: ignore[dict-item]
        in_memory_fallback_enabled=bool(settings.redis_url),
        headers_enabled=True,
        key_prefix="triage",
    )
    limit = limiter.shared_limit(
        settings.rate_limit,
        scope="calls",
        cost=_cost,
        exempt_when=lambda: _looks_at_a_page() or _has_key(keys),
        error_message=f"More than {settings.rate_limit} calls. Wait as many seconds as Retry-After says.",
    )
    for blueprint in blueprints:
        limit(blueprint)


def _client() -> str:
    """The caller's address; of IPv6 the network, since one household has more addresses than anyone can count."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _cost() -> int:
    """A batch counts as many calls as it has enquiries."""
    body: Any = request.get_json(silent=True) if request.path.endswith("/batch") else None
    enquiries = body.get("enquiries") if isinstance(body, dict) else None
    return min(max(len(enquiries), 1), BATCH_LIMIT) if isinstance(enquiries, list) else 1


def _looks_at_a_page() -> bool:
    """To see the pages is free; to post their form is a call like any other."""
    return request.blueprint == "pages" and request.method != "POST"


def _has_key(keys: Keys) -> bool:
    if request.authorization is None:
        return False
    try:
        return bearer(keys) is not None
    except LogUnavailable:
        return False
