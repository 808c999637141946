"""Annotators compared: Cohen's kappa with its interval, Krippendorff's alpha, and where they differ."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandera.pandas as pa
from numpy.typing import NDArray

from model.taxonomy import Urgency, annotated_codes, taxonomy
from model.types import Service
from training.data import CONTRASTS, LabelledEnquiry, check_cell, one_of, read_table

COLUMNS = ("id", "service", "flags", "contrast", "annotator", "created")
_RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class SecondLabels:
    """What a second annotator, who did not see the first labels, gave one enquiry."""

    id: str
    service: Service
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa (1960) with a bootstrap interval of 95 %, and the share of equal labels."""

    value: float
    low: float
    high: float
    agreed: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two annotators agree on the same enquiries."""

    enquiries: int
    service: Kappa
    escalate: Kappa
    alarm: Kappa
    differing: tuple[str, ...]
    """Ids on which service or escalation differ."""


def read_second_file(file: Path) -> tuple[list[SecondLabels], list[str]]:
    """One file of second labels, and what is wrong with it (then no labels)."""
    frame, complaints = read_table(file, COLUMNS, _SCHEMA)
    if complaints:
        return [], complaints
    rows = zip(frame["id"], frame["service"], frame["flags"], strict=True)
    return [SecondLabels(name, Service(service), frozenset(flags.split())) for name, service, flags in rows], []


def compare(first: Mapping[str, LabelledEnquiry], second: Sequence[SecondLabels], seed: int) -> Agreement:
    """Compare second labels with the corpus, by id; labels of enquiries that the corpus lacks are left out."""
    pairs = [(first[labels.id], labels) for labels in second if labels.id in first]

    def of(label: Callable[[Service, frozenset[str]], object]) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
        return (
            np.array([str(label(one.service, one.flags)) for one, _ in pairs]),
            np.array([str(label(other.service, other.flags)) for _, other in pairs]),
        )

    services = of(lambda service, _: service)
    escalations = of(lambda _, flags: _highest(flags) >= Urgency.REVIEW)
    alarms = of(lambda _, flags: _highest(flags) >= Urgency.URGENT)
    differ = (services[0] != services[1]) | (escalations[0] != escalations[1])
    return Agreement(
        enquiries=len(pairs),
        service=cohen_kappa(*services, seed),
        escalate=cohen_kappa(*escalations, seed),
        alarm=cohen_kappa(*alarms, seed),
        differing=tuple(labels.id for (_, labels), differs in zip(pairs, differ, strict=True) if differs),
    )


def _highest(flags: frozenset[str]) -> Urgency:
    return max((taxonomy()[code].urgency for code in flags), default=Urgency.NONE)


def cohen_kappa(first: NDArray[np.str_], second: NDArray[np.str_], seed: int) -> Kappa:
    """Two annotators' labels of the same enquiries, shape (n_enquiries,) each, at least one."""
    names = np.unique(np.concatenate([first, second]))
    table = np.zeros((len(names), len(names)))
    np.add.at(table, (np.searchsorted(names, first), np.searchsorted(names, second)), 1)
    draws = np.random.default_rng(seed).multinomial(len(first), (table / len(first)).ravel(), _RESAMPLES)
    resampled = [_of_table(draw.reshape(table.shape)) for draw in draws]
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Kappa(_of_table(table), float(low), float(high), float(np.trace(table) / len(first)))


def krippendorff_alpha(labels: Sequence[Sequence[str]]) -> float:
    """Krippendorff's alpha (2011) for names without an order, any number of annotators, some of whom left gaps.

    labels : for each enquiry the labels it was given; those with fewer than two tell nothing

    NaN when no enquiry has two labels; 1 when there is a single label throughout.
    """
    paired = [given for given in labels if len(given) > 1]
    if not paired:
        return float("nan")
    names = {name: place for place, name in enumerate(sorted({label for given in paired for label in given}))}
    together = np.zeros((len(names), len(names)))
    for given in paired:
        counts = np.bincount([names[label] for label in given], minlength=len(names))
        together += (np.outer(counts, counts) - np.diag(counts)) / (len(given) - 1)
    of = together.sum(axis=0)
    total = of.sum()
    expected = total**2 - (of**2).sum()
    return 1.0 if expected == 0 else float(1 - (total - 1) * (total - np.trace(together)) / expected)


def _of_table(table: NDArray[np.float64]) -> float:
    """Kappa of a contingency table; 1 when both annotators used a single label throughout."""
    total = table.sum()
    expected = float((table.sum(axis=0) * table.sum(axis=1)).sum()) / total**2
    observed = float(np.trace(table)) / total
    return 1.0 if expected == 1 else float((observed - expected) / (1 - expected))


_SCHEMA = pa.DataFrameSchema(
    {
        "id": pa.Column(str, check_cell("is empty; name the enquiry", lambda cell: bool(cell.strip()))),
        "service": pa.Column(str, check_cell(one_of(Service), lambda cell: cell in set(Service))),
        "flags": pa.Column(
            str,
            check_cell(
                "must be codes of the taxonomy separated by spaces",
                lambda cell: set(cell.split()) <= set(annotated_codes()),
            ),
        ),
        "contrast": pa.Column(str, check_cell(one_of(("", *CONTRASTS)), lambda cell: cell in {"", *CONTRASTS})),
    }
)
