"""Consent to retire documents, in Dagster: an asset check that shows what waits, and a job.

The check fails while a set of documents waits for somebody to agree that it leaves; the job
``retire``, or ``augcon run --retire``, agrees to exactly that set. The next sync retires it.
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
    description="No documents wait for consent to leave the dataset. A set that waits keeps its "
    "rows; to retire it, launch the job retire with its set_id.",
)
def retirement_agreed(workspace: WorkspaceResource) -> dg.AssetCheckResult:
    """Show what waits now."""
    return dg.AssetCheckResult(**retirement_outcome(StageRun(workspace.open())))


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
