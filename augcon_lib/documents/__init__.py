"""Step 0: a document store, listed and read into documents (paper, section 3.1: the corpus C).

``list_store`` lists the documents and their changes, ``read_documents`` decodes, converts and
normalises them. A file that cannot be read becomes a rejection with a reason, never an exception.
"""

from augcon_lib.documents.entries import KnownSource, SourceEntry, StoreListing
from augcon_lib.documents.listing import list_store
from augcon_lib.documents.reading import READ_ERROR, read_documents

__all__ = [
    "READ_ERROR",
    "KnownSource",
    "SourceEntry",
    "StoreListing",
    "list_store",
    "read_documents",
]
