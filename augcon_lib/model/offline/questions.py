"""One question about a passage, in its language, as good as the prompt deserves."""

from augcon_lib.model.offline import chinese, english, other_languages
from augcon_lib.model.offline.chance import draw
from augcon_lib.model.offline.passages import Passage
from augcon_lib.model.offline.worse import carelessness, spoilt_question

MACRO_SENTENCES = 5
LAST_RESORT = "What does {0} mean?"


def ask_question(passage: Passage, requirements: int, example_count: int, seed: int) -> str:
    """A question about *passage*.

    It is about several sentences where the passage is long, about one where it is short. Each
    *seed* takes another of the questions that can be made. Of the prompt only the number of its
    requirements and examples is seen: fewer of either make a poor question more likely.
    """
    care = carelessness(requirements, example_count)
    options = _options(passage)
    # Another prompt draws from another place, so a negative seldom repeats its positive.
    turn = draw("turn", passage.text, care) + seed
    good = options[turn % len(options)]
    return spoilt_question(passage, good, care, draw("spoil", passage.text, care, seed))


def _options(passage: Passage) -> list[str]:
    """Every question that can be made, distinct, in an order that looks random but is fixed."""
    macro = len(passage.statements) >= MACRO_SENTENCES
    if passage.language == "en":
        made = english.macro_questions(passage) if macro else english.detail_questions(passage)
    elif passage.language == "zh":
        made = chinese.macro_questions(passage) if macro else chinese.detail_questions(passage)
    else:
        made = other_languages.questions(passage, macro)
    options = list(dict.fromkeys(made))
    if not options:
        return [LAST_RESORT.format(" ".join(passage.text.split())[:60])]
    return sorted(options, key=lambda option: draw("order", passage.text, option))
