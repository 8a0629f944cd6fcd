"""Find a reply in a model's text: JSON objects and labelled sections, wherever they are.

Pure text in, plain values out; the reply format decides which fields a reply must have. Every step
takes time in proportion to the reply's length, however hostile it is.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from augcon_lib.text.normalise import normalise

MAX_OBJECTS_TRIED = 64
LEADING_THOUGHT = re.compile(r"\s*<(think|thinking|thought)>.*?</\1>", re.IGNORECASE | re.DOTALL)
END_OF_THOUGHT = re.compile(r"</(?:think|thinking|thought)>", re.IGNORECASE)
OPEN_THOUGHT = re.compile(r"\s*<(?:think|thinking|thought)>", re.IGNORECASE)
OPENING_FENCE = re.compile(r"```[\w-]*\s*\Z")
TRAILING_COMMA = re.compile(r",(\s*[}\]])")
# Marks that turn the direction of text, annotations and tags: they are invisible, and make a
# terminal or page show other words. Flags that are written with tags stay.
UNSEEN = re.compile(
    "(\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f)"
    "|[\u202a-\u202e\u2066-\u206f\ufff9-\ufffb\U000e0000-\U000e007f]"
)
LENIENT = json.JSONDecoder(strict=False)  # line breaks inside of strings are accepted


def clean(text: str) -> str:
    """Normalise *text* of a model or server, without invisible characters."""
    text = normalise(text)
    return text if text.isascii() else UNSEEN.sub(lambda found: found[1] or "", text)


def readings(content: str) -> Iterator[str]:
    """Return the texts in *content* that may be the reply, the likeliest first.

    First without the thoughts in front; then the text after the end of the last thought, for
    servers that drop the opening tag. A thought that never ends leaves nothing.
    """
    thought = LEADING_THOUGHT.match(content)
    text = content[thought.end() :] if thought else content
    if not OPEN_THOUGHT.match(text):
        yield text
    ends = list(END_OF_THOUGHT.finditer(text))
    if ends:
        yield text[ends[-1].end() :]


def json_objects(text: str) -> Iterator[dict[str, Any]]:
    """Return every JSON object in *text*, in order of appearance, including inner ones."""
    position = -1
    for _ in range(MAX_OBJECTS_TRIED):
        position = text.find("{", position + 1)
        if position < 0:
            break
        try:
            value, _ = LENIENT.raw_decode(text, position)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield _plain_names(value)
    start, end = text.find("{"), text.rfind("}")
    if 0 <= start < end:
        try:
            value = LENIENT.decode(TRAILING_COMMA.sub(r"\1", text[start : end + 1]))
        except (ValueError, RecursionError):
            return
        if isinstance(value, dict):
            yield _plain_names(value)


def labelled_sections(text: str, labels: Sequence[tuple[str, Sequence[str]]]) -> dict[str, str]:
    """Return the text after each label, up to the next; *labels* are (name, spellings) in order.

    A label counts only at the start of a line and after the labels before it, so that a passage
    that quotes one is not cut there. Labels that are not found are absent from the result.
    """
    found: list[tuple[str, int, int]] = []
    position = 0
    for name, spellings in labels:
        match = _label_pattern(spellings).search(text, position)
        if match:
            found.append((name, match.start(), match.end()))
            position = match.end()
    if found and OPENING_FENCE.search(text, 0, found[0][1]):
        text = text[: text.rfind("```")] if text.count("```") > 1 else text
    sections = {}
    for index, (name, _, start) in enumerate(found):
        end = found[index + 1][1] if index + 1 < len(found) else len(text)
        sections[name] = text[start:end].strip()
    return sections


def _label_pattern(spellings: Sequence[str]) -> re.Pattern[str]:
    any_spelling = "|".join(re.escape(one).replace(r"\ ", r"[ \t_]*") for one in spellings)
    return re.compile(
        rf"^[#>*_ \t-]*(?:{any_spelling})[ \t*_]*[:：][*_]*",
        re.IGNORECASE | re.MULTILINE,
    )


def _plain_names(value: dict[str, Any]) -> dict[str, Any]:
    """Return the same object with names in lower case, blanks as underscores."""
    return {name.strip().lower().replace(" ", "_"): item for name, item in value.items()}
