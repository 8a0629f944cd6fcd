"""A whole benchmark: every variant generated and measured, as one plain object."""

import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from augcon_lib.benchmark.generation import Generated, generate, passages_workspace
from augcon_lib.benchmark.gold import GoldQuestion
from augcon_lib.benchmark.measures import (
    QUESTION_MEASURES,
    Measured,
    confidence_interval,
    measure,
)
from augcon_lib.benchmark.official import load_gold
from augcon_lib.benchmark.variants import FULL, VARIANTS, variant_settings
from augcon_lib.model import model_identity, validate_model_settings
from augcon_lib.stages.stage_run import Progress, no_progress
from augcon_lib.workspace import Workspace

OFFLINE_NOTE = (
    "These are figures of the offline provider, which quotes and fills templates: they say how "
    "the parts of the method work together, and nothing about a real model."
)


def compare(
    workspace: Workspace,
    file: Path,
    names: Sequence[str] = (),
    progress: Callable[[str], AbstractContextManager[Progress]] = lambda name: nullcontext(
        no_progress
    ),
) -> dict[str, Any]:
    """Generate from the passages of *file* with each variant of *names* (default: all), measure.

    *progress* gets a variant's name and returns the receiver of its progress. Raises
    ``BenchmarkError``, ``SettingsError``, ``EndpointError`` and ``BudgetExceeded``.
    """
    started = time.monotonic()
    names = list(dict.fromkeys(names or VARIANTS))
    for name in names:
        variant_settings(workspace.settings, name)
    validate_model_settings(workspace.settings)
    gold = load_gold(file)
    own = passages_workspace(workspace, gold)
    session = str(uuid.uuid4())
    results: dict[str, dict[str, Any]] = {}
    measured: dict[str, Measured] = {}
    for name in names:
        with progress(name) as tell:
            generated = generate(own, name, variant_settings(own.settings, name), session, tell)
        measured[name] = measure(gold, generated.rows)
        results[name] = _result(gold, generated, measured[name])
    if FULL in measured:
        for name in names:
            results[name]["minus_cst_ci95"] = _intervals(gold, measured[name], measured[FULL])
    report = {
        "file": str(file),
        "passages": len({each.passage_id for each in gold}),
        "questions": len(gold),
        "model": model_identity(workspace.settings.model),
        "strategies": results,
        "seconds": round(time.monotonic() - started, 3),
    }
    if workspace.settings.model.provider == "offline":
        report["note"] = OFFLINE_NOTE
    return report


def _result(
    gold: Sequence[GoldQuestion], generated: Generated, measured: Measured
) -> dict[str, Any]:
    return {
        **{each: float(measured.scores[each].mean()) for each in QUESTION_MEASURES},
        "answers_carried": measured.answers_carried,
        "distinct_2": measured.distinct_2,
        "rows": len(generated.rows),
        "model_calls": generated.model_calls,
        "output_tokens": generated.output_tokens,
        "calls_issued": generated.issued_calls,
        "failed_documents": generated.failed_documents,
        "ci95": _intervals(gold, measured),
    }


def _intervals(
    gold: Sequence[GoldQuestion], measured: Measured, against: Measured | None = None
) -> dict[str, tuple[float, float]]:
    return {
        each: confidence_interval(
            gold, measured.scores[each], against.scores[each] if against else None
        )
        for each in QUESTION_MEASURES
    }
