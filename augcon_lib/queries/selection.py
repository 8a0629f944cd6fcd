"""Step 2c: rank by score, keep non-repeating queries greedily, up to the quota (section 3.3)."""

from collections.abc import Sequence
from itertools import groupby

from augcon_lib.pipeline import SCORED_QUERIES
from augcon_lib.records import Node, Rejection, ScoredQuery
from augcon_lib.text.rouge_filter import PRECISION, first_repeats


def select_queries(
    nodes: Sequence[Node],
    scores: Sequence[float],
    quotas: dict[str, int],
    max_rouge_l: float,
    measure: str = PRECISION,
) -> tuple[list[ScoredQuery], list[Rejection]]:
    """Rank the queries of each root context and select at most its quota of them.

    *nodes* are nodes with a query, *scores* their s(C, q), *quotas* the quota by context id,
    *measure* the ROUGE-L figure that *max_rouge_l* limits.
    Of queries with the same score the one of the bigger context comes first. ``reason`` of a
    query that was left out is ``repeats:<node_id>``, naming the first selected one that it
    repeats, or ``over_quota``. A context whose trees contain too few distinct queries gives a
    rejection ``quota_not_met``.
    """
    selected_queries: list[ScoredQuery] = []
    rejections: list[Rejection] = []
    pairs = sorted(zip(nodes, scores, strict=True), key=lambda pair: pair[0].context_id)
    for context_id, group in groupby(pairs, key=lambda pair: pair[0].context_id):
        ranked = sorted(group, key=lambda p: (-p[1], p[0].round, p[0].depth, p[0].node_id))
        repeats = first_repeats([node.query for node, _ in ranked], max_rouge_l, measure)
        quota, kept = quotas[context_id], set[int]()
        for rank, ((node, score), repeat) in enumerate(zip(ranked, repeats, strict=True), start=1):
            if repeat in kept:
                reason = f"repeats:{ranked[repeat][0].node_id}"
            elif len(kept) >= quota:
                reason = "over_quota"
            else:
                reason = ""
                kept.add(rank - 1)
            selected_queries.append(
                ScoredQuery(
                    node_id=node.node_id,
                    document_id=node.document_id,
                    context_id=context_id,
                    query=node.query,
                    score=score,
                    rank=rank,
                    quota=quota,
                    selected=not reason,
                    reason=reason,
                )
            )
        if len(kept) < quota:
            document_id = ranked[0][0].document_id
            detail = f"{len(kept)} of {quota} queries: further trees brought no different ones"
            rejections.append(
                Rejection(SCORED_QUERIES, document_id, context_id, "quota_not_met", detail)
            )
    return selected_queries, rejections
