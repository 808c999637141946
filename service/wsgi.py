"""The application as a WSGI server wants it. The only module that acts on import."""

import logging
import os

from model.errors import TriageError
from model.store import ModelStore
from model.triage import TriageModel
from service.app import create_app
from service.config import ServiceSettings
from service.log import PredictionLog
from service.wording import packaged_messages

_logger = logging.getLogger("service")


def _load_model(store: ModelStore) -> TriageModel | None:
    try:
        return store.load(store.champion())
    except TriageError as error:
        _logger.error("no model: %s", error)  # noqa: TRY400 - the sentence says it all
        return None


_settings = ServiceSettings.from_environment(os.environ)
app = create_app(
    _load_model(ModelStore(_settings.models)),
    PredictionLog(_settings.database_url, _settings.text_kept),
    packaged_messages(),
)
