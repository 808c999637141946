"""`triage compare`: a candidate against the champion, on the frozen sets."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from model.errors import InvalidData
from model.store import ModelStore
from training.commands.live import live
from training.commands.options import frozen_option, gates_option, json_option, models_option
from training.commands.shares import paired_cells, paired_dict
from training.comparison import SLICES, Comparison, Paired
from training.comparison import compare as run
from training.corpus import read_corpus
from training.gates import Verdict, judge, read_limits


@click.command(epilog="Example: triage compare 20261123-1f3a9c 20261124-9d11ad")
@click.argument("champion", required=False)
@click.argument("candidate", required=False)
@click.option(
    "--live", "on_traffic", is_flag=True, help="On logged traffic instead: what the challenger said in the shadow."
)
@frozen_option
@gates_option
@models_option
@json_option
@click.pass_context
def compare(
    context: click.Context,
    champion: str | None,
    candidate: str | None,
    on_traffic: bool,
    frozen: tuple[Path, ...],
    gates: Path | None,
    models: Path,
    as_json: bool,
) -> None:
    """Compare CANDIDATE with CHAMPION on the frozen sets, text by text, and judge it by the gates.

    Texts whose answer changed are named by id alone: the frozen sets are the exam. Exit code 1 when a gate fails.

    With --live they are compared on the prediction log (TRIAGE_DATABASE_URL), where CANDIDATE predicted in the shadow
    (`triage shadow`); without versions, those two that answered last. No gate is asked.
    """
    versions = (champion, candidate) if champion and candidate else None
    if on_traffic and (versions or not champion):
        live(versions, as_json)
        return
    if not versions:
        raise click.UsageError("name both CHAMPION and CANDIDATE (`triage models` lists the versions)")
    found, verdicts = compared(ModelStore(models), *versions, frozen, gates)
    if as_json:
        click.echo(json.dumps(_as_json(found, verdicts), indent=2))
    else:
        _show(found)
        show_verdicts(verdicts)
    context.exit(0 if all(verdict.passed for verdict in verdicts) else 1)


def compared(
    store: ModelStore, champion: str, candidate: str, frozen: Sequence[Path], gates: Path | None
) -> tuple[Comparison, list[Verdict]]:
    """Compare two versions of a store with a progress bar.

    Raises InvalidData without a frozen test, InvalidFile for gates out of form, and what loading raises.
    """
    limits = read_limits(gates)
    one, other = store.load(champion), store.load(candidate)
    corpus = read_corpus(frozen)
    if not corpus.test:
        raise InvalidData(["there is no frozen test here (CSV files in a folder named test); name it with --frozen"])
    console = Console(stderr=True)
    columns = (TextColumn("comparing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task("compare", total=None)
        found = run(
            one,
            other,
            corpus.test,
            corpus.challenge,
            lambda done, total: bars.update(task, completed=done, total=total),
        )
    return found, judge(found, store.manifest(candidate), limits)


def show_verdicts(verdicts: Sequence[Verdict]) -> None:
    """One line for each gate."""
    console = Console()
    for verdict in verdicts:
        console.print(str(verdict), style="" if verdict.passed else "red", highlight=False, soft_wrap=True)


def _show(found: Comparison) -> None:
    title = f"{found.candidate} against {found.champion}, % on the same texts"
    table = Table(
        "", "champion", "candidate", "difference (95 %)", "p", "en", "es", title=title, title_justify="left", box=None
    )
    for name, pair in found.figures["all"].items():
        if pair.of:
            parts = (_signed(found.figures[part][name]) for part in ("en", "es"))
            table.add_row(name, *paired_cells(pair), *parts)
    console = Console()
    console.print(table)
    for name in ("service right", "alarms caught", "challenge, right reading"):
        pair = found.figures["all"][name]
        for word, ids in (("gained", pair.gained), ("lost", pair.lost)):
            console.print(f"{name}, {word}: {len(ids)} {' '.join(ids)}", highlight=False, soft_wrap=True)


def _signed(pair: Paired) -> str:
    return f"{100 * pair.difference:+.1f}" if pair.of else "–"


def _as_json(found: Comparison, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    return {
        "champion": found.champion,
        "candidate": found.candidate,
        "figures": {part: {name: paired_dict(pair) for name, pair in found.figures[part].items()} for part in SLICES},
        "calibration": found.calibration,
        "latency": found.latency,
        "gates": [{"gate": each.gate, "passed": each.passed, "reason": each.reason} for each in verdicts],
    }
