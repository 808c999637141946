"""Options that several commands share."""

from pathlib import Path

import click

data_option = click.option(
    "--data",
    multiple=True,
    type=click.Path(path_type=Path),
    default=[Path("data/labelled")],
    show_default=True,
    help="CSV file or folder of labelled enquiries; may be given again.",
)
models_option = click.option(
    "--models",
    type=click.Path(path_type=Path),
    default=Path("var/models"),
    show_default=True,
    envvar="TRIAGE_MODELS",
    help="Folder of the model store.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
frozen_option = click.option(
    "--frozen",
    multiple=True,
    type=click.Path(path_type=Path),
    default=[Path("data/test"), Path("data/languages"), Path("data/challenge")],
    show_default=True,
    help="Frozen sets: CSV files or folders named test, languages or challenge.",
)
gates_option = click.option(
    "--gates", type=click.Path(path_type=Path), help="Table of limits; without it the packaged training/gates.toml."
)
