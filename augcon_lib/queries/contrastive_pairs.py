"""Step 2a: contrastive pairs for the scorer (section 3.3).

A positive is a query of a tree; its negative is requested for the same context with a worsened
prompt: a weaker instruction, fewer examples, or both.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from augcon_lib.chat.port import Chat, ChatExample, ChatRequest
from augcon_lib.concurrency import run_together
from augcon_lib.errors import AnswerRejected
from augcon_lib.pipeline import QUERY_SCORER
from augcon_lib.prompts import PromptLibrary
from augcon_lib.records import Rejection
from augcon_lib.tree.context_split_tree import REPLY_FORMATS, cst_examples, cst_request

FEWER_EXAMPLES = 1


@dataclass(frozen=True, slots=True)
class NegativeKind:
    """One way to worsen the prompt: I⁻ with E, I with E⁻, or I⁻ with E⁻."""

    name: str
    weak_instruction: bool
    fewer_examples: bool


NEGATIVE_KINDS = (
    NegativeKind("weak_instruction", weak_instruction=True, fewer_examples=False),
    NegativeKind("fewer_examples", weak_instruction=False, fewer_examples=True),
    NegativeKind("both", weak_instruction=True, fewer_examples=True),
)


@dataclass(frozen=True, slots=True)
class Positive:
    """A query q⁺ of a tree and its context C."""

    node_id: str
    document_id: str
    language: str
    context: str
    query: str


@dataclass(frozen=True, slots=True)
class ContrastivePair:
    """(C, q⁺, q⁻) with the kind of prompt that q⁻ came from."""

    document_id: str
    node_id: str
    language: str
    kind: str
    context: str
    positive_query: str
    negative_query: str


def sample_positives(
    positives: Sequence[Positive], pairs_per_kind: int, seed: int
) -> dict[NegativeKind, list[Positive]]:
    """Draw positives for each kind, without replacement, over all documents.

    At most *pairs_per_kind* and at most a third of all positives for each kind, so that no
    positive is used twice (the authors' code does the same).
    """
    pool = sorted(positives, key=lambda positive: positive.node_id)
    random.Random(seed).shuffle(pool)
    count = min(pairs_per_kind, len(pool) // len(NEGATIVE_KINDS))
    return {
        kind: pool[number * count : (number + 1) * count]
        for number, kind in enumerate(NEGATIVE_KINDS)
    }


def fewer(examples: Sequence[ChatExample]) -> Sequence[ChatExample]:
    """Return E⁻: one of *examples*, and none if there is only one; always less than E."""
    return examples[: min(FEWER_EXAMPLES, max(0, len(examples) - 1))]


def worsened_request(
    prompts: PromptLibrary, kind: NegativeKind, positive: Positive, split: str, temperature: float
) -> ChatRequest:
    """Build the request for a negative: the context of *positive*, a prompt of *kind*."""
    reply_format = REPLY_FORMATS[split]
    language = positive.language
    weak = "_weak" if kind.weak_instruction else ""
    examples = cst_examples(prompts, language, reply_format)
    return cst_request(
        prompts.get(f"{reply_format.name}{weak}", language),
        fewer(examples) if kind.fewer_examples else examples,
        reply_format,
        text=positive.context,
        language=language,
        temperature=temperature,
        stage=QUERY_SCORER,
        document_id=positive.document_id,
    )


async def build_pairs(
    chat: Chat,
    prompts: PromptLibrary,
    sampled: dict[NegativeKind, list[Positive]],
    split: str,
    temperature: float,
) -> tuple[list[ContrastivePair], list[Rejection]]:
    """Ask for the negative of every sampled positive, all at once.

    A negative that is unusable, or equals its positive, only loses its pair and is reported.
    Raises ``AnswerRejected`` if the endpoint failed, ``EndpointError``, ``BudgetExceeded``.
    """

    async def negative(kind: NegativeKind, positive: Positive) -> ContrastivePair | Rejection:
        request = worsened_request(prompts, kind, positive, split, temperature)
        subject = (positive.document_id, positive.node_id)
        try:
            query = str((await chat.ask(request)).fields["question"]).strip()
        except AnswerRejected as error:
            if error.is_transient:
                raise
            return Rejection(QUERY_SCORER, *subject, error.reason, error.detail)
        if not query or query == positive.query:
            return Rejection(QUERY_SCORER, *subject, "negative_equals_positive", query)
        return ContrastivePair(
            document_id=positive.document_id,
            node_id=positive.node_id,
            language=positive.language,
            kind=kind.name,
            context=positive.context,
            positive_query=positive.query,
            negative_query=query,
        )

    results = await run_together(
        negative(kind, positive) for kind, chosen in sampled.items() for positive in chosen
    )
    pairs = [result for result in results if isinstance(result, ContrastivePair)]
    return pairs, [result for result in results if isinstance(result, Rejection)]
