"""Tables that the reviewers' notebooks show, made from predictions beside verdicts."""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model.errors import DamagedModel, ForeignModel, ModelNotFound
from model.red_flags import RedFlags
from model.store import ModelStore
from model.taxonomy import Urgency, alarm_codes, annotated_codes, taxonomy
from model.triage import TriageModel
from model.types import TEXT_LIMIT, Service
from training.agreement import cohen_kappa, krippendorff_alpha
from training.data import LabelledEnquiry
from training.figures import Share
from training.logbook import RANDOM
from training.rules import RuleRecord, records

Mask = NDArray[np.bool_]
SLICES = {"spoken": "language", "length": "length", "writing": "writing", "channel": "channel"}
"""Columns of `judged.with_facts` by which figures are shown apart, with titles."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What a model's manifest says of it.

    route : confidence from which a service is offered without asking
    wrong_route, caught : shares measured when it was made: routed wrongly, and alarms caught; None where not measured
    """

    version: str
    route: float
    wrong_route: float | None
    caught: float | None


def promise(store: ModelStore, version: str) -> Promise | None:
    """What a model promised; None when the store does not have it any more, or cannot read it."""
    try:
        manifest = store.manifest(version)
    except (ModelNotFound, DamagedModel, ForeignModel):
        return None
    measured: dict[str, Any] = manifest.figures.get("all", {})
    wrong, caught = (measured.get(name, {}).get("value") for name in ("routed_wrong", "alarm_caught"))
    return Promise(version, manifest.thresholds.route, wrong, caught)


def store_at(folder: str | None) -> ModelStore:
    """The model store in a folder; None: the service's (TRIAGE_MODELS, or var/models, here or one folder above)."""
    if folder or "TRIAGE_MODELS" in os.environ:
        return ModelStore(Path(folder or os.environ["TRIAGE_MODELS"]))
    here = Path("var") / "models"
    return ModelStore(here if here.is_dir() else ".." / here)


def slices(facts: pd.DataFrame) -> dict[str, Mask]:
    """Rows of each slice by its name; `all` first. A column in which all rows are alike makes no slice."""
    found: dict[str, Mask] = {"all": np.ones(len(facts), bool)}
    for column, title in SLICES.items():
        values = sorted(set(facts[column]))
        for value in values if len(values) > 1 else ():
            found[f"{title}: {value}"] = (facts[column] == value).to_numpy(bool)
    return found


def by_reviewer(verdicts: pd.DataFrame) -> pd.DataFrame:
    """The latest verdict of each reviewer on each prediction of the random sample, by prediction and reviewer."""
    chosen = verdicts[(verdicts["sample"] == RANDOM) & verdicts["service"].notna() & verdicts["flags"].notna()]
    latest = chosen.drop_duplicates(["prediction_id", "reviewer"], keep="last").copy()
    latest["urgency"] = latest["flags"].map(_highest)
    return latest


_ASKED: dict[str, Callable[[pd.DataFrame], "pd.Series[Any]"]] = {
    "service": lambda rows: rows["service"],
    "a person reads it first": lambda rows: (rows["urgency"] >= Urgency.REVIEW).map(str),
    "emergency or urgent": lambda rows: (rows["urgency"] >= Urgency.URGENT).map(str),
}


def reviewer_agreement(verdicts: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Cohen's kappa of each pair of reviewers who judged the same predictions, and Krippendorff's alpha of all."""
    latest = by_reviewer(verdicts)
    rows: list[dict[str, Any]] = []
    for what, label in _ASKED.items():
        wide = latest.assign(label=label(latest)).pivot(index="prediction_id", columns="reviewer", values="label")
        alpha = krippendorff_alpha([list(row.dropna()) for _, row in wide.iterrows()])
        for one, other in combinations(wide.columns, 2):
            both = wide[[one, other]].dropna()
            if len(both):
                kappa = cohen_kappa(both[one].to_numpy(str), both[other].to_numpy(str), seed)
                rows.append(
                    {
                        "judged": what,
                        "reviewers": f"{one}, {other}",
                        "both reviewed": len(both),
                        "same %": f"{100 * kappa.agreed:.1f}",
                        "kappa": f"{kappa.value:.3f}",
                        "95 % interval": f"{kappa.low:.3f} to {kappa.high:.3f}",
                        "alpha, all reviewers": f"{alpha:.3f}",
                    }
                )
    return pd.DataFrame(rows)


def disagreements(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Predictions that two reviewers judged differently: one row each, a column a reviewer."""
    latest = by_reviewer(verdicts)
    latest["verdict"] = [
        f"{service}; {', '.join(sorted(flags)) or 'no flag'}"
        for service, flags in zip(latest["service"], latest["flags"], strict=True)
    ]
    wide = latest.pivot(index="prediction_id", columns="reviewer", values="verdict")
    return wide[wide.nunique(axis=1) > 1].reset_index()


def flag_table(judged: pd.DataFrame) -> pd.DataFrame:
    """For each code, the gravest first: raised, of those reviewed right and wrong, missed where reviewed, set aside."""
    reviewed = judged[judged["reviewed"]]
    aside = Counter(code for entries in judged["set_aside"] for code in {entry["code"] for entry in entries})
    raised = Counter(code for codes in judged["codes"] for code in codes)
    pairs = list(zip(reviewed["codes"], reviewed["true_codes"], strict=True))
    rows = [
        {
            "flag": code,
            "urgency": taxonomy()[code].urgency.label,
            "raised": raised[code],
            "right": sum(code in said and code in true for said, true in pairs),
            "wrong": sum(code in said and code not in true for said, true in pairs),
            "missed": sum(code not in said and code in true for said, true in pairs),
            "set aside": aside[code],
        }
        for code in annotated_codes()
    ]
    return pd.DataFrame(rows)


def set_aside_table(judged: pd.DataFrame) -> pd.DataFrame:
    """Mentions set aside by code and reason: how many, how many reviewed and a flag after all, commonest cues."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for entries, reviewed, true in zip(judged["set_aside"], judged["reviewed"], judged["true_codes"], strict=True):
        for entry in entries:
            key = entry["code"], entry["axis"]
            row = rows.setdefault(key, {"mentions": 0, "reviewed": 0, "a flag after all": 0, "cues": Counter()})
            row["mentions"] += 1
            row["reviewed"] += bool(reviewed)
            row["a flag after all"] += bool(reviewed) and entry["code"] in true
            row["cues"][entry["cue"]] += 1
    found = [
        {"flag": code, "because": axis, **row, "cues": ", ".join(cue for cue, _ in row["cues"].most_common(3))}
        for (code, axis), row in rows.items()
    ]
    columns = ["flag", "because", "mentions", "reviewed", "a flag after all", "cues"]
    return pd.DataFrame(found, columns=columns).sort_values("mentions", ascending=False, kind="stable")


def rule_table(red_flags: RedFlags, judged: pd.DataFrame) -> pd.DataFrame:
    """Rules that met a reviewed text: rightly, wrongly, set aside; the most often wrong first."""
    chosen = judged[judged["reviewed"] & judged["text"].notna()]
    columns_read = ("id", "text", "language", "truth", "true_codes")
    enquiries = [
        LabelledEnquiry(str(name), str(text), str(language), Service(str(truth)), frozenset(codes), "", "log")
        for name, text, language, truth, codes in zip(*(chosen[column] for column in columns_read), strict=True)
    ]
    rows = [
        {
            "rule": one.rule.id,
            "flag": one.rule.flag,
            "right": one.right,
            "wrong": one.wrong,
            "set aside": one.set_aside,
            "right, % (95 %)": _precision(one),
        }
        for one in records(red_flags, enquiries)
        if one.right or one.wrong or one.set_aside
    ]
    columns = ["rule", "flag", "right", "wrong", "set aside", "right, % (95 %)"]
    return pd.DataFrame(rows, columns=columns).sort_values(["wrong", "right"], ascending=False, kind="stable")


def near_misses(model: TriageModel, facts: pd.DataFrame, most: int) -> pd.DataFrame:
    """Answers without an alarm for which the model came nearest to raising one.

    Adds `nearest`, the likeliest alarm, and `of_threshold`, its probability as a share of its threshold (or that of any
    alarm, whichever is nearer). Read anew by `model`, so they may be another model's answers.
    """
    quiet = facts[~facts["alarm"] & facts["text"].notna()].copy()
    texts = [text[:TEXT_LIMIT] for text in quiet["text"]]
    stated = [frozenset(flag.code for flag in model.red_flags.read(text).flags) for text in texts]
    codes = [code for code in model.classifier.codes if code in alarm_codes()]
    if not texts or not codes:
        return quiet.assign(nearest="", of_threshold=0.0).head(0)
    found = model.classifier.predict(texts, stated)
    columns = [model.classifier.codes.index(code) for code in codes]
    limits = np.array([model.thresholds.flags[code] for code in codes])
    ratios = found.flags[:, columns] / limits
    quiet["nearest"] = [codes[place] for place in ratios.argmax(axis=1)]
    quiet["of_threshold"] = np.maximum(ratios.max(axis=1), found.any_alarm / model.thresholds.any_alarm)
    quiet = quiet[quiet["of_threshold"] < 1]
    return quiet.sort_values("of_threshold", ascending=False, kind="stable").head(most)


def against_challenger(facts: pd.DataFrame, shadow: pd.DataFrame) -> pd.DataFrame:
    """Champion and challenger on the same enquiries: one row a challenger's prediction, with what differs."""
    both = facts.merge(shadow, left_on="id", right_on="prediction_id", suffixes=("", "_shadow"))
    both["answer_shadow"] = both["service_shadow"].fillna("other")
    both["service_differs"] = both["answer"] != both["answer_shadow"]
    both["decision_differs"] = both["decision"] != both["decision_shadow"]
    both["alarm_shadow"] = both["urgency_shadow"].isin([Urgency.URGENT.label, Urgency.EMERGENCY.label])
    both["alarm_lost"] = both["alarm"] & ~both["alarm_shadow"]
    both["alarm_new"] = ~both["alarm"] & both["alarm_shadow"]
    return both


def _precision(record: RuleRecord) -> str:
    found = Share(record.right, record.right + record.wrong)
    if not found.total:
        return "–"
    low, high = found.interval
    return f"{100 * found.value:.0f} ({100 * low:.0f} to {100 * high:.0f})"


def _highest(codes: list[str]) -> Urgency:
    return max((taxonomy()[code].urgency for code in codes), default=Urgency.NONE)
