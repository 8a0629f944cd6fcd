import io

from rich.console import Console

from augcon_assets.cli import progress
from augcon_assets.cli.progress import RunProgress
from augcon_assets.metadata import call_metadata
from augcon_lib.model.endpoints.stats import CallStats


def stats() -> CallStats:
    calls = CallStats(
        issued=300, busy=16, slots=64, input_tokens=90_000, output_tokens=10_000, cost_usd=0.25
    )
    calls.failed.update({"http_429": 2, "unparsable": 1})
    for _ in range(100):
        calls.latency.add(0.2)
    return calls


def test_progress_tells_pace_slots_tokens_cost_and_time_left(monkeypatch: object) -> None:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])  # type: ignore[attr-defined]
    out = io.StringIO()
    with RunProgress(Console(file=out, width=200)) as shown:
        shown("cst_nodes", 0, 40, 0, CallStats())
        now[0] += 10
        shown("cst_nodes", 10, 40, 1, stats())
    last = out.getvalue().splitlines()[-1]
    assert last == (
        "cst_nodes: 10/40 300 calls, 30/s, 16 of 64 slots busy, 100,000 tokens, $0.2500, "
        "1 documents not done, about 30 s left"
    )


def test_progress_tells_how_far_batches_are() -> None:
    out = io.StringIO()
    calls = CallStats(issued=5_000, busy=4_900, slots=64, batches=2, batched_done=1_200)
    with RunProgress(Console(file=out, width=200)) as shown:
        shown("cst_nodes", 0, 40, 0, calls)
    assert out.getvalue() == (
        "cst_nodes: 0/40 5000 calls, 4,900 in 2 batches, 1,200 of them done, 0 tokens\n"
    )


def test_metadata_tells_latency_and_what_failed_by_reason() -> None:
    metadata = call_metadata(stats())
    assert metadata["model_calls/failed"].value == 3
    assert metadata["model_calls/failed/http_429"].value == 2
    assert metadata["model_calls/failed/unparsable"].value == 1
    assert 0.19 < metadata["latency_seconds/p50"].value < 0.21
    assert metadata["latency_seconds/p95"].value >= metadata["latency_seconds/p50"].value
