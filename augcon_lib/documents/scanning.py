"""Find marks in a text in linear time, however often one opens and never closes."""

import re
from bisect import bisect_right
from collections.abc import Iterator

BACKTICKS = re.compile("`+")


class Finder:
    """``text.find`` for searches that only move forward: no part is searched twice."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._next: dict[str, int] = {}

    def find(self, mark: str, start: int) -> int:
        """Return the next position of *mark* from *start* on; -1 if it doesn't occur."""
        known = self._next.get(mark)
        if known is None or 0 <= known < start:
            known = self._next[mark] = self.text.find(mark, start)
        return known


def comments_outside_code_spans(text: str) -> Iterator[tuple[int, int]]:
    """Return the spans of the HTML comments in *text* outside Markdown code spans, in order.

    A code span extends from a run of backticks to the next run of the same length.
    """
    finder = Finder(text)
    runs: dict[int, list[int]] = {}
    for run in BACKTICKS.finditer(text):
        runs.setdefault(len(run[0]), []).append(run.start())
    position = 0
    while (comment := finder.find("<!--", position)) >= 0:
        ticks = finder.find("`", position)
        if 0 <= ticks < comment:
            length = _run_length(text, ticks)
            same = runs[length]
            place = bisect_right(same, ticks)
            position = (same[place] if place < len(same) else ticks) + length
            continue
        end = finder.find("-->", comment + len("<!--"))
        if end < 0:
            return
        position = end + len("-->")
        yield comment, position


def _run_length(text: str, start: int) -> int:
    run = BACKTICKS.match(text, start)
    return len(run[0]) if run else 0
