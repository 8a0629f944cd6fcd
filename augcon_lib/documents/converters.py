"""Converters of other packages, by a file's suffix."""

import re
from typing import Protocol

from augcon_lib.errors import DocumentError, SettingsError
from augcon_lib.extensions import Extension


class Converter(Protocol):
    """What ``augcon.converters`` registers; the entry point's name is a suffix without its dot.

    It runs in a child process, within the limits of ``[source]``.
    """

    def __call__(self, name: str, data: bytes, /) -> tuple[str, str]:
        """Title (or an empty one) and Markdown text of the file *name*, a path in the store.

        Raises ``DocumentError``; anything else is a rejection of this document, too.
        """
        ...


def converted(extension: Extension, name: str, data: bytes) -> tuple[str, str]:
    """Convert the file *name* with a package's converter.

    Raises ``DocumentError``: the converter's own, or ``unreadable_<suffix>``; ``SettingsError``
    if the converter cannot be imported.
    """
    converter: Converter = extension.load()
    try:
        title, text = converter(name, data)
        if not (isinstance(title, str) and isinstance(text, str)):
            raise TypeError("it returned no title and text")
    except (DocumentError, SettingsError, MemoryError):
        raise
    # Its package's faults are as unknown as the document's.
    except Exception as error:
        reason = "unreadable_" + re.sub(r"\W", "_", extension.name)
        message = f"{extension} failed ({type(error).__name__}: {error})"
        way_out = "repair the file, or report it to the package's authors"
        raise DocumentError(name, reason, f"{message}; {way_out}") from error
    return title, text
