"""Step 4: the rows of the dataset, its splits and its version.

Context, principles and examples are pruned (section 3.4): a row is a query and a response, with
ids that refer back to the source.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from augcon_lib.pipeline import SFT_DATASET
from augcon_lib.records import DatasetRow, GroundedResponse, Rejection, content_id
from augcon_lib.text.rouge import tokenize

SPLITS = ("test", "train")
SHINGLE_TOKENS = 5
NEAR_DUPLICATE_JACCARD = 0.7
MINHASH_PERMUTATIONS = 64


@dataclass(frozen=True, slots=True)
class Dataset:
    """All rows of a version by document, in their responses' order, and the duplicates left out."""

    version: str
    rows: tuple[DatasetRow, ...]
    rejections: tuple[Rejection, ...]


def build_dataset(
    responses: Iterable[GroundedResponse],
    test_documents: frozenset[str],
    kept: Iterable[DatasetRow] = (),
) -> Dataset:
    """Collect rows of all good *responses* and, marked stale, those *kept* of failed documents.

    Of equal (query, response) pairs only the first stays, a fresh one before a stale one.
    """
    rows: list[DatasetRow] = []
    rejections: list[Rejection] = []
    seen: dict[tuple[str, str], str] = {}
    next_position: Counter[str] = Counter()

    def is_first(document_id: str, subject_id: str, row_id: str, pair: tuple[str, str]) -> bool:
        first = seen.setdefault(pair, row_id)
        if first != row_id:
            detail = f"the same query and response as row {first}"
            rejections.append(
                Rejection(SFT_DATASET, document_id, subject_id, "duplicate_pair", detail)
            )
        return first == row_id

    for response in responses:
        document_id, pair = response.document_id, (response.query, response.response)
        row_id = content_id("row", document_id, response.node_id, *pair)
        if not is_first(document_id, response.response_id, row_id, pair):
            continue
        rows.append(
            DatasetRow(
                row_id=row_id,
                document_id=document_id,
                node_id=response.node_id,
                query=response.query,
                response=response.response,
                split="test" if document_id in test_documents else "train",
                position=next_position[document_id],
                uri=response.uri,
                title=response.title,
                language=response.language,
                text_sha256=response.text_sha256,
                start_char=response.start_char,
                end_char=response.end_char,
            )
        )
        next_position[document_id] += 1
    for row in kept:
        if is_first(row.document_id, row.row_id, row.row_id, (row.query, row.response)):
            rows.append(replace(row, stale=True))
    rows.sort(key=lambda row: (row.document_id, row.position))
    marks = (f"{row.row_id}:{row.split}" + (":stale" if row.stale else "") for row in rows)
    return Dataset(content_id("dataset", *marks, size_bytes=6), tuple(rows), tuple(rejections))


def choose_test_documents(texts: Mapping[str, str], test_fraction: float) -> frozenset[str]:
    """Return the documents of the test split: whole clusters of near-duplicates, not single rows.

    *texts* maps document ids to texts. A cluster's split depends only on its smallest document id,
    so a document keeps its split while others come and go.
    """
    if test_fraction == 0:
        return frozenset()
    chosen: set[str] = set()
    for cluster in near_duplicate_clusters(texts):
        draw = int(content_id("split", min(cluster)), 16) / 16 ** len(content_id("split"))
        if draw < test_fraction:
            chosen.update(cluster)
    return frozenset(chosen)


def near_duplicate_clusters(texts: Mapping[str, str]) -> list[list[str]]:
    """Group document ids by near-duplication (MinHash over token 5-grams, transitive)."""
    # Imported here, as it takes a while.
    from datasketch import MinHash, MinHashLSH  # type: ignore[import-untyped]

    index = MinHashLSH(threshold=NEAR_DUPLICATE_JACCARD, num_perm=MINHASH_PERMUTATIONS)
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for document_id in sorted(texts):
        sketch = MinHash(num_perm=MINHASH_PERMUTATIONS)
        sketch.update_batch(_shingles(tokenize(texts[document_id])))
        leader[document_id] = document_id
        for other in sorted(index.query(sketch)):
            leader[find(other)] = find(document_id)
        index.insert(document_id, sketch)
    clusters: dict[str, list[str]] = {}
    for document_id in sorted(texts):
        clusters.setdefault(find(document_id), []).append(document_id)
    return list(clusters.values())


def _shingles(tokens: Sequence[str]) -> list[bytes]:
    last = max(1, len(tokens) - SHINGLE_TOKENS + 1)
    return list(
        {" ".join(tokens[i : i + SHINGLE_TOKENS]).encode("utf-8", "replace") for i in range(last)}
    )
