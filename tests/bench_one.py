"""Sections of `make bench` about one enquiry: the whole prediction, its parts, and the worst texts."""

import importlib.util
import tempfile
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnxruntime
from bench_timing import Bench, Row, at_least, at_most, in_turn, texts, timed
from scipy import sparse
from tokenizers import Tokenizer

from model.ngrams import NGrams
from model.types import TEXT_LIMIT

ADAPTED = Path(str(files("model"))) / "adapted"
_REPEATS = 20


def prediction(bench: Bench) -> Iterator[Row]:
    """One prediction in process, against its encoder and against scikit-learn's simplest pipeline."""
    model = bench.store.load(bench.store.champion())
    features, service, encoder = model.classifier.features, model.classifier.service, model.classifier.encoder
    functions: dict[str, Callable[[str], object]] = {
        "one prediction": model.predict_one,
        "yardstick: TF-IDF and logistic regression": lambda text: service.predict_proba(
            sparse.hstack([features.words.transform([text]), features.characters.transform([text])])
        ),
        "its rules": model.red_flags.read,
    }
    if encoder:
        functions["yardstick: the encoder alone"] = lambda text: encoder.read([text])
    waits = in_turn(functions, texts())
    yield from (timed(name, each) for name, each in waits.items())
    whole = waits["one prediction"]
    if encoder:
        ratio = float(np.median(whole) / np.median(waits["yardstick: the encoder alone"]))
        yield at_most("one prediction: times the encoder alone", "ratio", ratio, 1.25)
    yield at_most(
        "one prediction: p99, times the median", "ratio", float(np.percentile(whole, 99) / np.median(whole)), 2
    )


def ngrams(bench: Bench) -> Iterator[Row]:
    """The n-grams against the vectorisers they follow: how much faster, and how equal."""
    features = bench.store.load(bench.store.champion()).classifier.features
    fast, chosen = NGrams(features.words, features.characters), texts()

    def plain(text: str) -> sparse.csr_matrix:
        return sparse.hstack([features.words.transform([text]), features.characters.transform([text])]).tocsr()

    waits = in_turn({"n-grams": lambda text: fast.rows([text]), "yardstick: scikit-learn's transform": plain}, chosen)
    yield from (timed(name, each) for name, each in waits.items())
    medians = [float(np.median(each)) for each in waits.values()]
    yield at_least("n-grams: times faster", "ratio", medians[1] / medians[0], 8)
    differences = (abs(fast.rows([text]) - plain(text)).max() for text in chosen[:200])
    yield at_most("n-grams: largest difference", "ratio", float(max(differences)), 1e-9)


def encoder(bench: Bench) -> Iterator[Row]:
    """The encoder as it ships, against its first form (eight bits, not fused) and other numbers of threads."""
    tokenizer = Tokenizer.from_file(str(ADAPTED / "tokenizer.json"))
    shipped = ADAPTED / "encoder.onnx"
    sessions = {"encoder as it ships, 1 thread": _session(shipped, 1), "… 2 threads": _session(shipped, 2)}
    with tempfile.TemporaryDirectory() as scratch:
        first = _first_form(Path(scratch), tokenizer.get_vocab_size())
        if first:
            sessions["yardstick: as first exported, 1 thread"] = _session(first, 1)
    ids = {text: np.array([tokenizer.encode(text).ids], np.int64) for text in texts()}

    def asking(session: onnxruntime.InferenceSession) -> Callable[[str], object]:
        return lambda text: session.run(None, {"ids": ids[text], "mask": np.ones_like(ids[text])})

    waits = in_turn({name: asking(session) for name, session in sessions.items()}, list(ids))
    yield from (timed(name, each) for name, each in waits.items())
    if first:
        medians = [float(np.median(waits[name])) for name in (*sessions,)]
        yield at_least("encoder: times faster than as first exported", "ratio", medians[2] / medians[0], 1.5)
    else:
        yield Row("encoder as first exported: not measured, needs the extra adapt", {})


def _session(file: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def _first_form(folder: Path, vocabulary: int) -> Path | None:
    """An encoder of the same shape, not fused. Its weights are chance: the time does not depend on them."""
    if any(importlib.util.find_spec(name) is None for name in ("torch", "transformers", "onnx")):
        return None
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from transformers import BertConfig, BertModel

    from training.adapt.export import write_plain
    from training.adapt.network import MultiTaskEncoder, Tasks

    shape = BertConfig(
        vocab_size=vocabulary,
        hidden_size=384,
        num_hidden_layers=12,
        num_attention_heads=12,
        intermediate_size=1536,
        max_position_embeddings=514,
    )
    network = MultiTaskEncoder(BertModel(shape, add_pooling_layer=False), Tasks(("a", "b", "c"), ("any_alarm",)))
    plain, first = folder / "plain.onnx", folder / "first.onnx"
    write_plain(network, plain)
    quantize_dynamic(plain, first, per_channel=True, weight_type=QuantType.QInt8)
    return first


def worst(bench: Bench) -> Iterator[Row]:
    """Texts that ask most of the rules, and texts longer than what is read."""
    model = bench.store.load(bench.store.champion())
    examples = [example for rule in model.red_flags.rulebook.rules for example in rule.matches]
    cases = {
        "rule words": " ".join(examples),
        "one rule's sentence": "both legs weak since my back went. " * TEXT_LIMIT,
        "lists of denials": "ni fiebre, no tos, " * TEXT_LIMIT,
        "one word": "pecho " * TEXT_LIMIT,
        "commas": "," * TEXT_LIMIT,
        "quotation marks": "'" * TEXT_LIMIT,
        "full stops": "a. " * TEXT_LIMIT,
        "ligatures": "\ufdfa" * TEXT_LIMIT,
    }
    for name, text in cases.items():
        functions: dict[str, Callable[[str], object]] = {"rules": model.red_flags.read, "whole": model.predict_one}
        waits = in_turn(functions, [text[:TEXT_LIMIT]] * _REPEATS)
        median = float(np.median(waits["rules"]))
        yield at_most(f"5,000 characters, {name}: rules", "median_ms", median, 50)
        yield timed(f"5,000 characters, {name}: prediction", waits["whole"])
    filler = " ".join(texts())
    sent = filler[: 12 * TEXT_LIMIT]
    lengths: dict[str, Callable[[str], object]] = {
        "read": lambda text: model.predict_one(text[:TEXT_LIMIT]),
        "sent": model.predict_one,
    }
    waits = in_turn(lengths, [sent] * _REPEATS)
    longer = float(np.median(waits["sent"]) / np.median(waits["read"]))
    yield at_most("60,000 characters: times their first 5,000", "ratio", longer, 1.1)
