"""`triage data doubts`: labels that may be wrong, to be looked at again."""

from pathlib import Path

import click
import pandas as pd

from model.errors import InvalidFile
from model.red_flags import RedFlags
from model.rule_files import packaged_rules
from model.store import ModelStore
from training.commands.options import data_option, models_option
from training.commands.stages import stages
from training.data import COLUMNS, csv_files, read_file, read_labelled
from training.doubts import by_model, rank, without_model
from training.fit import fit
from training.pipeline import cached_encoder, cached_rules
from training.settings import read_settings
from training.workbook import write_workbook


@click.command(epilog="Example: triage data doubts doubts.xlsx")
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@data_option
@models_option
@click.option("--settings", type=click.Path(path_type=Path), help="Settings file; without it the packaged settings.")
@click.option("--no-encoder", is_flag=True, help="Learn from n-grams alone: faster, less right.")
def doubts(target: Path, data: tuple[Path, ...], models: Path, settings: Path | None, no_encoder: bool) -> None:
    """Write labels in doubt to OUT, an Excel workbook, the gravest first.

    Readings of the encoder and the rules are kept in the model store, as by `triage train`.
    Mend the columns service, flags and contrast there, and bring it back with `triage data import OUT --correct`.
    """
    if target.suffix != ".xlsx":
        raise InvalidFile(target, "file", "must end in .xlsx")
    if target.exists():
        raise InvalidFile(target, "file", "is there already; choose another name or delete it first")
    chosen = read_settings(settings)
    chosen = chosen.without_encoder() if no_encoder else chosen
    files = list(csv_files(data))
    enquiries = read_labelled(files)
    rules, store = packaged_rules(), ModelStore(models)
    with stages() as progress:
        fitted = fit(enquiries, cached_encoder(chosen, store), cached_rules(rules, store), chosen, progress)
        progress("doubting", 0, 1)
        found = rank([*without_model(enquiries, RedFlags(rules)), *by_model(enquiries, fitted)])
        progress("doubting", 1, 1)
    labels = pd.concat([read_file(file)[0][list(COLUMNS)] for file in files]).to_dict("records")
    write_workbook(found, [{str(key): str(value) for key, value in row.items()} for row in labels], target)
    click.echo(f"{len(found)} of {len(enquiries)} enquiries have a label in doubt: {target}")
