"""``scored_queries``: every query scored, ranked and selected or left out (section 3.3)."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from augcon_lib.errors import WarehouseError
from augcon_lib.fingerprints import fingerprint
from augcon_lib.pipeline import SCORED_QUERIES
from augcon_lib.queries.linear_scorer import RandomChoice, Scorer
from augcon_lib.queries.selection import select_queries
from augcon_lib.records import Node, Rejection, ScoredQuery, content_id
from augcon_lib.settings import Settings
from augcon_lib.stages.document_pool import batches
from augcon_lib.stages.inputs import take_from_upstream
from augcon_lib.stages.scorer_embeddings import ready_to_score
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.tree.lengths import tree_parameters
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.choices import load_scorer
from augcon_lib.warehouse.partitions import PartitionOutput, replace_partitions
from augcon_lib.warehouse.stage_rows import read_languages, read_nodes

WRITE_DOCUMENTS = 100


def run_scored_queries(
    run: StageRun, document_ids: Sequence[str], *, scorer: Scorer | None = None
) -> StageReport:
    """Score and select the queries of *document_ids*, without chat calls to the model.

    *scorer* replaces the active one. One that uses the endpoint's embeddings requests those that
    are missing. Raises ``WarehouseError`` if no scorer exists yet; ``EndpointError`` or
    ``BudgetExceeded`` after writing all finished documents.
    """
    versions = run.versions()
    if scorer is None:
        used = run.settings.uses_scorer
        scorer = load_scorer(run.warehouse, versions.scorer) if used else RandomChoice()
    if scorer is None:
        raise WarehouseError("there is no scorer yet; materialize query_scorer first")
    report = StageReport(SCORED_QUERIES)
    for ids in batches(document_ids, WRITE_DOCUMENTS):
        taken = take_from_upstream(run, versions, SCORED_QUERIES, ids, _load)
        texts = (text for (_, nodes), _ in taken.values() for text in scored_texts(nodes))
        ready = ready_to_score(run, report, scorer, texts)
        outputs = [
            _output(run, ready, language, nodes, document_id, inputs)
            for document_id, ((language, nodes), inputs) in taken.items()
        ]
        with run.saving(report, outputs):
            replace_partitions(run.warehouse, SCORED_QUERIES, outputs, run.run_id)
        run.progress(
            SCORED_QUERIES, len(report.partitions), len(document_ids), report.failed, report.calls
        )
    return report


def _load(warehouse: Warehouse, ids: Sequence[str]) -> dict[str, tuple[str, list[Node]]]:
    nodes = read_nodes(warehouse, ids)
    return {d: (language, nodes[d]) for d, language in read_languages(warehouse, ids).items()}


def scored_texts(nodes: Sequence[Node]) -> Iterator[str]:
    """Return the texts that a scorer sees of *nodes*: each query and its context."""
    for node in nodes:
        if node.query:
            yield from (node.text, node.query)


def select_for_document(
    settings: Settings, scorer: Scorer, language: str, nodes: Sequence[Node]
) -> tuple[list[ScoredQuery], list[Rejection]]:
    """Score, rank and select the queries of one document's *nodes*, with the rejections."""
    asked = [node for node in nodes if node.query]
    scores = scorer.score([node.text for node in asked], [node.query for node in asked])
    parameters = tree_parameters(settings, language)
    # Some strategies have several nodes without a parent; the longest is the root context.
    chars: Counter[str] = Counter()
    for node in nodes:
        chars[node.context_id] = max(chars[node.context_id], len(node.text))
    quotas = {context_id: parameters.quota(longest) for context_id, longest in chars.items()}
    return select_queries(asked, scores, quotas, parameters.max_rouge_l, parameters.rouge_l)


def _output(
    run: StageRun,
    scorer: Scorer,
    language: str,
    nodes: Sequence[Node],
    document_id: str,
    inputs: Mapping[str, str],
) -> PartitionOutput:
    queries, rejections = select_for_document(run.settings, scorer, language, nodes)
    chosen = {query.node_id for query in queries if query.selected}
    # The queries to answer, and their order: a section that moved takes its rows along. The query
    # itself and the passage's language are included.
    answered = [
        ":".join([node.node_id, node.query, *filter(None, [node.answer])])
        for node in sorted(nodes, key=lambda node: node.start_char)
        if node.node_id in chosen
    ]
    return PartitionOutput(
        document_id,
        fingerprint(SCORED_QUERIES, inputs),
        inputs,
        output_hash=content_id("selected", language, *answered),
        records=queries,
        rejections=rejections,
    )
