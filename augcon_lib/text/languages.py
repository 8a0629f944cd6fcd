"""Detect the language of a text, and the lengths that suit its script.

The script decides first, by counting letters; statistics (py3langid) only choose between the
languages of one script.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

UNDETERMINED = "und"
SAMPLE_CHARS = 1200
SAMPLES = 3
MIN_LETTERS_FOR_STATISTICS = 16
# One ideograph says as much as three Latin letters (see LengthPreset).
IDEOGRAPH_WEIGHT = 3
# Japanese is never long without kana; Chinese quotes some now and then.
MIN_KANA_SHARE = 0.08

SCRIPTS = {
    "han": r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af",
    "kana": r"\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9d",
    "hangul": r"\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3",
    "latin": r"A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff",
    "cyrillic": r"\u0400-\u052f",
    "arabic": r"\u0620-\u064a\u066e-\u06d3\u06fa-\u06ff\u0750-\u077f",
    "devanagari": r"\u0900-\u097f",
    "bengali": r"\u0980-\u09ff",
    "thai": r"\u0e01-\u0e4e",
    "lao": r"\u0e81-\u0ede",
    "khmer": r"\u1780-\u17d3",
    "myanmar": r"\u1000-\u109f",
    "tibetan": r"\u0f00-\u0fff",
    "hebrew": r"\u05d0-\u05ea",
    "greek": r"\u0370-\u03ff\u1f00-\u1fff",
    "armenian": r"\u0531-\u0587",
    "georgian": r"\u10a0-\u10ff",
    "tamil": r"\u0b80-\u0bff",
    "telugu": r"\u0c00-\u0c7f",
    "kannada": r"\u0c80-\u0cff",
    "malayalam": r"\u0d00-\u0d7f",
    "gujarati": r"\u0a80-\u0aff",
    "gurmukhi": r"\u0a00-\u0a7f",
    "sinhala": r"\u0d80-\u0dff",
    "ethiopic": r"\u1200-\u137f",
}
SCRIPT_LETTERS = re.compile("|".join(f"(?P<{name}>[{chars}]+)" for name, chars in SCRIPTS.items()))
ONE_LANGUAGE = {
    "hangul": "ko",
    "thai": "th",
    "lao": "lo",
    "khmer": "km",
    "myanmar": "my",
    "tibetan": "bo",
    "hebrew": "he",
    "greek": "el",
    "armenian": "hy",
    "georgian": "ka",
    "tamil": "ta",
    "telugu": "te",
    "kannada": "kn",
    "malayalam": "ml",
    "gujarati": "gu",
    "gurmukhi": "pa",
    "sinhala": "si",
    "ethiopic": "am",
    "bengali": "bn",
}
# The languages between which statistics choose, the most common one first.
CANDIDATES = {
    "latin": "en fr de es it pt nl sv da no fi is pl cs sk hu ro hr sl et lv lt tr vi id ms ca eu"
    " gl af sw sq mt ga cy eo la tl",
    "cyrillic": "ru uk bg sr mk be kk mn ky",
    "arabic": "ar fa ur ps ug ku",
    "devanagari": "hi mr ne",
}


@dataclass(frozen=True, slots=True)
class LengthPreset:
    """The lengths that bound granularity, in characters (paper, sections 3.2 and 3.3).

    ``max_context_chars`` is l, ``min_context_chars`` lambda; ``chars_per_query`` is the text for
    which one query is wanted, ``min_query_chars`` the shortest query that is one.
    """

    max_context_chars: int
    min_context_chars: int
    chars_per_query: int
    min_query_chars: int


IDEOGRAPHIC = LengthPreset(500, 20, 35, 5)
SYLLABIC = LengthPreset(800, 40, 70, 6)
CONSONANTAL = LengthPreset(1400, 90, 130, 10)
ALPHABETIC = LengthPreset(1600, 100, 150, 12)
PRESETS = {
    **dict.fromkeys(("zh", "ja"), IDEOGRAPHIC),
    "ko": SYLLABIC,
    **dict.fromkeys(("ar", "fa", "ur", "ps", "ug", "he", "am"), CONSONANTAL),
}
FENCED_CODE = re.compile(r"^[ \t]*(```|~~~).*?^[ \t]*\1", re.MULTILINE | re.DOTALL)
UNSPACED = frozenset({"zh", "ja", "th", "lo", "km", "my", "bo"})


def length_preset(language: str) -> LengthPreset:
    """Return the lengths for texts in *language*, by the density of its script.

    Chinese and Japanese have the paper's own values: l = 500, lambda = 20, one query for 35
    characters, no query under 5 (sections 3.2, 3.3 and the authors' code). The others hold the
    same content: a translation has 1/0.32 times the characters of the Chinese text in English,
    and 0.87 (Arabic), 0.95 (Thai) and 1.07 (Russian) times those of English, the medians over 588
    parallel passages of XQuAD; so alphabets and Thai have 3.2 times the paper's values, Arabic and
    the other scripts that write few vowels a little less. Lambda and the quota grow a little more
    than that, since no shorter passage holds a sentence. Korean, a syllable to a character, stands
    between (an estimate).
    """
    return PRESETS.get(_primary(language), ALPHABETIC)


def detect_language(text: str) -> str:
    """Return the ISO 639-1 code of the main language of *text*; ``und`` if it has no letters.

    Uses three samples of *text*, a few thousand characters in all; code between fences counts only
    if there is nothing else.
    """
    return _detect(_sample(FENCED_CODE.sub("", text))) or _detect(_sample(text)) or UNDETERMINED


def _detect(sample: str) -> str:
    letters: Counter[str] = Counter()
    for match in SCRIPT_LETTERS.finditer(sample):
        letters[match.lastgroup or ""] += match.end() - match.start()
    if not letters:
        return ""
    eastern = letters["han"] + letters["kana"]
    letters["eastern"] = IDEOGRAPH_WEIGHT * eastern
    letters["hangul"] *= 2
    script = max(sorted(letters.keys() - {"han", "kana"}), key=letters.__getitem__)
    if script == "eastern":
        return "ja" if letters["kana"] > MIN_KANA_SHARE * eastern else "zh"
    if script in ONE_LANGUAGE:
        return ONE_LANGUAGE[script]
    return _by_statistics(sample, script)


def _sample(text: str) -> str:
    if len(text) <= SAMPLES * SAMPLE_CHARS:
        return text
    # The end is left out: it often contains licences and references.
    starts = (0, len(text) * 2 // 5, len(text) * 7 // 10)
    return "\n".join(text[start : start + SAMPLE_CHARS] for start in starts)


def _by_statistics(sample: str, script: str) -> str:
    # Single letters and tokens longer than any word say nothing.
    words = re.findall(rf"(?<!\w)[{SCRIPTS[script]}]{{2,40}}(?!\w)", sample)
    common = CANDIDATES[script].split()[0]
    if sum(map(len, words)) < MIN_LETTERS_FOR_STATISTICS:
        return common
    return str(_identifier(script).classify(" ".join(words))[0])


@lru_cache(maxsize=len(CANDIDATES))
def _identifier(script: str) -> Any:
    # Heavy to import and to load, so only once a text needs it.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(
        [code for code in CANDIDATES[script].split() if code in identifier.labels]
    )
    return identifier


def _primary(language: str) -> str:
    return language.lower().replace("_", "-").split("-")[0]
