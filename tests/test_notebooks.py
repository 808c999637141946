"""The reviewers' notebooks: run top to bottom on both databases, kept clean, rendered as reports."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from demo_log import WEEKS, fill
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from model.store import ModelStore
from service.log import PredictionLog
from training.agreement import SecondLabels
from training.data import read_labelled
from training.findings import disagreements, reviewer_agreement, slices
from training.judged import audited, with_facts
from training.logbook import Logbook

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def demo(database_url: str, two_models: ModelStore, small_data: list[Path]) -> str:
    """A demonstration log of a few enquiries; the second reviewer errs on every third."""
    enquiries = [row for file in small_data[:4] for row in read_labelled([file])[:24]]
    second = [
        SecondLabels(row.id, row.service, row.flags if place % 3 else frozenset({"minor"}))
        for place, row in enumerate(enquiries)
    ]
    assert fill(database_url, two_models, enquiries, second, NOW, reviews=60) == 96
    return database_url


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs_and_with_a_parameters_cell(notebook: Path) -> None:
    cells = json.loads(notebook.read_text())["cells"]
    assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []
    assert sum("parameters" in cell["metadata"].get("tags", ()) for cell in cells) == 1


@pytest.mark.filterwarnings("default")  # libraries of the notebooks, in the notebooks' own process as a rule
def test_the_demonstration_is_eight_weeks_of_true_rows_and_every_notebook_runs_on_it(
    demo: str,
    two_models: ModelStore,
    small_data: list[Path],
    shell: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    book = Logbook(demo)
    facts, verdicts, shadow = with_facts(book.predictions()), book.verdicts(), book.shadow()
    book.close()
    assert facts["week"].nunique() == WEEKS
    assert (facts["created"] < NOW).all()
    assert set(facts.loc[facts["week"] == sorted(facts["week"].unique())[5], "writing"]) == {"in haste"}
    assert {"channel: chat", "channel: form"} <= set(slices(facts))
    assert len(shadow) == len(facts)
    assert audited(facts, verdicts)["counted"].sum() == 60
    assert reviewer_agreement(verdicts, 1).set_index("judged").loc["service", "kappa"] == "1.000"
    assert len(disagreements(verdicts)) > 0
    monkeypatch.setenv("TRIAGE_DATABASE_URL", demo)
    monkeypatch.setenv("TRIAGE_MODELS", str(two_models.root))
    monkeypatch.chdir(ROOT / "notebooks")
    shown = {notebook.stem: run(shell, notebook, f"DATA = [{str(small_data[0])!r}]") for notebook in NOTEBOOKS}
    assert "96 answers in the log" in shown["01_review_queue"]
    assert "ana 60" in shown["01_review_queue"]
    assert "<b>60 of those counted" in shown["02_how_right_is_it"].replace("**", "<b>", 1)
    assert "aria-label" in shown["03_can_i_trust_its_confidence"]
    assert "<mark" in shown["04_red_flags"]
    assert "typed in haste”: 100% in the week of 02 November" in shown["05_what_changed"]
    assert "Challenger 20200101-abcdef" in shown["05_what_changed"]
    assert "labelled enquiries by 1 authors" in shown["06_data_quality"]


def run(shell: Any, notebook: Path, data: str) -> str:
    """All cells in order, as Jupyter would run them; returns what they showed."""
    shell.reset(new_session=False)
    pieces: list[str] = []
    for cell in json.loads(notebook.read_text())["cells"]:
        if cell["cell_type"] != "code":
            continue
        with capture_output() as captured:
            done = shell.run_cell("".join(cell["source"]))
        done.raise_error()
        if "parameters" in cell["metadata"].get("tags", ()) and "DATA =" in "".join(cell["source"]):
            shell.run_cell(data).raise_error()
        outputs = [output.data for output in captured.outputs]
        if done.result is not None:
            outputs.append(shell.display_formatter.format(done.result)[0])
        pieces += [str(part) for output in outputs for part in output.values()]
    if "book" in shell.user_ns:
        shell.user_ns["book"].close()
    return "\n".join(pieces)


def test_a_demonstration_never_mixes_with_what_visitors_wrote(
    log: PredictionLog, two_models: ModelStore, small_data: list[Path], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/triage.db"
    enquiries = read_labelled([small_data[0]])[:9]
    fill(url, two_models, enquiries, [], NOW, reviews=2)
    with pytest.raises(Exception, match="holds predictions already"):
        fill(url, two_models, enquiries, [], NOW)


def test_an_audit_is_one_html_file_that_needs_nothing_else_and_a_mistake_one_line(
    two_models: ModelStore, small_data: list[Path], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/demo.db"
    fill(url, two_models, read_labelled([small_data[0]])[:24], [], NOW, reviews=20)
    (tmp_path / "notebooks").mkdir()
    for name in ("render.py", "report.html", "02_how_right_is_it.ipynb"):
        (tmp_path / "notebooks" / name).write_bytes((ROOT / "notebooks" / name).read_bytes())
    broken = json.loads(NOTEBOOKS[0].read_text())
    broken["cells"] = [broken["cells"][1] | {"source": ["raise ValueError('there is no log')"]}]
    (tmp_path / "notebooks" / "09_broken.ipynb").write_text(json.dumps(broken))
    environment = os.environ | {"TRIAGE_DATABASE_URL": url, "TRIAGE_MODELS": str(two_models.root)}
    done = subprocess.run(
        [sys.executable, "notebooks/render.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "Error: 09_broken.ipynb: there is no log"
    page = (tmp_path / "build" / "audit" / "02_how_right_is_it.html").read_text()
    assert "How right is it?" in page
    assert page.count("<svg") >= 2
    assert re.findall(r"<(?:script|link|img|iframe)\b[^>]*", page) == []
    assert "import pandas" not in page
