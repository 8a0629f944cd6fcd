"""Consent to retire documents, in Dagster: an asset check that shows what waits, and a job.

The check fails while a set of documents waits for somebody to agree that it leaves; the job
``retire``, or ``augcon run --retire``, agrees to exactly that set. The next sync retires it.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg
import pydantic

from augcon_assets.defs.current_check import report_on_change
from augcon_assets.inputs import DOCUMENTS
from augcon_assets.markdown import bullets
from augcon_assets.resources import WorkspaceResource
from augcon_lib.errors import AugconError
from augcon_lib.stages.retirement import agree_to, waiting_retirements
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness.retirement import LOST
from augcon_lib.warehouse.retirements import HeldSet

CHECK = "retirement_agreed"
_LISTED = 20


@dg.asset_check(
    asset=DOCUMENTS,
    name=CHECK,
    description="No documents wait for consent to leave the dataset. A set that waits keeps its "
    "rows; to retire it, launch the job retire with its set_id.",
)
def retirement_agreed(workspace: WorkspaceResource) -> dg.AssetCheckResult:
    """Show what waits now."""
    return dg.AssetCheckResult(**_shown(waiting_retirements(StageRun(workspace.open()))))


def report_retirements(run: StageRun, instance: dg.DagsterInstance) -> None:
    """Record an evaluation of the check, unless the last one says what waits now."""
    evaluation = dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(DOCUMENTS), check_name=CHECK, **_shown(waiting_retirements(run))
    )
    report_on_change(instance, evaluation, "set_ids")


class RetireConfig(dg.Config):
    """The set of documents to agree to."""

    set_id: str = pydantic.Field(
        description="The set's id, as the check retirement_agreed of the asset documents shows it."
    )


@dg.op(description="Agrees that a set of documents leaves the dataset, at the next sync.")
def agree_to_retire(
    context: dg.OpExecutionContext, config: RetireConfig, workspace: WorkspaceResource
) -> None:
    """Keep the agreement in the warehouse; fails where no such set waits."""
    run = StageRun(workspace.open())
    try:
        count = agree_to(run, config.set_id)
    except AugconError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    report_retirements(run, context.instance)
    context.log.info(f"{count:,} documents leave at the next sync: of the sensor or augcon run")


@dg.job(name="retire", description="Agrees that a set of documents leaves the dataset.")
def retire_job() -> None:
    """The job around :func:`agree_to_retire`."""
    agree_to_retire()


def in_words(waiting: Sequence[HeldSet]) -> str:
    """Which documents wait, and what to do about them."""
    lines = [
        f"{len(each.document_ids):,} documents "
        f"{LOST[each.kind]} "
        f"(since {each.since:%Y-%m-%d %H:%M} UTC): to retire them, launch the job retire with "
        f"set_id {each.set_id}; to keep them, fix the store"
        for each in waiting
    ]
    return "; ".join(lines) or "no documents wait for consent to leave"


def _shown(waiting: Sequence[HeldSet]) -> dict[str, Any]:
    """Outcome and metadata of the check; the ids of the sets are what is compared."""
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
