import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from model.store import ModelStore
from model.triage import TriageModel
from model.types import Service
from training.challenge import ChallengeItem
from training.cli import triage
from training.data import LabelledEnquiry
from training.evaluate import evaluate
from training.figures import Share

CLOT = "my calf is hot and swollen since the flight"


def enquiry(text: str, service: Service, *flags: str, part: str = "everyday") -> LabelledEnquiry:
    return LabelledEnquiry(f"t-{len(text)}", text, "en", service, frozenset(flags), "", "t", part)


def item(text: str, *expected: str) -> ChallengeItem:
    reading = "stated" if expected else "denied"
    return ChallengeItem("c-1", "c-1", text, "en", "suspected_clot", reading, "pseudo_negation", frozenset(expected))


def test_alarms_caught_and_readings_right_are_counted_by_language(model: TriageModel) -> None:
    test = [
        enquiry(CLOT, Service.PHYSIOTHERAPY, "suspected_clot", part="flags"),
        enquiry(CLOT + "!", Service.PHYSIOTHERAPY),
    ]
    found = evaluate(model, test, [item(CLOT, "suspected_clot"), item("no swollen calf")])
    english, spanish = found["figures"]["en"], found["figures"]["es"]
    assert english["alarms caught"]["value"] == 1
    assert english["caught: suspected_clot"]["of"] == 1
    assert english["alarms on everyday unflagged"]["value"] == 1
    assert english["challenge, right reading"]["of"] == 2
    assert spanish["alarms caught"]["value"] is None
    assert found["misses"]["alarm_not_raised"] == []


def test_an_alarm_that_is_not_raised_is_named_by_its_id_alone(model: TriageModel) -> None:
    missed = enquiry("how much is a voucher for a relaxing massage?", Service.MASSAGE, "suspected_clot", part="flags")
    found = evaluate(model, [missed], [])
    assert found["misses"]["alarm_not_raised"] == [missed.id]
    assert "voucher" not in json.dumps(found)


def test_an_interval_holds_the_share_and_shrinks_with_more_enquiries() -> None:
    few, many = Share(9, 10).interval, Share(900, 1000).interval
    assert few[0] < many[0] < 0.9 < many[1] < few[1]
    assert Share(0, 0).to_dict()["value"] is None


def test_the_command_prints_figures_and_never_a_text(run: CliRunner, store: ModelStore, root: Path) -> None:
    frozen = ["--frozen", str(root / "data" / "test" / "t5.csv"), "--frozen", str(root / "data" / "challenge")]
    shown = run.invoke(triage, ["evaluate", *frozen, "--models", str(store.root)])
    assert shown.exit_code == 0, shown.output
    assert "service right, borderline" in shown.output
    assert "alarms caught" in shown.output


def test_without_a_frozen_test_it_says_so(run: CliRunner, store: ModelStore, root: Path) -> None:
    shown = run.invoke(triage, ["evaluate", "--frozen", str(root / "data" / "challenge"), "--models", str(store.root)])
    assert shown.exit_code == 2
    assert "there is no frozen test here" in shown.output


@pytest.mark.parametrize("part", ["everyday", "flags", "contrast", "borderline"])
def test_each_part_of_the_frozen_test_is_counted(model: TriageModel, part: str) -> None:
    found = evaluate(model, [enquiry("my knee hurts when I run", Service.PHYSIOTHERAPY, part=part)], [])
    assert found["figures"]["all"][f"service right, {part}"]["of"] == 1
