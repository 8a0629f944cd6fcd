"""DOCX to Markdown: mammoth reads it as HTML."""

import io
import zipfile

from augcon_lib.documents.html import html_to_markdown
from augcon_lib.errors import DocumentError

DOCUMENT_PART = "word/document.xml"
MAX_UNPACKED_BYTES = 50_000_000
# The parts that mammoth reads; pictures stay packed.
READ_SUFFIXES = (".xml", ".rels")


def is_docx(data: bytes) -> bool:
    """Whether *data* is a ZIP archive with a Word document in it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return DOCUMENT_PART in archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def docx_to_markdown(
    document_id: str, data: bytes, max_unpacked_bytes: int = MAX_UNPACKED_BYTES
) -> tuple[str, str]:
    """Return the title (empty: none) and the text of a DOCX.

    Raises ``DocumentError`` with the reason ``unreadable_docx`` or ``too_large``.
    """
    import mammoth  # type: ignore[import-untyped]

    if not is_docx(data):
        raise DocumentError(
            document_id,
            "unreadable_docx",
            "it is cut off or not a Word file; save it again as DOCX",
        )
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        unpacked_bytes = sum(
            part.file_size
            for part in archive.infolist()
            if part.filename.lower().endswith(READ_SUFFIXES)
        )
    if unpacked_bytes > max_unpacked_bytes:
        message = (
            f"its text unpacks to {unpacked_bytes:,} bytes; split it, or raise [source] "
            "max_document_megabytes"
        )
        raise DocumentError(document_id, "too_large", message)
    try:
        result = mammoth.convert_to_html(
            io.BytesIO(data), convert_image=mammoth.images.img_element(lambda image: {})
        )
    except MemoryError:
        raise
    # mammoth passes on whatever the ZIP and XML readers raise for damaged parts.
    except Exception as error:
        message = f"mammoth cannot read it ({type(error).__name__}: {error}); save it again as DOCX"
        raise DocumentError(document_id, "unreadable_docx", message) from None
    _, markdown = html_to_markdown(f"<html><body>{result.value}</body></html>")
    return "", markdown
