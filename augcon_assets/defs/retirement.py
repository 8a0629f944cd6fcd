"""Consent to retire documents, in Dagster: an asset check that shows what waits, and a job.

The check fails while a set of documents waits for consent to leave the dataset. The job ``retire``,
or ``augcon run --retire``, consents to exactly that set. The next sync retires it.
"""

import dagster as dg
import pydantic

from augcon_assets.inputs import DOCUMENTS
from augcon_assets.instance.retirements import (
    RETIREMENT_CHECK,
    report_retirements,
    retirement_outcome,
)
from augcon_assets.resources import WorkspaceResource
from augcon_lib.errors import AugconError
from augcon_lib.stages.retirement import agree_to
from augcon_lib.stages.stage_run import StageRun


@dg.asset_check(
    asset=DOCUMENTS,
    name=RETIREMENT_CHECK,
    description="No documents wait for consent to leave the dataset. A waiting set keeps its "
    "rows. To retire it, launch the job retire with its set_id.",
)
def retirement_agreed(workspace: WorkspaceResource) -> dg.AssetCheckResult:
    """Evaluate the check on the documents that wait now."""
    return dg.AssetCheckResult(**retirement_outcome(StageRun(workspace.open())))


class RetireConfig(dg.Config):
    """The set of documents to retire."""

    set_id: str = pydantic.Field(
        description="Id of the set, shown by the check retirement_agreed of the asset documents."
    )


@dg.op(description="Consents to retire a set of documents; the next sync retires it.")
def agree_to_retire(
    context: dg.OpExecutionContext, config: RetireConfig, workspace: WorkspaceResource
) -> None:
    """Store the consent in the warehouse; fails if no such set waits."""
    run = StageRun(workspace.open())
    try:
        count = agree_to(run, config.set_id)
    except AugconError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    report_retirements(run, context.instance)
    context.log.info(
        f"{count:,} documents leave at the next sync (a tick of the sensor, or augcon run)"
    )


@dg.job(name="retire", description="Consents to retire a set of documents from the dataset.")
def retire_job() -> None:
    """Run :func:`agree_to_retire`."""
    agree_to_retire()
