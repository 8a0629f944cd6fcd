"""Make text of documents and models safe to show: nothing in it acts on a terminal or a page.

Stored and exported text stays unchanged; this is for printed text.
"""

import re

# Controls but for line feed and tab; halves of surrogate pairs; marks that override the order of
# what stands around them, hide or annotate it; separators that some take for line ends.
_ACTIVE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def printable(text: str) -> str:
    r"""*text* with every control and hidden format character as its escape, as ``\x1b``."""
    return _ACTIVE.sub(lambda found: ascii(found[0])[1:-1], text)


def one_line(text: object) -> str:
    r""":func:`printable`, and on one line: for names and whatever else stands in a row of words."""
    return printable(str(text)).replace("\n", r"\n").replace("\t", r"\t")


def printable_json(text: str) -> str:
    r""":func:`printable` for JSON that was encoded already: the same value, as ``\u001b``."""
    return _ACTIVE.sub(lambda found: _units(found[0]), text)


def _units(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))
