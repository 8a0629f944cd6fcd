"""The numbers that a text names, in digits or in words, as plain strings such as ``1500``.

Digits of any script; English and Chinese number words; months by their number.
"""

import re
import unicodedata
from fractions import Fraction

_DIGITS = re.compile(r"\d(?:[\d.,٫٬]*\d)?")
_GROUPED = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_MAGNITUDE = re.compile(
    r"\s*(hundred|thousand|million|billion|trillion|[十百千万萬亿億])", re.IGNORECASE
)
# A longer one is a string of digits, and stands for itself.
MAX_DIGITS = 40
MAX_NUMBER = 10**MAX_DIGITS
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUES = {
    **{word: value for value, word in enumerate(_UNITS)},
    **{word: 10 * value for value, word in enumerate(_TENS, start=2)},
    **dict.fromkeys(("a", "once", "first", "single"), 1),
    **dict.fromkeys(("twice", "second", "pair", "both", "half"), 2),
    **{"third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "dozen": 12},
}
_SCALES = {
    **{"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12},
    **{"十": 10, "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8},
}
_ENGLISH = re.compile(r"[a-z]+", re.IGNORECASE)
_CHINESE = re.compile("[〇零一二两兩三四五六七八九十百千万萬亿億]+")
_CHINESE_DIGITS = {
    **{digit: value for value, digit in enumerate("〇一二三四五六七八九")},
    **{"零": 0, "两": 2, "兩": 2},
}


def digit_numbers(text: str) -> dict[str, set[str]]:
    """Return each number that *text* has in digits, as written, with its possible values.

    ``1,500`` may be fifteen hundred or one and a half; ``1.5 million`` is 1500000, too.
    """
    plain = _with_ascii_digits(text)
    found: dict[str, set[str]] = {}
    for match in _DIGITS.finditer(plain):
        forms = found.setdefault(match[0], _forms(match[0]))
        magnitude = _MAGNITUDE.match(plain, match.end())
        if magnitude and len(match[0]) <= MAX_DIGITS:
            scale = _SCALES[magnitude[1].lower()]
            forms |= {_plain(Fraction(form) * scale) for form in _forms(match[0])}
    return found


def all_numbers(text: str) -> set[str]:
    """Return the forms of all numbers of *text*, including those in words and the months."""
    forms = set().union(*digit_numbers(text).values())
    return forms | _in_english(text) | _in_chinese(text)


def _forms(written: str) -> set[str]:
    if len(written) > MAX_DIGITS:
        return {written}
    written = written.replace("٫", ".").replace("٬", ",")
    forms = set()
    if _GROUPED.fullmatch(written):
        forms.add(re.sub("[.,]", "", written))
    decimal = written.replace(",", ".")
    if decimal.count(".") <= 1:
        forms.add(decimal)
    else:  # a version, a date, an address: each part
        forms.update(part for part in decimal.split(".") if part)
    return {_plain(Fraction(form)) for form in forms}


def _plain(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    return f"{float(value):.12g}"


def _in_english(text: str) -> set[str]:
    found: set[str] = set()
    total = current = 0
    counting = False
    for match in _ENGLISH.finditer(text.lower()):
        word = match[0]
        if word in MONTHS:
            found.add(str(MONTHS.index(word) + 1))
        if word in _VALUES:
            found.add(str(_VALUES[word]))
            current, counting = current + _VALUES[word], True
        elif word in _SCALES and counting:
            scale = _SCALES[word]
            if scale == 100:
                current = min(current * scale, MAX_NUMBER)
            else:
                total, current = total + current * scale, 0
        elif word != "and" or not counting:
            total, current, counting = 0, 0, False
        if counting:
            found.add(str(total + current))
    return found


def _in_chinese(text: str) -> set[str]:
    found: set[str] = set()
    for match in _CHINESE.finditer(text):
        characters = match[0]
        digits = [_CHINESE_DIGITS[each] for each in characters if each in _CHINESE_DIGITS]
        found |= {str(digit) for digit in digits}
        if len(digits) == len(characters):
            found.add("".join(map(str, digits)).lstrip("0") or "0")
            continue
        total = section = digit = 0
        for each in characters:
            if each in _CHINESE_DIGITS:
                digit = _CHINESE_DIGITS[each]
            elif _SCALES[each] < 10**4:
                section, digit = section + (digit or 1) * _SCALES[each], 0
            else:
                total, section, digit = total + ((section + digit) or 1) * _SCALES[each], 0, 0
        found.add(str(total + section + digit))
    return found


def _with_ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.digit(each, each)) if each.isdigit() and not each.isascii() else each
        for each in text
    )
