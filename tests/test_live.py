"""`triage compare --live`: what a challenger in the shadow would have answered otherwise, and who was right."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from logged import CHALLENGER, CHAMPION, add_shadow, row

from service.log import PredictionLog
from training.cli import triage
from training.logbook import RANDOM, Logbook

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
ALARM = {"decision": "escalate", "urgency": "urgent"}


@pytest.fixture
def compare(run: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("TRIAGE_DATABASE_URL", f"sqlite:///{tmp_path}/triage.db")
    return lambda *options: run.invoke(triage, ["compare", *options])


@pytest.fixture
def traffic(log: PredictionLog, tmp_path: Path) -> None:
    """Forty answers; the challenger skipped one, differs on fourteen, and reviewers judged those.

    0 to 6: the challenger alone has the service right; 7: the champion alone; 8: neither. 9 to 11: the challenger
    raises no alarm, rightly twice. 12 and 13: it asks instead of routing.
    """
    rows = [row(f"id-{n}", START + timedelta(hours=n), text=f"secret words {n}") for n in range(40)]
    for n in (9, 10, 11):
        rows[n] |= ALARM | {
            "flags": [{"code": "suspected_clot", "urgency": "urgent", "source": "rule", "evidence": []}]
        }
    log.add_rows(rows)
    for n, one in enumerate(rows[:39]):
        changes: dict[str, Any] = {}
        if n < 9:
            changes = {"service": "massage"}
        elif n < 12:
            changes = {"decision": "route", "urgency": "none", "flags": []}
        elif n < 14:
            changes = {"decision": "confirm", "flags": ["ambiguous"]}
        add_shadow(log, one, **changes)
    add_shadow(log, rows[0], version="20261001-cccccc")
    book = Logbook(f"sqlite:///{tmp_path}/triage.db")
    for n in range(14):
        service = "massage" if n < 7 else "other" if n == 8 else "physiotherapy"
        flags = ["suspected_clot"] if n == 9 else []
        book.add_verdict(f"id-{n}", "ana", service, flags, RANDOM, START + timedelta(days=9, minutes=n))
    book.close()


@pytest.mark.usefixtures("traffic")
def test_both_ways_of_every_change_are_counted_with_intervals(compare: Callable[..., Result]) -> None:
    found = json.loads(compare("--live", "--json").output)
    assert (found["champion"], found["candidate"]) == (CHAMPION, CHALLENGER)
    assert (found["compared"], found["answered"]) == (39, 39)
    assert found["agreement"]["the same service"]["value"] == round(30 / 39, 4)
    assert found["agreement"]["the same decision"]["low"] < 34 / 39 < found["agreement"]["the same decision"]["high"]
    decisions = {(one["champion"], one["candidate"]): one["enquiries"] for one in found["decisions"]}
    assert decisions["escalate", "route"] == 3
    assert decisions["route", "confirm"] == 2
    assert decisions["route", "escalate"] == 0
    alarms = found["figures"]["emergency or urgent"]
    assert (alarms["lost"], alarms["gained"]) == (["id-9", "id-10", "id-11"], [])
    assert alarms["interval"][0] < alarms["difference"] < alarms["interval"][1]
    assert found["figures"]["flag: ambiguous"]["gained"] == ["id-12", "id-13"]
    assert found["others"] == [{"champion": CHAMPION, "candidate": "20261001-cccccc", "enquiries": 1}]


@pytest.mark.usefixtures("traffic")
def test_where_reviewers_judged_it_says_who_was_right(compare: Callable[..., Result]) -> None:
    shown = compare("--live")
    assert shown.exit_code == 0, shown.output
    assert "Where the services differ, right was: champion 1, challenger 7, neither 1" in shown.output
    assert "Alarms that the challenger would not have raised: id-9 id-10 id-11" in shown.output
    assert "secret" not in shown.output
    found = json.loads(compare("--live", CHAMPION, CHALLENGER, "--json").output)["reviewed"]
    assert found["service right"]["p"] < 0.1
    assert found["alarms caught"]["lost"] == ["id-9"]
    assert found["alarms for nothing"]["lost"] == ["id-10", "id-11"]


def test_one_enquiry_that_differs_decides_nothing(
    compare: Callable[..., Result], log: PredictionLog, tmp_path: Path
) -> None:
    one = row("id-1", START)
    log.add_rows([one])
    add_shadow(log, one, service="massage")
    assert "None of them is reviewed" in compare("--live").output
    book = Logbook(f"sqlite:///{tmp_path}/triage.db")
    book.add_verdict("id-1", "ana", "massage", [], RANDOM, START + timedelta(days=9))
    book.close()
    assert "Too few to say who is right" in compare("--live").output


def test_without_a_prediction_in_the_shadow_it_says_how_to_get_some(
    compare: Callable[..., Result], log: PredictionLog
) -> None:
    log.add_rows([row("id-1", START)])
    assert compare("--live").exit_code == 2
    assert "`triage shadow VERSION`" in compare("--live").stderr
    assert CHALLENGER in compare("--live", CHAMPION, CHALLENGER).stderr


@pytest.mark.parametrize("versions", [(), (CHAMPION,), ("--live", CHAMPION)])
def test_a_version_that_is_missing_is_asked_for(compare: Callable[..., Result], versions: tuple[str, ...]) -> None:
    shown = compare(*versions)
    assert shown.exit_code == 2
    assert "name both CHAMPION and CANDIDATE" in shown.stderr
