"""Hiding what must not be told: keys, and what else of an address is secret.

Applied where bytes come in from an endpoint, before anything is cut, logged or stored: behind it
nothing holds a secret.
"""

import base64
import re
from urllib.parse import parse_qsl, quote, urlsplit

from augcon_lib.chat.reply_parsing import clean

HIDDEN = "***"
# A secret is searched for by blocks of so many characters, so that each piece of it is found that
# is nearly twice as long; shorter pieces, such as a vendor's prefix, tell nothing.
BLOCK_CHARS = 6
MIN_PIECE_CHARS = 10
# What is shorter or without a digit may be a word of the documents ("ollama", "not-needed"), and
# is hidden in errors but not in answers.
MIN_ANSWER_SECRET_CHARS = 16
MIN_ANSWER_PIECE_CHARS = 16
# Behind an even number of backslashes, each two of which are one.
_ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)\\u00([2-7][0-9a-fA-F])")
# As pages, addresses and Python write them; in words about a failure alone.
_ESCAPED_IN_WORDS = re.compile(
    r"()(?:%|\\x|&#[xX]0*)([2-7][0-9a-fA-F]);?|&#0*(3[2-9]|[4-9]\d|1[01]\d|12[0-6]);"
)


class Secrets:
    """Takes *values*, and all longer pieces of them, out of texts.

    Their forms in JSON (``\\u0073``), in addresses (``%2B``) and in base64 are known, too; the last
    in answers as a whole alone, which costs each answer less.
    """

    def __init__(self, *values: str) -> None:
        known = tuple(dict.fromkeys(value for value in values if value))
        telling = tuple(value for value in known if _is_no_word(value))
        self._all = _forms(known) + _in_base64(known)
        self._in_words = self._all + _in_other_letters(known)
        self._telling = _forms(telling)
        self._telling_as_whole = tuple(form.encode("ascii") for form in _in_base64(telling))
        self._telling_blocks = tuple(
            block.encode("latin-1", "ignore")
            for form in self._telling
            for _, block in _blocks(form)
        )
        self._characters = frozenset("".join(known)) - set('"\\')

    def hide(self, text: str) -> str:
        """*text*, words about a failure, cleaned and without any of the values.

        Cleaned first: what cannot be seen, and goes later, would keep a value apart.
        """
        if not self._in_words:
            return text
        text = _ESCAPED_IN_WORDS.sub(self._unescaped, clean(text))
        return self._hide(text, self._in_words, MIN_PIECE_CHARS)

    def hide_bytes(self, data: bytes) -> bytes:
        """As :meth:`hide`, for what comes over the wire; a JSON text stays one."""
        return self._in_bytes(data, self._all, MIN_PIECE_CHARS)

    def hide_in_answers(self, data: bytes) -> bytes:
        """*data*, which may hold a model's words, without the values that can be no word."""
        for form in self._telling_as_whole:
            data = data.replace(form, HIDDEN.encode("ascii"))
        # Nearly always, and in a third of the time of the search for pieces.
        if b"\\u00" not in data and not any(map(data.__contains__, self._telling_blocks)):
            return data
        return self._in_bytes(data, self._telling, MIN_ANSWER_PIECE_CHARS)

    def _in_bytes(self, data: bytes, forms: tuple[str, ...], min_chars: int) -> bytes:
        if not forms:
            return data
        # Each byte as one character: forms are ASCII, or the bytes of UTF-8.
        text = data.decode("latin-1")
        hidden = self._hide(text, forms, min_chars)
        return data if hidden is text else hidden.encode("latin-1")

    def _hide(self, text: str, forms: tuple[str, ...], min_chars: int) -> str:
        if forms and "\\u00" in text:
            text = _ESCAPED.sub(self._unescaped, text)
        for form in forms:
            text = _without(text, form, min_chars)
        return text

    def _unescaped(self, escape: re.Match[str]) -> str:
        """A character of a value as itself, which means the same in JSON; others as they were."""
        character = chr(int(escape[2], 16) if escape[2] else int(escape[3]))
        return (escape[1] or "") + character if character in self._characters else escape[0]


def secrets_of(base_url: str, api_key: str, proxy: str | None = None) -> Secrets:
    """The key, the password and query of *base_url*, and the password of the proxy."""
    values = [api_key]
    for url in filter(None, (base_url, proxy)):
        parts = urlsplit(url)
        values += [parts.password or "", *(value for _, value in parse_qsl(parts.query))]
    return Secrets(*values)


def _is_no_word(value: str) -> bool:
    has_digit = any(character.isdigit() for character in value)
    return len(value) >= MIN_ANSWER_SECRET_CHARS and has_digit


def _forms(values: tuple[str, ...]) -> tuple[str, ...]:
    """How *values* may be written, the longest first."""
    forms = set()
    for value in values:
        data = value.encode("utf-8", "replace")
        forms |= {value, data.decode("latin-1"), quote(value, safe=""), value.replace("/", "\\/")}
    return tuple(sorted(forms, key=len, reverse=True))


def _in_base64(values: tuple[str, ...]) -> tuple[str, ...]:
    """*values* in base64 wherever they begin in a group of three bytes, less shared characters."""
    found = set()
    for data in (value.encode("utf-8", "replace") for value in values):
        if len(data) < MIN_PIECE_CHARS:
            continue
        for offset in range(3):
            text = base64.b64encode(bytes(offset) + data).decode("ascii").rstrip("=")
            end = len(text) if (offset + len(data)) % 3 == 0 else len(text) - 1
            text = text[(0, 2, 3)[offset] : end]
            found |= {text, text.replace("+", "-").replace("/", "_")}
    return tuple(sorted(found))


def _blocks(form: str) -> list[tuple[int, str]]:
    """Where the blocks of *form* begin, and they themselves."""
    places = range(0, len(form) - BLOCK_CHARS + 1, BLOCK_CHARS)
    return [(place, form[place : place + BLOCK_CHARS]) for place in places]


def _in_other_letters(values: tuple[str, ...]) -> tuple[str, ...]:
    """*values* in capitals, in small letters and in hexadecimal digits."""
    found = set()
    for value in values:
        digits = value.encode("utf-8", "replace").hex()
        found |= {value.upper(), value.lower(), digits, digits.upper()}
    return tuple(sorted(found - set(values), key=len, reverse=True))


def _without(text: str, form: str, min_chars: int) -> str:
    """*text* with asterisks for *form*, and for pieces of it of at least *min_chars*."""
    if len(form) < min_chars + BLOCK_CHARS:
        return text.replace(form, HIDDEN) if form in text else text
    pieces = []
    for place, block in _blocks(form):
        at = text.find(block)
        while at >= 0:
            start, end = _extended(text, form, at, place)
            if end - start >= min_chars:
                pieces.append((start, end))
            at = text.find(block, max(end, at + 1))
    return _cut_out(text, pieces) if pieces else text


def _extended(text: str, form: str, at: int, place: int) -> tuple[int, int]:
    """The whole stretch of *text* around *at* that is as *form* around *place*."""
    start, before = at, place
    while before > 0 and start > 0 and text[start - 1] == form[before - 1]:
        start, before = start - 1, before - 1
    end, after = at, place
    while after < len(form) and end < len(text) and text[end] == form[after]:
        end, after = end + 1, after + 1
    return start, end


def _cut_out(text: str, pieces: list[tuple[int, int]]) -> str:
    kept = []
    done = 0
    for start, end in sorted(pieces):
        if start >= done:
            kept += [text[done:start], HIDDEN]
        done = max(done, end)
    kept.append(text[done:])
    return "".join(kept)
