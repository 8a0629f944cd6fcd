"""Turning an English statement into a question by its shape: condition, purpose, auxiliary, verb.

Each shape leaves the words of the statement as they are and moves at most its auxiliary, so the
question is grammatical wherever the shape was seen rightly. A statement of no known shape gives
none.
"""

import re
from collections.abc import Iterator

from augcon_lib.offline_model.words import word_set

MAX_ORDER_CHARS = 60
_LEADING = re.compile(
    r"^(?:however|therefore|also|moreover|furthermore|in addition|additionally|for example|for "
    r"instance|in other words|in particular|finally|please note that|note that|remember|and|but"
    r"|so|please|e\.g\.)[,:]?\s+",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"^(If|When|Whenever|Once|After|Before|Unless) (?!\w+ed\b|\w+ing\b)([^,;:]{8,110}), (.{8,})$"
)
_PURPOSE = re.compile(r"^(?:To|In order to) ((?!the |a |an |your |our )[a-z]+ [^,;:]{6,90}), (.+)$")
_AUXILIARY = (
    r"is|are|was|were|can|could|may|might|must|should|shall|will|would|has been|have been|had been"
)
_INVERTED = re.compile(rf"^([A-Z`\"“][^,;:()]{{1,60}}?) ({_AUXILIARY}) (?!that\b|to\b)(.{{4,}})$")
_NO_SUBJECT = re.compile(
    r"^(?:it|they|this|these|those|that|he|she|there|here|what|how|which|who|why|where|i|such|if"
    r"|when|while|as|to|in|on|at|for|with|by|from|not|see|let|make|use|do|don|don't|both|either)\b",
    re.IGNORECASE,
)
_VERBS_IN_SUBJECT = re.compile(
    r"--|\b(?:is|are|was|were|that|which|who|has|have|had|can|will|if|when|because|says|said)\b",
    re.IGNORECASE,
)
_WHY = re.compile(r" (?:because|since|so that|in order to|to avoid|to ensure|to prevent) .+$")
_CLAUSE_BEHIND = re.compile(
    r",? (?:though|although|which|whereas|but|while|where|and (?:it|they|you|we|this|the)|as|so"
    r"|rather than|however)\b.*$| [-–—]+ .*$|[;:].*$"
)
_PLACED = re.compile(
    r"^[a-z]* ?(?:stored|kept|located|found|held|published|written|listed|recorded)\b"
)
_WHEN = re.compile(
    r" (?:by|before|after|until|within|during|in|on|at|every|when|whenever|once|as soon as) "
    r"(?=[^.;]*?(?:\b(?:1[5-9]|20)\d\d|day|week|month|year|hour|minute|morning|time|start|begin|end|finish))[^,;]+$"
)
_IF = re.compile(r",? (?:if|unless|when|whenever|only if|only when) .+$")
_HOW = re.compile(r" (?:by \w+ing|using|through|via|with the help of) .+$")
_WHERE = re.compile(r" (?:in|on|at) (?:the |a |an |your |our )?[\w`][\w-]+(?: [\w-]+){0,3}$")
_OBJECT = re.compile(
    r"^((?:not |also |always |only |never )?[a-z]+) (?:an?|the|your|our|their|its|any|all|some|each"
    r"|every|no|several|many|only|at least|one|two|three|\d+|[A-Z][\w-]+)\b.*?"
    r"(?P<rest> (?:from|for|with|to|into|in|on|at|before|after|by|through|without|when|if) .+)?$"
)
_FACTUAL = re.compile(
    r"^([A-Z`][^,;:()]{2,50}?) (provide|contain|require|support|allow|include|mean|create|give|take"
    r"|describe|help|make|need|store|read|write|return|use|cover|offer|propose|introduce|define"
    r"|replace|remove|handle|work|become|want|cause|show|add|keep|avoid)(s)? (.{4,})$"
)
_IMPERATIVES = word_set(
    "add ask avoid bring call change check choose click close complete consider contact create "
    "cut decide delete discuss do document download email ensure enter fill find follow get "
    "give go help include install invite join keep leave let listen make meet move notify open "
    "pack pay plan prepare print provide put read record remember remove replace report "
    "request review save schedule select send set share show sign speak start stop store "
    "submit take talk tell think try turn type update upload use verify visit wait write"
)
_STATEMENT = re.compile(r"^\S+ (?:is|are|was|were|does|doesn't|do|has|have|can|will|of|and|or)\b")
_COMMON_ENDING = re.compile(r".{2,}(?:s|tion|ment|ness|ity|er|ing|ance|ence|ee|ers|al)$")
_DETERMINERS = word_set(
    "you we the a an each every all "
    "any some many most several your our other no only one two three new "
    "these both using if when once after before unless people everyone anyone nobody"
)


def statement_questions(statement: str, passage_text: str) -> list[str]:
    """The questions that *statement* itself suggests; none for one that points elsewhere."""
    text = _LEADING.sub("", statement).rstrip(" .!:;…")
    text = text[:1].upper() + text[1:]
    if len(text) < 12 or text.endswith("?"):
        return []
    return list(dict.fromkeys(_questions(text, passage_text)))


def lower_first(text: str, passage_text: str) -> str:
    """*text* for the middle of a sentence: its first word lowered unless it is a name."""
    first = re.split(r"[\s,]", text, maxsplit=1)[0]
    if not first[1:].islower() and len(first) > 1:
        return text
    lowered = first.lower()
    if lowered not in _DETERMINERS and text[len(first) + 1 : len(first) + 2].isupper():
        return text  # a name or a title of several words
    common = lowered in _DETERMINERS or _COMMON_ENDING.fullmatch(lowered)
    if common or re.search(rf"\b{re.escape(lowered)}\b", passage_text):
        return lowered + text[len(first) :]
    return text


def _questions(text: str, passage_text: str) -> Iterator[str]:
    if match := _CONDITION.match(text):
        yield from _of_condition(match[1].lower(), match[2], match[3])
        return
    if match := _PURPOSE.match(text):
        yield f"How can one {match[1]}?" if "you" not in match[1] else f"How can you {match[1]}?"
        return
    first = text.split(" ", 1)[0].lower()
    if first in _IMPERATIVES and not _STATEMENT.match(text):
        yield from _of_imperative(text)
        return
    if match := _INVERTED.match(text):
        subject, auxiliary, rest = match.groups()
        rest = _CLAUSE_BEHIND.sub("", rest) or rest
        if not (_NO_SUBJECT.match(subject) or _VERBS_IN_SUBJECT.search(subject)):
            yield from _of_auxiliary(lower_first(subject, passage_text), auxiliary, rest)
        return
    if match := _FACTUAL.match(text):
        subject, verb, singular, rest = match.groups()
        rest = _CLAUSE_BEHIND.sub("", rest) or rest
        if not (_NO_SUBJECT.match(subject) or _VERBS_IN_SUBJECT.search(subject)):
            helper = "does" if singular else "do"
            yield from _of_verb(f"{helper} {lower_first(subject, passage_text)}", f"{verb} {rest}")


def _of_condition(word: str, condition: str, consequence: str) -> Iterator[str]:
    if _NO_SUBJECT.match(condition) and not condition.lower().startswith("there"):
        return
    first = consequence.split(" ", 1)[0].lower()
    asked = first in _IMPERATIVES or re.match(r"(?:please|you|we|they|it's best)\b", consequence)
    yield f"What {'should one do' if asked else 'happens'} {word} {condition}?"


def _of_imperative(text: str) -> Iterator[str]:
    order = text[0].lower() + text[1:]
    if purpose := re.match(
        r"^([a-z]+) .{4,70}? to ((?!the |a |an |your |be )[a-z]+ [^,;:]{4,})$", order
    ):
        yield f"What should you {purpose[1]} to {purpose[2]}?"
        return
    yield from _of_verb("should you", order)


def _of_auxiliary(subject: str, auxiliary: str, rest: str) -> Iterator[str]:
    front, _, tail = auxiliary.partition(" ")
    body = f"{tail} {rest}".strip()
    questions = list(_of_adjunct(f"{front} {subject}", body))
    if questions:
        yield from questions
    elif front in ("is", "are", "was", "were"):
        if re.match(r"(?:an?|the|one|used|defined|called|known|not)\b", body):
            yield f"What {front} {subject}?"
    else:
        yield from _of_verb(f"{front} {subject}", body)


def _of_verb(front: str, body: str) -> Iterator[str]:
    """*front* is an auxiliary with its subject, *body* what follows, verb first."""
    adjuncts = list(_of_adjunct(front, body))
    yield from adjuncts
    if adjuncts:
        return
    imperative = front.startswith("should you")
    match = _OBJECT.match(body)
    rest = match["rest"] if match else None
    if match and ((rest and not rest.endswith(" you")) or not imperative):
        yield f"What {front} {match[1]}{rest or ''}?"
    elif imperative:
        body = body.split(", ", 1)[0] if len(body) > MAX_ORDER_CHARS else body
        yield f"How {front} {body}?"


def _of_adjunct(front: str, body: str) -> Iterator[str]:
    """Asks for the reason, time, condition, means or place that *body* ends with."""
    for word, pattern in (
        ("Why", _WHY),
        ("When", _WHEN),
        ("When", _IF),
        ("How", _HOW),
        ("Where", _WHERE),
    ):
        if word == "Where" and not _PLACED.match(body):
            continue
        if (match := pattern.search(body)) and len(
            body[: match.start()].split()
        ) > front.startswith("should you"):
            kept = body[: match.start()].rstrip(" ,")
            if "," not in kept and not re.search(r"\b(?:and|or|the|an?|of|to|not)$", kept):
                yield f"{word} {front} {kept}?"
                return
