"""Documents as dynamic partitions, and document ids as partition keys.

Dagster refuses a few substrings in keys that occur in real file names; such an id is
percent-encoded, reversibly. Every other id is used as the key unchanged.
"""

import re
from urllib.parse import unquote

import dagster as dg

DOCUMENTS = "documents"

documents_partitions = dg.DynamicPartitionsDefinition(name=DOCUMENTS)

_ENCODED = re.compile("%|\\.\\.\\.|[\a\b\f\n\r\t\v\0]")


def partition_key(document_id: str) -> str:
    """Return the partition key of *document_id*."""
    return _ENCODED.sub(lambda found: "".join(f"%{ord(c):02X}" for c in found[0]), document_id)


def document_id(key: str) -> str:
    """Return the document id of *key*, the inverse of :func:`partition_key`."""
    return unquote(key, errors="strict")
