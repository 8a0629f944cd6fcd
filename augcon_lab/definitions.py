"""The code location of the studies: one job for each (``augcon_lab.studies``), launched on demand.

Each job is one op, so that its arguments are in the launchpad; it leaves the assets unchanged. Load
it with ``dagster dev -m augcon_lab.definitions``.
"""

import dagster as dg
import pydantic

from augcon_assets.resources import WorkspaceResource
from augcon_lab.studies.registry import STUDIES, Study
from augcon_lib.pipeline import SEED


class StudyConfig(dg.Config):
    """What to study, and where to write the page."""

    corpora: list[str] = pydantic.Field(
        default_factory=list,
        description="More corpora, each as NAME=PATH or PATH: a documents folder, a table of "
        "documents, or a benchmark file (rows with context, question and answers).",
    )
    own_corpus: bool = pydantic.Field(
        default=True, description="Whether to study the workspace's own documents, too."
    )
    max_passages: int = pydantic.Field(
        default=50, ge=0, description="Passages or documents to take from each corpus; 0: all."
    )
    out: str = pydantic.Field(
        default="",
        description="Folder for the page and its pictures; empty: studies/ in the workspace.",
    )
    seed: int = pydantic.Field(default=SEED, description="Seed of every random draw.")


def study_job(name: str, study: Study) -> dg.JobDefinition:
    """Return the job ``study_<name>``."""

    @dg.op(name=name, description=study.question)
    def make_page(
        context: dg.OpExecutionContext, config: StudyConfig, workspace: WorkspaceResource
    ) -> None:
        # Imported here so that the definitions load without the libraries of the studies.
        from augcon_lab.studies.inputs import StudyInputs, named_path
        from augcon_lab.studies.page import page_markdown, write_page

        opened = workspace.open()
        inputs = StudyInputs(
            workspace=opened,
            session_id=context.run_id,
            corpora=[named_path(each) for each in config.corpora],
            own_corpus=config.own_corpus,
            max_passages=config.max_passages,
            seed=config.seed,
            progress=context.log.info,
        )
        page = study.load()(inputs)
        paths = write_page(page, opened.root / (config.out or "studies"))
        context.log.info(f"wrote {', '.join(map(str, paths))}")
        facts = page.what_was_run
        context.add_output_metadata(
            {
                "page": dg.MetadataValue.md(page_markdown(page)),
                "file": dg.MetadataValue.path(paths[0]),
                **{path.stem: dg.MetadataValue.path(path) for path in paths[1:]},
                "model_calls": dg.MetadataValue.int(facts.model_calls),
                "output_tokens": dg.MetadataValue.int(facts.output_tokens),
                "seconds": dg.MetadataValue.float(facts.seconds),
            }
        )

    @dg.job(name=f"study_{name}", description=study.question)
    def job() -> None:
        make_page()

    return job


defs = dg.Definitions(
    jobs=[study_job(name, study) for name, study in STUDIES.items()],
    resources={"workspace": WorkspaceResource()},
    executor=dg.in_process_executor,
)
