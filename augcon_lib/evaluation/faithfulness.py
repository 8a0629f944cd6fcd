"""Whether answers keep to their passages (3.4): by words, by the model's verdict, by rejections."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from augcon_lib.answers.grounding import ungrounded
from augcon_lib.evaluation.numbers import NotMeasured
from augcon_lib.text.rouge import tokenize
from augcon_lib.warehouse.evaluation_rows import EvaluatedRow

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Ungrounded:
    """An answer with names, numbers or dates that its passage lacks."""

    row_id: str
    missing: list[str]


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """Over ``answers`` answers of the version.

    ``grounded_share``: share of answers all of whose names, numbers and dates are in passage or
    query. ``tokens_from_passage``: mean share of an answer's tokens that are in its passage.
    ``judged_faithful_share``: of the answers that the model judged, those that it found supported.
    ``rejections`` counts the answers that were rejected, by reason, over the whole warehouse.
    """

    answers: int
    grounded_share: float
    tokens_from_passage: float
    ungrounded: list[Ungrounded]
    judged_faithful_share: float | NotMeasured
    rejections: dict[str, int]


def measure_faithfulness(
    rows: Sequence[EvaluatedRow], rejections: Mapping[str, int], *, judged: bool, kept: int
) -> Faithfulness | NotMeasured:
    """Measure the faithfulness of *rows*; *judged*: the model judged the *kept* answers."""
    answers = [(row, row.node_text) for row in rows if row.node_text is not None]
    if not answers:
        return NotMeasured("no row's passage is there any more: all documents have changed since")
    missing = {
        row.row_id: ungrounded(row.response, [passage, row.query], row.language)
        for row, passage in answers
    }
    bad = [Ungrounded(row_id, names) for row_id, names in missing.items() if names]
    return Faithfulness(
        answers=len(answers),
        grounded_share=1 - len(bad) / len(answers),
        tokens_from_passage=sum(_from_passage(row.response, passage) for row, passage in answers)
        / len(answers),
        ungrounded=bad[:EXAMPLES],
        judged_faithful_share=_judged(kept, rejections)
        if judged
        else NotMeasured("[responses] judge_faithfulness is off"),
        rejections=dict(rejections),
    )


def _judged(kept: int, rejections: Mapping[str, int]) -> float | NotMeasured:
    total = kept + rejections.get("unfaithful", 0)
    return kept / total if total else NotMeasured("no answer was judged")


def _from_passage(response: str, passage: str) -> float:
    own, known = Counter(tokenize(response)), set(tokenize(passage))
    held = sum(count for token, count in own.items() if token in known)
    return held / own.total() if own else 0.0
