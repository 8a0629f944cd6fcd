"""One question about a passage, in its language, as good as the prompt deserves."""

from augcon_lib.offline_model import chinese, english, other_languages
from augcon_lib.offline_model.chance import draw
from augcon_lib.offline_model.passages import Passage, plain_text
from augcon_lib.offline_model.worse import GOOD_PROMPT, carelessness, spoilt_question

MACRO_SENTENCES = 5
ENOUGH_OPTIONS = 4
# For passages in which no phrase was found to ask about.
LAST_RESORT = {
    "en": "What does “{0}” mean?",
    "zh": "“{0}”说的是什么？",
    "ja": "「{0}」とはどういうことですか。",
    "ko": "“{0}”은 무엇을 뜻합니까?",
    "ar": "ماذا تعني عبارة «{0}»؟",
    "ru": "Что означает «{0}»?",
    "th": "“{0}” หมายความว่าอย่างไร",
}
MAX_QUOTED_CHARS = 60


def ask_question(passage: Passage, requirements: int, example_count: int, seed: int) -> str:
    """A question about *passage*.

    It is about several sentences where the passage is long, about one where it is short. Each
    *seed* takes another of the questions that can be made. Of the prompt only the number of its
    requirements and examples is seen: fewer of either make a poor question more likely.
    """
    care = carelessness(requirements, example_count)
    options = _options(passage)
    # Another prompt starts at another place, so a negative seldom repeats its positive.
    turn = seed
    if care != GOOD_PROMPT and len(options) > 1:
        turn = 1 + draw("turn", passage.text, care, seed) % (len(options) - 1)
    good = options[turn % len(options)]
    return spoilt_question(passage, good, care, draw("spoil", passage.text, care, seed))


def _options(passage: Passage) -> list[str]:
    """Every question that can be made, distinct: the better ones first, each lot rotated."""
    macro = len(passage.statements) >= MACRO_SENTENCES
    language = {"en": english, "zh": chinese}.get(passage.language)
    if language is None:
        lots = [other_languages.questions(passage, macro)]
    else:
        lots = [language.macro_questions(passage)] if macro else []
        lots += [language.shaped_questions(passage), language.phrase_questions(passage)]
    options: dict[str, None] = {}
    for lot in lots:
        start = draw("start", passage.text) % max(1, len(lot))
        options.update(dict.fromkeys(lot[start:] + lot[:start]))
        if len(options) >= ENOUGH_OPTIONS:
            break
    return list(options) or [_last_resort(passage)]


def _last_resort(passage: Passage) -> str:
    quoted = (plain_text(passage.text) or passage.text).strip(" \n.,;:。，；、：")
    form = LAST_RESORT.get(passage.language, LAST_RESORT["en"])
    return form.format(quoted[:MAX_QUOTED_CHARS])
