"""The frozen records of the pipeline, with ids made from their content.

An id depends only on content, so the same input gives the same ids on any machine.
Lengths are Unicode code points; character spans index ``Document.text``.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from augcon_lib.pipeline import StageName


def content_id(*parts: object, size_bytes: int = 12) -> str:
    """Return a hex id of ``2 * size_bytes`` characters for *parts*, which may contain any text."""
    encoded = [str(part).encode("utf-8", "surrogatepass") for part in parts]
    content = b"".join(b"%d:%b" % (len(part), part) for part in encoded)
    return hashlib.sha256(content).hexdigest()[: 2 * size_bytes]


def text_sha256(text: str) -> str:
    """Return the hex sha256 of *text* in UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@dataclass(frozen=True, slots=True)
class Document:
    """One readable document of the store, decoded, converted and normalised."""

    document_id: str
    uri: str
    media_type: str
    title: str
    language: str
    text: str
    text_sha256: str
    source_sha256: str
    modified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Context:
    """A root context C: a continuous stretch of a document, at most l characters (3.1).

    ``text == document.text[start_char:end_char]``.
    """

    context_id: str
    document_id: str
    text: str
    start_char: int
    end_char: int


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a Context-Split-Tree: a context, its query, and why it was not split further.

    ``query`` is empty if the node was too short for a query or the model failed; ``stop_reason``
    is empty for an inner node, and ``split_for_length`` for one that was too long for the model
    and was split without it, at the sentence end nearest its middle. ``path`` contains the ids
    from the root down to and including this node. ``start_char``/``end_char`` are the node's own
    span if ``verbatim``, otherwise that of its nearest verbatim ancestor. ``answer`` is empty
    except for strategies that return the answer with the query. ``journal_key`` (64 hexadecimal
    digits) and ``sample`` identify the model's answer with the query; empty and None if the model
    was not called, or the nodes were read without them.
    """

    node_id: str
    document_id: str
    context_id: str
    parent_id: str | None
    round: int
    depth: int
    text: str
    start_char: int
    end_char: int
    verbatim: bool
    query: str
    stop_reason: str
    split_rouge_l: float | None
    path: tuple[str, ...]
    answer: str = ""
    journal_key: str = field(default="", compare=False)
    sample: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ScoredQuery:
    """A query with its score s(C, q), its rank within the root context, and the verdict (3.3).

    ``quota`` is that of the root context.
    """

    node_id: str
    document_id: str
    context_id: str
    query: str
    score: float
    rank: int
    quota: int
    selected: bool
    reason: str


@dataclass(frozen=True, slots=True)
class FewShotExample:
    """A human-written example (context, query, response) of E_R (3.4)."""

    context: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a selected query; ``journal_key`` and ``sample`` as a node's."""

    response_id: str
    node_id: str
    document_id: str
    query: str
    response: str
    few_shot_version: str
    status: str
    journal_key: str = field(default="", compare=False)
    sample: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class GroundedResponse:
    """A good response and the span of its node: ``[start_char, end_char)`` of a document's text."""

    response_id: str
    node_id: str
    document_id: str
    query: str
    response: str
    uri: str
    title: str
    language: str
    text_sha256: str
    start_char: int
    end_char: int


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """One row of the dataset: query and response, with the way back to their source.

    ``position`` is its index among the rows of its document. ``stale`` marks a row that was kept
    although its document has failed since.
    """

    row_id: str
    document_id: str
    node_id: str
    query: str
    response: str
    split: str
    position: int
    uri: str
    title: str
    language: str
    text_sha256: str
    start_char: int
    end_char: int
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Rejection:
    """Something that left the pipeline, at which stage, and why."""

    stage: StageName
    document_id: str
    subject_id: str
    reason: str
    detail: str
