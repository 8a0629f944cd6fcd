"""Step 4: the rows of the dataset, its splits and its version.

Context, principles and examples are pruned (section 3.4): a row is a query and a response, with
ids that lead back to the source.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from augcon_lib.records import DatasetRow, Rejection, Response, content_id
from augcon_lib.rouge import tokenize

STAGE = "sft_dataset"
SPLITS = ("test", "train")
SHINGLE_TOKENS = 5
NEAR_DUPLICATE_JACCARD = 0.7
MINHASH_PERMUTATIONS = 64


@dataclass(frozen=True, slots=True)
class Dataset:
    """All rows of a version, in the order of their responses, and the duplicates left out."""

    version: str
    rows: tuple[DatasetRow, ...]
    rejections: tuple[Rejection, ...]


def build_dataset(responses: Iterable[Response], test_documents: frozenset[str]) -> Dataset:
    """Rows of all good *responses*; of equal (query, response) pairs only the first stays."""
    rows: list[DatasetRow] = []
    rejections: list[Rejection] = []
    seen: dict[tuple[str, str], str] = {}
    next_position: Counter[str] = Counter()
    for response in responses:
        pair = (response.query, response.response)
        if pair in seen:
            rejections.append(
                Rejection(
                    STAGE,
                    response.document_id,
                    response.response_id,
                    "duplicate_pair",
                    f"the same query and response as row {seen[pair]}",
                )
            )
            continue
        row_id = content_id("row", response.document_id, response.node_id, *pair)
        seen[pair] = row_id
        split = "test" if response.document_id in test_documents else "train"
        rows.append(
            DatasetRow(
                row_id=row_id,
                document_id=response.document_id,
                node_id=response.node_id,
                query=response.query,
                response=response.response,
                split=split,
                position=next_position[response.document_id],
            )
        )
        next_position[response.document_id] += 1
    version = content_id("dataset", *(f"{row.row_id}:{row.split}" for row in rows), size_bytes=6)
    return Dataset(version, tuple(rows), tuple(rejections))


def choose_test_documents(texts: Mapping[str, str], test_fraction: float) -> frozenset[str]:
    """Documents of the test split: whole clusters of near-duplicates, never single rows.

    *texts* maps document ids to texts. A cluster's place depends on its smallest document id
    alone, so a document keeps its split while others come and go.
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
    """Document ids grouped by near-duplication (MinHash over token 5-grams, transitive)."""
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
