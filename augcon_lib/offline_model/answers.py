"""Answers quoted from the passage: the sentences that share most with the question."""

import re
from collections import Counter
from collections.abc import Sequence

from augcon_lib.offline_model.passages import Passage, Sentence
from augcon_lib.offline_model.request import example_answer
from augcon_lib.offline_model.words import words_of

DEFAULT_ANSWER_CHARS = {"zh": 60, "ja": 70, "ko": 100}
OTHER_ANSWER_CHARS = 170
MIN_ANSWER_CHARS = 12
MAX_SENTENCES = 3
MIN_RELATIVE_MATCH = 0.35
UNSPACED = ("zh", "ja", "th")
_NOTHING = {"zh": "原文没有给出相关内容。", "en": "The passage does not say."}
_OPENING = re.compile(
    r"(?:however|therefore|also|moreover|furthermore|in addition|additionally|for example|then|so"
    r"|but|and|finally|please note that|note that|note)[,:]?\s+(?=\w)"
    r"|(?:然后|接着|最后|同时|但是|但|因此|所以|此外|另外|注意|可选)[，：:]?",
    re.IGNORECASE,
)


def compose_answer(passage: Passage, question: str, examples: Sequence[str]) -> str:
    """One to three sentences of *passage* in their order, about as long as the answers shown.

    *examples* are replies that were shown to the model; their mean length sets the style.
    """
    statements = passage.statements
    if not statements:
        return _NOTHING.get(passage.language, _NOTHING["en"])
    scores = _matches(statements, set(words_of(question)))
    ranked = sorted(range(len(statements)), key=lambda place: (-scores[place], place))
    wanted_chars = _usual_chars(passage.language, examples)
    chosen = [ranked[0]]
    chars = len(statements[ranked[0]].plain)
    for place in ranked[1:]:
        if len(chosen) == MAX_SENTENCES or chars >= wanted_chars:
            break
        if scores[place] < MIN_RELATIVE_MATCH * scores[ranked[0]]:
            break
        if chars + len(statements[place].plain) <= 1.5 * wanted_chars:
            chosen.append(place)
            chars += len(statements[place].plain)
    quoted = (_tidy(statements[place].plain, passage.language) for place in sorted(chosen))
    return ("" if passage.language in UNSPACED else " ").join(quoted)


def _matches(statements: Sequence[Sentence], asked: set[str]) -> list[float]:
    """How much each sentence shares with the question; rare words count more."""
    spread = Counter(word for one in statements for word in set(one.words))
    return [
        sum(1 / spread[word] for word in asked & set(one.words)) / (1 + len(one.words) / 60)
        for one in statements
    ]


def _usual_chars(language: str, examples: Sequence[str]) -> int:
    lengths = [len(answer) for reply in examples if (answer := example_answer(reply))]
    if not lengths:
        return DEFAULT_ANSWER_CHARS.get(language, OTHER_ANSWER_CHARS)
    return max(MIN_ANSWER_CHARS, sum(lengths) // len(lengths))


def _tidy(sentence: str, language: str) -> str:
    """*sentence* without an opening that leans on the one before, as a sentence of its own."""
    shorter = _OPENING.sub("", sentence, count=1) if _OPENING.match(sentence) else sentence
    text = (shorter or sentence).rstrip(" ,;:，；：、")
    text = text[:1].upper() + text[1:]
    if text and text[-1].isalnum() and language != "th":
        text += "。" if language in UNSPACED else "."
    return text
