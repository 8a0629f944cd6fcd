"""Root contexts within the limits of ``[source]``: a large document is cut in a child process."""

import asyncio
import json
from typing import Any

from augcon_lib.confined import Limits, run_confined
from augcon_lib.errors import DocumentError
from augcon_lib.records import Context, Document
from augcon_lib.settings import SourceSettings
from augcon_lib.tree.contexts import context_spans, contexts_at

# Cutting takes linear time, so a text below this size needs no child.
MAX_CHARS_IN_PROCESS = 200_000
CUT = "augcon_lib.tree.context_limits:cut_in_child"


def limited_contexts(
    document: Document, max_context_chars: int, min_context_chars: int, source: SourceSettings
) -> tuple[Context, ...]:
    """``cut_contexts``; raises ``DocumentError`` if *document* exceeds the limits of *source*.

    Reasons: ``too_many_contexts``, and for the cutting itself ``too_slow``, ``too_much_memory``
    and ``converter_crashed``.
    """
    most = source.max_contexts_per_document
    # Each context contains at most this many characters: so this is the smallest possible number.
    fewest = sum(map(len, document.text.split())) // max(1, max_context_chars)
    if fewest <= most:
        lengths = (max_context_chars, min_context_chars)
        if len(document.text) <= MAX_CHARS_IN_PROCESS:
            spans = context_spans(document, *lengths)
        else:
            spans = _spans_from_child(document, *lengths, source)
        fewest = len(spans)
    if fewest > most:
        message = (
            f"it has {fewest:,} root contexts or more, but {most:,} are allowed; split it, exclude "
            "it, or raise [source] max_contexts_per_document"
        )
        raise DocumentError(document.document_id, "too_many_contexts", message)
    return contexts_at(document, spans)


async def limited_contexts_in_thread(
    document: Document, max_context_chars: int, min_context_chars: int, source: SourceSettings
) -> tuple[Context, ...]:
    """:func:`limited_contexts` without blocking the event loop for long."""
    arguments = (document, max_context_chars, min_context_chars, source)
    if len(document.text) <= MAX_CHARS_IN_PROCESS:
        return limited_contexts(*arguments)
    return await asyncio.to_thread(limited_contexts, *arguments)


def cut_in_child(header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the spans of the root contexts of *body*; a task of ``augcon_lib.confined``."""
    document = Document(
        document_id="",
        uri="",
        media_type=header["media_type"],
        title="",
        language=header["language"],
        text=body.decode("utf-8"),
        text_sha256="",
        source_sha256="",
        modified_at=None,
    )
    spans = context_spans(document, header["max_context_chars"], header["min_context_chars"])
    return {}, json.dumps(spans).encode("ascii")


def _spans_from_child(
    document: Document, max_context_chars: int, min_context_chars: int, source: SourceSettings
) -> list[tuple[int, int]]:
    header = {
        "media_type": document.media_type,
        "language": document.language,
        "max_context_chars": max_context_chars,
        "min_context_chars": min_context_chars,
    }
    body = document.text.encode("utf-8")
    _, spans = run_confined(document.document_id, CUT, header, body, Limits.of_document(source))
    return [(start, end) for start, end in json.loads(spans)]
