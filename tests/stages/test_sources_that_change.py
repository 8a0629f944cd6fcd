"""A document that is edited between the listing of the store and its reading."""

from pathlib import Path

from augcon_lib.stages.raw_corpus import run_raw_corpus
from augcon_lib.stages.sources import stale_in, sync_sources
from augcon_lib.stages.stage_run import StageRun
from tests.support.whole_run import MILL, TEA, make_workspace


def stale(run: StageRun) -> set[str]:
    listing, *_ = sync_sources(run)
    sources = {entry.document_id: entry.source_sha256 for entry in listing.entries}
    return set(stale_in(run, sources).documents["raw_corpus"])


def test_what_was_read_counts_and_not_what_was_listed(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"mill.md": MILL})
    run = StageRun(workspace)
    listing, *_ = sync_sources(run)
    make_workspace(tmp_path, {"mill.md": TEA})
    run_raw_corpus(run, listing.entries)
    assert stale(run) == set()
    make_workspace(tmp_path, {"mill.md": MILL})
    assert stale(run) == {"mill.md"}
