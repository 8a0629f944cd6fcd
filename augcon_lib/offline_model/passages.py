"""A passage as sentences without markup, its headings, and its language."""

import html
import re
from dataclasses import dataclass
from functools import lru_cache

from augcon_lib.offline_model.words import word_set, words_of
from augcon_lib.text.sentences import split_sentences

_NUMBERED_LINE = re.compile(r"^\[(\d+)\] ?", re.MULTILINE)
_HEADING = re.compile(r"#{1,6}\s")
_RULE = re.compile(r"[\s|:=~^+*_#`.\-]*")
_IMAGE = re.compile(r"!\[[^\]]*\](?:\([^)]*\))?")
_LINK = re.compile(r"\[([^\]]+)\](?:\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\])")
_TEMPLATE = re.compile(r"\{[%{].*?[%}]\}|<[!/]?[a-zA-Z][^<>]*>", re.DOTALL)
_TORN = re.compile(r"\{[%{].*$|^[^{]*[%}]\}\)?|\]\([^()]*$", re.DOTALL)  # cut by a sentence end
_STRAY = re.compile(r"\[(?=[^\]]*$)|(?<!\S)\](?=\s|$)")
_URL = re.compile(r"(?:https?://|www\.)\S+")
_ROLE = re.compile(r":[a-z]+:(?=`)")
_MARKS = re.compile(r"\*\*|__|``?|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)|\\(?=\W)|‹[^‹›]*›|^\.\. ")
_LEAD = re.compile(r"(?:#{1,6}|[-*+•·>]|\d{1,3}[.)、]|\[[ xX]\]|[(（]\d+[)）])(?:\s+|$)")
_LINES = re.compile(r"\s*\n\s*(?:[>|*+-]\s+)?")
_HOLLOW = re.compile(r"\s+([,.;:!?])|\(\s*\)|（\s*）|\[\s*\]")
_CODE_FENCE = re.compile(r"^(```|~~~).*?(?:^\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_LETTER = re.compile(r"[^\W\d_]")

_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]"), 4),
    ("zh", re.compile(r"[\u3400-\u9fff]"), 3),
    ("ko", re.compile(r"[\uac00-\ud7a3]"), 2),
    ("ar", re.compile(r"[\u0620-\u06ff]"), 1),
    ("ru", re.compile(r"[\u0400-\u04ff]"), 1),
    ("th", re.compile(r"[\u0e00-\u0e7f]"), 1),
)
_LATIN = {
    "de": word_set("der die das und ist nicht ein eine den dem von mit für auf wird"),
    "fr": word_set("le la les des est une dans pour que qui avec sur par pas du et"),
    "es": word_set("el los las una del que para con por es como más se en y"),
    "pt": word_set("os uma do da não para com que por é como mais são em e"),
    "it": word_set("il gli una del della che per con non è come più sono di e"),
    "en": word_set("the and of to is that for with are this be as or by an you it in"),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence: its span in the passage, and its text without markup (may be empty)."""

    start: int
    end: int
    plain: str
    heading: bool
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage and its sentences; ``language`` is that of the templates."""

    text: str
    language: str
    sentences: tuple[Sentence, ...]

    @property
    def headings(self) -> list[str]:
        """Texts of the headings, in order."""
        return [one.plain for one in self.sentences if one.heading and one.plain]

    @property
    def statements(self) -> list[Sentence]:
        """Sentences that say something: no headings, no code, no mere fragments of one word."""
        said = [one for one in self.sentences if not one.heading and len(one.words) > 1]
        return said or [one for one in self.sentences if one.plain]


@lru_cache(maxsize=512)  # a passage is asked about, split and answered from
def read_passage(text: str) -> Passage:
    """The unchanged text between the tags."""
    language = template_language(text)
    return _passage(text, language, split_sentences(text, language))


def read_numbered(text: str) -> Passage:
    """A passage whose sentences were numbered ``[1] ...``, with the numbers taken off.

    Only the next number in turn counts, so a footnote that a line starts with is no sentence.
    Blank lines between sentences stay.
    """
    numbers: list[re.Match[str]] = []
    for match in _NUMBERED_LINE.finditer(text):
        if int(match[1]) == len(numbers) + 1:
            numbers.append(match)
    edges = [*(number.start() for number in numbers), len(text)]
    joined, spans = "", []
    for number, end in zip(numbers, edges[1:], strict=True):
        part = text[number.end() : end]
        shown = part.rstrip("\n")
        spans.append((len(joined), len(joined) + len(shown)))
        joined += part
    if not spans:
        joined, spans = text, [(0, len(text))]
    return _passage(joined.rstrip("\n"), template_language(joined), spans)


def template_language(text: str) -> str:
    """The language that questions about *text* are put in."""
    sample = text[:800]
    if not sample.isascii():
        weights = {name: weight * len(each.findall(sample)) for name, each, weight in _SCRIPTS}
        kana, han = weights["ja"], weights["zh"]
        if 0 < kana < han / 8:
            weights["ja"] = 0
        elif kana:
            weights["ja"] += han
        best = max(weights, key=lambda name: weights[name])
        if weights[best] * 4 > len(_LETTER.findall(sample)):
            return best
    words = sample.lower().split()
    if not words:
        return "en"
    return max(_LATIN, key=lambda name: (sum(map(_LATIN[name].__contains__, words)), name == "en"))


@lru_cache(maxsize=4096)
def plain_text(raw: str) -> str:
    """*raw* without Markdown, HTML, template tags, addresses and list marks, on one line."""
    text = raw.strip()
    while lead := _LEAD.match(text):
        text = text[lead.end() :]
    if _RULE.fullmatch(text):
        return ""
    text = _LINES.sub(" ", text)
    if "|" in text:
        text = ", ".join(cell.strip() for cell in text.split("|") if not _RULE.fullmatch(cell))
    if "[" in text:
        text = _LINK.sub(r"\1", _IMAGE.sub("", text))
    if "<" in text or "{" in text:
        text = _TEMPLATE.sub("", text)
    if "{" in text or "}" in text or "](" in text:
        text = _TORN.sub("", text)
    if "://" in text or "www." in text:
        text = _URL.sub("", text)
    if "&" in text:
        text = html.unescape(text)
    text = _STRAY.sub("", _MARKS.sub("", _ROLE.sub("", text)))
    return " ".join(_HOLLOW.sub(r"\1", text).split())


def _passage(text: str, language: str, spans: list[tuple[int, int]]) -> Passage:
    code = [match.span() for match in _CODE_FENCE.finditer(text)] if "```" in text else []
    sentences = []
    for start, end in spans:
        raw = text[start:end]
        hidden = any(low <= start < high for low, high in code)
        plain = "" if hidden else plain_text(raw)
        words = tuple(words_of(plain))
        heading = bool(_HEADING.match(raw))
        sentences.append(Sentence(start, end, plain, heading, words))
    if not any(one.plain for one in sentences):  # nothing but code
        sentences = [
            Sentence(one.start, one.end, raw, False, tuple(words_of(raw)))
            for one in sentences
            if (raw := " ".join(text[one.start : one.end].split()).strip("`~ "))
        ]
    return Passage(text, language, tuple(sentences))
