"""Record the results of a step as materializations of its run, as soon as they are stored.

So a step stopped by a budget, a dead endpoint or a signal has recorded everything it stored. After
a kill, the next sync, tick or command reports what is missing (``reporting``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import dagster as dg

from augcon_assets.instance.event_index import withdraw
from augcon_assets.instance.event_log import log_events
from augcon_assets.instance.materializations import materializations
from augcon_assets.instance.reporting import report_documents, report_inputs
from augcon_assets.metadata import Metadata, partition_metadata, run_metadata
from augcon_assets.partitions import partition_key
from augcon_lib.fingerprints import DOCUMENT
from augcon_lib.pipeline import DOCUMENT_STAGES, RAW_CORPUS, StageName
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.warehouse.partitions import OK, REJECTED, PartitionOutput, PartitionState


@dataclass
class DocumentRecorder:
    """Records each batch of documents of *context*'s step; pass it to a stage as ``saved``.

    ``report`` is the report of the stage, once something is stored.
    """

    context: dg.AssetExecutionContext
    report: StageReport | None = None

    def __call__(self, report: StageReport, outputs: Sequence[PartitionOutput]) -> None:
        """Record the good ones of *outputs*, the last of *report*; withdraw rejected documents.

        Figures of the step (``step/...``) are those so far.
        """
        self.report = report
        instance, stage = self.context.instance, report.stage
        summaries = {each.document_id: each for each in report.partitions[-len(outputs) :]}
        step = {f"step/{name}": value for name, value in run_metadata(report).items()}
        states = {(stage, o.document_id): _state(o) for o in outputs if o.status == OK}
        made = {d: {**partition_metadata(stage, summaries[d]), **step} for _, d in states}
        if stage == RAW_CORPUS:
            report_documents(instance, {o.document_id: o.inputs[DOCUMENT] for o in outputs})
        if made:
            log_events(self.context, materializations(instance, stage, made, states))
        rejected = [partition_key(o.document_id) for o in outputs if o.status == REJECTED]
        if rejected:
            for each in DOCUMENT_STAGES[DOCUMENT_STAGES.index(stage) :]:
                withdraw(instance, each, rejected)


@dataclass
class WholeRecorder:
    """Keeps what an unpartitioned stage has stored, to record it with its metadata."""

    states: dict[tuple[StageName, str], PartitionState] = field(default_factory=dict)

    def __call__(self, report: StageReport, outputs: Sequence[PartitionOutput]) -> None:
        """Keep the state of *outputs*."""
        self.states |= {(report.stage, o.document_id): _state(o) for o in outputs}

    def record(self, context: dg.AssetExecutionContext, run: StageRun, metadata: Metadata) -> None:
        """Record the stored results, if any, and the inputs that they changed."""
        with run.recording():
            for (stage, document), state in self.states.items():
                report_inputs(run, context.instance)
                made, states = {document: metadata}, {(stage, document): state}
                log_events(context, materializations(context.instance, stage, made, states))


def _state(output: PartitionOutput) -> PartitionState:
    return PartitionState(output.fingerprint, output.inputs, output.output_hash)
