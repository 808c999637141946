"""`make audit`: runs each notebook on the log, and writes it with its outputs as one self-contained HTML file."""

import sys
import tempfile
from datetime import datetime
from pathlib import Path
from string import Template
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from traitlets.config import Config

HERE = Path(__file__).parent
TARGET = HERE.parent / "build" / "audit"


def render(notebook: Path, target: Path) -> Path:
    """Run a notebook in its folder and write it as HTML into `target`; returns the file.

    Without the code, and without what only a running notebook can do. Raises CellExecutionError.
    """
    document = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    folder = {"metadata": {"path": str(notebook.parent)}}
    with tempfile.TemporaryDirectory() as sockets:
        # Sockets of this user's alone: what goes to and fro holds enquiries.
        private = Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}})
        NotebookClient(document, timeout=600, resources=folder, config=private).execute()
    settings = Config()
    settings.TagRemovePreprocessor.enabled = True
    settings.TagRemovePreprocessor.remove_cell_tags = ("interactive",)
    # The template without a page around it: the others load scripts from elsewhere.
    exporter: Any = HTMLExporter(  # type: ignore[no-untyped-call]
        config=settings, template_name="basic", exclude_input=True, exclude_output_prompt=True
    )
    exporter.register_preprocessor("nbconvert.preprocessors.TagRemovePreprocessor", enabled=True)
    body, _ = exporter.from_notebook_node(document)
    target.mkdir(parents=True, exist_ok=True)
    file = target / f"{notebook.stem}.html"
    made = f"{datetime.now().astimezone():%Y-%m-%d %H:%M}"
    page = Template((HERE / "report.html").read_text("utf-8"))
    file.write_text(page.substitute(title=notebook.stem.replace("_", " "), body=body, made=made), "utf-8")
    return file


def main() -> None:
    """Render all notebooks; a mistake is one line and exit code 2."""
    for notebook in sorted(HERE.glob("*.ipynb")):
        print(f"{notebook.stem} …", file=sys.stderr)
        try:
            file = render(notebook, TARGET)
        except CellExecutionError as error:
            print(f"Error: {notebook.name}: {error.evalue}", file=sys.stderr)
            sys.exit(2)
        print(file.relative_to(HERE.parent))


if __name__ == "__main__":
    main()
