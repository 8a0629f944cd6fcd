"""Convert the bytes of one file to text; its content decides its kind first, then its name."""

import json
from dataclasses import dataclass
from pathlib import PurePosixPath

from augcon_lib.documents.converters import converted
from augcon_lib.documents.docx import MAX_UNPACKED_BYTES, docx_to_markdown, is_docx
from augcon_lib.documents.encodings import decode
from augcon_lib.documents.entries import printable_id
from augcon_lib.documents.headings import RST_MEDIA_TYPE, find_structure
from augcon_lib.documents.html import decode_html, html_to_markdown, looks_like_html
from augcon_lib.documents.markdown import drop_comments, split_front_matter
from augcon_lib.documents.pdf import pdf_to_text
from augcon_lib.documents.tables import TABLE_SUFFIXES, Row
from augcon_lib.errors import DocumentError
from augcon_lib.extensions import find, suffix_of
from augcon_lib.text.normalise import normalise

MARKDOWN = "text/markdown"
PLAIN = "text/plain"
HTML = "text/html"
PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
JSON = "application/json"
MEDIA_TYPES = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".mdx": MARKDOWN,
    ".rst": RST_MEDIA_TYPE,
    ".rest": RST_MEDIA_TYPE,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".pdf": PDF,
    ".docx": DOCX,
    ".json": JSON,
}
BINARY_BEGINNINGS = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"RIFF": "a RIFF media file",
    b"II*\0": "a TIFF image",
    b"MM\0*": "a TIFF image",
    b"PK\x03\x04": "a ZIP archive",
    b"PK\x05\x06": "an empty ZIP archive",
    b"\x1f\x8b": "gzip data",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ": "xz data",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"\x28\xb5\x2f\xfd": "zstandard data",
    b"SQLite format 3\0": "an SQLite database",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
    b"\xca\xfe\xba\xbe": "a program",
    b"OggS": "an Ogg media file",
    b"ID3": "an MP3 file",
    b"wOFF": "a font",
    b"\x00\x01\x00\x00": "a font",
    b"PAR1": "a Parquet file",
}
OLE_BEGINNING = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OFFICE_SUFFIXES = {
    ".doc", ".xls", ".ppt", ".xlsx", ".pptx", ".xlsm", ".odt", ".ods", ".odp", ".epub", ".pages",
    ".numbers", ".key", ".rtf", ".msg",
}  # fmt: skip
PDF_BEGINNING_BYTES = 1024
# Suffixes that no package may take over.
OWN_SUFFIXES = {each.removeprefix(".") for each in (*MEDIA_TYPES, *TABLE_SUFFIXES, ".txt")}
TITLE_COLUMNS = ("title", "name", "headline")
TITLE_MEDIA_TYPES = {MARKDOWN, HTML, DOCX, RST_MEDIA_TYPE, PLAIN}


@dataclass(frozen=True, slots=True)
class Converted:
    """A document's text, normalised, with its title (never empty) and the source's media type."""

    media_type: str
    title: str
    text: str


def convert(
    name: str, data: bytes, text_column: str = "text", max_bytes: int = MAX_UNPACKED_BYTES
) -> Converted:
    """Convert the file *name* (its path in the store) to text of at most *max_bytes*, unpacked.

    Raises ``DocumentError`` with one of the reasons ``empty``, ``binary``, ``unsupported_type``,
    ``undecodable``, ``encrypted``, ``no_text_layer``, ``unreadable_pdf``, ``unreadable_docx``,
    ``too_large``, ``missing_text_column``, and those of a package's converter. Raises
    ``SettingsError`` where that cannot be used.
    """
    if not data:
        raise DocumentError(name, "empty", "the file has no bytes; fill or remove it")
    suffix = PurePosixPath(name).suffix.lower()
    title, text, media_type = "", "", MEDIA_TYPES.get(suffix, PLAIN)
    extension = find("converter", suffix_of(name), OWN_SUFFIXES)
    if extension is not None:
        (title, text), media_type = converted(extension, name, data), MARKDOWN
    elif b"%PDF-" in data[:PDF_BEGINNING_BYTES] and (suffix == ".pdf" or data.startswith(b"%PDF-")):
        text, media_type = pdf_to_text(name, data), PDF
    elif media_type == PDF:
        raise DocumentError(
            name, "unreadable_pdf", "it is named .pdf but is not a PDF; rename it to its own suffix"
        )
    elif media_type == DOCX or is_docx(data):
        _refuse_encrypted_office(name, data)
        (title, text), media_type = docx_to_markdown(name, data, max_bytes), DOCX
    else:
        title, text, media_type = _from_text(name, data, media_type, suffix, text_column)
    text = normalise(text)
    if media_type == MARKDOWN and extension is None:
        title, text = split_front_matter(text)
        text = drop_comments(text)
    if not text.strip():
        raise DocumentError(name, "empty", "it contains no text; fill or remove it")
    title = " ".join(normalise(title).split()) or first_heading(text, media_type) or _stem(name)
    return Converted(media_type, title, text)


def convert_row(row_id: str, row: Row, text_column: str) -> Converted:
    """Convert the row *row_id* of a table to text.

    Raises ``DocumentError`` with one of the reasons ``bad_row``, ``missing_text_column``,
    ``text_not_a_string``, ``empty``.
    """
    if row.problem:
        raise DocumentError(row_id, "bad_row", f"{row.problem}; fix or remove it")
    if text_column not in row.fields:
        columns = ", ".join(map(str, row.fields)) or "none"
        message = f"it has no column {text_column!r} (columns: {columns}); set [source] text_column"
        raise DocumentError(row_id, "missing_text_column", message)
    value = row.fields[text_column]
    if value is not None and not isinstance(value, str):
        kind = type(value).__name__
        message = f"{text_column!r} contains {kind}, not text; fix or remove the row"
        raise DocumentError(row_id, "text_not_a_string", message)
    text = normalise(value or "")
    if not text.strip():
        raise DocumentError(row_id, "empty", f"{text_column!r} is empty; fill or remove the row")
    titles = (row.fields.get(column) for column in TITLE_COLUMNS)
    title = next((" ".join(normalise(t).split()) for t in titles if isinstance(t, str) and t), "")
    return Converted(PLAIN, title or first_heading(text, PLAIN) or row_id, text)


def first_heading(text: str, media_type: str) -> str:
    """Return the text of the first heading of the highest level; empty if none exists."""
    if media_type not in TITLE_MEDIA_TYPES:
        return ""
    headings = [h for h in find_structure(text, media_type).headings if h.title]
    return min(headings, key=lambda heading: heading.level).title if headings else ""


def _from_text(
    name: str, data: bytes, media_type: str, suffix: str, text_column: str
) -> tuple[str, str, str]:
    """Return title, text and media type of a file that should contain some kind of text."""
    kind = next((k for b, k in BINARY_BEGINNINGS.items() if data.startswith(b)), "")
    if suffix in OFFICE_SUFFIXES or data.startswith(OLE_BEGINNING):
        message = f"{suffix or 'office'} files are not supported; store it as DOCX, PDF or HTML"
        raise DocumentError(name, "unsupported_type", message)
    text = decode_html(data) if media_type == HTML else decode(data)
    if text is None or (kind and not text.isprintable() and _is_binary(data)):
        message = f"it is {kind or 'not text'}; remove it, exclude it, or store its text instead"
        raise DocumentError(name, "binary" if kind or _is_binary(data) else "undecodable", message)
    if media_type == JSON:
        return "", _json_text(name, text, text_column), JSON
    if media_type == HTML or looks_like_html(text):
        title, markdown = html_to_markdown(decode_html(data) or text)
        return title, markdown, HTML
    return "", text, media_type


def _is_binary(data: bytes) -> bool:
    head = data[:4096]
    return any(byte < 9 or 13 < byte < 27 for byte in head)


def _json_text(name: str, text: str, text_column: str) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"it is not valid JSON ({error}); fix it, or name it .txt to use it as text"
        raise DocumentError(name, "unreadable_table", message) from None
    found = value.get(text_column) if isinstance(value, dict) else None
    if not isinstance(found, str):
        message = (
            f"it is not an array of objects and has no text in {text_column!r}; set [source]"
            " text_column, or name it .txt to use it as text"
        )
        raise DocumentError(name, "missing_text_column", message)
    return found


def _refuse_encrypted_office(name: str, data: bytes) -> None:
    # Office wraps an encrypted DOCX in the older container; its streams are named in UTF-16.
    if data.startswith(OLE_BEGINNING) and "EncryptedPackage".encode("utf-16-le") in data:
        raise DocumentError(name, "encrypted", "it needs a password; store a copy without one")


def _stem(name: str) -> str:
    path = PurePosixPath(printable_id(name).replace("#", "/"))
    return path.stem or path.name or name
