"""What an encoder made of texts, kept by their hashes, so that monthly training encodes only what is new."""

import os
import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from model.encoder import Encoder, Reading, text_hash

_PARTS = ("services", "flags", "stated")


class CachedEncoder:
    """An encoder whose readings are kept in a file, one for each encoder, without the texts.

    folder : made when the first reading is kept
    """

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder = encoder
        self.name, self.digest = encoder.name, encoder.digest
        self.services, self.flags = encoder.services, encoder.flags
        self._file = folder / f"{encoder.digest}.npz"

    def read(self, texts: Sequence[str]) -> Reading:
        """All texts, in order; only those never read before are encoded."""
        kept = self._kept
        hashes = [text_hash(text) for text in texts]
        new = {name: text for name, text in zip(hashes, texts, strict=True) if name not in kept}
        if new:
            reading = self._encoder.read(list(new.values()))
            rows = zip(reading.services, reading.flags, reading.stated, strict=True)
            kept |= dict(zip(new, rows, strict=True))
            self._keep(kept)
        services, flags, stated = zip(*(kept[name] for name in hashes), strict=True)
        return Reading(np.array(services), np.array(flags), np.array(stated))

    def has_seen(self, text: str) -> bool:
        """Whether it learned from this very text."""
        return self._encoder.has_seen(text)

    @cached_property
    def _kept(self) -> dict[str, tuple[np.ndarray, np.ndarray, np.float32]]:
        try:
            with np.load(self._file, allow_pickle=False) as file:
                return dict(
                    zip(file["hashes"].tolist(), zip(*(file[part] for part in _PARTS), strict=True), strict=True)
                )
        except (OSError, ValueError, KeyError):
            return {}  # none yet, or one cut short: all is encoded anew

    def _keep(self, kept: dict[str, tuple[np.ndarray, np.ndarray, np.float32]]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        services, flags, stated = map(np.array, zip(*kept.values(), strict=True))
        with tempfile.NamedTemporaryFile(dir=self._file.parent, suffix=".part", delete=False) as scratch:
            np.savez(scratch, hashes=np.array(list(kept)), services=services, flags=flags, stated=stated)
        os.replace(scratch.name, self._file)  # noqa: PTH105 - whole or not at all
