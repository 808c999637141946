"""From files of labelled enquiries to a model in the store."""

import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path

import numpy as np

from model.classifier import Classifier
from model.encoder import Encoder, load_encoder
from model.manifest import FORMAT, DataFile, Manifest, PromiseFigures, ThresholdFigures
from model.rule_files import packaged_rules
from model.store import PICKLED_LIBRARIES, ModelFiles, ModelStore, pack
from training.corpus_arrays import Progress
from training.data import csv_files, read_labelled
from training.encoding_cache import CachedEncoder
from training.figures import out_of_fold_figures
from training.fit import Fitted, fit
from training.report import write_report
from training.rules_cache import CachedRules
from training.settings import Settings


@dataclass(frozen=True, slots=True)
class Trained:
    """A model that has just been made."""

    manifest: Manifest
    folder: Path


def train(data: Sequence[Path], store: ModelStore, settings: Settings, now: datetime, progress: Progress) -> Trained:
    """Train on CSV files, or folders of them, and save the model.

    Raises InvalidData or InvalidFile, and saves nothing, when data or rules break their form.
    """
    files = list(csv_files(data))
    progress("reading files", 0, 1)
    enquiries = read_labelled(files)
    progress("reading files", 1, 1)
    encoder = cached_encoder(settings, store)
    rules = packaged_rules()
    fitted = fit(enquiries, encoder, cached_rules(rules, store), settings, progress)
    contents = ModelFiles(pack(fitted.classifier), rules)
    manifest = Manifest(
        format=FORMAT,
        version=_version(rules, fitted, now),
        created=now.astimezone(UTC),
        files=contents.hashes(),
        services=fitted.classifier.services,
        codes=fitted.classifier.codes,
        encoder=(encoder.name, encoder.digest) if encoder else None,
        thresholds=ThresholdFigures.model_validate(asdict(fitted.thresholds)),
        promise=None
        if fitted.promised is None
        else PromiseFigures(**settings.promise.model_dump(), answers=fitted.promised),
        data=tuple(_described(file) for file in files),
        settings=settings.model_dump(mode="json"),
        libraries={name: installed(name) for name in PICKLED_LIBRARIES},
        figures=out_of_fold_figures(enquiries, fitted),
    )
    folder = store.save(contents, manifest)
    progress("report", 0, 1)
    write_report(folder, enquiries, fitted, manifest)
    progress("report", 1, 1)
    return Trained(manifest, folder)


def cached_encoder(settings: Settings, store: ModelStore) -> Encoder | None:
    """The settings' encoder, whose readings are kept beside the models; None for n-grams alone."""
    name = settings.features.encoder
    return None if name == "none" else CachedEncoder(load_encoder(name), store.root / ".encoded")


def cached_rules(rules: Mapping[str, str], store: ModelStore) -> CachedRules:
    """Rules whose readings are kept there too."""
    return CachedRules(rules, store.root / ".encoded")


def _version(rules: Mapping[str, str], fitted: Fitted, now: datetime) -> str:
    """Day of training and the beginning of a hash over all that decides a prediction: it names the model.

    Over the values, not over the joblib file: equal models may be pickled differently.
    """
    digest = hashlib.sha256()
    for part in (*sorted(rules.items()), *_learned(fitted.classifier), fitted.thresholds):
        digest.update(part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
    return f"{now:%Y%m%d}-{digest.hexdigest()[:6]}"


def _learned(classifier: Classifier) -> Iterator[object]:
    features = classifier.features
    yield classifier.encoder.digest if classifier.encoder else None
    for vectorizer in (features.words, features.characters):
        yield sorted(vectorizer.vocabulary_.items())
        yield vectorizer.idf_
    stated = [classifier.stated_head] if classifier.stated_head else []
    heads = [head.regression for head in (classifier.service_head, *classifier.flag_heads.values(), *stated)]
    for model in (classifier.service, *classifier.flags.values(), *heads):
        yield model.coef_
        yield model.intercept_
    yield (*classifier.services, *classifier.flags)


def _described(file: Path) -> DataFile:
    content = file.read_bytes()
    rows = sum(1 for _ in csv.DictReader(content.decode("utf-8-sig").splitlines(keepends=True)))
    return DataFile(name=file.name, sha256=hashlib.sha256(content).hexdigest(), rows=rows)
