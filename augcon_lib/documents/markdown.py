"""Markdown as it is stored: without front matter and comments, otherwise unchanged."""

import re
from typing import Any

import yaml  # type: ignore[import-untyped]
from markdown_it import MarkdownIt

from augcon_lib.documents.scanning import comments_outside_code_spans

FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.M | re.S)
TOML_FRONT_MATTER = re.compile(r"\A\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*(?:\n|\Z)", re.M | re.S)
TOML_TITLE = re.compile(r"""^title\s*=\s*(["'])(.*?)\1""", re.M)
COMMENT_LINE = r"^[ \t]*\0[ \t\0]*"
# A run of empty lines is tried once, from its start, and skipped as a whole.
LAST_COMMENT_LINE = rf"(?:(?<!\n)\n++)?{COMMENT_LINE}\n?\Z"
COMMENT_LINES = re.compile(rf"{LAST_COMMENT_LINE}|(?:{COMMENT_LINE}\n)(?:[ \t]*\n)*", re.M)
MAX_MERGED_FIELDS = 10_000
FLOW_BRACKETS = re.compile(r"[\[\]{}]")
MAX_FLOW_DEPTH = 200


def split_front_matter(text: str) -> tuple[str, str]:
    """Return the title in the front matter of *text* (empty: none) and the text after it.

    Anything that only looks like front matter (a rule, or YAML that is not a mapping) stays.
    """
    found = FRONT_MATTER.match(text)
    if found:
        fields = _mapping(found[1])
        if fields is None:
            return "", text
        title = fields.get("title")
        return _one_line(title), text[found.end() :].lstrip("\n")
    found = TOML_FRONT_MATTER.match(text)
    if found:
        title = TOML_TITLE.search(found[1])
        return _one_line(title[2] if title else ""), text[found.end() :].lstrip("\n")
    return "", text


def drop_comments(text: str) -> str:
    """Remove the HTML comments outside code from *text*.

    Lines that contained only a comment go with it, together with one blank line, so that a text is
    the same with and without a comment between two paragraphs.
    """
    if "<!--" not in text:
        return text
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    kept = []
    position = 0
    for first, end in [*_code_lines(text), (len(starts) - 1, len(starts) - 1)]:
        kept.append(_marked(text[position : starts[first]]))
        kept.append(text[starts[first] : starts[end]])
        position = starts[end]
    marked = "".join(kept)
    return COMMENT_LINES.sub(_lines_gone, marked).replace("\0", "")


def _marked(text: str) -> str:
    """Replace each comment in *text* by NUL, which no normalised text contains."""
    kept = []
    position = 0
    for start, end in comments_outside_code_spans(text):
        kept.append(text[position:start])
        position = end
    return "\0".join([*kept, text[position:]])


def _lines_gone(found: re.Match[str]) -> str:
    text, start = found.string, found.start()
    if found.end() == len(text):
        return "\n" if start else ""
    alone = start == 0 or text.endswith("\n\n", 0, start)
    blank_after = found[0].count("\n") > 1
    return "" if alone or not blank_after else "\n"


def _code_lines(text: str) -> list[tuple[int, int]]:
    parser = MarkdownIt("commonmark").disable(["inline", "text_join"])
    ranges: list[tuple[int, int]] = []
    for token in parser.parse(text):
        # Code in a list item is deeper than the top, and counts as well.
        if token.type in ("fence", "code_block") and token.map:
            first, end = token.map
            if not ranges or first >= ranges[-1][1]:
                ranges.append((first, end))
    return ranges


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The safe loader, in which merge keys (``<<``) that multiply are an error."""

    merged_fields = 0

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge the mappings that ``<<`` names into *node*; raises ``YAMLError``."""
        super().flatten_mapping(node)
        self.merged_fields += len(node.value)
        if self.merged_fields > MAX_MERGED_FIELDS:
            raise yaml.YAMLError("merge keys that multiply")


def _is_deep(block: str) -> bool:
    """Whether flow lists and mappings may be nested so deeply that YAML's reader fails."""
    depth = 0
    for bracket in FLOW_BRACKETS.findall(block):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_FLOW_DEPTH:
            return True
    return False


def _mapping(block: str) -> dict[str, Any] | None:
    try:
        if _is_deep(block):
            raise yaml.YAMLError("lists are nested too deeply")
        fields = yaml.load(block, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError):
        # Template tags make it invalid YAML; keys at the line starts still identify it.
        lines = [line for line in block.splitlines() if line.strip()]
        if lines and all(re.match(r"[\w-]+:|[ \t#-]", line) for line in lines):
            title = re.search(r"^title:[ \t]*(.*)$", block, re.M)
            return {"title": title[1].strip("\"' ") if title else ""}
        return None
    if fields is None:
        return {}
    return fields if isinstance(fields, dict) else None


def _one_line(title: object) -> str:
    return " ".join(str(title).split()) if isinstance(title, str | int | float) else ""
