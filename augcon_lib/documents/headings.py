"""Headings and code in a document's text: the structure that root contexts are anchored to."""

import re
from dataclasses import dataclass
from functools import lru_cache

from markdown_it import MarkdownIt

from augcon_lib.documents.scanning import Finder

RST_MEDIA_TYPE = "text/x-rst"
# Parsing is skipped if no line can be a heading or a fence.
MARKDOWN_STRUCTURE = re.compile(r"^ {0,3}(?:#{1,6}(?:[ \t]|$)|=+[ \t]*$|-+[ \t]*$|```|~~~)", re.M)
RST_RULE = re.compile(r"([!-/:-@\[-`{-~])\1*[ \t]*")
MIN_RST_RULE_CHARS = 3
MARKUP_START = re.compile(r"!?\[|[*`]+|<|\{#")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading over the lines ``first_line`` to before ``end_line``; ``level`` 1 is the top."""

    level: int
    first_line: int
    end_line: int
    title: str


@dataclass(frozen=True, slots=True)
class Structure:
    """The headings of a text in order, and its stretches of code as line ranges ``[a, b)``."""

    headings: tuple[Heading, ...] = ()
    code_lines: tuple[tuple[int, int], ...] = ()


def find_structure(text: str, media_type: str) -> Structure:
    """Find headings and code in *text*, read as reStructuredText or Markdown by its media type.

    A ``#`` inside a code fence is not a heading. Lines are those of ``text.split("\\n")``.
    """
    if media_type == RST_MEDIA_TYPE:
        return Structure(tuple(_rst_headings(text.split("\n"))))
    if not MARKDOWN_STRUCTURE.search(text):
        return Structure()
    headings = []
    code = []
    tokens = _parser().parse(text)
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.level > 0 or token.map is None:
            continue
        first, end = token.map
        if token.type == "heading_open" and following is not None:
            title = without_markup(following.content)
            headings.append(Heading(int(token.tag[1]), first, end, " ".join(title.split())))
        elif token.type == "fence":
            code.append((first, end))
    return Structure(tuple(headings), tuple(code))


def without_markup(title: str) -> str:
    """Return *title* without emphasis, code marks, tags and attributes; links keep their text."""
    finder = Finder(title)
    kept = []
    position = 0
    for found in MARKUP_START.finditer(title):
        start = found.start()
        if start < position:
            # A ``[`` behind a ``!`` that is gone may still open its own link.
            start = found.end() - 1 if found[0] == "![" and found.end() - 1 == position else start
            if start < position:
                continue
        shown, end = _markup(finder, start, title[start : found.end()])
        if end:
            kept += [title[position:start], shown]
            position = end
    return "".join([*kept, title[position:]])


def _markup(finder: Finder, start: int, opening: str) -> tuple[str, int]:
    """Return what to keep of the markup that begins with *opening*, and its end (0: none)."""
    title, inner = finder.text, start + len(opening)
    if opening.endswith("["):
        text_end = finder.find("]", inner)
        if text_end < 0 or not title.startswith("](", text_end):
            return "", 0
        end = finder.find(")", text_end + 2)
        return (title[inner:text_end], end + 1) if end >= 0 else ("", 0)
    if opening == "<":
        # A tag contains at least one character.
        end = finder.find(">", inner + 1)
        return "", end + 1 if end >= 0 and title[inner] != ">" else 0
    if opening == "{#":
        return "", finder.find("}", inner) + 1
    return "", inner


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    # Blocks only: markup inside a line moves no heading.
    return MarkdownIt("commonmark").disable(["inline", "text_join"])


def _rst_headings(lines: list[str]) -> list[Heading]:
    """Titles over (and under) a rule at least as long; levels by the order of first use."""
    headings = []
    styles: list[tuple[str, bool]] = []
    for number in range(1, len(lines)):
        title, rule = lines[number - 1].rstrip(), lines[number].rstrip()
        before = lines[number - 2].rstrip() if number > 1 else ""
        if not _is_rule(rule) or not title.strip() or _is_rule(title):
            continue
        over = _is_rule(before) and before == rule
        apart = over or not (before or title[0] == " ")
        if len(rule) < len(title.strip()) or not apart:
            continue
        style = (rule[0], over)
        if style not in styles:
            styles.append(style)
        first = number - 2 if over else number - 1
        headings.append(Heading(styles.index(style) + 1, first, number + 1, title.strip()))
    return headings


def _is_rule(line: str) -> bool:
    return len(line) >= MIN_RST_RULE_CHARS and RST_RULE.fullmatch(line) is not None
