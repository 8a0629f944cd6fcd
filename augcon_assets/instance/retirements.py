"""Evaluate the asset check ``retirement_agreed``: documents that wait for consent to leave."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from augcon_assets.inputs import DOCUMENTS
from augcon_assets.instance.current_check import report_on_change
from augcon_assets.markdown import bullets
from augcon_lib.stages.retirement import waiting_retirements
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness.retirement import LOST
from augcon_lib.warehouse.retirements import HeldSet

RETIREMENT_CHECK = "retirement_agreed"
_LISTED = 20


def report_retirements(run: StageRun, instance: dg.DagsterInstance) -> None:
    """Record an evaluation of the check, unless the last one shows the same sets."""
    evaluation = dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(DOCUMENTS), check_name=RETIREMENT_CHECK, **retirement_outcome(run)
    )
    report_on_change(instance, evaluation, "set_ids")


def in_words(waiting: Sequence[HeldSet]) -> str:
    """Return which documents wait, and what to do about them."""
    lines = [
        f"{len(each.document_ids):,} documents "
        f"{LOST[each.kind]} "
        f"(since {each.since:%Y-%m-%d %H:%M} UTC): to retire them, launch the job retire with "
        f"set_id {each.set_id}; to keep them, fix the store"
        for each in waiting
    ]
    return "; ".join(lines) or "no documents wait for consent to leave"


def retirement_outcome(run: StageRun) -> dict[str, Any]:
    """Return outcome and metadata of the check; ``set_ids`` is compared with the last one."""
    waiting = waiting_retirements(run)
    named = [document for each in waiting for document in sorted(each.document_ids)[:_LISTED]]
    return {
        "passed": not waiting,
        "severity": dg.AssetCheckSeverity.ERROR,
        "description": in_words(waiting),
        "metadata": {
            "set_ids": dg.MetadataValue.text(" ".join(each.set_id for each in waiting)),
            "documents": dg.MetadataValue.int(sum(len(each.document_ids) for each in waiting)),
            "first": dg.MetadataValue.md(bullets(named) or "none"),
        },
    }
