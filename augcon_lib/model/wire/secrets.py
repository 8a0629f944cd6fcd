"""Hide secrets: keys, and the secret parts of addresses.

Applied when bytes arrive from an endpoint, before anything is cut, logged or stored: after it,
nothing contains a secret.
"""

import base64
import re
from urllib.parse import parse_qsl, quote, urlsplit

from augcon_lib.chat.reply_parsing import clean

HIDDEN = "***"
# A secret is searched for in blocks of this many characters, so that every piece of nearly twice
# that length is found; shorter pieces, such as a vendor's prefix, reveal nothing.
BLOCK_CHARS = 6
MIN_PIECE_CHARS = 10
# A value that is shorter or has no digit may be a word in the documents ("ollama", "not-needed"):
# it is hidden in errors but not in answers.
MIN_ANSWER_SECRET_CHARS = 16
MIN_ANSWER_PIECE_CHARS = 16
# After an even number of backslashes, of which two are one.
_ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)\\u00([2-7][0-9a-fA-F])")
# As pages, addresses and Python write them; only in descriptions of a failure.
_ESCAPED_IN_WORDS = re.compile(
    r"()(?:%|\\x|&#[xX]0*)([2-7][0-9a-fA-F]);?|&#0*(3[2-9]|[4-9]\d|1[01]\d|12[0-6]);"
)


class Secrets:
    """Removes *values*, and all longer pieces of them, from texts.

    Also finds their forms in JSON (``\\u0073``), in addresses (``%2B``) and in base64; the last in
    answers only as a whole, which costs less per answer.
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
        """Return *text*, which describes a failure, cleaned and without any of the values.

        Cleaned first: invisible characters that are removed later would split a value.
        """
        if not self._in_words:
            return text
        text = _ESCAPED_IN_WORDS.sub(self._unescaped, clean(text))
        return self._hide(text, self._in_words, MIN_PIECE_CHARS)

    def hide_bytes(self, data: bytes) -> bytes:
        """As :meth:`hide`, for bytes from the wire; a JSON text stays valid."""
        return self._in_bytes(data, self._all, MIN_PIECE_CHARS)

    def hide_in_answers(self, data: bytes) -> bytes:
        """Return *data*, which may contain a model's words, without values that cannot be words."""
        for form in self._telling_as_whole:
            data = data.replace(form, HIDDEN.encode("ascii"))
        # True nearly always, and takes a third of the time of the search for pieces.
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
        """Unescape a character of a value, which means the same in JSON; keep others unchanged."""
        character = chr(int(escape[2], 16) if escape[2] else int(escape[3]))
        return (escape[1] or "") + character if character in self._characters else escape[0]


def secrets_of(base_url: str, api_key: str, proxy: str | None = None) -> Secrets:
    """Collect the key, the password and query of *base_url*, and the password of the proxy."""
    values = [api_key]
    for url in filter(None, (base_url, proxy)):
        parts = urlsplit(url)
        values += [parts.password or "", *(value for _, value in parse_qsl(parts.query))]
    return Secrets(*values)


def _is_no_word(value: str) -> bool:
    has_digit = any(character.isdigit() for character in value)
    return len(value) >= MIN_ANSWER_SECRET_CHARS and has_digit


def _forms(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the ways to write *values*, the longest first."""
    forms = set()
    for value in values:
        data = value.encode("utf-8", "replace")
        forms |= {value, data.decode("latin-1"), quote(value, safe=""), value.replace("/", "\\/")}
    return tuple(sorted(forms, key=len, reverse=True))


def _in_base64(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return *values* in base64 at each offset in three bytes, less shared characters."""
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
    """Return the starts of the blocks of *form*, and the blocks themselves."""
    places = range(0, len(form) - BLOCK_CHARS + 1, BLOCK_CHARS)
    return [(place, form[place : place + BLOCK_CHARS]) for place in places]


def _in_other_letters(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return *values* in upper case, in lower case and in hexadecimal digits."""
    found = set()
    for value in values:
        digits = value.encode("utf-8", "replace").hex()
        found |= {value.upper(), value.lower(), digits, digits.upper()}
    return tuple(sorted(found - set(values), key=len, reverse=True))


def _without(text: str, form: str, min_chars: int) -> str:
    """Replace *form* in *text*, and pieces of it of at least *min_chars*, by asterisks."""
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
    """Return the whole stretch of *text* around *at* that equals *form* around *place*."""
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
