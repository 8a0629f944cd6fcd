"""Documents as dynamic partitions, and document ids as partition keys.

Dagster refuses a few substrings in keys, which real file names do hold; such an id is
percent-encoded, reversibly. Every other id is its own key.
"""

from urllib.parse import unquote

import dagster as dg

DOCUMENTS = "documents"

documents_partitions = dg.DynamicPartitionsDefinition(name=DOCUMENTS)

_REFUSED = ("...", "\a", "\b", "\f", "\n", "\r", "\t", "\v", "\0")


def partition_key(document_id: str) -> str:
    """The partition key of *document_id*."""
    key = document_id.replace("%", "%25")
    for substring in _REFUSED:
        key = key.replace(substring, "".join(f"%{ord(char):02X}" for char in substring))
    return key


def document_id(key: str) -> str:
    """The inverse of :func:`partition_key`."""
    return unquote(key, errors="strict")
