"""The wheel holds the packages and their data files, and never an enquiry."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    # Built from a copy of what git would ship, so that leftovers of this checkout neither help nor hide.
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root,
        check=True,
        capture_output=True,
    ).stdout.decode()
    for name in filter(None, files.split("\0")):
        if (root / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((root / name).read_bytes())
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = target.glob("*.whl")
    return zipfile.ZipFile(built)


def test_it_holds_the_three_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist() if ".dist-info" not in name}
    assert tops == {"model", "training", "service"}


@pytest.mark.parametrize(
    "name",
    [
        "model/taxonomy.toml",
        "model/rules/en.toml",
        "model/rules/es.toml",
        "model/rules/context.toml",
        "model/py.typed",
        "training/settings.toml",
        "training/review.js",
        "training/review.css",
        "training/import_words.toml",
        "training/gates.toml",
        "training/report.html",
        "training/corpus.html",
        "training/page.css",
        "model/adapted/encoder.json",
        "training/commands/train.py",
        "service/messages/en.toml",
        "service/messages/es.toml",
        "service/messages/form-en.toml",
        "service/messages/form-es.toml",
        "service/messages/clinic.toml",
        "service/static/enquiry-form.js",
        "service/static/enquiry-form.css",
        "service/static/mark.svg",
        "service/templates/clinic.html",
        "service/templates/answer.html",
    ],
)
def test_it_holds_what_the_packages_read(wheel: zipfile.ZipFile, name: str) -> None:
    assert name in wheel.namelist()


def test_it_holds_no_enquiry(wheel: zipfile.ZipFile, root: Path) -> None:
    # The encoder's weights are numbers: 46 MB in which nothing is written.
    names = [name for name in wheel.namelist() if not name.endswith(".onnx")]
    content = b"\n".join(wheel.read(name) for name in names).decode("utf-8", "replace")
    frames = [pd.read_csv(file, dtype=str, keep_default_na=False) for file in (root / "data").rglob("*.csv")]
    texts = [text for frame in frames if "text" in frame for text in frame["text"]]
    assert len(texts) > 5_000
    # Very short ones ("hola") are words that any program may hold.
    # Where the first words of a text stand nowhere, the text does not either; most of them share a few beginnings.
    starts = {text[:25] for text in texts if len(text) > 40}
    found = {start for start in starts if start in content}
    assert [text for text in texts if len(text) > 40 and text[:25] in found and text in content] == []
