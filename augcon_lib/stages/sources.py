"""The document store as the stages see it: listed, and compared with its last known state."""

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
    """The synced store: its listing, and the ids of documents that left or are new.

    ``held`` are missing documents that nobody has consented to retire; new ones then wait, too.
    """

    listing: StoreListing
    gone: list[str]
    added: list[str]
    held: Retirement | None


def list_sources(run: StageRun) -> StoreListing:
    """List the store; files that did not change since the last listing are not read.

    Raises ``StoreError`` if the store cannot be listed; nothing is deleted then.
    """
    return _list(run, _known_sources(run))


def see_sources(run: StageRun) -> StoreListing:
    """:func:`list_sources`, and record the changes of known documents.

    :func:`sync_sources` handles new documents and those that left.
    """
    known = _known_sources(run)
    listing = _list(run, known)
    save_sources(run.warehouse, [e for e in _changed(listing, known) if e.document_id in known])
    return listing


def sync_sources(run: StageRun, *, hold: bool = False) -> Sync:
    """List the store, record its documents, and forget documents that left it.

    If so many left that somebody has to consent first, nothing is forgotten. Raises
    ``RetirementHeld`` then; with *hold*, the remaining documents are followed, and new ones wait:
    if one set appears while another disappears, they are mostly the same documents, renamed.
    """
    known = _known_sources(run)
    listing = _list(run, known)
    before = known.keys() | known_documents(run.warehouse)
    verdict = _missing(run, listing, before)
    note(run, verdict)
    if verdict.held:
        if not hold:
            raise RetirementHeld(
                f"{verdict.held.what}. Nothing was changed. {verdict.held.way_out}"
            )
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
    """Keep the set that a sync would hold now, so that somebody can consent to it."""
    verdict = _missing_now(run, listing)
    if verdict.held:
        note(run, verdict)
    return verdict.held


def held_back(run: StageRun, listing: StoreListing) -> Retirement | None:
    """Return what a sync would hold now without consent; changes nothing."""
    return _missing_now(run, listing).held


def _missing_now(run: StageRun, listing: StoreListing) -> Verdict:
    before = _known_sources(run).keys() | known_documents(run.warehouse)
    return _missing(run, listing, before)


def _missing(run: StageRun, listing: StoreListing, before: set[str]) -> Verdict:
    present = {entry.document_id for entry in listing.entries}
    return judge(run, MISSING, before - present, len(before))


def stale_in(run: StageRun, sources: Mapping[str, str]) -> Staleness:
    """Return what is stale, given the source hash of each document in the store."""
    states = load_states(run.warehouse)
    kept = kept_documents(judge_unreadable(run, states))
    drift = corpus_drift(run, states)
    return find_stale(sources, run.settings, run.versions(), states, kept, drift)


def stale_sources(run: StageRun, listing: StoreListing, document_ids: Sequence[str]) -> list[str]:
    """Return the *document_ids* whose source, converter or reading settings changed."""
    sources = listing.source_hashes
    states = load_states(run.warehouse, document_ids)
    expectation = Expectation(run.settings, run.versions(), states)
    return [
        d
        for d in document_ids
        if d in sources and not expectation.is_fresh("raw_corpus", d, sources[d])
    ]


def stale_at(stage: StageName, run: StageRun, document_ids: Sequence[str]) -> list[str]:
    """Return the *document_ids* that are stale at *stage* and good at the previous stage."""
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
    """List the store; raises ``SettingsError`` if it contains the workspace's own state."""
    uri, root = run.settings.source.uri, run.workspace.root
    if "://" not in uri and "::" not in uri:
        store = (root / uri).resolve()
        for own in (run.workspace.warehouse_path.parent, run.workspace.dagster_home):
            if store.is_dir() and own.resolve().is_relative_to(store):
                raise SettingsError(
                    f"[source] uri {uri!r} contains the workspace's own {own.name}/; move the "
                    "documents to a separate folder, and set [source] uri to it"
                )
    return list_store(run.settings.source, root, known)
