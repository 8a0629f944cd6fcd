"""PDF to text with pdfium: lines joined to paragraphs, hyphenated words rejoined."""

import re
import statistics
import threading
from collections.abc import Iterator

import pypdfium2  # type: ignore[import-untyped]

from augcon_lib.errors import DocumentError

# pdfium is not safe to use from several threads.
PDFIUM_LOCK = threading.Lock()
PASSWORD_ERROR = 4
# pdfium writes U+FFFE or U+0002 at the joint of a word that was hyphenated at a line end.
JOINED_HYPHEN = re.compile("[\ufffe\x02](?:\r?\n)?")
SENTENCE_END = re.compile(r"""[.!?:;。！？：；؟][)\]"'”’」』]*$""")
NEW_PARAGRAPH = re.compile(
    r"\s*(?:[•·▪◦‣●○*–-]\s|\(?\d{1,3}(?:\.\d+)*[.)]\s|\(?[a-z][.)]\s|\[\d+\])"
)
UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uff00-\uffef、。]")
# A line shorter than this share of a full line ends its paragraph.
FULL_LINE_SHARE = 0.75
FULL_LINE_TENTH = 8
MIN_FULL_LINE_CHARS = 30


def pdf_to_text(document_id: str, data: bytes) -> str:
    """Return the text of a PDF, paragraphs separated by blank lines.

    Raises ``DocumentError`` with the reason ``encrypted``, ``unreadable_pdf`` or ``no_text_layer``.
    """
    with PDFIUM_LOCK:
        pages = list(_pages(document_id, data))
    if not any(page.strip() for page in pages):
        raise DocumentError(
            document_id, "no_text_layer", "its pages are images or blank; run OCR on it first"
        )
    lines = [line.strip() for page in pages for line in page.splitlines()]
    return "\n\n".join(_paragraphs([line for line in lines if line]))


def _pages(document_id: str, data: bytes) -> Iterator[str]:
    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == PASSWORD_ERROR:
            raise DocumentError(
                document_id, "encrypted", "it needs a password; store a copy without one"
            ) from None
        raise DocumentError(
            document_id, "unreadable_pdf", f"pdfium cannot open it ({error}); fix or remove it"
        ) from None
    try:
        for number in range(len(pdf)):
            try:
                page = pdf[number]
                text_page = page.get_textpage()
                yield JOINED_HYPHEN.sub("", text_page.get_text_range(errors="replace"))
                text_page.close()
                page.close()
            except pypdfium2.PdfiumError as error:
                message = f"page {number + 1} cannot be read ({error}); fix or remove it"
                raise DocumentError(document_id, "unreadable_pdf", message) from None
    finally:
        pdf.close()


def _paragraphs(lines: list[str]) -> Iterator[str]:
    full = _full_line_chars(lines)
    paragraph = ""
    previous = ""
    for line in lines:
        if paragraph and _goes_on(previous, line, full):
            apart = not (UNSPACED.match(paragraph[-1]) or UNSPACED.match(line[0]))
            paragraph += (" " if apart else "") + line
        else:
            if paragraph:
                yield paragraph
            paragraph = line
        previous = line
    if paragraph:
        yield paragraph


def _full_line_chars(lines: list[str]) -> float:
    lengths = [len(line) for line in lines if len(line) >= MIN_FULL_LINE_CHARS]
    if len(lengths) < 2:
        return MIN_FULL_LINE_CHARS
    return statistics.quantiles(lengths, n=10)[FULL_LINE_TENTH - 1]


def _goes_on(line: str, following: str, full_line_chars: float) -> bool:
    """Whether the paragraph of *line* continues in *following*."""
    if NEW_PARAGRAPH.match(following):
        return False
    if len(line) >= FULL_LINE_SHARE * full_line_chars:
        return not (SENTENCE_END.search(line) and len(line) < 0.9 * full_line_chars)
    return not SENTENCE_END.search(line) and following[0].islower()
