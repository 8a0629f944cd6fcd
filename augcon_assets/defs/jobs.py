"""The jobs: one per group of assets that one run can materialize together.

Partitioned and unpartitioned assets cannot share a run, and the scorer needs all trees before it
is trained. So a first sync takes four runs, and later ones take two.
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
    description="Materializes the assets of documents, from text to responses.",
)
choices_job = dg.define_asset_job(
    "choices",
    selection=list(CHOICES),
    description="Trains the scorer and searches few-shot examples.",
)
dataset_job = dg.define_asset_job(
    "dataset", selection=[SFT_DATASET], description="Creates a dataset version."
)

JOBS = (documents_job, choices_job, dataset_job)


@cache
def document_making_job() -> dg.JobDefinition:
    """Return the job ``documents`` with its assets, for a run created without a repository."""
    resources = {"workspace": WorkspaceResource()}
    whole = dg.Definitions([*EXTERNAL, *ASSETS], jobs=[documents_job], resources=resources)
    return whole.resolve_job_def(documents_job.name)


def job_name(assets: tuple[str, ...]) -> str:
    """Return the name of the job that contains *assets*; raises ``ValueError`` if none does."""
    for name, contained in (
        ("documents", DOCUMENT_STAGES),
        ("choices", CHOICES),
        ("dataset", (SFT_DATASET,)),
    ):
        if set(assets) <= set(contained):
            return name
    raise ValueError(f"no job contains {assets}")
