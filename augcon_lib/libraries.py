"""The libraries and the parts of other packages whose version affects the output of a stage.

Left out are those whose results are exact by definition (rapidfuzz counts common tokens, polars
reads a Parquet column) or rounded before they are used (numpy's sums): another version of them
returns the same rows.
"""

from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from augcon_lib.extensions import Kind, scheme_of
from augcon_lib.pipeline import StageName
from augcon_lib.settings import Settings

_CONVERTERS = (
    "chardet",
    "html-to-markdown",
    "lxml",
    "mammoth",
    "markdown-it-py",
    "py3langid",
    "pypdfium2",
    "PyYAML",
)
_CUTTING = ("markdown-it-py", "regex", "sentencex")
_TRAINERS: dict[str, tuple[str, ...]] = {
    "linear": ("scikit-learn", "scipy"),
    "transformer": ("peft", "torch", "transformers"),
}
_EMBEDDINGS = ("sentence-transformers",)
_NEAR_DUPLICATES = ("datasketch",)

LIBRARIES = (
    *_CONVERTERS,
    *_CUTTING,
    *(name for names in _TRAINERS.values() for name in names),
    *_EMBEDDINGS,
    *_NEAR_DUPLICATES,
)
ABSENT = "absent"


def deciding_libraries(stage: StageName, settings: Settings) -> tuple[str, ...]:
    """Return the libraries that affect the output of *stage* under *settings*, by package name."""
    scorer = settings.scorer
    embeds = settings.uses_scorer and scorer.kind == "linear" and scorer.embedding_model
    embeddings = _EMBEDDINGS if embeds and scorer.embedding_source == "package" else ()
    trainers = _TRAINERS.get(scorer.kind, ()) if settings.uses_scorer else ()
    # The sentences of an example are in the prompt that shows a model how to reason.
    quoting = ("sentencex",) if settings.responses.reasoning else ()
    by_stage: dict[StageName, tuple[str, ...]] = {
        "raw_corpus": _CONVERTERS,
        "cst_nodes": _CUTTING,
        "query_scorer": trainers + embeddings,
        "scored_queries": (),  # rounded; another library means another scorer to promote
        "few_shot_examples": quoting,
        "responses": quoting if settings.searches_examples else (),
        "sft_dataset": _NEAR_DUPLICATES if settings.dataset.test_fraction > 0 else (),
    }
    return by_stage[stage]


def deciding_extensions(stage: StageName, settings: Settings) -> tuple[tuple[Kind, str], ...]:
    """Return the parts that affect all outputs of *stage* if packages register them: kind, name.

    Converters are left out: each affects only the documents of its suffix.
    """
    gates: tuple[tuple[Kind, str], ...] = tuple(("gate", name) for name in settings.responses.gates)
    by_stage: dict[StageName, tuple[tuple[Kind, str], ...]] = {
        "raw_corpus": (("store", scheme_of(str(settings.source.uri))),),
        "cst_nodes": (("strategy", settings.tree.strategy),),
        "responses": gates,
    }
    return by_stage.get(stage, ())


@lru_cache(maxsize=1)
def installed_libraries() -> Mapping[str, str]:
    """Return the version of each library that may affect an output; ``absent`` if missing."""
    return {name: _installed(name) for name in LIBRARIES}


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ABSENT
