"""The description of the API for people, at `/docs`: Swagger UI from its package, nothing from elsewhere."""

from importlib.resources import files

from flask import Blueprint, Flask, Response

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Enquiry triage: the API</title>
<link rel="icon" href="/docs/ui/images/swagger.svg">
<link rel="stylesheet" href="/docs/ui/css/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>This page needs JavaScript; the description itself is at <a href="/openapi.json">/openapi.json</a>.</noscript>
<script src="/docs/ui/js/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
"""
# Swagger UI sets styles on its elements.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def serve_docs(app: Flask) -> None:
    """Add the page and what it loads."""
    assets = str(files("flask_openapi3_swagger") / "templates" / "swagger")
    docs = Blueprint("docs", __name__, url_prefix="/docs", static_folder=assets, static_url_path="/ui")

    @docs.get("")
    def page() -> Response:
        return Response(_PAGE, headers={"Content-Security-Policy": _POLICY})

    @docs.get("/start.js")
    def start() -> Response:
        return Response(_START, mimetype="text/javascript")

    app.register_blueprint(docs)
