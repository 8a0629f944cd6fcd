"""Stages with a model that fails: a stub stands in for the engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from augcon_lib.chat.port import ChatRequest
from augcon_lib.chat.reply_formats import ANSWER
from augcon_lib.errors import AnswerRejected, EndpointError
from augcon_lib.records import ScoredQuery
from augcon_lib.settings import ModelSettings
from augcon_lib.stages import cst_nodes, model_stage
from augcon_lib.stages.cst_nodes import run_cst_nodes
from augcon_lib.stages.raw_corpus import run_raw_corpus
from augcon_lib.stages.responses import run_responses
from augcon_lib.stages.sources import stale_at, sync_sources
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.partitions import FAILED, load_states, replace_partitions
from augcon_lib.warehouse.stage_rows import read_nodes
from tests.support.rows import output
from tests.support.stub_chat import Answer, StubChat, halves, slot
from tests.support.whole_run import MILL, SETTINGS, TEA, make_workspace

IDS = ["bad.md", "mill.md", "tea.md"]


def answer(request: ChatRequest) -> Answer:
    text = slot(request, "context")
    first, second = halves(text)
    if request.reply_format is ANSWER:
        return {"answer": "Because."}
    return {"question": f"What of {text[:20]}?", "context_1": first, "context_2": second}


@pytest.fixture
def run(tmp_path: Path) -> StageRun:
    documents = {"tea.md": TEA, "mill.md": MILL, "bad.md": "Bad luck. " * 10}
    settings = SETTINGS.model_copy(update={"model": ModelSettings(max_concurrency=1)})
    workspace = make_workspace(tmp_path, documents, settings)
    stage_run = StageRun(workspace, "run", "session")
    run_raw_corpus(stage_run, sync_sources(stage_run)[0].entries)
    return stage_run


def fail(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let stages ask a stub that fails for the bad document."""

    @asynccontextmanager
    async def open_stub(*arguments: object, **more: object) -> AsyncIterator[StubChat]:
        yield StubChat(lambda r: error if r.document_id == "bad.md" else answer(r))

    monkeypatch.setattr(model_stage, "open_engine", open_stub)


def test_a_document_whose_calls_fail_stops_no_other_and_is_stale_again(
    run: StageRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, AnswerRejected("call_failed", "timeout"))
    report = run_cst_nodes(run, IDS)
    assert {p.document_id: (p.status, p.reason) for p in report.partitions} == {
        "bad.md": (FAILED, "call_failed"),
        "mill.md": ("ok", ""),
        "tea.md": ("ok", ""),
    }
    assert report.failed == report.rejected["call_failed"] == 1
    nodes = read_nodes(run.warehouse, IDS)
    assert [bool(nodes[document_id]) for document_id in IDS] == [False, True, True]
    assert stale_at("cst_nodes", run, IDS) == ["bad.md"]
    assert stale_at("scored_queries", run, IDS) == ["mill.md", "tea.md"]


def test_an_unusable_answer_is_a_rejection_and_the_document_is_done(
    run: StageRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, AnswerRejected("unparsable", "no JSON"))
    report = run_cst_nodes(run, IDS)
    assert report.failed == 0
    assert report.rejected["unparsable"] >= 1
    assert stale_at("cst_nodes", run, IDS) == []


def test_trees_that_were_ready_are_kept_when_the_endpoint_is_gone(
    run: StageRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two documents are under way at once, so the third begins when one is ready."""
    fail(monkeypatch, EndpointError("no such host"))
    with pytest.raises(EndpointError, match="no such host"):
        run_cst_nodes(run, ["mill.md", "tea.md", "bad.md"])
    done = [d for stage, d in load_states(run.warehouse) if stage == "cst_nodes"]
    assert done
    assert set(done) <= {"mill.md", "tea.md"}
    assert stale_at("cst_nodes", run, IDS) == [d for d in IDS if d not in done]


def test_trees_that_break_a_rule_go_no_further(
    run: StageRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, AnswerRejected("unparsable", "no JSON"))
    monkeypatch.setattr(cst_nodes, "broken_rules", lambda text, nodes: ["node x: 3 children"])
    report = run_cst_nodes(run, ["tea.md"])
    assert [(p.status, p.reason, p.rows) for p in report.partitions] == [
        ("rejected", "tree_malformed", 0)
    ]
    assert stale_at("cst_nodes", run, ["tea.md"]) == stale_at("scored_queries", run, IDS) == []


def test_a_document_with_a_failed_answer_gets_no_responses_at_all(
    run: StageRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, AnswerRejected("unparsable", "no JSON"))
    run_cst_nodes(run, IDS)
    nodes = read_nodes(run.warehouse, IDS)
    for document_id in IDS:
        [first, *_] = nodes[document_id]
        chosen = ScoredQuery(
            first.node_id, document_id, first.context_id, "Why?", 1.0, 1, 1, True, ""
        )
        trees = load_states(run.warehouse)["cst_nodes", document_id].output_hash
        made = output(document_id, [chosen], inputs={"document": trees})
        replace_partitions(run.warehouse, "scored_queries", [made], "")
    fail(monkeypatch, AnswerRejected("call_failed", "timeout"))
    report = run_responses(run, IDS)
    assert [p.document_id for p in report.partitions if p.status == FAILED] == ["bad.md"]
    assert sum(p.rows for p in report.partitions) == 2
