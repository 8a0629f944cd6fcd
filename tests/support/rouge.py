"""ROUGE-L by its definition, to compare the filters with."""

from collections.abc import Sequence

from augcon_lib.text.rouge import rouge_l_precision


def rouge_l_f1(candidate: Sequence[str], reference: Sequence[str]) -> float:
    """The harmonic mean of precision and recall, in [0, 1]; 0 if one is empty."""
    precision = rouge_l_precision(candidate, reference)
    recall = rouge_l_precision(reference, candidate)
    return 2 * precision * recall / (precision + recall) if precision else 0.0
