"""The asset ``evaluation``: the measured quality of a dataset version, on demand.

A sync does not materialize it and nothing depends on it. It has its own job, ``evaluate``.
"""

from typing import TYPE_CHECKING

import dagster as dg
import pydantic

from augcon_assets.defs.assets.document_asset import OWNERS
from augcon_assets.metadata import Metadata
from augcon_assets.resources import WorkspaceResource
from augcon_assets.session import current_session
from augcon_lib.pipeline import SEED

if TYPE_CHECKING:
    from augcon_lib.evaluation.evaluate import Evaluation

EVALUATION = "evaluation"


class EvaluationConfig(dg.Config):
    """What to measure."""

    version: str = pydantic.Field(
        default="", description="Dataset version; empty: the current one."
    )
    seed: int = pydantic.Field(default=SEED, description="Seed of all samples.")


@dg.asset(
    name=EVALUATION, deps=["sft_dataset"], group_name=EVALUATION, kinds={"python"}, owners=OWNERS
)
def evaluation(
    context: dg.AssetExecutionContext, config: EvaluationConfig, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """Diversity, topics, granularity, splits, faithfulness and scorer of a dataset version.

    Materialized on demand: launch the job `evaluate`, or run `augcon evaluate`.
    """
    # Imported here so that the definitions load quickly.
    from augcon_lib.errors import AugconError
    from augcon_lib.evaluation.evaluate import evaluate

    run = workspace.stage_run(context)
    session = current_session()
    try:
        found = evaluate(run.warehouse, run.settings, config.version or None, config.seed)
    except AugconError as error:
        if session:
            session.stopped_by = error
        raise dg.Failure(str(error), allow_retries=False) from error
    if session:
        session.evaluation = found
    return dg.MaterializeResult(
        data_version=dg.DataVersion(f"{found.dataset_version}-{config.seed}"),
        metadata=_metadata(found),
    )


evaluate_job = dg.define_asset_job(
    "evaluate",
    selection=[EVALUATION],
    description="Measures a dataset version: diversity, topics, granularity, splits, "
    "faithfulness and scorer.",
)


def _metadata(found: "Evaluation") -> Metadata:
    """Return plots, tables, and each figure as its own entry, which Dagster plots over time."""
    from augcon_assets.metadata import shorten, table
    from augcon_lib.evaluation.pictures import pictures
    from augcon_lib.evaluation.report import data_address
    from augcon_lib.evaluation.tables import lines
    from augcon_lib.evaluation.topics import TopicCoverage

    shown = lines(found)
    images = (f"![{each.alt}]({data_address(each.png)})" for each in pictures(found))
    metadata: Metadata = {
        "dataset_version": found.dataset_version,
        "plots": dg.MetadataValue.md("\n\n".join(images)),
        "figures": table(
            [
                {
                    "measure": f"{line.section}: {line.name}",
                    "value": line.written,
                    "what it says": line.says,
                    "measured on": line.of,
                }
                for line in shown
            ]
        ),
        "seconds": dg.MetadataValue.float(found.seconds),
    }
    if isinstance(found.topics, TopicCoverage) and found.topics.uncovered:
        metadata["uncovered_topics"] = table(
            [
                {
                    "terms": ", ".join(topic.terms),
                    "sentences": topic.sentences,
                    "document": topic.document_id,
                    "example": shorten(topic.example),
                }
                for topic in found.topics.uncovered
            ]
        )
    for line in shown:
        if isinstance(line.value, int):
            metadata[line.key] = dg.MetadataValue.int(line.value)
        elif isinstance(line.value, float) and line.value == line.value:
            metadata[line.key] = dg.MetadataValue.float(line.value)
    return metadata
