"""Options that several commands share."""

from collections.abc import Iterator
from contextlib import contextmanager
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
scheduler_option = click.option(
    "--scheduler", metavar="ADDRESS", help="Dask scheduler whose workers share in it; without it this machine alone."
)


@contextmanager
def workers(scheduler: str | None) -> Iterator[None]:
    """Within it, joblib's jobs go to the cluster at this address, or stay on this machine when there is none.

    Raises NoCluster.
    """
    if not scheduler:
        yield
        return
    from training.cluster import joblib_jobs  # here, since it needs the extra `cluster`

    with joblib_jobs(scheduler):
        yield
