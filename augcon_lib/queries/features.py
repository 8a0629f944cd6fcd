"""Features of a context and a query for the linear scorer: lengths, overlap, form."""

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from augcon_lib.text.rouge import rouge_l_precision, tokenize

_QUESTION_WORDS = frozenset(
    (
        *("what", "which", "who", "whom", "whose", "when", "where", "why", "how", "in", "under"),
        *("for", "does", "do", "is", "are", "can", "should"),
        *("什", "哪", "谁", "何", "怎", "为", "如", "多", "几", "吗", "是"),
        *("какие", "какой", "что", "как", "почему", "когда", "где", "кто"),
    )
)
_POINTING = re.compile(
    r"\b(this|that|these|those|it|they|the (?:passage|text|context|document|author|section))\b"
    r"|[这那此该]|本文|文中|上文|这段|原文",
    re.IGNORECASE,
)
_NUMBER_OR_NAME = re.compile(r"\d+|(?<=\s)[A-Z][\w-]+|[「『《“\"'`]")
_ENDS_AS_QUESTION = re.compile(r"[?？؟]\s*$")

FEATURE_NAMES = (
    "query_tokens",
    "log_query_tokens",
    "query_tokens_over_log_context",
    "grounded_share",
    "grounded_types",
    "longest_common_share",
    "rare_in_context_share",
    "starts_as_question",
    "ends_as_question",
    "points_at_text",
    "numbers_and_names",
    "distinct_share",
    "mean_token_chars",
    "commas",
    "spread_over_context",
    "cut_off",
)


def features(contexts: Sequence[str], queries: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return a matrix of ``len(queries)`` rows and ``len(FEATURE_NAMES)`` columns."""
    rows = [_row(context, query) for context, query in zip(contexts, queries, strict=True)]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(FEATURE_NAMES))


def _row(context: str, query: str) -> list[float]:
    query_tokens, context_tokens = tokenize(query), tokenize(context)
    counts = Counter(context_tokens)
    count = max(len(query_tokens), 1)
    grounded = [token for token in query_tokens if token in counts]
    places = [context_tokens.index(token) for token in set(grounded) if counts[token] == 1]
    spread = (max(places) - min(places)) / max(len(context_tokens), 1) if places else 0.0
    return [
        float(len(query_tokens)),
        math.log1p(len(query_tokens)),
        len(query_tokens) / math.log(len(context_tokens) + 3),
        len(grounded) / count,
        float(len(set(grounded))),
        rouge_l_precision(query_tokens, context_tokens),
        sum(counts[token] == 1 for token in grounded) / count,
        float(bool(query_tokens) and query_tokens[0] in _QUESTION_WORDS),
        float(bool(_ENDS_AS_QUESTION.search(query))),
        len(_POINTING.findall(query)) / math.sqrt(count),
        len(_NUMBER_OR_NAME.findall(query)) / math.sqrt(count),
        len(set(query_tokens)) / count,
        sum(map(len, query_tokens)) / count,
        float(len(re.findall(r"[,，、;；]", query))),
        spread,
        float(query.rstrip("?？ ").endswith(("…", "...", "-", ","))),
    ]
