from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from distributed import LocalCluster
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.metrics import fbeta_score

from model.errors import InvalidData, InvalidFile
from model.red_flags import RedFlags
from model.rule_files import packaged_rules
from model.store import ModelStore
from training.calibration import best_threshold, cheapest_thresholds, controlled_threshold
from training.cli import triage
from training.cluster import joblib_jobs
from training.data import read_labelled
from training.pipeline import Trained, train
from training.rules_cache import CachedRules, stated_by
from training.settings import Promise, Settings, read_settings


def test_the_same_data_settings_and_seed_give_the_same_model(
    trained: Trained, small_data: list[Path], small_settings: Settings, noon: datetime, tmp_path: Path
) -> None:
    again = train(small_data, ModelStore(tmp_path), small_settings, noon + timedelta(hours=1), lambda *_: None)
    assert again.manifest.version == trained.manifest.version
    assert again.manifest.thresholds == trained.manifest.thresholds
    assert again.manifest.figures == trained.manifest.figures


def test_two_workers_of_a_cluster_make_the_same_model_bit_for_bit(
    trained: Trained,
    small_data: list[Path],
    small_settings: Settings,
    noon: datetime,
    cluster: LocalCluster,
    tmp_path: Path,
) -> None:
    with joblib_jobs(cluster.scheduler_address):
        again = train(small_data, ModelStore(tmp_path), small_settings, noon, lambda *_: None)
    assert again.manifest.version == trained.manifest.version
    assert again.manifest.figures == trained.manifest.figures


@pytest.mark.parametrize("command", [["train"], ["tune", "tuned.toml"]])
def test_a_scheduler_that_does_not_answer_stops_before_anything_is_made(
    run: CliRunner, small_data: list[Path], tmp_path: Path, command: list[str]
) -> None:
    options = ["--data", str(small_data[0]), "--models", str(tmp_path / "models"), "--scheduler", "nonsense"]
    shown = run.invoke(triage, [*command, *options])
    assert shown.exit_code == 2
    assert "nonsense: no scheduler answers here; start `dask scheduler`" in shown.stderr
    assert not (tmp_path / "models").exists()


def test_what_rules_read_is_kept_as_long_as_the_rules_are_the_same(tmp_path: Path) -> None:
    texts = ["my calf is hot and twice the size", "a massage, please", "my calf is hot and twice the size"]
    first = CachedRules(packaged_rules(), tmp_path)(texts)
    assert first == stated_by(RedFlags(packaged_rules()), texts)
    kept = (tmp_path / "rules.json").read_text("utf-8")
    assert not any(text in kept for text in texts)
    (tmp_path / "rules.json").write_text(kept.replace("suspected_clot", "pregnancy"), "utf-8")
    assert CachedRules(packaged_rules(), tmp_path)(texts)[0] == {"pregnancy"}
    other = {name: f"{text}\n# changed\n" for name, text in packaged_rules().items()}
    assert CachedRules(other, tmp_path)(texts) == first
    (tmp_path / "rules.json").write_text("{", "utf-8")
    assert CachedRules(other, tmp_path)(texts) == first


def test_a_manifest_tells_where_a_model_comes_from(trained: Trained, small_data: list[Path]) -> None:
    manifest = trained.manifest
    assert [file.name for file in manifest.data] == [file.name for file in small_data]
    assert sum(file.rows for file in manifest.data) == manifest.figures["enquiries"]
    assert manifest.settings["features"]["encoder"] == "none"
    assert manifest.encoder is None
    assert manifest.libraries.keys() == {"scikit-learn", "numpy", "scipy", "joblib"}


def test_figures_are_better_than_guessing_and_stand_within_their_intervals(trained: Trained) -> None:
    share = trained.manifest.figures["all"]["service_right"]
    assert share["low"] < share["value"] < share["high"]
    assert share["value"] > 0.6


def test_a_model_with_the_encoder_finds_its_encoder_again(root: Path, noon: datetime, tmp_path: Path) -> None:
    # Authors whom the encoder has not seen.
    small_data = [root / "data" / "labelled" / f"{author}.csv" for author in ("s25", "s52")]
    settings = read_settings().model_copy(update={"folds": 2})
    store = ModelStore(tmp_path)
    made = train(small_data, store, settings, noon, lambda *_: None)
    assert made.manifest.encoder is not None
    assert made.manifest.encoder[0] == "adapted"
    assert store.load(made.manifest.version).predict_one("my knee hurts when I run").confidence > 0


def test_one_author_is_too_few(
    small_data: list[Path], small_settings: Settings, noon: datetime, tmp_path: Path
) -> None:
    with pytest.raises(InvalidData, match="the data has 1 authors"):
        train(small_data[:1], ModelStore(tmp_path / "models"), small_settings, noon, lambda *_: None)
    assert not (tmp_path / "models").exists()


def calibrated(seed: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    chance = np.random.default_rng(seed)
    probabilities = chance.beta(0.3, 0.9, 4000)
    return probabilities, chance.random(4000) < probabilities


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_no_other_threshold_is_much_better_by_f_beta(beta: float) -> None:
    probabilities, present = calibrated(1)
    chosen = best_threshold(probabilities, present, np.zeros(len(present), bool), beta)
    found = fbeta_score(present, probabilities >= chosen, beta=beta)
    best = max(fbeta_score(present, probabilities >= other, beta=beta) for other in np.linspace(0.01, 0.99, 99))
    assert found > best - 0.01


def test_a_threshold_weighs_recall_by_beta_and_hardly_moves_with_rounding_errors() -> None:
    probabilities, present = calibrated(2)
    nothing = np.zeros(len(present), bool)
    lenient, strict = (best_threshold(probabilities, present, nothing, beta) for beta in (3.0, 0.3))
    assert lenient < 0.15 < 0.6 < strict
    shaken = expit(logit(probabilities) + np.random.default_rng(3).normal(0, 0.1, len(present)))
    assert best_threshold(shaken, present, nothing, 3.0) == pytest.approx(lenient, rel=0.02)


def test_signs_raised_anyway_spare_the_threshold_the_work() -> None:
    probabilities, present = calibrated(4)
    nothing = np.zeros(len(present), bool)
    assert best_threshold(probabilities, present, present, 2.0) > best_threshold(probabilities, present, nothing, 2.0)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("risk = 0.02", "risk = 1.5"), "promise.risk: Input should be less than 1"),
        (("needless_question = 1.0", "needless_question = 5.0"), "a needless question must cost less"),
        (("folds = 5", "fold = 5"), "folds: Field required"),
        (('"adapted"', '"bert"'), "features.encoder: Input should be"),
        (("[features]", "[features"), "syntax"),
    ],
)
def test_a_setting_out_of_range_is_named(tmp_path: Path, root: Path, change: tuple[str, str], complaint: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text((root / "training" / "settings.toml").read_text().replace(*change, 1))
    with pytest.raises(InvalidFile, match=complaint):
        read_settings(file)


def test_the_promise_holds_as_often_as_it_says() -> None:
    """Learn-then-Test on 200 simulated clinics: at most 5 % of those with a threshold route too much wrong."""
    generator = np.random.default_rng(7)
    promise = Promise(risk=0.05, certainty=0.95)
    everyone = 0.5 + 0.5 * generator.beta(6, 1, 50_000)
    broken = given = 0
    for _ in range(200):
        confidences = 0.5 + 0.5 * generator.beta(6, 1, 1_000)
        right = generator.random(1_000) < confidences
        threshold = controlled_threshold(confidences, right, promise)
        if threshold is not None:
            given += 1
            broken += (1 - everyone[everyone >= threshold]).mean() > promise.risk
    assert given > 100
    assert broken / given <= 0.06


def test_too_few_answers_promise_nothing() -> None:
    assert controlled_threshold(np.full(20, 0.99), np.full(20, True), Promise(risk=0.02, certainty=0.95)) is None


def test_thresholds_follow_from_the_costs() -> None:
    costs = read_settings().costs
    route, confirm = cheapest_thresholds(costs)
    dearer, _ = cheapest_thresholds(costs.model_copy(update={"wrong_route": 2 * costs.wrong_route}))
    _, later = cheapest_thresholds(costs.model_copy(update={"needless_escalation": 2 * costs.needless_escalation}))
    assert 0 < confirm < route < dearer < 1
    assert later < confirm


def test_a_report_and_a_card_stand_beside_the_model_and_quote_nobody(trained: Trained, small_data: list[Path]) -> None:
    report = (trained.folder / "report.html").read_text("utf-8")
    card = (trained.folder / "model_card.md").read_text("utf-8")
    assert report.count("<svg") == 5
    assert "src=" not in report
    for page in (report, card):
        assert trained.manifest.version in page
        assert trained.manifest.promise is not None
        assert f"{trained.manifest.promise.answers:,} routed answers" in page
        assert not any(enquiry.text in page for enquiry in read_labelled(small_data) if len(enquiry.text) > 20)
