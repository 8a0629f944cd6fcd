"""``responses``: the answer to every selected query, from its node's own context (3.4)."""

from collections.abc import Mapping, Sequence

from augcon_lib.answers.few_shot_search import first_examples
from augcon_lib.answers.responses import Responder, own_response
from augcon_lib.chat.port import Chat
from augcon_lib.concurrency import run_together
from augcon_lib.fingerprints import Inputs, fingerprint
from augcon_lib.pipeline import RESPONSES
from augcon_lib.records import Rejection, Response, content_id
from augcon_lib.stages.model_stage import Work, run_model_stage
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.choices import load_few_shot
from augcon_lib.warehouse.partitions import PartitionOutput
from augcon_lib.warehouse.stage_rows import SelectedQuery, read_selected


def run_responses(run: StageRun, document_ids: Sequence[str]) -> StageReport:
    """Answer the selected queries of *document_ids*, all at once.

    Raises ``EndpointError`` or ``BudgetExceeded`` after writing all finished documents.
    """
    settings = run.settings
    if settings.searches_examples:
        few_shot = load_few_shot(run.warehouse, run.versions().few_shot)
    else:
        few_shot = first_examples(run.examples, settings.responses.few_shot_count)

    def load(
        warehouse: Warehouse, ids: Sequence[str]
    ) -> Mapping[str, tuple[str, list[SelectedQuery]]]:
        return {d: (d, queries) for d, queries in read_selected(warehouse, ids).items()}

    def work_with(chat: Chat) -> Work[tuple[str, list[SelectedQuery]]]:
        principles = "" if settings.responses.plain else run.principles
        responder = Responder(chat, run.prompts, principles, settings.responses)

        async def work(item: tuple[str, list[SelectedQuery]], inputs: Inputs) -> PartitionOutput:
            document_id, queries = item
            results: list[Response | Rejection] = [
                own_response(
                    query.node_id,
                    document_id,
                    query.context,
                    query.query,
                    query.answer,
                    query.language,
                    settings.responses,
                )
                for query in queries
                if query.answer
            ]
            results += await run_together(
                responder.respond(
                    node_id=query.node_id,
                    document_id=document_id,
                    context=query.context,
                    query=query.query,
                    few_shot=few_shot.for_language(query.language),
                    few_shot_version=few_shot.version,
                    language=query.language,
                )
                for query in queries
                if not query.answer
            )
            return _output(document_id, inputs, results)

        return work

    return run_model_stage(run, RESPONSES, document_ids, load, work_with)


def _output(
    document_id: str, inputs: Mapping[str, str], results: Sequence[Response | Rejection]
) -> PartitionOutput:
    responses = [result for result in results if isinstance(result, Response)]
    return PartitionOutput(
        document_id,
        fingerprint(RESPONSES, inputs),
        inputs,
        output_hash=content_id("responses", *(response.response_id for response in responses)),
        records=responses,
        rejections=[result for result in results if isinstance(result, Rejection)],
    )
