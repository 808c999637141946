"""The application as a WSGI server wants it. The only module that acts on import."""

import logging
import os
from datetime import UTC, datetime, timedelta

from flask_openapi3.openapi import OpenAPI

from model.store import ModelStore
from service.app import create_app
from service.config import ServiceSettings
from service.log import LogUnavailable, PredictionLog
from service.metrics import Metrics
from service.reload import Watched
from service.wording import packaged_messages

_logger = logging.getLogger("service")


def _start(settings: ServiceSettings) -> OpenAPI:
    metrics, models = Metrics(), Watched(ModelStore(settings.models))

    def tell() -> None:
        serving = models.serving
        metrics.serve(serving.model.version if serving else None, models.fault)

    models.refresh()
    tell()
    models.watch(tell)
    log = PredictionLog(settings.database_url, settings.text_kept)
    try:
        log.purge(datetime.now(UTC) - timedelta(days=settings.retention_days))
    except LogUnavailable as error:
        _logger.error("nothing purged: %s", error)  # noqa: TRY400 - the sentence says it all
    return create_app(models, log, packaged_messages(), settings, metrics)


app = _start(ServiceSettings.from_environment(os.environ))
