"""The application as a WSGI server wants it. The only module that acts on import."""

import logging
import os
from datetime import UTC, datetime, timedelta

from model.errors import TriageError
from model.store import ModelStore
from service.app import create_app
from service.config import ServiceSettings
from service.log import LogUnavailable, PredictionLog
from service.models import Fixed, Serving
from service.wording import packaged_messages

_logger = logging.getLogger("service")


def _load_model(store: ModelStore) -> Fixed:
    try:
        return Fixed(Serving.load(store, store.champion()))
    except TriageError as error:
        _logger.error("no model: %s", error)  # noqa: TRY400 - the sentence says it all
        return Fixed(None)


def _open_log(settings: ServiceSettings) -> PredictionLog:
    """The log, relieved of what is past its time."""
    log = PredictionLog(settings.database_url, settings.text_kept)
    try:
        log.purge(datetime.now(UTC) - timedelta(days=settings.retention_days))
    except LogUnavailable as error:
        _logger.error("nothing purged: %s", error)  # noqa: TRY400 - the sentence says it all
    return log


_settings = ServiceSettings.from_environment(os.environ)
app = create_app(_load_model(ModelStore(_settings.models)), _open_log(_settings), packaged_messages(), _settings)
