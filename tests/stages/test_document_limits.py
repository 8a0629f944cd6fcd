"""What a document's limits come to in the warehouse."""

import errno
import os
from pathlib import Path

import pytest

from augcon_lib.documents.stores import LocalFiles
from augcon_lib.settings import SourceSettings
from augcon_lib.stages.cst_nodes import run_cst_nodes
from augcon_lib.stages.raw_corpus import run_raw_corpus
from augcon_lib.stages.sources import list_sources, stale_in
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.partitions import FAILED, OK, REJECTED, load_states
from augcon_lib.workspace import Workspace
from tests.support.whole_run import MILL, SETTINGS, make_workspace


def read(workspace: Workspace) -> StageRun:
    run = StageRun(workspace)
    listing = list_sources(run)
    stale = stale_in(run, listing.source_hashes).documents.get("raw_corpus", ())
    run_raw_corpus(run, [e for e in listing.entries if e.document_id in stale])
    return run


def test_a_read_error_is_tried_again_and_keeps_what_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make_workspace(tmp_path, {"a.md": MILL, "b.md": MILL}, SETTINGS)
    run = read(workspace)
    before = load_states(run.warehouse)["raw_corpus", "a.md"]
    open_file = LocalFiles.open

    def faulty(store: LocalFiles, path: str) -> object:
        if path == "a.md":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return open_file(store, path)

    with monkeypatch.context() as patched:
        patched.setattr(LocalFiles, "open", faulty)
        state = load_states(read(workspace).warehouse)["raw_corpus", "a.md"]
    assert (before.status, state.status, state.reason) == (OK, FAILED, "read_error")
    state = load_states(read(workspace).warehouse)["raw_corpus", "a.md"]
    assert (state.status, state.output_hash) == (OK, before.output_hash)


def test_a_document_with_too_many_contexts_is_rejected_alone_until_more_are_allowed(
    tmp_path: Path,
) -> None:
    source = SourceSettings(max_contexts_per_document=1)
    documents = {"a.md": MILL, "long.md": "\n\n".join(f"# Head {n}\n\n{MILL}" for n in range(9))}
    workspace = make_workspace(tmp_path, documents, SETTINGS.model_copy(update={"source": source}))
    run = read(workspace)
    run_cst_nodes(run, sorted(documents))
    states = load_states(run.warehouse)
    assert states["cst_nodes", "a.md"].status == OK
    assert states["cst_nodes", "long.md"].status == REJECTED
    assert states["cst_nodes", "long.md"].reason == "too_many_contexts"
    more = Workspace(workspace.root, SETTINGS)
    stale = stale_in(StageRun(more), list_sources(StageRun(more)).source_hashes).documents
    assert "long.md" in stale["cst_nodes"]
