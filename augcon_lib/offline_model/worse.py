"""Poor questions, for poor prompts: vague, cut off, marginal, or leaning on the passage.

How often one is written depends on the prompt; some poor prompts get a good question all the
same, so that a scorer which tells them apart can be good and never perfect.
"""

from augcon_lib.offline_model.chance import pick, share
from augcon_lib.offline_model.passages import Passage

ENOUGH_REQUIREMENTS = 4
ENOUGH_EXAMPLES = 3
GOOD_PROMPT, FEW_EXAMPLES, WEAK_INSTRUCTION, BOTH = 0.02, 0.72, 0.84, 0.92

_VAGUE = {
    "en": (
        "What is this about?",
        "What does the passage say?",
        "Can you explain this?",
        "What is the author trying to say here?",
        "What else is there to know?",
    ),
    "zh": ("这段话讲了什么？", "文中说了什么？", "这是什么意思？", "作者想说什么？", "还有什么？"),
    "ja": ("これは何についてですか。", "この文章は何を言っていますか。"),
    "ko": ("이것은 무엇에 관한 것입니까?", "이 글은 무엇을 말합니까?"),
    "ar": ("عن ماذا يتحدث هذا النص؟", "ماذا يقول المقطع؟"),
    "ru": ("О чём этот текст?", "Что здесь сказано?"),
    "th": ("นี่เกี่ยวกับอะไร", "ข้อความนี้บอกอะไร"),
    "de": ("Worum geht es hier?", "Was sagt der Text?"),
    "fr": ("De quoi s'agit-il ?", "Que dit ce texte ?"),
    "es": ("¿De qué trata esto?", "¿Qué dice el texto?"),
}
_MARGINAL = {
    "en": ("What about {0}?", "What does it say about {0} here?", "Is {0} in this text?"),
    "zh": ("{0}呢？", "文中的{0}是什么？", "这里有没有提到{0}？"),
    "ja": ("{0}は？",),
    "ko": ("{0}은?",),
    "ar": ("ماذا عن {0} هنا؟",),
    "ru": ("А что тут про {0}?",),
    "th": ("แล้ว{0}ล่ะ",),
    "de": ("Was ist hier mit {0}?",),
    "fr": ("Et {0} ici ?",),
    "es": ("¿Y {0} aquí?",),
}


def carelessness(requirements: int, example_count: int) -> float:
    """How likely a poor question is for such a prompt, in [0, 1]."""
    weak = requirements < ENOUGH_REQUIREMENTS
    few = example_count < ENOUGH_EXAMPLES
    if weak:
        return BOTH if few else WEAK_INSTRUCTION
    return FEW_EXAMPLES if few else GOOD_PROMPT


def spoilt_question(passage: Passage, good: str, care: float, salt: int) -> str:
    """*good* itself, or with the probability *care* a poor question in its place."""
    if share("care", salt) >= care:
        return good
    # A full instruction keeps the question near the passage even without examples.
    cut_off, marginal = (0.35, 0.75) if care == FEW_EXAMPLES else (0.2, 0.5)
    way = share("way", salt)
    if way < cut_off and len(good) > 12:
        return _cut_off(good, salt)
    if way < marginal:
        forms = _MARGINAL.get(passage.language, _MARGINAL["en"])
        return pick(forms, "form", salt).format(_marginal_word(passage, salt))
    return pick(_VAGUE.get(passage.language, _VAGUE["en"]), "form", salt)


def _cut_off(question: str, salt: int) -> str:
    """The first half of *question*, at a word's end where there are words."""
    end = int(len(question) * (0.35 + 0.25 * share("cut", salt)))
    space = question.rfind(" ", 0, end)
    return question[: space if space > 3 else end].rstrip(" ,，、") + "…"


def _marginal_word(passage: Passage, salt: int) -> str:
    sentence = pick(passage.statements or passage.sentences, "place", salt)
    if passage.language in ("zh", "ja", "th"):
        start = int(share("start", salt) * max(1, len(sentence.plain) - 2))
        return sentence.plain[start : start + 2].strip("，。、；：,. ") or sentence.plain[:2]
    words = [word.strip(".,;:!?()\"'") for word in sentence.plain.split()]
    return pick([word for word in words if len(word) > 2] or words or ["this"], "word", salt)
