"""Promotion in Dagster: its cost as metadata of the asset, and the job ``promote``."""

from typing import Any

import dagster as dg
import pydantic

from augcon_assets.instance.reporting import report_stored
from augcon_assets.resources import WorkspaceResource
from augcon_lib.pipeline import CHOICES
from augcon_lib.stages.promotion import activate, waiting_versions
from augcon_lib.stages.promotion_cost import PromotionCost, promotion_cost
from augcon_lib.stages.stage_run import StageReport, StageRun


def promotion_metadata(run: StageRun, report: StageReport) -> dict[str, Any]:
    """Return whether the version just made is active; if it waits, the cost of promoting it."""
    if report.facts.get("in_force", True):
        return {"promotion": "active"}
    if report.facts.get("refused"):
        return {"promotion": f"refused: {report.facts['refused']}"}
    cost = promotion_cost(run, report.stage, report.version)
    return {
        "promotion": "waits; launch the job promote, or run: augcon promote",
        **_cost_metadata(cost),
    }


class PromoteConfig(dg.Config):
    """Which of ``query_scorer`` and ``few_shot_examples`` to promote."""

    assets: list[str] = pydantic.Field(
        default_factory=lambda: [str(stage) for stage in CHOICES],
        description="Assets to promote, if a version waits. Default: both.",
    )
    even_if_worse: bool = pydantic.Field(
        default=False,
        description="Also promote a scorer that is worse on held-out pairs than the active one.",
    )


@dg.op(description="Promotes waiting versions; the sensor then updates the dataset.")
def promote_waiting(
    context: dg.OpExecutionContext, config: PromoteConfig, workspace: WorkspaceResource
) -> None:
    """Promote the waiting versions and log their cost, both under one lock."""
    run = StageRun(workspace.open())
    worse = config.even_if_worse
    with run.exclusive():
        waiting = {s: v for s, v in waiting_versions(run).items() if s in config.assets}
        for stage, version in waiting.items():
            cost = promotion_cost(run, stage, version, even_if_worse=worse)
            if cost.refused:
                context.log.warning(f"{stage}: {version} is refused: {cost.refused}")
                continue
            activate(run, stage, version, even_if_worse=worse)
            context.log.info(
                f"{stage}: {version} replaces {cost.in_force or 'none'}: "
                f"{cost.documents} documents change, {cost.model_calls} model calls"
            )
            context.add_output_metadata(_cost_metadata(cost))
    report_stored(run, context.instance)
    if not waiting:
        context.log.info("nothing waits for promotion")


@dg.job(name="promote", description="Promotes a new scorer or few-shot choice.")
def promote_job() -> None:
    """Run :func:`promote_waiting`."""
    promote_waiting()


def _cost_metadata(cost: PromotionCost) -> dict[str, Any]:
    prefix = f"promotion/{cost.stage}"
    return {
        f"{prefix}/documents": dg.MetadataValue.int(cost.documents),
        f"{prefix}/queries_added": dg.MetadataValue.int(cost.queries_added),
        f"{prefix}/queries_removed": dg.MetadataValue.int(cost.queries_removed),
        f"{prefix}/model_calls": dg.MetadataValue.int(cost.model_calls),
        f"{prefix}/cost_usd": dg.MetadataValue.float(cost.cost_usd),
    }
