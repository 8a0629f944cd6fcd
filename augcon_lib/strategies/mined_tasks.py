"""Reading-comprehension tasks mined by regular expressions: the baseline AdaptLLM (section 4.1).

No model is called: connectives and headings of the text itself give summary, word-to-text,
entailment, commonsense, paraphrase and completion tasks. Only English and Chinese connectives are
known; texts in other languages get the tasks that need none, in English words.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from augcon_lib.prompts.language import prompt_language
from augcon_lib.text.sentences import split_sentences

MIN_SENTENCE_CHARS = 12
MIN_KEYWORD_CHARS = 5
KEYWORDS = 3


@dataclass(frozen=True, slots=True)
class MinedTask:
    """A task and its solution, and the span of the text that both were taken from."""

    kind: str
    query: str
    answer: str
    start_char: int
    end_char: int


@dataclass(frozen=True, slots=True)
class _Sentence:
    start: int
    end: int
    text: str


# Kind, what opens the second of two sentences, the task and its solution; {0} and {1} are the
# two sentences, the second without its opening.
_PAIRS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "en": (
        (
            "entailment",
            r"(?:therefore|thus|hence|accordingly|consequently)\b,?\s*",
            "Can “{1}” be concluded from “{0}”?",
            "Yes: {1}",
        ),
        (
            "entailment",
            r"(?:moreover|furthermore|in addition|besides|also)\b,?\s*",
            "Can “{1}” be concluded from “{0}”?",
            "It is possible, but does not follow.",
        ),
        (
            "entailment",
            r"(?:however|in contrast|on the contrary|nevertheless|but)\b,?\s*",
            "Can “{1}” be concluded from “{0}”?",
            "No, the one stands against the other.",
        ),
        (
            "commonsense",
            r"(?:as a result|for this reason|this is why|so)\b,?\s*",
            "What comes of this: {0}",
            "{1}",
        ),
        (
            "paraphrase",
            r"(?:in other words|that is|i\.e\.|namely|similarly)\b,?\s*",
            "Say in other words: {0}",
            "{1}",
        ),
    ),
    "zh": (
        ("entailment", r"(?:因此|所以|因而|可见)[，,]?", "由“{0}”能得出“{1}”吗？", "能：{1}"),
        (
            "entailment",
            r"(?:此外|另外|而且|同时)[，,]?",
            "由“{0}”能得出“{1}”吗？",
            "有可能，但不能由此得出。",
        ),
        (
            "entailment",
            r"(?:然而|但是|但|不过|相反)[，,]?",
            "由“{0}”能得出“{1}”吗？",
            "不能，两者意思相反。",
        ),
        ("commonsense", r"(?:结果|于是|为此)[，,]?", "以下情况带来了什么结果：{0}", "{1}"),
        ("paraphrase", r"(?:换句话说|也就是说|即)[，,]?", "换一种说法：{0}", "{1}"),
    ),
}
# An effect and its cause within one sentence, in this order.
_CAUSES = {
    "en": (
        re.compile(r"^(.{12,}?),?\s+(?:because|since|due to|owing to)\s+(.{8,})$", re.DOTALL),
        "What is the reason for this: {0}?",
    ),
    "zh": (
        re.compile(r"^(.{6,}?)[，,]?(?:是因为|因为|由于)(.{4,})$", re.DOTALL),
        "{0}，原因是什么？",
    ),
}
_DEFINITIONS = {
    "en": (
        re.compile(r"^((?:The |An? )?[\w' -]{3,50}?) (?:is|are|was|were) (?=an? |the )(.{10,})$"),
        "What is meant by {0}?",
    ),
    "zh": (re.compile(r"^([^，。,]{2,20}?)(?:是指|是一|指的是)(.{6,})$"), "什么是{0}？"),
}
_HEADING = re.compile(r"^#{1,6}\s+(\S.*)$", re.MULTILINE)
_WORDS = {"en": "Write a sentence with the words {0}.", "zh": ""}
_SUMMARY = {"en": "Give the following a heading: {0}", "zh": "为下面的内容拟一个标题：{0}"}
_COMPLETION = {"en": "How does this go on: {0}", "zh": "续写下面的内容：{0}"}


def mine_tasks(text: str, language: str) -> list[MinedTask]:
    """Return all distinct tasks of *text*, in the order of their source text."""
    known = prompt_language(language)
    sentences = [
        _Sentence(start, end, " ".join(text[start:end].split()))
        for start, end in split_sentences(text, language)
    ]
    said = [
        one
        for one in sentences
        if len(one.text) >= MIN_SENTENCE_CHARS and not one.text.startswith("#")
    ]
    found = [
        *_summaries(text, known),
        *_of_pairs(said, known),
        *_of_sentences(said, known, spaced=" " in text.strip()),
        *_completions(said, known),
    ]
    distinct = {(task.query, task.answer): task for task in reversed(found)}
    return sorted(distinct.values(), key=lambda task: (task.start_char, task.end_char, task.query))


def _summaries(text: str, language: str) -> Iterator[MinedTask]:
    """Make a heading the summary of the text under it."""
    headings = list(_HEADING.finditer(text))
    ends = [*(heading.start() for heading in headings[1:]), len(text)]
    for heading, end in zip(headings, ends, strict=False):
        body = text[heading.end() : end].strip()
        if len(body) >= MIN_SENTENCE_CHARS:
            query = _SUMMARY[language].format(" ".join(body.split()))
            yield MinedTask("summary", query, heading[1].strip(), heading.start(), end)


def _of_pairs(sentences: Sequence[_Sentence], language: str) -> Iterator[MinedTask]:
    for first, second in pairwise(sentences):
        for kind, opening, query, answer in _PAIRS[language]:
            match = re.match(opening, second.text, re.IGNORECASE)
            if match:
                rest = second.text[match.end() :]
                rest = rest[:1].upper() + rest[1:]
                parts = (first.text, rest)
                yield MinedTask(
                    kind, query.format(*parts), answer.format(*parts), first.start, second.end
                )
                break


def _of_sentences(
    sentences: Sequence[_Sentence], language: str, *, spaced: bool
) -> Iterator[MinedTask]:
    for one in sentences:
        place = (one.start, one.end)
        for kind, (pattern, query) in (
            ("commonsense", _CAUSES[language]),
            ("word_to_text", _DEFINITIONS[language]),
        ):
            match = pattern.match(one.text.rstrip(".。"))
            if match:
                answer = match[2] if kind == "commonsense" else one.text
                yield MinedTask(kind, query.format(match[1]), answer, *place)
        words = dict.fromkeys(re.findall(r"[^\W\d_]+", one.text))
        keywords = sorted(words, key=len, reverse=True)[:KEYWORDS]
        if spaced and _WORDS[language] and all(len(w) >= MIN_KEYWORD_CHARS for w in keywords):
            query = _WORDS[language].format(", ".join(keywords))
            yield MinedTask("word_to_text", query, one.text, *place)


def _completions(sentences: Sequence[_Sentence], language: str) -> Iterator[MinedTask]:
    for first, second in zip(sentences[::2], sentences[1::2], strict=False):
        query = _COMPLETION[language].format(first.text)
        yield MinedTask("completion", query, second.text, first.start, second.end)
