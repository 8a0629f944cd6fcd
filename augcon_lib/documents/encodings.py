"""Bytes to text: byte order marks, UTF-8 with a few bad bytes, UTF-16 without mark, detection."""

import codecs
import re
from collections.abc import Iterator

# Encodings that documents are written in; detection among all that exist goes astray.
PLAUSIBLE_ENCODINGS = [
    "cp1252", "latin_1", "cp850", "cp437", "mac_roman",
    "cp1250", "iso8859_2", "cp852", "cp1254", "cp1257", "cp1258",
    "cp1251", "koi8_r", "koi8_u", "cp866", "iso8859_5", "mac_cyrillic",
    "cp1253", "iso8859_7", "cp1255", "cp1256", "iso8859_6", "iso8859_8", "cp874",
    "gb18030", "big5", "big5hkscs", "cp932", "euc_jp", "iso2022_jp", "cp949", "euc_kr",
]  # fmt: skip
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CONTROL_BYTES = bytes(set(range(0x20)) - set(b"\t\n\v\f\r\x1b")) + b"\x7f"
# Text holds next to no control characters; random bytes are one ninth of them.
MAX_CONTROL_SHARE_OF_UTF8 = 0.2
MAX_CONTROL_SHARE = 0.01
MIN_NUL_SHARE_OF_UTF16 = 0.2
# Bytes of another encoding are rarely valid UTF-8 by chance.
MIN_GOOD_PER_BAD_SEQUENCE = 0.5
DETECTION_BYTES = 200_000
MULTIBYTE = re.compile("[\x80-\U0010fffe]")


def decode(data: bytes) -> str | None:
    """The text that *data* holds, or None where it is no text.

    A byte that fits no character becomes U+FFFD.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    encoding = _utf16_without_mark(data)
    if encoding:
        return data.decode(encoding, "replace")
    control_share = len(data) and _count(data, CONTROL_BYTES) / len(data)
    if control_share > MAX_CONTROL_SHARE_OF_UTF8:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if control_share > MAX_CONTROL_SHARE:
        return None
    return _nearly_utf8(data) or _detected(data)


def _nearly_utf8(data: bytes) -> str | None:
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = len(MULTIBYTE.findall(text)) - bad
    return text if good >= MIN_GOOD_PER_BAD_SEQUENCE * bad else None


def _detected(data: bytes) -> str | None:
    # Heavy to import, and most texts are UTF-8.
    from charset_normalizer import from_bytes

    matches = from_bytes(data[:DETECTION_BYTES], cp_isolation=PLAUSIBLE_ENCODINGS)
    best = matches.best()
    if best is None:
        return None
    encoding = best.encoding
    if encoding == "latin_1" and any(0x80 <= byte < 0xA0 for byte in data):
        encoding = "cp1252"
    return data.decode(encoding, "replace")


def _utf16_without_mark(data: bytes) -> str | None:
    """UTF-16 of mostly Latin text: nearly every other byte is NUL."""
    if len(data) % 2:
        return None
    even, odd = data[::2].count(0), data[1::2].count(0)
    enough = MIN_NUL_SHARE_OF_UTF16 * len(data) / 2
    for zeros, others, encoding in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if zeros > enough and zeros > 10 * others and _decodes(data, encoding):
            return encoding
    return None


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return sum(map(text.count, _controls())) <= MAX_CONTROL_SHARE * len(text)


def _controls() -> Iterator[str]:
    return map(chr, CONTROL_BYTES)


def _count(data: bytes, wanted: bytes) -> int:
    return len(data) - len(data.translate(None, wanted))
