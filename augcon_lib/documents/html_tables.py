"""Tables of a page that would expand to far more cells than they have."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml.html import HtmlElement  # type: ignore[import-untyped]

# In Markdown a cell that spans columns or rows becomes one cell for each, and each row gets as many
# cells as the longest. If this makes more than ten cells of one, spans are dropped; if that does
# not help, the table is written as paragraphs.
MAX_GROWTH = 10
SPARE_CELLS = 100
MAX_SPAN = 65_534


@dataclass(slots=True)
class _Table:
    element: HtmlElement
    rows: list[list[HtmlElement]] = field(default_factory=list)


def bound_tables(root: HtmlElement) -> None:
    """Keep every table below *root* in proportion."""
    for table in _tables(root):
        rows = table.rows
        most = MAX_GROWTH * sum(map(len, rows)) + SPARE_CELLS
        if _grid_cells(rows) > most or _spanned_cells(rows) > most:
            for cell in (cell for row in rows for cell in row):
                cell.attrib.pop("colspan", None)
                cell.attrib.pop("rowspan", None)
            if _grid_cells(rows) > most:
                for element in _parts(table):
                    element.tag = "div"


def _tables(root: HtmlElement) -> list[_Table]:
    """Return the tables with their own rows and cells, without those of nested tables."""
    tables: dict[HtmlElement, _Table] = {}
    around: dict[HtmlElement, _Table | None] = {}
    for element in root.iter("*"):
        table = around.get(element.getparent())
        if element.tag == "table":
            table = tables[element] = _Table(element)
        around[element] = table
        if table and element.tag == "tr":
            table.rows.append([])
        elif table and element.tag in ("td", "th"):
            if not table.rows:
                table.rows.append([])
            table.rows[-1].append(element)
    return list(tables.values())


def _grid_cells(rows: list[list[HtmlElement]]) -> int:
    return len(rows) * max((sum(_span(c, "colspan") for c in row) for row in rows), default=0)


def _spanned_cells(rows: list[list[HtmlElement]]) -> int:
    return sum(
        _span(cell, "colspan") * min(_span(cell, "rowspan"), len(rows) - number)
        for number, row in enumerate(rows)
        for cell in row
    )


def _parts(table: _Table) -> Iterator[HtmlElement]:
    yield table.element
    for row in table.rows:
        for cell in row:
            if cell is row[0] and cell.getparent().tag == "tr":
                yield cell.getparent()
            yield cell


def _span(cell: HtmlElement, name: str) -> int:
    digits = cell.get(name, "").strip()[:10]
    return max(1, min(int(digits), MAX_SPAN)) if digits.isdecimal() else 1
