"""``cst_nodes``: the trees of all root contexts of each document (3.2), by any strategy (4.4)."""

from collections.abc import Mapping, Sequence

from augcon_lib.answers.few_shot_search import first_examples
from augcon_lib.chat.port import Chat
from augcon_lib.concurrency import run_together
from augcon_lib.errors import DocumentError
from augcon_lib.fingerprints import Inputs, fingerprint
from augcon_lib.pipeline import CST_NODES
from augcon_lib.records import Document, Node, Rejection, content_id
from augcon_lib.stages.model_stage import Work, run_model_stage
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.strategies import ChooseStrategy, strategy_for
from augcon_lib.tree.context_limits import limited_contexts_in_thread
from augcon_lib.tree.invariants import broken_rules
from augcon_lib.tree.lengths import resolve_lengths
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.partitions import REJECTED, PartitionOutput
from augcon_lib.warehouse.stage_rows import read_documents_text


def run_cst_nodes(
    run: StageRun,
    document_ids: Sequence[str],
    *,
    choose_strategy: ChooseStrategy = strategy_for,
) -> StageReport:
    """Grow the trees of *document_ids*, all at once.

    Raises ``EndpointError`` or ``BudgetExceeded`` after writing all finished documents.
    """

    def load(warehouse: Warehouse, ids: Sequence[str]) -> Mapping[str, Document]:
        return {d.document_id: d for d in read_documents_text(warehouse, ids)}

    def work_with(chat: Chat) -> Work[Document]:
        async def work(document: Document, inputs: Inputs) -> PartitionOutput:
            try:
                nodes, rejections = await _grow(run, chat, document, choose_strategy)
            except DocumentError as error:
                return _rejected(document, inputs, error.reason, error.message)
            return _output(document, inputs, nodes, rejections)

        return work

    return run_model_stage(run, CST_NODES, document_ids, load, work_with)


async def _grow(
    run: StageRun, chat: Chat, document: Document, choose_strategy: ChooseStrategy
) -> tuple[list[Node], list[Rejection]]:
    language = document.language
    lengths = resolve_lengths(run.settings, language)
    contexts = await limited_contexts_in_thread(
        document, lengths.max_context_chars, lengths.min_context_chars, run.settings.source
    )
    first = first_examples(run.examples, run.settings.responses.few_shot_count)
    examples = first.for_language(language)
    strategy = choose_strategy(run.settings, language, chat, run.prompts, examples)
    grown = await run_together(strategy.grow(context) for context in contexts)
    nodes = [node for trees in grown for node in trees.nodes]
    return nodes, [rejection for trees in grown for rejection in trees.rejections]


def _output(
    document: Document, inputs: Inputs, nodes: list[Node], rejections: list[Rejection]
) -> PartitionOutput:
    key = fingerprint(CST_NODES, inputs)
    problems = broken_rules(document.text, nodes)
    if problems:
        return _rejected(document, inputs, "tree_malformed", "; ".join(problems[:5]), rejections)
    queries = [
        part for node in nodes for part in (node.node_id, node.query, *filter(None, [node.answer]))
    ]
    return PartitionOutput(
        document.document_id,
        key,
        inputs,
        output_hash=content_id("nodes", document.language, *queries),
        records=nodes,
        rejections=rejections,
    )


def _rejected(
    document: Document,
    inputs: Inputs,
    reason: str,
    detail: str,
    rejections: Sequence[Rejection] = (),
) -> PartitionOutput:
    document_id = document.document_id
    return PartitionOutput(
        document_id,
        fingerprint(CST_NODES, inputs),
        inputs,
        status=REJECTED,
        reason=reason,
        rejections=[*rejections, Rejection(CST_NODES, document_id, document_id, reason, detail)],
    )
