"""Tasks on a file's bytes that run in a child process: see ``augcon_lib.confined``.

Each task takes a header and the bytes of a file, and returns a header and bytes.
"""

import json

from augcon_lib.confined.frames import Frame, Header
from augcon_lib.documents.conversion import Converted, convert, convert_row
from augcon_lib.documents.tables import TableLimits, is_table_name, parse_table
from augcon_lib.errors import DocumentError
from augcon_lib.text.languages import detect_language

CONVERT = "augcon_lib.documents.tasks:convert_file"
LIST_ROWS = "augcon_lib.documents.tasks:list_rows"
CONVERT_ROWS = "augcon_lib.documents.tasks:convert_rows"


def convert_file(header: Header, data: bytes) -> Frame:
    """Return the text of a file that is one document."""
    path, id_column = header["path"], header["id_column"]
    if is_table_name(path) and not path.lower().endswith(".json"):
        parse_table(path, data, id_column, _limits(header))
        raise DocumentError(path, "empty", "the table has no rows; fill or remove it")
    return _described(convert(path, data, header["text_column"], header["max_bytes"]))


def list_rows(header: Header, data: bytes) -> Frame:
    """Return id and hash of each row of a table; none for JSON that is not a table."""
    rows = parse_table(header["path"], data, header["id_column"], _limits(header)) or []
    return {}, json.dumps([(row.row_id, row.sha256) for row in rows]).encode("ascii")


def convert_rows(header: Header, data: bytes) -> Frame:
    """Return the texts of a table's rows ``row_ids``, one after the other, with their headers."""
    rows = parse_table(header["path"], data, header["id_column"], _limits(header)) or []
    by_id = {row.row_id: row for row in rows}
    found: list[Header] = []
    texts: list[bytes] = []
    for row_id in header["row_ids"]:
        row = by_id.get(row_id)
        if row is None:
            found.append({"refused": ["not_found", ""]})
            continue
        try:
            about, text = _described(convert_row(row_id, row, header["text_column"]))
        except DocumentError as error:
            found.append({"refused": [error.reason, error.message]})
            continue
        found.append({**about, "sha256": row.sha256, "text_bytes": len(text)})
        texts.append(text)
    return {"rows": found}, b"".join(texts)


def _described(converted: Converted) -> Frame:
    about = {
        "media_type": converted.media_type,
        "title": converted.title,
        "language": detect_language(converted.text),
    }
    return about, converted.text.encode("utf-8")


def _limits(header: Header) -> TableLimits:
    return TableLimits.of_file(header["max_bytes"])
