"""Questions in English: over several sentences, and about one or two of them."""

from augcon_lib.offline_model.chance import draw
from augcon_lib.offline_model.english_shapes import lower_first, statement_questions
from augcon_lib.offline_model.passages import Passage, Sentence
from augcon_lib.offline_model.phrases import content_runs, noun_phrases
from augcon_lib.offline_model.words import word_set

MAX_SENTENCES_READ = 10
MAX_QUESTION_CHARS = 220
MAX_JOINED_CHARS = 110
MAX_HEADING_CHARS = 60
_LEANING = word_set("it they this these those that he she such his her its their so")
_OVER_A_HEADING = (
    "What are the main points about {0}, in particular about {1} and {2}?",
    "How do {1} and {2} fit together when it comes to {0}?",
    "With regard to {0}, what should one know about {1} and about {2}?",
    "How do {1} and {2} bear on {0}?",
)
_OVER_THREE = (
    "How are {0}, {1} and {2} connected?",
    "What should one know about {0} and {1}, and what is the role of {2}?",
    "What are the main points about {0}, {1} and {2}?",
    "How do {0} and {1} fit together, and what is the role of {2}?",
)
_OVER_TWO = (
    "What is the connection between {0} and {1}?",
    "What should one know about {0} with regard to {1}?",
    "What is the role of {0} when it comes to {1}?",
    "How do {0} and {1} relate to each other?",
    "What does one need to know about {0} to understand {1}?",
    "What matters about {0} with regard to {1}?",
)
_OVER_ONE = (
    "What should one know about {0}?",
    "What is important about {0}?",
    "What can be said about {0}?",
)
_AND = ("and what is the role of {0}?", "and what does that mean for {0}?", "and what about {0}?")


def macro_questions(passage: Passage) -> list[str]:
    """Questions over the whole of a passage of many sentences."""
    statements = _readable(passage)
    third = max(1, len(statements) // 3)
    parts = [statements[:third], statements[third : 2 * third], statements[2 * third :]]
    topics = [_topics(part) for part in parts]
    headings = [lower_first(one, passage.text) for one in _short(passage.headings)]
    made: list[str] = []
    turn = draw("macro", passage.text)
    for number in range(4):
        chosen = _one_of_each(topics, number)
        if headings and len(chosen) > 1:
            heading = headings[number % len(headings)]
            form = _OVER_A_HEADING[(turn + number) % len(_OVER_A_HEADING)]
            made.append(form.format(heading, chosen[0], chosen[-1]))
        if len(chosen) > 2:
            made.append(_OVER_THREE[(turn + number) % len(_OVER_THREE)].format(*chosen))
        elif len(chosen) == 2:
            made.append(_OVER_TWO[(turn + number) % len(_OVER_TWO)].format(*chosen))
    return made


def shaped_questions(passage: Passage) -> list[str]:
    """Questions in the shape of single statements, joined with a phrase of another one."""
    statements = _readable(passage)
    phrases = [noun_phrases(one.plain) for one in statements]
    made = []
    for place, sentence in enumerate(statements):
        others = [p for other, each in enumerate(phrases) if other != place for p in each]
        for question in statement_questions(sentence.plain, passage.text):
            if len(question) > MAX_QUESTION_CHARS:
                continue
            fresh = [p for p in others if p.split(" ", 1)[-1].lower() not in question.lower()]
            if fresh and len(question) < MAX_JOINED_CHARS:
                phrase = fresh[draw("other", place, question) % len(fresh)]
                ending = _AND[draw("and", question) % len(_AND)].format(phrase)
                made.append(f"{question[:-1]}, {ending}")
            else:
                made.append(question)
    return made


def phrase_questions(passage: Passage) -> list[str]:
    """Questions made of phrases alone, where the statements have no known shape."""
    phrases = _topics(_readable(passage))
    headings = [lower_first(one, passage.text) for one in _short(passage.headings)]
    return _about(phrases, headings)


def _about(phrases: list[str], headings: list[str]) -> list[str]:
    """Questions made of phrases alone."""
    made = []
    topics = headings + phrases
    for number, first in enumerate(phrases[:3]):
        second = next((topic for topic in topics if topic != first and topic not in first), "")
        turn = draw("form", first, second) + number
        if second and first not in second:
            made.append(_OVER_TWO[turn % len(_OVER_TWO)].format(first, second))
        else:
            made.append(_OVER_ONE[turn % len(_OVER_ONE)].format(first))
    return made or [_OVER_ONE[0].format(heading) for heading in headings[:1]]


def _readable(passage: Passage) -> list[Sentence]:
    """Statements to ask about: those that lean on others come last; at most ten, spread evenly."""
    statements = passage.statements
    step = max(1, -(-len(statements) // MAX_SENTENCES_READ))
    chosen = statements[::step]
    firm = [one for one in chosen if one.plain.split(" ", 1)[0].lower() not in _LEANING]
    return firm or chosen


def _topics(sentences: list[Sentence]) -> list[str]:
    """Noun phrases of *sentences*, each once; content words where there are none."""
    phrases = {phrase.lower(): phrase for one in sentences for phrase in noun_phrases(one.plain)}
    if phrases:
        return sorted(phrases.values(), key=lambda phrase: -min(3, phrase.count(" ")))
    return [run for one in sentences for run in content_runs(one.plain)[:2]]


def _one_of_each(topics: list[list[str]], number: int) -> list[str]:
    """The *number*-th topic of each part, none of them within another."""
    chosen: list[str] = []
    for options in topics:
        for offset in range(len(options)):
            topic = options[(number + offset) % len(options)]
            core = topic.split(" ", 1)[-1].lower()
            cores = [one.split(" ", 1)[-1].lower() for one in chosen]
            if not any(core in one or one in core for one in cores):
                chosen.append(topic)
                break
    return chosen


def _short(headings: list[str]) -> list[str]:
    return [h.rstrip(".:") for h in headings if len(h) <= MAX_HEADING_CHARS and h[-1] not in "?!"]
