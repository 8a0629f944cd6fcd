"""The guard: how many documents may leave the dataset without consent (pure functions).

A lost mount, a wrong pattern or a renamed id column looks like deleted documents. So a set of
documents that is large for the store, or all of it, is held until somebody consents to exactly
that set. Small losses add up over a day: ten at a time is not a way around the limit.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from augcon_lib.records import content_id

# This many documents may leave unasked, whatever their share.
FREE_DOCUMENTS = 10
# Documents that left unasked count for this long.
WINDOW = timedelta(days=1)
NAMED = 3

MISSING = "missing"
UNREADABLE = "unreadable"
LOST = {MISSING: "are no longer in the store", UNREADABLE: "can no longer be read"}


@dataclass(frozen=True, slots=True)
class Retirement:
    """Known documents that are ``missing`` from the store, or ``unreadable`` in it.

    ``known`` counts all known documents, ``recent`` those that left unasked in the last day;
    ``since`` is when the loss of the first of them was noticed.
    """

    kind: str
    document_ids: Sequence[str]
    known: int
    recent: int
    since: datetime

    @property
    def set_id(self) -> str:
        """A short hash of exactly these documents, to consent to."""
        return set_id_of(self.kind, self.document_ids)

    @property
    def what(self) -> str:
        """The documents as text: how many, and the first of them by name."""
        count = len(self.document_ids)
        named = ", ".join(self.document_ids[:NAMED])
        more = f" and {count - NAMED:,} more" if count > NAMED else ""
        recent = f" ({self.recent:,} others left within a day)" if self.recent else ""
        return f"{count:,} of {self.known:,} documents {LOST[self.kind]}: {named}{more}{recent}"

    @property
    def way_out(self) -> str:
        """What to do to keep or to retire them."""
        fix = (
            "fix [source] uri, include, exclude and id_column, or the mount"
            if self.kind == MISSING
            else "fix the documents or their permissions"
        )
        return (
            f"To keep them, {fix}. To retire exactly these documents, run: augcon run --retire "
            f"{self.set_id}, or start the job retire with set_id {self.set_id}"
        )


def needs_consent(lost: int, known: int, recent: int, max_share: float) -> bool:
    """Whether *lost* of *known* documents may leave only with consent.

    *recent* is how many left unasked within ``WINDOW``. True if all documents would leave, or more
    than ``FREE_DOCUMENTS`` that are also more than *max_share* of all known documents.
    """
    if not lost:
        return False
    leaving = lost + recent
    return lost >= known or (leaving > FREE_DOCUMENTS and leaving > max_share * (known + recent))


def set_id_of(kind: str, document_ids: Collection[str]) -> str:
    """Return the id of a set of documents, whatever their order."""
    return content_id("retirement", kind, *sorted(document_ids))[:12]
