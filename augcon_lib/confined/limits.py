"""The limits of one document."""

from dataclasses import dataclass

from augcon_lib.settings import SourceSettings

# An interpreter with the converters loaded; what a converter builds from each byte of a document.
BASE_MEGABYTES = 450
MEMORY_PER_DOCUMENT_MEGABYTE = 10


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one document; ``output_bytes`` bounds its converted text."""

    seconds: float
    memory_bytes: int
    output_bytes: int

    @classmethod
    def of_document(cls, source: SourceSettings) -> "Limits":
        """Return the limits that ``[source]`` sets for a document."""
        megabytes = source.max_document_megabytes
        memory = BASE_MEGABYTES + MEMORY_PER_DOCUMENT_MEGABYTE * megabytes
        return cls(
            source.max_document_seconds, int(memory * 1_000_000), int(2 * megabytes * 1_000_000)
        )
