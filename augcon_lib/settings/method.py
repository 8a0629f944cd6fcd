"""The sections of the steps: ``[tree]``, ``[scorer]``, ``[selection]`` and ``[responses]``."""

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
        description="preset of lengths by language code; auto: by the text's script",
    )
    max_context_chars: Count = Field(
        0, description="l, the length of a root context; 0: preset (en 1600, zh 500)"
    )
    min_context_chars: Count = Field(
        0, description="lambda, below which nothing is asked; 0: preset (en 100, zh 20)"
    )
    split: Literal["rewrite", "boundary"] = Field(
        "rewrite",
        description="rewrite: the model polishes both halves (the paper); boundary: it names the "
        "sentence after which to cut, with far fewer output tokens",
    )
    temperature: Temperature = Field(0.85, description="of the calls that ask and split")
    min_split_rouge_l: Fraction = Field(
        0.7,
        description="a half with less ROUGE-L precision against its parent is taken for invented "
        "(Algorithm 1, line 7)",
    )
    max_rounds: PositiveCount = Field(6, description="how often a tree is drawn to fill its quota")

    @property
    def parts(self) -> str:
        """How a passage is split: ``rewrite``, ``boundary``, ``middle``; ``none``: not at all."""
        if self.strategy == "cst":
            return self.split
        return "middle" if self.strategy == "middle" else "none"

    @property
    def prompt_name(self) -> str:
        """The prompt that asks for queries; empty where no model is asked."""
        prompts = {
            "cst": f"cst_{self.split}",
            "context_instruct": "question_answer_confidence",
            "etrc": "question_answer",
            "adaptllm": "",
        }
        return prompts.get(self.strategy, "question")

    @property
    def answers_itself(self) -> bool:
        """Whether the strategy brings answers along with its queries."""
        return self.strategy in ("context_instruct", "etrc", "adaptllm")


class ScorerSettings(Section):
    """``[scorer]``: contrastive pairs and the scorer (section 3.3)."""

    kind: Literal["linear", "transformer", "none"] = Field(
        "linear", description="none: a random choice among the queries, for comparison"
    )
    embedding_model: str = Field(
        "",
        description="linear: the cosine of context and query by this model is one more feature",
    )
    embedding_source: Literal["package", "endpoint"] = Field(
        "package",
        description="package: embedding_model is the name or folder of a sentence-transformers "
        "model (augcon[embeddings]); endpoint: it is asked for by /embeddings of [model]",
    )
    embedding_usd_per_million_tokens: NotNegative = Field(
        0.0, description="endpoint: price of embeddings, for budget and spend"
    )
    base_model: str = Field("", description="transformer: name or folder of the base model")
    max_tokens: Annotated[int, Field(ge=16)] = Field(
        1024, description="transformer: of context and query together; a longer context is cut"
    )
    epochs: PositiveCount = Field(4, description="transformer: passes over the pairs")
    pairs_per_negative_kind: PositiveCount = Field(
        500, description="contrastive pairs of each of three kinds, at most a third of all queries"
    )
    min_pair_accuracy: Fraction = Field(
        0.6, description="a scorer below it on held-out pairs is refused; half is chance"
    )
    retrain_drift: Fraction = Field(
        0.5,
        description="share of the queries that are not those the scorer was trained on, from which "
        "it is trained again; 0: never",
    )


class SelectionSettings(Section):
    """``[selection]``: quota and greedy ROUGE-L filter (section 3.3)."""

    chars_per_query: Count = Field(
        0, description="one query per so many characters; 0: preset (en 150, zh 35)"
    )
    max_rouge_l: Fraction = Field(
        0.7, description="a query that has it against a better one of its context repeats that one"
    )
    rouge_l: Literal["precision", "f1"] = Field(
        "precision", description="the paper's, or that of its authors' code"
    )
    whole_corpus: bool = Field(
        False, description="also leave out rows that repeat one of another document"
    )
    oversample: Annotated[float, Field(ge=1)] = Field(
        1.15, description="trees are drawn until they hold this many times the quota"
    )


class ResponsesSettings(Section):
    """``[responses]``: principles and few-shot search (section 3.4)."""

    few_shot_count: Count = Field(3, description="examples that are shown before an answer")
    search_trials: PositiveCount = Field(
        16, description="random choices of examples that the search judges"
    )
    plain: bool = Field(
        False,
        description="for comparison: no principles, and the first examples instead of a search",
    )
    temperature: Temperature = Field(0.2, description="of the answers")
    reasoning: bool = Field(
        False, description="the model reasons before it answers; that never reaches the dataset"
    )
    check_refusals: bool = Field(
        True, description="reject answers that say that the passage holds none"
    )
    check_grounding: bool = Field(
        True, description="reject answers with names, numbers or dates not in the passage"
    )
    judge_faithfulness: bool = Field(
        False, description="one more call for each answer: does the passage bear all of it?"
    )
    gates: tuple[GateName, ...] = Field(
        (), description="names of checks that packages register; each may reject an answer"
    )
