"""The jobs: one per group of assets that a run can make together.

Partitioned and unpartitioned assets cannot share a run, and the scorer wants all trees before
it is trained; so a first sync takes four runs, and later ones two.
"""

from functools import cache

import dagster as dg

from augcon_assets.defs.assets import ASSETS
from augcon_assets.inputs import EXTERNAL
from augcon_assets.resources import WorkspaceResource
from augcon_lib.pipeline import CHOICES, DOCUMENT_STAGES, SFT_DATASET

documents_job = dg.define_asset_job(
    "documents",
    selection=list(DOCUMENT_STAGES),
    description="Brings documents up to date, from text to responses.",
)
choices_job = dg.define_asset_job(
    "choices",
    selection=list(CHOICES),
    description="Trains the scorer and searches the few-shot examples.",
)
dataset_job = dg.define_asset_job(
    "dataset", selection=[SFT_DATASET], description="Makes a dataset version."
)

JOBS = (documents_job, choices_job, dataset_job)


@cache
def document_making_job() -> dg.JobDefinition:
    """The job ``documents`` with its assets, for a run made without a repository at hand."""
    resources = {"workspace": WorkspaceResource()}
    whole = dg.Definitions([*EXTERNAL, *ASSETS], jobs=[documents_job], resources=resources)
    return whole.resolve_job_def(documents_job.name)


def job_name(assets: tuple[str, ...]) -> str:
    """The job that holds *assets*."""
    for name, held in (
        ("documents", DOCUMENT_STAGES),
        ("choices", CHOICES),
        ("dataset", (SFT_DATASET,)),
    ):
        if set(assets) <= set(held):
            return name
    raise ValueError(f"no job holds {assets}")
