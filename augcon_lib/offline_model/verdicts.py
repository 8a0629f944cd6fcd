"""Verdicts on answers and questions, from the words that they share with the passage."""

from augcon_lib.offline_model.passages import Passage
from augcon_lib.offline_model.words import words_of

MIN_GROUNDED_SHARE = 0.6
MIN_RECALL = 0.5
MAX_LENGTH_RATIO = 3.5
LENGTH_ALLOWANCE_WORDS = 12
_REASONS = {
    "empty": ("The answer says nothing.", "答案没有内容。"),
    "ungrounded": ("The answer says things that the passage does not.", "答案超出了原文的内容。"),
    "missing": (
        "The answer leaves out a main point of the reference.",
        "答案缺少参考答案中的要点。",
    ),
    "long": ("The answer is much longer than it needs to be.", "答案过于冗长。"),
    "good": ("The answer says what the reference says.", "答案与参考答案的内容一致。"),
}


def judge(passage: Passage, question: str, reference: str, answer: str) -> tuple[str, str]:
    """``yes`` or ``no``, and the reason in a sentence.

    Without a reference the answer is held against the question's words in the passage.
    """
    finding = _finding(passage, question, reference, answer)
    return (
        "yes" if finding == "good" else "no",
        _REASONS[finding][1 if passage.language == "zh" else 0],
    )


def confidence(question: str, answer: str) -> str:
    """``high``, ``medium`` or ``low``: how much of the question the answer takes up."""
    asked = {*words_of(question)}
    share = len(asked & {*words_of(answer)}) / max(1, len(asked))
    return "high" if share >= 1 / 3 else "medium" if share >= 1 / 6 else "low"


def rating(passage: Passage, question: str) -> int:
    """1 to 10: the share of the question's content words that stand in the passage."""
    asked = words_of(question)
    known = {word for sentence in passage.sentences for word in sentence.words}
    return 1 + round(9 * sum(word in known for word in asked) / max(1, len(asked)))


def _finding(passage: Passage, question: str, reference: str, answer: str) -> str:
    given = words_of(answer)
    if not given:
        return "empty"
    known = {word for sentence in passage.sentences for word in sentence.words}
    wanted = words_of(reference)
    if sum(word in known or word in wanted for word in given) < MIN_GROUNDED_SHARE * len(given):
        return "ungrounded"
    if not wanted:
        return "good" if set(given) & set(words_of(question)) else "missing"
    asked = {*words_of(question)}
    points = ({*wanted} - asked) or {*wanted}
    if len(points & {*given}) < MIN_RECALL * len(points):
        return "missing"
    if len(given) > MAX_LENGTH_RATIO * len(wanted) + LENGTH_ALLOWANCE_WORDS:
        return "long"
    return "good"
