"""`triage drift`: this month's enquiries against the months before and against the corpus."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from training.commands.options import data_option, json_option
from training.data import read_labelled
from training.drift import FEWEST, LEAST_TEXTS, Against, Drift, Finding
from training.drift import drift as run
from training.judged import with_facts
from training.logbook import Logbook

_FORM = "%Y-%m"


@click.command(epilog="Example: triage drift --month 2026-10")
@click.option("--month", type=click.DateTime([_FORM]), help="Month to judge, UTC; without it this one.")
@data_option
@json_option
@click.pass_context
def drift(context: click.Context, month: datetime | None, data: tuple[Path, ...], as_json: bool) -> None:
    """Judge a month of the prediction log (TRIAGE_DATABASE_URL) against the months before and the training corpus.

    Exit code 1 when a share lies outside its control limits, so that cron can mail it; 0 when none does, or when there
    are too few answers to judge.
    """
    with Console(stderr=True).status("reading the corpus and the log …"):
        corpus = read_labelled(data)
        book = Logbook()
        try:
            facts = with_facts(book.predictions())
        finally:
            book.close()
        found = run(facts, corpus, (month or datetime.now(UTC)).strftime(_FORM))
    if as_json:
        click.echo(json.dumps(_as_json(found), indent=2, ensure_ascii=False))
    else:
        _show(found)
    context.exit(1 if found.crossed else 0)


def _show(found: Drift) -> None:
    console = Console(highlight=False, soft_wrap=True)
    months = len(found.answers) - 1
    before = sum(found.answers.values()) - found.answers[found.month]
    now = f"{_date(found.month)}: {found.answers[found.month]:,} answers"
    console.print(f"{now}; {months} months before: {before:,} answers; corpus: {found.corpus:,} enquiries")
    if not found.judged:
        console.print(f"Too few to judge: {FEWEST} answers are needed.")
        return
    if before < FEWEST:
        console.print(f"The months before are too few to judge by: {FEWEST} answers are needed.")
    for line in (*_changed_models(found), *_verdict(found)):
        console.print(line)
    console.print(_table(found))
    console.print(
        "In brackets the limits that chance alone crosses 3 times in 1,000. ! outside; (!) as in the month before"
    )
    for line in (*_quantiles(found), *_words(found)):
        console.print(line)


def _verdict(found: Drift) -> Iterator[str]:
    if not found.crossed:
        yield "No share is outside its limits."
    for one in found.crossed:
        yield f"[red]OUTSIDE[/] {_sentence(*one)}"


def _quantiles(found: Drift) -> Iterator[str]:
    for score, parts in found.quantiles.items():
        for part, values in parts.items():
            if values:
                shown = " ".join(f"{value:.3f}" for value in values)
                yield f"{score} {part}, at 10, 25, 50, 75 and 90 %: {shown}"


def _words(found: Drift) -> Iterator[str]:
    for language, words in found.words.items():
        if words:
            listed = ", ".join(f"{word.word} {word.now} ({word.before}; {word.corpus})" for word in words)
            yield f"words in {language}, in {LEAST_TEXTS} texts and more (before; in the corpus): {listed}"


def _changed_models(found: Drift) -> Iterator[str]:
    new = [version for version, (now, before) in found.versions.items() if now and not before]
    if new and sum(before for _, before in found.versions.values()):
        yield f"New this month: model {', '.join(new)}; what changed below may be the model, not the enquiries"


def _sentence(finding: Finding, baseline: str, against: Against) -> str:
    now = f"{100 * finding.now.value:.1f} % of {finding.now.total:,}"
    limits = f"limits {100 * against.low:.1f} to {100 * against.high:.1f}"
    return f"{finding.name}: {now}; {100 * against.share:.1f} % in {baseline}, {limits}"


def _table(found: Drift) -> Table:
    table = Table("%", "this month", "months before", "corpus", box=None)
    for group, findings in groupby(found.findings, key=lambda finding: finding.group):
        shown = [
            one for one in findings if one.now.hits or any(share and share.share for share in (one.before, one.corpus))
        ]
        if shown:
            table.add_row(f"[bold]{group}[/]")
        for one in shown:
            value = f"{100 * one.now.value:.1f}" if one.now.total else "–"
            table.add_row(f"  {one.name}", value, _cell(one.before), _cell(one.corpus))
    return table


def _cell(against: Against | None) -> str:
    if against is None:
        return ""
    mark = "" if not against.outside else " [red]![/]" if against.new else " (!)"
    return f"{100 * against.share:.1f} ({100 * against.low:.1f}–{100 * against.high:.1f}){mark}"


def _date(month: str) -> str:
    return f"{datetime.strptime(month, _FORM).replace(tzinfo=UTC):%B %Y}"


def _as_json(found: Drift) -> dict[str, Any]:
    return {
        "month": found.month,
        "judged": found.judged,
        "fewest": FEWEST,
        "answers": dict(found.answers),
        "corpus": found.corpus,
        "models": {version: {"now": now, "before": before} for version, (now, before) in found.versions.items()},
        "crossed": [_sentence(*one) for one in found.crossed],
        "shares": [_finding(one, list(found.answers)) for one in found.findings],
        "quantiles": found.quantiles,
        "words": {language: [asdict(word) for word in words] for language, words in found.words.items()},
    }


def _finding(finding: Finding, months: list[str]) -> dict[str, Any]:
    return {
        "group": finding.group,
        "name": finding.name,
        "now": finding.now.to_dict(),
        "before": finding.before and asdict(finding.before),
        "corpus": finding.corpus and asdict(finding.corpus),
        "months": {
            month: {"share": period.share, "of": period.count} if period.count else {"share": None, "of": 0}
            for month, period in zip(months, finding.months, strict=True)
        },
    }
