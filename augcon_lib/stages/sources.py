"""The document store as the stages see it: listed, and compared with what is known of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from augcon_lib.documents import KnownSource, SourceEntry, StoreListing, list_store
from augcon_lib.errors import RetirementHeld, SettingsError
from augcon_lib.pipeline import StageName
from augcon_lib.stages.drift import corpus_drift
from augcon_lib.stages.retirement import (
    Verdict,
    close,
    judge,
    judge_unreadable,
    kept_documents,
    note,
)
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness.expected import Expectation
from augcon_lib.staleness.partitions import Staleness, find_stale
from augcon_lib.staleness.retirement import MISSING, Retirement
from augcon_lib.warehouse.partitions import delete_everywhere, known_documents, load_states
from augcon_lib.warehouse.sources import load_sources, save_sources


class Sync(NamedTuple):
    """The store as it is followed: its listing, and the ids of documents that left or are new.

    ``held`` are missing documents that nobody has agreed to retire; what is new then waits, too.
    """

    listing: StoreListing
    gone: list[str]
    added: list[str]
    held: Retirement | None


def list_sources(run: StageRun) -> StoreListing:
    """List the store; files that did not change since they were last seen are not read.

    Raises ``StoreError`` where the store cannot be listed: nothing is deleted then.
    """
    return _list(run, _known_sources(run))


def see_sources(run: StageRun) -> StoreListing:
    """:func:`list_sources`, and remember what changed of the documents that are known.

    New ones and those that left are for :func:`sync_sources`.
    """
    known = _known_sources(run)
    listing = _list(run, known)
    save_sources(run.warehouse, [e for e in _changed(listing, known) if e.document_id in known])
    return listing


def sync_sources(run: StageRun, *, hold: bool = False) -> Sync:
    """List the store, remember what was seen, and forget documents that left it.

    Where so many left that somebody has to agree first, nothing is forgotten. Raises
    ``RetirementHeld`` then; with *hold*, the documents that are still there are followed, and new
    ones wait: a set that comes while another goes is most often the same documents by other names.
    """
    known = _known_sources(run)
    listing = _list(run, known)
    before = known.keys() | known_documents(run.warehouse)
    verdict = _missing(run, listing, before)
    note(run, verdict)
    if verdict.held:
        if not hold:
            raise RetirementHeld(f"{verdict.held.what}. Nothing was done. {verdict.held.way_out}")
        listing = replace(
            listing, entries=tuple(e for e in listing.entries if e.document_id in before)
        )
    gone = [] if verdict.held else sorted(verdict.lost)
    delete_everywhere(run.warehouse, gone)
    close(run, verdict)
    save_sources(run.warehouse, _changed(listing, known))
    added = [entry.document_id for entry in listing.entries if entry.document_id not in known]
    return Sync(listing, gone, added, verdict.held)


def hold_back(run: StageRun, listing: StoreListing) -> Retirement | None:
    """Keep the set that a sync would hold now for want of consent, so that it can be agreed to."""
    verdict = _missing_now(run, listing)
    if verdict.held:
        note(run, verdict)
    return verdict.held


def held_back(run: StageRun, listing: StoreListing) -> Retirement | None:
    """What a sync would hold now for want of consent; changes nothing."""
    return _missing_now(run, listing).held


def _missing_now(run: StageRun, listing: StoreListing) -> Verdict:
    before = _known_sources(run).keys() | known_documents(run.warehouse)
    return _missing(run, listing, before)


def _missing(run: StageRun, listing: StoreListing, before: set[str]) -> Verdict:
    present = {entry.document_id for entry in listing.entries}
    return judge(run, MISSING, before - present, len(before))


def stale_in(run: StageRun, sources: Mapping[str, str]) -> Staleness:
    """What is stale, given the source hash of each document in the store."""
    states = load_states(run.warehouse)
    kept = kept_documents(judge_unreadable(run, states))
    drift = corpus_drift(run, states)
    return find_stale(sources, run.settings, run.versions(), states, kept, drift)


def stale_sources(run: StageRun, listing: StoreListing, document_ids: Sequence[str]) -> list[str]:
    """Those of *document_ids* whose source, converter or reading settings changed."""
    sources = listing.source_hashes
    states = load_states(run.warehouse, document_ids)
    expectation = Expectation(run.settings, run.versions(), states)
    return [
        d
        for d in document_ids
        if d in sources and not expectation.is_fresh("raw_corpus", d, sources[d])
    ]


def stale_at(stage: StageName, run: StageRun, document_ids: Sequence[str]) -> list[str]:
    """Those of *document_ids* that are stale at *stage* and good at the stage before."""
    states = load_states(run.warehouse, document_ids)
    expectation = Expectation(run.settings, run.versions(), states)
    return [
        d
        for d in document_ids
        if expectation.is_ready(stage, d) and not expectation.is_fresh(stage, d)
    ]


def _known_sources(run: StageRun) -> dict[str, KnownSource]:
    return {
        row["document_id"]: KnownSource(row["stamp"], row["source_sha256"])
        for row in load_sources(run.warehouse)
    }


def _changed(listing: StoreListing, known: Mapping[str, KnownSource]) -> list[SourceEntry]:
    return [
        entry
        for entry in listing.entries
        if known.get(entry.document_id) != KnownSource(entry.stamp, entry.source_sha256)
    ]


def _list(run: StageRun, known: Mapping[str, KnownSource]) -> StoreListing:
    """Raises ``SettingsError`` where the store holds the program's own state as documents."""
    uri, root = run.settings.source.uri, run.workspace.root
    if "://" not in uri and "::" not in uri:
        store = (root / uri).resolve()
        for own in (run.workspace.warehouse_path.parent, run.workspace.dagster_home):
            if store.is_dir() and own.resolve().is_relative_to(store):
                raise SettingsError(
                    f"[source] uri {uri!r} holds the workspace's own {own.name}/; put the "
                    "documents into a folder of their own"
                )
    return list_store(run.settings.source, root, known)
