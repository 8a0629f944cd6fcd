"""The sections of the method: ``[tree]``, ``[scorer]``, ``[selection]`` and ``[responses]``."""

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from augcon_lib.settings.section import (
    Count,
    Fraction,
    NotNegative,
    PositiveCount,
    Section,
    Temperature,
    one_of,
)

STRATEGIES = ("cst", "direct", "middle", "context_instruct", "etrc", "adaptllm")
"""The strategies that come with augcon."""

StrategyName = Annotated[
    str,
    one_of("strategy", STRATEGIES),
    WithJsonSchema({"type": "string", "enum": list(STRATEGIES)}),
]
GateName = Annotated[str, one_of("gate")]


class TreeSettings(Section):
    """``[tree]``: the Context-Split-Tree (paper, section 3.2)."""

    strategy: StrategyName = Field(
        "cst",
        description="for comparison: ablations of section 4.4, baselines of section 4.1; or the "
        "name of a strategy that a package registers",
    )
    language: str = Field(
        "auto",
        pattern="^(auto|[a-z]{2,3}(-[A-Za-z]+)?)$",
        description="language code that selects the preset lengths; auto: detect it by the script",
    )
    max_context_chars: Count = Field(
        0, description="length of a root context (l in the paper); 0: preset (en 1600, zh 500)"
    )
    min_context_chars: Count = Field(
        0, description="no query for a shorter context (lambda); 0: preset (en 100, zh 20)"
    )
    split: Literal["rewrite", "boundary"] = Field(
        "rewrite",
        description="rewrite: the model polishes both halves (as in the paper); boundary: it names "
        "the sentence after which to cut, with far fewer output tokens",
    )
    temperature: Temperature = Field(
        0.85, description="of the calls that ask for queries and split"
    )
    min_split_rouge_l: Fraction = Field(
        0.7,
        description="a half with less ROUGE-L precision against its parent counts as invented "
        "(Algorithm 1, line 7)",
    )
    max_rounds: PositiveCount = Field(
        6, description="how many times a tree is drawn to fill its quota"
    )

    @property
    def parts(self) -> str:
        """How a passage is split: ``rewrite``, ``boundary``, ``middle`` or ``none``."""
        if self.strategy == "cst":
            return self.split
        return "middle" if self.strategy == "middle" else "none"

    @property
    def prompt_name(self) -> str:
        """The prompt that asks for queries; empty if the strategy calls no model."""
        prompts = {
            "cst": f"cst_{self.split}",
            "context_instruct": "question_answer_confidence",
            "etrc": "question_answer",
            "adaptllm": "",
        }
        return prompts.get(self.strategy, "question")

    @property
    def answers_itself(self) -> bool:
        """Whether the strategy returns answers together with its queries."""
        return self.strategy in ("context_instruct", "etrc", "adaptllm")


class ScorerSettings(Section):
    """``[scorer]``: contrastive pairs and the scorer (section 3.3)."""

    kind: Literal["linear", "transformer", "none"] = Field(
        "linear", description="none: choose queries at random, for comparison"
    )
    embedding_model: str = Field(
        "",
        description="linear: adds the cosine of context and query in this model as a feature",
    )
    embedding_source: Literal["package", "endpoint"] = Field(
        "package",
        description="package: embedding_model is the name or folder of a sentence-transformers "
        "model (augcon[embeddings]); endpoint: embeddings come from /embeddings of [model]",
    )
    embedding_usd_per_million_tokens: NotNegative = Field(
        0.0, description="endpoint: price of embeddings, for budget and spending reports"
    )
    base_model: str = Field("", description="transformer: name or folder of the base model")
    max_tokens: Annotated[int, Field(ge=16)] = Field(
        1024, description="transformer: context and query together; a longer context is cut"
    )
    epochs: PositiveCount = Field(4, description="transformer: passes over the pairs")
    pairs_per_negative_kind: PositiveCount = Field(
        500, description="contrastive pairs of each of three kinds, at most a third of all queries"
    )
    min_pair_accuracy: Fraction = Field(
        0.6, description="refuse a scorer below this accuracy on held-out pairs; 0.5 is chance"
    )
    retrain_drift: Fraction = Field(
        0.5,
        description="retrain the scorer when this share of the queries is new to it; 0: never",
    )


class SelectionSettings(Section):
    """``[selection]``: quota and greedy ROUGE-L filter (section 3.3)."""

    chars_per_query: Count = Field(0, description="characters per query; 0: preset (en 150, zh 35)")
    max_rouge_l: Fraction = Field(
        0.7, description="drop a query that reaches it against a better one of the same context"
    )
    rouge_l: Literal["precision", "f1"] = Field(
        "precision", description="precision: as in the paper; f1: as in the authors' code"
    )
    whole_corpus: bool = Field(
        False, description="also leave out rows that repeat a row of another document"
    )
    oversample: Annotated[float, Field(ge=1)] = Field(
        1.15, description="draw trees until they contain this many times the quota"
    )


class ResponsesSettings(Section):
    """``[responses]``: principles and few-shot search (section 3.4)."""

    few_shot_count: Count = Field(3, description="examples shown before each answer")
    search_trials: PositiveCount = Field(
        16, description="random sets of examples that the search judges"
    )
    plain: bool = Field(
        False,
        description="for comparison: no principles, and the first examples instead of a search",
    )
    temperature: Temperature = Field(0.2, description="of the answers")
    reasoning: bool = Field(
        False, description="let the model reason before it answers; the dataset never contains it"
    )
    check_refusals: bool = Field(
        True, description="reject answers that say the passage does not contain the answer"
    )
    check_grounding: bool = Field(
        True, description="reject answers with names, numbers or dates that the passage lacks"
    )
    judge_faithfulness: bool = Field(
        False, description="one more call per answer: check that the passage supports all of it"
    )
    gates: tuple[GateName, ...] = Field(
        (), description="names of checks that packages register; each may reject an answer"
    )
