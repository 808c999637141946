"""Predictions beside the reviewers' verdicts: one row each, with what is right and wrong about it."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from model.taxonomy import Urgency, alarm_codes
from training.audit import counted, random_order
from training.logbook import RANDOM

SEED = 20261124
"""Of the random audit: every reviewer draws the same sample. Another seed starts another audit."""

REVIEWED_MORE = {"alarm": 4.0, "review": 2.0, "confirm": 2.0}
"""How much more often than in proportion the audit looks at a stratum (without its language)."""

NOT_KEPT = "not kept"
"""Length and writing of an enquiry whose text the log does not hold."""

_ALARMS = frozenset(alarm_codes())


def with_facts(predictions: pd.DataFrame) -> pd.DataFrame:
    """The predictions with what audits ask of each, known without a verdict.

    Adds `answer` (service or `other`), `codes` (flags raised), `alarm` (an emergency or urgent flag was raised),
    `routed`, `stratum` and `order` of the random audit, `week` (its Monday), and the slices `spoken` (en, es,
    other), `length` and `writing`; a `channel` that nobody told becomes `not told`.
    """
    found = predictions.copy()
    found["answer"] = found["service"].fillna("other").astype(object)
    found["codes"] = found["flags"].map(lambda flags: frozenset(flag["code"] for flag in flags))
    found["alarm"] = found["urgency"].isin([Urgency.URGENT.label, Urgency.EMERGENCY.label])
    found["routed"] = found["decision"] == "route"
    kind = np.where(found["alarm"], "alarm", np.where(found["decision"] == "escalate", "review", found["decision"]))
    found = with_slices(found)
    found["stratum"] = [f"{a} {b}" for a, b in zip(kind, found["spoken"], strict=True)]
    found["order"] = random_order(found["id"].tolist(), SEED)
    found["week"] = [monday(moment) for moment in found["created"]]
    found["channel"] = found["channel"].fillna("not told").astype(object)
    return found


def with_slices(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with `text` (None where it is not kept) and `language`, and what they are cut by.

    Adds `spoken` (en, es, other), `length` and `writing`.
    """
    found = rows.copy()
    found["spoken"] = np.where(found["language"].isin(["en", "es"]), found["language"], "other")
    kept, text = found["text"].notna(), found["text"].fillna("")
    words = text.map(lambda text: len(text.split()))
    length = np.select([words <= 12, words <= 40], ["to 12 words", "13 to 40 words"], "over 40 words")
    careless = text.map(lambda text: text == text.lower() or not any(c in ".!?" for c in text))
    found["length"] = np.where(kept, length, NOT_KEPT)
    found["writing"] = np.where(kept, np.where(careless, "in haste", "with capitals and stops"), NOT_KEPT)
    return found


def with_verdicts(facts: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Predictions with facts, and the latest verdict of each.

    Adds `reviewed` and, meaningful only where it holds, `truth`, `true_codes`, `right`, `wrong_route`, `true_alarm`.
    """
    complete = verdicts[verdicts["service"].notna() & verdicts["flags"].notna()]
    latest = complete.drop_duplicates("prediction_id", keep="last").set_index("prediction_id")
    found = facts.copy()
    found["reviewed"] = found["id"].isin(latest.index)
    services = dict(zip(latest.index, latest["service"], strict=True))
    found["truth"] = found["id"].map(lambda name: services.get(name, ""))
    flags = dict(zip(latest.index, latest["flags"], strict=True))
    found["true_codes"] = found["id"].map(lambda name: frozenset(flags.get(name, ())))
    found["right"] = found["answer"] == found["truth"]
    found["wrong_route"] = found["routed"] & ~found["right"] & found["reviewed"]
    found["true_alarm"] = found["true_codes"].map(lambda codes: bool(codes & _ALARMS))
    return found


def audited(facts: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """The population of the random audit, up to the last Monday that it has reached, with its verdicts.

    Adds `counted`: the rows that stand for all, see `audit.counted`. Verdicts of other samples are left out, for those
    were chosen because of what the model said.
    """
    chosen = verdicts[verdicts["sample"] == RANDOM]
    population = facts
    if len(chosen):
        population = closed(facts, chosen["created"].max()).reset_index(drop=True)
    found = with_verdicts(population, chosen)
    found["counted"] = counted(
        found["order"].to_numpy(float), found["stratum"].to_numpy(str), found["reviewed"].to_numpy(bool)
    )
    return found


def closed(facts: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """The predictions before this week, or all when there are none: a week is audited once it is over."""
    before = facts[facts["created"] < pd.Timestamp(monday(now))]
    return before if len(before) else facts


def monday(moment: datetime) -> datetime:
    """The midnight at which a moment's week began, UTC."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=moment.weekday())
