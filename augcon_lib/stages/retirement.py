"""Which documents may leave the dataset: the guard (``staleness.retirement``) with its state.

A set that is held is kept in the warehouse, together with the consent: from the command line or
from Dagster, once, for exactly that set. Another set replaces it together with its consent.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from augcon_lib import clock
from augcon_lib.errors import RetirementHeld
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness.expected import States
from augcon_lib.staleness.retirement import (
    MISSING,
    UNREADABLE,
    WINDOW,
    Retirement,
    needs_consent,
    set_id_of,
)
from augcon_lib.warehouse import retirements
from augcon_lib.warehouse.datasets import documents_with_rows
from augcon_lib.warehouse.partitions import EMPTY, OK
from augcon_lib.warehouse.retirements import HeldSet


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on lost documents: ``held`` is why they stay, ``None`` means they may leave.

    ``agreed``: somebody consented. ``waiting``: the set of each kind that waits already.
    """

    kind: str
    lost: frozenset[str]
    held: Retirement | None
    agreed: bool
    waiting: Mapping[str, HeldSet]

    @property
    def waits(self) -> str:
        """The id of the set of this kind that waits already, empty for none."""
        return self.waiting[self.kind].set_id if self.kind in self.waiting else ""


def judge(run: StageRun, kind: str, lost: Collection[str], known: int) -> Verdict:
    """Decide whether *lost* of *known* documents may leave; writes nothing."""
    sets = retirements.held_sets(run.warehouse)
    waiting = sets.get(kind)
    if not lost:
        return Verdict(kind, frozenset(), None, False, sets)
    if waiting and waiting.agreed_at and waiting.set_id == set_id_of(kind, lost):
        return Verdict(kind, frozenset(lost), None, True, sets)
    # A set does not shrink by waiting: the day before it was first seen counts.
    overlaps = waiting is not None and not waiting.document_ids.isdisjoint(lost)
    since = waiting.since if waiting and overlaps else clock.utc_now()
    recent = len(retirements.retired_since(run.warehouse, since - WINDOW).difference(lost))
    held = None
    if needs_consent(len(lost), known, recent, run.settings.source.max_retired_share):
        held = Retirement(kind, sorted(lost), known, recent, since)
    return Verdict(kind, frozenset(lost), held, False, sets)


def note(run: StageRun, verdict: Verdict) -> None:
    """Before the lost documents leave: keep the waiting set, or record that they leave unasked."""
    if verdict.held:
        if verdict.held.set_id != verdict.waits:
            held = verdict.held
            retirements.hold(run.warehouse, held.kind, held.set_id, held.document_ids, held.since)
    elif verdict.lost and not verdict.agreed:
        now = clock.utc_now()
        retirements.log_retired(run.warehouse, verdict.kind, verdict.lost, now, now - 2 * WINDOW)


def close(run: StageRun, verdict: Verdict) -> None:
    """Clear the waiting set of this kind after the documents left or came back."""
    if verdict.held:
        return
    if verdict.waits:
        retirements.release(run.warehouse, verdict.kind)
    if verdict.agreed:
        retirements.forget_retired(run.warehouse)


def agree_to(run: StageRun, set_id: str) -> int:
    """Consent that exactly the set *set_id* leaves at the next sync; return its size.

    Raises ``RetirementHeld`` if no such set waits.
    """
    count = retirements.agree(run.warehouse, set_id, clock.utc_now())
    if not count:
        waiting = [each.set_id for each in retirements.held_sets(run.warehouse).values()]
        known = f"those that wait: {', '.join(waiting)}" if waiting else "none waits"
        raise RetirementHeld(
            f"--retire {set_id}: no set of documents with this id waits ({known}); "
            "show what would leave with: augcon plan"
        )
    return count


def waiting_retirements(run: StageRun) -> list[HeldSet]:
    """Return the sets that wait for consent."""
    held = retirements.held_sets(run.warehouse).values()
    return [each for each in held if each.agreed_at is None]


def judge_unreadable(run: StageRun, states: States) -> Verdict:
    """Decide whether the rows of documents that can no longer be read may leave the dataset.

    A single one is a failed document, handled as ``[dataset] failed_documents`` says.
    """
    keeps = run.settings.dataset.failed_documents == "keep"
    unreadable = {
        document
        for (stage, document), state in states.items()
        if stage == "raw_corpus" and state.status != OK and (not keeps or state.reason == EMPTY)
    }
    if not unreadable:
        return judge(run, UNREADABLE, (), 0)
    in_dataset = documents_with_rows(run.warehouse)
    return judge(run, UNREADABLE, unreadable & in_dataset, len(in_dataset))


def kept_documents(unreadable: Verdict) -> set[str]:
    """Return the documents whose rows stay in the dataset because nobody has consented.

    These are *unreadable* ones, the verdict of :func:`judge_unreadable`, and missing ones.
    """
    missing = unreadable.waiting.get(MISSING)
    kept = set(missing.document_ids) if missing else set()
    return kept | (set(unreadable.lost) if unreadable.held else set())
