"""From labelled enquiries to an encoder artefact: fine-tune on most authors, measure on the rest, export, describe."""

import hashlib
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from torch import nn

from model.classifier import ANY_ALARM
from model.encoder import AdaptedEncoder, text_hash
from model.errors import InvalidData
from model.taxonomy import alarm_codes, annotated_codes
from model.types import Service
from training.adapt.base import read_base
from training.adapt.export import export
from training.adapt.fine_tuning import MAX_TOKENS, FineTuning, Progress, fine_tune
from training.adapt.network import READINGS, MultiTaskEncoder, Tasks
from training.adapt.vocabulary import LANGUAGES, prune
from training.data import LabelledEnquiry, csv_files, read_labelled

CALIBRATION_SHARE = 4
"""One author in so many is kept from the encoder, so that heads, calibration and thresholds have honest scores."""

SHORT = 10
"""Words under which an enquiry is short: most of what is typed into a search field is, most letters are not."""

_LEFT_OUT = frozenset({"out_of_scope"})  # follows from the service and the other flags: nothing to learn


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What to adapt, on what, and where to.

    base : see training.adapt.base
    folder : becomes the artefact
    checkpoint : file that a killed run leaves and the next one continues from
    """

    data: tuple[Path, ...]
    base: str
    folder: Path
    checkpoint: Path
    how: FineTuning


def adapt(asked: Adaptation, now: datetime, progress: Progress) -> dict[str, Any]:
    """Make an encoder artefact; returns its manifest.

    Raises InvalidData when there are too few authors, or what reading the data raises.
    """
    sheets = list(csv_files(asked.data))
    enquiries = read_labelled(sheets)
    train, held_out = split_authors(enquiries, asked.how.seed)
    tasks = Tasks(
        tuple(str(service) for service in Service),
        (*(code for code in annotated_codes() if code not in _LEFT_OUT), ANY_ALARM),
    )
    torch.manual_seed(asked.how.seed)
    base = read_base(asked.base)
    tokenizer, kept = prune(base.tokenizer, [enquiry.text for enquiry in train])
    tokenizer.enable_truncation(MAX_TOKENS)
    embeddings = base.transformer.embeddings.word_embeddings.weight.data[kept].clone()
    base.transformer.embeddings.word_embeddings = nn.Embedding(len(kept), embeddings.shape[1], _weight=embeddings)
    base.transformer.config.vocab_size = len(kept)
    network = MultiTaskEncoder(base.transformer, tasks)
    fine_tune(network, tokenizer, train, tasks, asked.how, asked.checkpoint, progress)
    asked.folder.mkdir(parents=True, exist_ok=True)
    export(network, asked.folder / "encoder.onnx")
    tokenizer.save(str(asked.folder / "tokenizer.json"), pretty=False)
    seen = "".join(f"{text_hash(enquiry.text)}\n" for enquiry in train)
    (asked.folder / "seen.txt").write_text(seen, "utf-8")
    artefact = {name: _sha256(asked.folder / name) for name in ("encoder.onnx", "tokenizer.json", "seen.txt")}
    manifest: dict[str, Any] = {
        "format": 1,
        "version": f"{now:%Y%m%d}-{artefact['encoder.onnx'][:6]}",
        "created": now.astimezone(UTC).isoformat(timespec="seconds"),
        "base": asked.base,
        "languages": LANGUAGES,
        "services": tasks.services,
        "flags": tasks.flags,
        "readings": READINGS,
        "width": network.transformer.config.hidden_size,
        "files": artefact,
        "settings": asdict(asked.how),
        "data": {file.name: _sha256(file) for file in sheets},
        "authors_held_out": sorted({enquiry.source for enquiry in held_out}),
        "libraries": {name: installed(name) for name in ("torch", "transformers", "tokenizers", "onnxruntime")},
    }
    _write(asked.folder, manifest)
    manifest["figures"] = figures(asked.folder, held_out, tasks.services)
    _write(asked.folder, manifest)
    (asked.folder / "README.md").write_text(card(manifest), "utf-8")
    asked.checkpoint.unlink(missing_ok=True)
    return manifest


def split_authors(
    enquiries: Sequence[LabelledEnquiry], seed: int
) -> tuple[list[LabelledEnquiry], list[LabelledEnquiry]]:
    """Enquiries to learn from and those of the authors held out, with like shares of language, alarms and short texts.

    Raises InvalidData with fewer authors than CALIBRATION_SHARE.
    """
    sources = np.array([enquiry.source for enquiry in enquiries])
    if len(set(sources)) < CALIBRATION_SHARE:
        raise InvalidData([f"the data has {len(set(sources))} authors (column source); at least {CALIBRATION_SHARE}"])
    kinds = [
        f"{enquiry.language} {bool(enquiry.flags)} {bool(enquiry.contrast)} {len(enquiry.text.split()) < SHORT}"
        for enquiry in enquiries
    ]
    folds = StratifiedGroupKFold(CALIBRATION_SHARE, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a kind with fewer texts than folds is in one of them, or not
        train, held_out = next(iter(folds.split(sources, kinds, sources)))
    return [enquiries[row] for row in train], [enquiries[row] for row in held_out]


def figures(folder: Path, held_out: Sequence[LabelledEnquiry], services: Sequence[str]) -> dict[str, Any]:
    """How the exported encoder's own heads do on the authors it never saw, before any calibration.

    folder : the finished artefact
    """
    reading = AdaptedEncoder(folder).read([enquiry.text for enquiry in held_out])
    truth = [services.index(str(enquiry.service)) for enquiry in held_out]
    alarms = set(alarm_codes())
    alarm = np.array([bool(enquiry.flags & alarms) for enquiry in held_out])
    doubtful = alarm | np.array([bool(enquiry.contrast) for enquiry in held_out])
    score = reading.flags[:, -1]
    return {
        "enquiries": len(held_out),
        "service_right": round(float((reading.services.argmax(1) == truth).mean()), 4),
        "any_alarm_auc": round(float(roc_auc_score(alarm, score)), 4),
        "any_alarm_auc_against_contrast": round(float(roc_auc_score(alarm[doubtful], score[doubtful])), 4),
    }


def card(manifest: Mapping[str, Any]) -> str:
    """What an artefact is, for people."""
    found = manifest["figures"]
    return Template((files("training.adapt") / "card.md").read_text("utf-8")).substitute(
        version=manifest["version"],
        created=manifest["created"][:10],
        base=manifest["base"],
        languages=", ".join(manifest["languages"]),
        epochs=manifest["settings"]["epochs"],
        enquiries=f"{found['enquiries']:,}",
        service=f"{found['service_right']:.1%}",
        auc=f"{found['any_alarm_auc']:.3f}",
        contrast=f"{found['any_alarm_auc_against_contrast']:.3f}",
    )


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _write(folder: Path, manifest: Mapping[str, Any]) -> None:
    (folder / "encoder.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
