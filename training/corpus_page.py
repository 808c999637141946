"""`triage data stats --html`: what a corpus holds, as one page that needs nothing else and quotes no enquiry."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.corpus import MOST_NEAR, Corpus
from training.corpus_plots import plots_of, twins_plot
from training.data import LabelledEnquiry
from training.overlap import NEAR, Neighbours, neighbours
from training.statistics import count

_TITLES = {
    "labelled": "To train on",
    "test": "Frozen test",
    "languages": "Frozen test of other languages",
    "challenge": "Frozen challenge set",
}
_PAIRS = 12
_NAMED = 4


def write_page(corpus: Corpus, paths: Sequence[Path], file: Path, now: datetime) -> None:
    """Write the page; a file that is there is replaced in one step.

    paths : what the corpus was read from
    """
    enquiries = [*corpus.labelled, *corpus.test]
    like = neighbours([row.text for row in enquiries])
    page = Template((files("training") / "corpus.html").read_text("utf-8")).substitute(
        style=(files("training") / "page.css").read_text("utf-8"),
        files=escape(f"Read from {', '.join(map(str, paths))}" if len(paths) <= _NAMED else f"{len(paths)} files read"),
        made=f"{now:%Y-%m-%d %H:%M}",
        tiles=_tiles(enquiries, like),
        plots="\n".join(f"<h2>{title}</h2>\n{plot._repr_html_()}" for title, plot in plots_of(corpus)),
        twins=_twins(enquiries, like),
        sets="\n".join(_set(name, count(rows)) for name, rows in corpus.sets.items() if rows),
    )
    scratch = file.with_name(f".{file.name}.partial")
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch.write_text(page, "utf-8")
    scratch.replace(file)


def _tiles(enquiries: Sequence[LabelledEnquiry], like: Neighbours) -> str:
    if not enquiries:
        return ""
    shares: dict[str, Sequence[bool] | NDArray[np.bool_]] = {
        "in English": [row.language == "en" for row in enquiries],
        "in Spanish": [row.language == "es" for row in enquiries],
        "carry a flag": [bool(row.flags) for row in enquiries],
        "name a red flag and state none": [bool(row.contrast) for row in enquiries],
        f"have a near twin; at most {MOST_NEAR:.0%} may": like.similarity > NEAR,
    }
    numbers = {"enquiries": f"{len(enquiries):,}", "authors": f"{len({row.source for row in enquiries}):,}"}
    numbers |= {name: f"{np.mean(holds):.1%}" for name, holds in shares.items()}
    items = "".join(f"<li><strong>{value}</strong><span>{name}</span></li>" for name, value in numbers.items())
    return f'<ul class="tiles">{items}</ul>'


def _twins(enquiries: Sequence[LabelledEnquiry], like: Neighbours) -> str:
    if len(enquiries) < 2:
        return ""
    rows = [
        f"<tr><td>{escape(one.id)}</td><td>{escape(other.id)}</td>"
        f'<td class="number">{similarity:.2f}</td><td>{"yes" if _same(one, other) else "no"}</td></tr>'
        for one, other, similarity in _pairs(enquiries, like)
    ]
    head = "<tr><th>id</th><th>likest other</th><th>alike</th><th>same labels</th></tr>"
    return (
        f"<h2>How alike are they?</h2>\n{twins_plot(like)._repr_html_()}\n"
        f"<table><caption>The likest pairs: 1 would be the same text</caption>{head}{''.join(rows)}</table>"
    )


def _pairs(
    enquiries: Sequence[LabelledEnquiry], like: Neighbours
) -> Iterator[tuple[LabelledEnquiry, LabelledEnquiry, float]]:
    told: set[frozenset[int]] = set()
    for row in np.argsort(-like.similarity, kind="stable").tolist():
        pair = frozenset({row, int(like.nearest[row])})
        if pair not in told and len(told) < _PAIRS:
            told.add(pair)
            yield enquiries[row], enquiries[int(like.nearest[row])], float(like.similarity[row])


def _same(one: LabelledEnquiry, other: LabelledEnquiry) -> bool:
    return one.service == other.service and one.flags == other.flags


def _set(name: str, counts: Mapping[str, Any]) -> str:
    words = counts["words"]
    line = (
        f"{counts['texts']:,} texts by {counts['sources']} authors; {words['shortest']} to {words['longest']} words, "
        f"half of them under {words['median']:g}"
    )
    tables = "".join(_table(title, rows, counts["languages"]) for title, rows in counts["tables"].items())
    return f'<h3>{_TITLES[name]}</h3>\n<p>{line}</p>\n<div class="side">{tables}</div>'


def _table(title: str, rows: Mapping[str, Mapping[str, int]], languages: Sequence[str]) -> str:
    # More languages than fit on paper side by side are told by their sum.
    shown = languages if len(languages) <= 2 else ()

    def cells(values: Sequence[int]) -> str:
        return "".join(f'<td class="number">{value:,}</td>' for value in values)

    lines = "".join(
        f"<tr><td>{escape(row.replace('_', ' '))}</td>{cells([*(of[code] for code in shown), sum(of.values())])}</tr>"
        for row, of in rows.items()
    )
    head = "".join(f"<th>{code}</th>" for code in (*shown, "all"))
    return f"<table><caption>{title}</caption><tr><th></th>{head}</tr>{lines}</table>"
