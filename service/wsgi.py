"""The application as a WSGI server wants it. The only module that acts on import."""

import os
from datetime import timedelta

from flask_openapi3.openapi import OpenAPI

from model.store import ModelStore
from service.app import create_app
from service.config import ServiceSettings
from service.log import PredictionLog
from service.metrics import Metrics
from service.recording import Recorder
from service.reload import Watched
from service.spool import Spool
from service.upkeep import Upkeep
from service.wording import packaged_messages


def _start(settings: ServiceSettings) -> OpenAPI:
    metrics, models = Metrics(), Watched(ModelStore(settings.models))

    def tell() -> None:
        serving = models.serving
        metrics.serve(serving.model.version if serving else None, models.fault)

    models.refresh()
    tell()
    models.watch(tell)
    log = PredictionLog(settings.database_url, settings.text_kept)
    recorder = Recorder(log, metrics, Spool(settings.spool, settings.spool_megabytes * 1_000_000))
    patient = PredictionLog(settings.database_url, settings.text_kept, patience=60)
    Upkeep(recorder, patient, timedelta(days=settings.retention_days)).start()
    return create_app(models, log, packaged_messages(), settings, recorder=recorder, metrics=metrics)


app = _start(ServiceSettings.from_environment(os.environ))
