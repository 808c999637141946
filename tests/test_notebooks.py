import json
import subprocess
import sys
from pathlib import Path

import pytest

from model.triage import TriageModel
from model.types import Enquiry
from service.log import PredictionLog

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(notebook: Path) -> None:
    cells = json.loads(notebook.read_text())["cells"]
    assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom_on_the_log(notebook: Path, model: TriageModel, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "notebooks").mkdir()
    log = PredictionLog(f"sqlite:///{tmp_path}/var/triage.db", "redacted")
    for number, text in enumerate(("my calf is hot and swollen", "no fever, calf not swollen", "masaje relajante <b>")):
        log.add(Enquiry(text), model.predict_one(Enquiry(text, str(number))))
    log.close()
    copy = tmp_path / "notebooks" / notebook.name
    copy.write_bytes(notebook.read_bytes())
    command = [sys.executable, "-m", "jupyter", "execute", "--inplace", copy.name]
    subprocess.run(command, cwd=copy.parent, check=True, capture_output=True)
    shown = copy.read_text()
    assert "3 answers by models" in shown
    assert "<mark>" in shown
    assert "<b>" not in shown
