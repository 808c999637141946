"""What browsers are told: which origins may call, and what a page of ours may load."""

from flask import Flask, Response, request
from flask_cors import CORS

from service.config import ServiceSettings

# The public endpoints alone: no page of another origin reads the log.
_PUBLIC = ("/v1/predictions", "/v1/predictions/batch", "/v1/model")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}


def protect_browsers(app: Flask, settings: ServiceSettings) -> None:
    """Add CORS for the origins listed, and security headers to every answer."""
    if settings.origins:
        CORS(
            app,
            resources={f"^{path}$": {} for path in _PUBLIC},
            origins=list(settings.origins),
            methods=["GET", "POST"],
            allow_headers=["Content-Type", "Idempotency-Key"],
            expose_headers=["Retry-After"],
            max_age=600,
        )

    @app.after_request
    def _headers(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if request.path.startswith("/v1/"):
            response.headers["Cache-Control"] = "no-store"
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response
