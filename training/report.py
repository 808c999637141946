"""What is written beside every model: `report.html` with plots, and `model_card.md`. Neither quotes an enquiry."""

from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model.manifest import Manifest
from model.types import Service
from training.audit import Estimate
from training.audit_plots import Plot, reliability, risk_coverage, shares
from training.commands.shares import share_cell
from training.data import LabelledEnquiry
from training.figures import TITLES, Share
from training.fit import Fitted
from training.reliability import bootstrap, calibration_error
from training.reliability import reliability as bins_of
from training.reliability import risk_coverage as curve_of

_WORST = 25
_LENGTHS = ((0, 12), (12, 30), (30, 60), (60, 10_000))


def write_report(folder: Path, enquiries: Sequence[LabelledEnquiry], fitted: Fitted, manifest: Manifest) -> None:
    """Write both files into a model's folder, from its answers to authors that it had not seen.

    enquiries : all that the model was trained on
    """
    answers = _Answers([enquiries[row] for row in fitted.out_of_fold.rows], fitted)
    low, high = bootstrap(calibration_error, answers.confidence, answers.right, answers.even, seed=0)
    value = calibration_error(answers.confidence, answers.right, answers.even)
    error = f"{100 * value:.1f} ({100 * low:.1f}–{100 * high:.1f})"
    page = Template((files("training") / "report.html").read_text("utf-8")).substitute(
        style=(files("training") / "page.css").read_text("utf-8"),
        version=manifest.version,
        created=f"{manifest.created:%Y-%m-%d %H:%M} UTC",
        promise=escape(promise_sentence(manifest)),
        answers=f"{len(answers.right):,}",
        figures=_figures(manifest.figures),
        confusion=_confusion(answers)._repr_html_(),
        reliability=_reliability(answers, manifest, error)._repr_html_(),
        risk=_risk(answers, manifest)._repr_html_(),
        languages=shares(*answers.slices("language", [(name, name) for name in ("en", "es")]))._repr_html_(),
        lengths=shares(*answers.slices("length", [(n, _length_name(*n)) for n in _LENGTHS]))._repr_html_(),
        worst=answers.worst().to_html(index=False, float_format="{:.2f}".format, border=0),
    )
    (folder / "report.html").write_text(page, "utf-8")
    card = Template((files("training") / "model_card.md").read_text("utf-8")).substitute(
        version=manifest.version,
        created=f"{manifest.created:%Y-%m-%d}",
        encoder=manifest.encoder[0] if manifest.encoder else "none",
        rows=f"{manifest.figures['enquiries']:,}",
        authors=manifest.figures["authors"],
        measured=f"{manifest.figures['measured']:,}",
        unseen=manifest.figures["unseen_authors"],
        data="\n".join(
            f"- `{file.name}`, {file.rows} enquiries, SHA-256 `{file.sha256[:12]}…`" for file in manifest.data
        ),
        promise=promise_sentence(manifest),
        figures=_markdown(manifest.figures),
        calibration=error,
        route=f"{manifest.thresholds.route:.3f}",
        confirm=f"{manifest.thresholds.confirm:.3f}",
    )
    (folder / "model_card.md").write_text(card, "utf-8")


def promise_sentence(manifest: Manifest) -> str:
    """What routing promises, in words."""
    promise = manifest.promise
    if promise is None:
        return "Nothing can be promised on this data, so nothing is routed without a question."
    return (
        f"Of the enquiries routed without a question, at most {100 * promise.risk:g} % go to the wrong service, with "
        f"{100 * promise.certainty:g} % certainty (Learn-then-Test; {promise.answers:,} routed answers to authors the "
        f"model had not seen), as long as enquiries are like those."
    )


def _length_name(low: int, high: int) -> str:
    return f"{low} words and more" if high == _LENGTHS[-1][1] else f"{low} to {high - 1} words"


class _Answers:
    """What the model said of authors it had not seen, as arrays; all weigh the same."""

    def __init__(self, enquiries: Sequence[LabelledEnquiry], fitted: Fitted) -> None:
        services = np.array([str(service) for service in fitted.classifier.services])
        found = fitted.out_of_fold.probabilities.services
        self.enquiries = enquiries
        self.answer: NDArray[np.str_] = services[found.argmax(axis=1)]
        self.confidence: NDArray[np.float64] = found.max(axis=1)
        self.truth = np.array([str(enquiry.service) for enquiry in enquiries])
        self.right: NDArray[np.bool_] = self.answer == self.truth
        self.even = np.ones(len(enquiries))
        self.words = np.array([len(enquiry.text.split()) for enquiry in enquiries])
        self.language = np.array([enquiry.language for enquiry in enquiries])

    def slices(self, kind: str, parts: Sequence[tuple[Any, str]]) -> tuple[str, Mapping[str, Estimate]]:
        """A title that says where the model is weakest, and the share right of each slice."""
        rows: dict[str, Estimate] = {}
        for key, name in parts:
            among = self.language == key if kind == "language" else (self.words >= key[0]) & (self.words < key[1])
            share = Share(int((self.right & among).sum()), int(among.sum()))
            rows[name] = Estimate(share.value, *share.interval, share.hits, share.total, share.total)
        counted = {name: found.value for name, found in rows.items() if found.reviewed}
        weakest = min(counted, key=counted.__getitem__, default="")
        title = f"Service right by {kind}: least often for {weakest}, {counted[weakest]:.1%}" if counted else kind
        return title, rows

    def worst(self) -> pd.DataFrame:
        """The surest wrong answers, by id."""
        wrong = np.flatnonzero(~self.right)
        rows = wrong[np.argsort(-self.confidence[wrong])][:_WORST]
        return pd.DataFrame(
            {
                "id": [self.enquiries[row].id for row in rows],
                "labelled": self.truth[rows],
                "answered": self.answer[rows],
                "confidence": self.confidence[rows],
                "flags": [" ".join(sorted(self.enquiries[row].flags)) for row in rows],
            }
        )


def _confusion(answers: _Answers) -> Plot:
    names = [str(service) for service in Service]
    counts = np.array([[int(((answers.truth == a) & (answers.answer == b)).sum()) for b in names] for a in names])
    shown = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    plot = Plot(f"{answers.right.mean():.1%} of services right", width=5.2, height=3.6)
    axes = plot.axes_
    axes.imshow(shown, cmap="Blues", vmin=0, vmax=1.25, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shown[row, column] > 0.6 else "black"
        axes.text(column, row, f"{count:,}\n{shown[row, column]:.1%}", ha="center", va="center", color=colour)
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="answered", ylabel="labelled")
    return plot


def _reliability(answers: _Answers, manifest: Manifest, error: str) -> Plot:
    title = f"Confidence is off by {error} points on average"
    bins = bins_of(answers.confidence, answers.right, answers.even, bins=15)
    return reliability(title, bins, manifest.thresholds.route)


def _risk(answers: _Answers, manifest: Manifest) -> Plot:
    route = manifest.thresholds.route
    sure = answers.confidence >= route
    wrong = float((~answers.right[sure]).mean()) if sure.any() else 0.0
    title = f"{sure.mean():.0%} of answers are sure enough to route; {wrong:.1%} of them wrong"
    curve = curve_of(answers.confidence, answers.right, answers.even)
    return risk_coverage(title, curve, route, float(sure.mean()))


def _rows(figures: Mapping[str, Any]) -> list[list[str]]:
    parts = (("all", True), ("en", False), ("es", False))
    return [
        [title, *(share_cell(figures[part][key], interval=interval) for part, interval in parts)]
        for key, title in TITLES.items()
    ]


def _figures(figures: Mapping[str, Any]) -> str:
    rows = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in _rows(figures)]
    head = "<tr><th>%</th><th>all (95 % interval)</th><th>en</th><th>es</th></tr>"
    return f"<table>{head}{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _markdown(figures: Mapping[str, Any]) -> str:
    rows = [f"| {' | '.join(row)} |" for row in _rows(figures)]
    return "\n".join(["| % | all (95 % interval) | en | es |", "|---|---|---|---|", *rows])
