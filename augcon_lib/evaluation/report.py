"""An evaluation as one HTML page that needs no network, no script and no other file."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape as html_escape
from itertools import groupby

from augcon_lib.evaluation.evaluate import Evaluation
from augcon_lib.evaluation.pictures import Picture, pictures
from augcon_lib.evaluation.tables import Line, lines
from augcon_lib.evaluation.topics import TopicCoverage
from augcon_lib.text.printable import printable

TITLES = {
    "dataset": "Dataset",
    "diversity": "Diversity",
    "topics": "Topics of the corpus",
    "granularity": "Granularity",
    "splits": "Independence of splits",
    "faithfulness": "Faithfulness",
    "scorer": "Scorer and selection",
}
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff;
  max-width: 960px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
p.facts { color: #555; margin-top: 0; }
table { border-collapse: collapse; table-layout: fixed; width: 100%; margin: .8rem 0; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #e3e3e3;
  vertical-align: top; overflow-wrap: anywhere; }
th { color: #555; font-weight: 600; } td.number { text-align: right; white-space: nowrap; }
td.quiet { color: #666; } blockquote { margin: 0; color: #444; }
img { max-width: 700px; width: 100%; height: auto; display: block; margin: 1rem 0; }
nav a { margin-right: 1rem; }
"""


def report_html(
    evaluation: Evaluation, facts: Mapping[str, str], sample: Sequence[Mapping[str, str]]
) -> str:
    """Render the page: *facts* about the dataset, its figures and plots, and a *sample* of rows.

    The rows have the keys ``document_id``, ``query`` and ``response``.
    """
    drawn = pictures(evaluation)
    sections = [
        _section(section, list(found), [each for each in drawn if each.section == section])
        for section, found in groupby(lines(evaluation), key=lambda line: line.section)
    ]
    if isinstance(evaluation.topics, TopicCoverage) and evaluation.topics.uncovered:
        sections.append(_uncovered(evaluation.topics))
    sections.append(_sample(sample))
    title = f"Dataset {evaluation.dataset_version}"
    told = " · ".join(f"{escape(name)} {escape(value)}" for name, value in facts.items())
    links = "".join(f'<a href="#{name}">{escape(text)}</a>' for name, text in TITLES.items())
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<h1>{escape(title)}</h1>\n<p class="facts">{told}</p>\n<nav>{links}</nav>\n'
        + "\n".join(sections)
        + "\n</body>\n</html>\n"
    )


def escape(text: str) -> str:
    """Escape *text* for HTML: no tags, no control characters, nothing that hides other text."""
    return html_escape(printable(text))


def data_address(png: bytes) -> str:
    """Return *png* as a data URL."""
    return f"data:image/png;base64,{b64encode(png).decode()}"


def _section(section: str, found: Sequence[Line], drawn: Iterable[Picture]) -> str:
    rows = "".join(
        f'<tr><td>{escape(line.name)}</td><td class="number">{escape(line.written)}</td>'
        f'<td>{escape(line.says)}</td><td class="quiet">{escape(line.of)}</td></tr>\n'
        for line in found
    )
    images = "".join(
        f'<img src="{data_address(each.png)}" alt="{escape(each.alt)}">\n' for each in drawn
    )
    heading = f'<h2 id="{section}">{escape(TITLES[section])}</h2>'
    head = (("", 26), ("value", 10), ("what it says", 40), ("measured on", 24))
    return f"{heading}\n{_table(head, rows)}\n{images}"


def _uncovered(topics: TopicCoverage) -> str:
    rows = "".join(
        f"<tr><td>{escape(', '.join(each.terms))}</td>"
        f'<td class="number">{each.sentences:,}</td><td>{escape(each.document_id)}</td>'
        f"<td><blockquote>{escape(each.example)}</blockquote></td></tr>\n"
        for each in topics.uncovered
    )
    head = (("terms", 24), ("sentences", 10), ("document", 24), ("a typical sentence", 42))
    return f"<h2>Topics without a query</h2>\n{_table(head, rows)}"


def _sample(sample: Sequence[Mapping[str, str]]) -> str:
    rows = "".join(
        "<tr>"
        + "".join(f"<td>{escape(row[name])}</td>" for name in ("query", "response"))
        + f'<td class="quiet">{escape(row["document_id"])}</td></tr>\n'
        for row in sample
    )
    head = (("query", 35), ("response", 45), ("document", 20))
    return f"<h2>Some rows</h2>\n{_table(head, rows)}"


def _table(head: Sequence[tuple[str, int]], rows: str) -> str:
    """A table whose *head* names its columns, and how wide each is in percent."""
    cells = "".join(f'<th style="width: {width}%">{escape(name)}</th>' for name, width in head)
    return f"<table>\n<thead><tr>{cells}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>"
