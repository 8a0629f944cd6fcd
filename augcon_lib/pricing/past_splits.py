"""Where a document's trees were split before: the best guess for an edited passage.

A passage whose question and halves are not known yet counts as split where its predecessor was.
The text on either side of the old cut identifies the position; white space is left out, as prompts
show it in different ways.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from augcon_lib.records import Node

# This many characters on either side of a cut are enough to find it in the same document.
MARK_CHARS = 24


@dataclass(frozen=True, slots=True)
class _Split:
    chars: int
    before: str
    after: str


class PastSplits:
    """Splits and leaves of *nodes*, the earlier trees of one document, by round."""

    def __init__(self, nodes: Iterable[Node] = ()) -> None:
        children: defaultdict[str, list[str]] = defaultdict(list)
        nodes = list(nodes)
        for node in nodes:
            if node.parent_id:
                children[node.parent_id].append(squeeze(node.text))
        self._splits: defaultdict[int, list[_Split]] = defaultdict(list)
        self._leaves: set[tuple[int, str]] = set()
        for node in nodes:
            text = squeeze(node.text)
            halves = children.get(node.node_id, [])
            if len(halves) == 2:
                split = _Split(len(text), halves[0][-MARK_CHARS:], halves[1][:MARK_CHARS])
                self._splits[node.round].append(split)
            elif not halves:
                self._leaves.add((node.round, text))

    def __bool__(self) -> bool:
        return bool(self._splits or self._leaves)

    def was_leaf(self, text: str, round_number: int) -> bool:
        """Whether the squeezed *text* was queried before and not split."""
        return (round_number, text) in self._leaves

    def find(self, text: str, round_number: int) -> int | None:
        """Return how many characters of the squeezed *text* precede the cut; ``None``: unknown.

        Of the old cuts inside *text*, the one of the passage nearest to it in length is used.
        """
        best: tuple[int, int] | None = None
        for split in self._splits.get(round_number, ()):
            away = abs(split.chars - len(text))
            if best is not None and away >= best[0]:
                continue
            cut = _cut(text, split)
            if cut is not None:
                best = (away, cut)
        return best[1] if best else None


def _cut(text: str, split: _Split) -> int | None:
    place = text.find(split.before + split.after)
    if place >= 0:
        return place + len(split.before)
    place = text.find(split.after)
    if place > 0:
        return place
    place = text.find(split.before)
    if place >= 0 and place + len(split.before) < len(text):
        return place + len(split.before)
    return None


def squeeze(text: str) -> str:
    """Return *text* without white space."""
    return "".join(text.split())
