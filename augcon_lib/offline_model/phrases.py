"""Noun phrases of English text, taken verbatim, without a parser.

A determiner opens one and a function word or punctuation closes it, which is right far more often
than any run of content words.
"""

import re
from functools import lru_cache

from augcon_lib.offline_model.words import STOP_WORDS, word_set

_WORD = r"[A-Za-z][\w'’+/-]*"
_DETERMINED = re.compile(
    rf"\b(?P<det>the|an?|your|our|each|every|any|all)\s(?P<words>(?:{_WORD}\s){{0,3}}{_WORD})"
    rf"(?=[,.;:!?)\]\"”]|$|\s(?:of|in|on|at|for|from|with|to|is|are|was|were|and|or|but|that|which"
    rf"|by|as|can|may|might|must|should|will|would|has|have|had|if|when|where|while|so|because"
    rf"|into|than|do|does|did|without|within|during|before|after|until|via|under|over|through)\b)",
    re.IGNORECASE,
)
_NAMES = re.compile(
    r"(?<=[a-z,;:(] )(?!Mrs?\b|Dr\b|Miss\b)(?:[A-Z][\w'’+.-]+\w)"
    r"(?:\s(?:(?:of|for|and the|of the)\s)?[A-Z][\w+-]*\w){0,3}"
)
_BARE = re.compile(
    rf"\b(?:of|for|with|about|by|from|between|without|against|on|in|into)\s"
    rf"(?P<words>(?:{_WORD}\s){{0,2}}{_WORD})(?=[,.;:!?)]|$|\s(?:and|or|to|in|on|for|with|from|by|is|are"
    rf"|that|which|as|at|can|will|when|if|so|because|into|than)\b)"
)
_MIXED = re.compile(r"\b(?:[A-Z]+[a-z]*[A-Z][A-Za-z]*|[A-Z]{3,}[\w-]*|\w+\(\))(?=\W|$)")
_RUN = re.compile(r"[A-Za-z][\w'’+/-]*(?: [A-Za-z][\w'’+/-]*)*")
_NOT_AT_END = re.compile(
    r".*(?:ly|ed)$|(?:continu|mean|produc|includ|contain|say|mak|provid|us|giv|tak|need|requir|allow"
    r"|return|creat|work|help|show|becom|happen|let|want|go|do|com|get|put|set|run)(?:e?s|ies)$"
    r"|(?:paid|made|given|taken|done|include|conduct|themselves)$",
    re.IGNORECASE,
)
_HOLLOW = word_set(
    "way ways thing things lot number part rest case cases time times example note bit kind sort "
    "fact point end following same first second last next other others"
)
MAX_CHARS = 42


@lru_cache(maxsize=4096)  # a sentence comes back at every level of a tree
def noun_phrases(sentence: str) -> tuple[str, ...]:
    """Phrases of *sentence* that can stand in a question, in order of appearance."""
    found: dict[str, int] = {}
    for match in _DETERMINED.finditer(sentence):
        words = match["words"].split()
        while words and (words[0].lower() in STOP_WORDS or words[0].lower() in ("next", "first")):
            words.pop(0)
        adjective = match["det"].lower() in ("a", "an") and len(words) == 1
        if adjective and sentence[match.end() : match.end() + 1] == ",":
            continue
        if _usable(words):
            determiner = "the" if match["det"].lower() in ("each", "every", "any", "all") else ""
            determiner = determiner or match["det"].lower()
            plural = match["det"].lower() == "all"
            phrase = " ".join(words) if plural else f"{determiner} {' '.join(words)}"
            found.setdefault(phrase, match.start())
    for match in _BARE.finditer(sentence):
        words = match["words"].split()
        if _usable(words) and not words[0][0].isupper() and words[-1][-1] in "sgntey":
            found.setdefault(match["words"], match.start())
    for pattern in (_NAMES, _MIXED):
        for match in pattern.finditer(sentence):
            if match[0].lower() not in STOP_WORDS and not any(
                match[0] in phrase for phrase in found
            ):
                found.setdefault(match[0], match.start())
    kept = (phrase for phrase in found if len(phrase) <= MAX_CHARS)
    return tuple(sorted(kept, key=lambda phrase: found[phrase]))


def content_runs(sentence: str) -> list[str]:
    """Runs of one to four content words, the longest first: where there is no better phrase."""
    runs: list[list[str]] = []
    for stretch in _RUN.findall(sentence):
        run: list[str] = []
        for word in [*stretch.split(), "the"]:
            if word.lower() in STOP_WORDS:
                runs.append(run[-4:])
                run = []
            else:
                run.append(word)
    kept = {" ".join(run) for run in runs if run and len(" ".join(run)) > 2}
    return sorted(kept, key=lambda run: (-min(3, run.count(" ") + 1), run))


def _usable(words: list[str]) -> bool:
    return (
        bool(words)
        and not any(word.lower() in STOP_WORDS for word in words)
        and words[-1].lower() not in _HOLLOW
        and not _NOT_AT_END.match(words[-1])
        and len(words[-1]) > 2
    )
