"""``responses``: the answer to every selected query, from its node's own context (3.4)."""

import asyncio
from collections.abc import Mapping, Sequence

from augcon_lib.concurrency import run_together
from augcon_lib.errors import AnswerRejected
from augcon_lib.fingerprints import fingerprint
from augcon_lib.records import Rejection, Response, content_id
from augcon_lib.responses import Responder
from augcon_lib.stages.documents_at_once import failed_output, for_each_document
from augcon_lib.stages.model_calls import model_for
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.staleness import Expectation
from augcon_lib.warehouse.choices import load_few_shot
from augcon_lib.warehouse.partitions import PartitionOutput, load_states, replace_partitions
from augcon_lib.warehouse.stages import SelectedQuery, read_selected

STAGE = "responses"


def run_responses(run: StageRun, document_ids: Sequence[str]) -> StageReport:
    """Answer the selected queries of *document_ids*, all at once.

    Raises ``EndpointError`` or ``BudgetExceeded`` after what was ready has been written.
    """
    return asyncio.run(_run(run, document_ids))


async def _run(run: StageRun, document_ids: Sequence[str]) -> StageReport:
    report = StageReport(STAGE)
    expectation = Expectation(run.settings, run.versions(), load_states(run.warehouse))
    few_shot = load_few_shot(run.warehouse)

    async with model_for(run, report, len(document_ids)) as chat:
        responder = Responder(chat, run.prompts, run.principles, run.settings.responses.temperature)

        def load(ids: Sequence[str]) -> Mapping[str, list[SelectedQuery]]:
            return read_selected(run.warehouse, ids)

        async def work(document_id: str, queries: list[SelectedQuery]) -> PartitionOutput:
            inputs = expectation.inputs(STAGE, document_id)
            try:
                results = await run_together(
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
                )
            except AnswerRejected as error:
                return failed_output(STAGE, document_id, inputs, error)
            return _output(document_id, inputs, results)

        def save(outputs: Sequence[PartitionOutput]) -> None:
            replace_partitions(run.warehouse, STAGE, outputs, run.run_id)
            report.add(outputs)

        await for_each_document(
            document_ids, load, work, save, 2 * run.settings.model.max_concurrency
        )
    return report


def _output(
    document_id: str, inputs: Mapping[str, str], results: Sequence[Response | Rejection]
) -> PartitionOutput:
    responses = [result for result in results if isinstance(result, Response)]
    return PartitionOutput(
        document_id,
        fingerprint(STAGE, inputs),
        inputs,
        output_hash=content_id("responses", *(response.response_id for response in responses)),
        records=responses,
        rejections=[result for result in results if isinstance(result, Rejection)],
    )
