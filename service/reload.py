"""Takes up a newly promoted model while the old one serves on, and keeps the old one when the new one is no good."""

import gc
import logging
import threading
from collections.abc import Callable
from time import monotonic

from model.errors import TriageError
from model.store import ModelStore
from service.models import Serving

_logger = logging.getLogger("service")
# A faulty model may be one whose copy is not complete yet: look again, but do not load it all day.
_RETRY_SECONDS = 10.0


class Watched:
    """The champion of a store, and its challenger where there is one; `refresh` looks whether they changed.

    A request takes `serving` once and keeps to it, so no answer mixes two models. Nothing here ever raises TriageError:
    what is wrong is said by `fault`.
    """

    def __init__(self, store: ModelStore) -> None:
        self._store = store
        self._champion, self._challenger = _Seat("champion"), _Seat("challenger")
        self._refreshing = threading.Lock()

    @property
    def serving(self) -> Serving | None:
        """The model for one request, or None when none could be loaded yet."""
        return self._champion.serving

    @property
    def challenger(self) -> Serving | None:
        """The model that predicts in the shadow, or None."""
        return self._challenger.serving

    @property
    def fault(self) -> str:
        """Why the promoted model, or the challenger, was not taken up; empty when all is well."""
        return self._champion.fault or self._challenger.fault

    def refresh(self) -> None:
        """Take up what was promoted since the last look."""
        with self._refreshing:
            self._champion.refresh(self._store, self._store.champion)
            self._challenger.refresh(self._store, self._store.challenger)

    def watch(self, tell: Callable[[], None], every: float = 1.0) -> None:
        """Refresh from now on, in a thread of its own that ends with the process, and tell each time."""

        def look() -> None:
            pause = threading.Event()
            while not pause.wait(every):
                self.refresh()
                tell()

        threading.Thread(target=look, name="model-watch", daemon=True).start()


class _Seat:
    """One place for a model: what sits there, what was wrong with the last one that should have."""

    def __init__(self, role: str) -> None:
        self.serving: Serving | None = None
        self.fault = ""
        self._role = role
        self._refused: str | None = None
        self._refused_at = 0.0

    def refresh(self, store: ModelStore, pointer: Callable[[], str | None]) -> None:
        try:
            version = pointer()
        except (TriageError, OSError) as error:
            self._refuse(None, str(error) if isinstance(error, TriageError) else type(error).__name__)
            return
        if version is None:
            self.serving, self.fault, self._refused = None, "", None
        elif self.serving and version == self.serving.model.version:
            self.fault, self._refused = "", None
        elif version != self._refused or monotonic() - self._refused_at > _RETRY_SECONDS:
            self._take(store, version)

    def _take(self, store: ModelStore, version: str) -> None:
        try:
            loaded = Serving.load(store, version)
            loaded.model.predict_one("warm up")  # the first call is slow, and no visitor should wait for it
        except TriageError as error:
            self._refuse(version, str(error))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the new one, the old one serves on
            self._refuse(version, f"{version} cannot be loaded: {type(error).__name__}")
        else:
            self.serving, self.fault, self._refused = loaded, "", None
            _settle()
            _logger.info("%s is now %s", self._role, version)

    def _refuse(self, version: str | None, reason: str) -> None:
        if reason != self.fault:
            kept = self.serving.model.version if self.serving else "none"
            _logger.error("%s not taken up, %s stays: %s", self._role, kept, reason)
        self.fault, self._refused, self._refused_at = reason, version, monotonic()


def _settle() -> None:
    """Collect what the model before has left, and spare the collector's later rounds what stays.

    A round over a model's two hundred thousand objects would hold up an enquiry for longer than its answer takes.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
