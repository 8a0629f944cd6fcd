"""The pipeline: the stages of the method, once.

A stage is named after its Dagster asset and its table in the warehouse. What else it depends on is
in :func:`augcon_lib.fingerprints.stage_inputs` (prompts, model, choices) and in
:mod:`augcon_lib.libraries`.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeGuard

StageName = Literal[
    "raw_corpus",
    "cst_nodes",
    "query_scorer",
    "scored_queries",
    "few_shot_examples",
    "responses",
    "sft_dataset",
]

SEED: Final = 20_240_516
"""Of every draw that no setting seeds."""

RAW_CORPUS: Final = "raw_corpus"
CST_NODES: Final = "cst_nodes"
QUERY_SCORER: Final = "query_scorer"
SCORED_QUERIES: Final = "scored_queries"
FEW_SHOT_EXAMPLES: Final = "few_shot_examples"
RESPONSES: Final = "responses"
SFT_DATASET: Final = "sft_dataset"


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the pipeline.

    ``code_version`` is raised by hand when the code gives other output for the same input, which
    ``tests/golden`` checks; libraries are inputs of their own. ``settings`` are the dotted names of
    the settings that it reads. ``later_settings`` were added later: they count only if they differ
    from their default, so that older results stay fresh.
    """

    name: StageName
    code_version: str
    asks_model: bool
    settings: tuple[str, ...] = ()
    later_settings: tuple[str, ...] = ()


PIPELINE: Final = (
    Stage(
        RAW_CORPUS,
        code_version="1",
        asks_model=False,
        settings=("source.text_column",),
        later_settings=(
            "source.links",
            "source.max_document_megabytes",
            "source.max_document_seconds",
        ),
    ),
    Stage(
        CST_NODES,
        code_version="2",
        asks_model=True,
        settings=(
            "tree.strategy",
            "tree.language",
            "tree.max_context_chars",
            "tree.min_context_chars",
            "tree.split",
            "tree.temperature",
            "tree.min_split_rouge_l",
            "tree.max_rounds",
            "selection.chars_per_query",
            "selection.max_rouge_l",
            "selection.rouge_l",
            "selection.oversample",
        ),
        later_settings=(
            "source.max_contexts_per_document",
            "source.max_document_megabytes",
            "source.max_document_seconds",
        ),
    ),
    Stage(
        QUERY_SCORER,
        code_version="1",
        asks_model=True,
        settings=(
            "tree.strategy",
            "tree.split",
            "tree.temperature",
            "scorer.kind",
            "scorer.embedding_model",
            "scorer.embedding_source",
            "scorer.base_model",
            "scorer.max_tokens",
            "scorer.epochs",
            "scorer.pairs_per_negative_kind",
        ),
    ),
    Stage(
        SCORED_QUERIES,
        code_version="2",
        asks_model=False,
        settings=(
            "tree.language",
            "selection.chars_per_query",
            "selection.max_rouge_l",
            "selection.rouge_l",
        ),
    ),
    Stage(
        FEW_SHOT_EXAMPLES,
        code_version="1",
        asks_model=True,
        settings=(
            "responses.few_shot_count",
            "responses.search_trials",
            "responses.temperature",
            "responses.reasoning",
        ),
    ),
    Stage(
        RESPONSES,
        code_version="1",
        asks_model=True,
        settings=(
            "responses.temperature",
            "responses.plain",
            "responses.reasoning",
            "responses.check_grounding",
            "responses.judge_faithfulness",
        ),
        later_settings=("responses.check_refusals", "responses.gates"),
    ),
    Stage(
        SFT_DATASET,
        code_version="1",
        asks_model=False,
        settings=("selection.whole_corpus", "dataset.test_fraction", "dataset.failed_documents"),
    ),
)
"""All stages, in an order in which each comes after what it depends on."""

STAGES: Final[dict[StageName, Stage]] = {stage.name: stage for stage in PIPELINE}
STAGE_NAMES: Final = tuple(STAGES)

DOCUMENT_STAGES: Final[tuple[StageName, ...]] = (
    RAW_CORPUS,
    CST_NODES,
    SCORED_QUERIES,
    RESPONSES,
)
"""The stages with one partition per document, in their order."""

CHOICES: Final[tuple[StageName, ...]] = (QUERY_SCORER, FEW_SHOT_EXAMPLES)
"""The stages that choose one version for all documents; a version is active once promoted."""


def is_stage(name: str) -> TypeGuard[StageName]:
    """Is *name* that of a stage?"""
    return name in STAGES
