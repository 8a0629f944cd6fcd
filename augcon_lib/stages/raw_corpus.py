"""``raw_corpus``: documents of the store, decoded, converted and normalised."""

from collections.abc import Sequence
from dataclasses import replace

from augcon_lib.documents import READ_ERROR, SourceEntry, read_documents
from augcon_lib.fingerprints import fingerprint
from augcon_lib.pipeline import RAW_CORPUS
from augcon_lib.records import Document, Rejection, content_id
from augcon_lib.stages.document_pool import batches
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.staleness.expected import Expectation
from augcon_lib.warehouse.partitions import (
    FAILED,
    REJECTED,
    PartitionOutput,
    replace_partitions,
)
from augcon_lib.warehouse.sources import save_sources

# A write opens and closes the warehouse, which takes as long as its rows: so few writes.
WRITE_DOCUMENTS = 250


def run_raw_corpus(run: StageRun, entries: Sequence[SourceEntry]) -> StageReport:
    """Read *entries* of the store; a document that cannot be read is rejected with a reason."""
    expectation = Expectation(run.settings, run.versions(), {})
    report = StageReport(RAW_CORPUS)
    source = run.settings.source
    read = iter(read_documents(source, run.workspace.root, entries))
    for batch in batches(entries, WRITE_DOCUMENTS):
        outputs, edited = [], []
        for entry in batch:
            result = next(read)
            # An edit between listing and reading: the text that was read counts.
            sha256 = entry.source_sha256 if isinstance(result, Rejection) else result.source_sha256
            if sha256 != entry.source_sha256:
                edited.append(replace(entry, source_sha256=sha256))
            inputs = expectation.inputs(RAW_CORPUS, entry.document_id, sha256)
            outputs.append(_output(entry, result, inputs))
        with run.saving(report, outputs):
            save_sources(run.warehouse, edited)
            replace_partitions(run.warehouse, RAW_CORPUS, outputs, run.run_id)
        run.progress(RAW_CORPUS, len(report.partitions), len(entries), report.failed, None)
    return report


def _output(
    entry: SourceEntry, result: Document | Rejection, inputs: dict[str, str]
) -> PartitionOutput:
    key = fingerprint(RAW_CORPUS, inputs)
    if isinstance(result, Rejection):
        return PartitionOutput(
            entry.document_id,
            key,
            inputs,
            status=FAILED if result.reason == READ_ERROR else REJECTED,
            reason=result.reason,
            rejections=[result],
        )
    return PartitionOutput(
        entry.document_id,
        key,
        inputs,
        output_hash=content_id("document", result.media_type, result.language, result.text_sha256),
        metadata_hash=content_id("metadata", result.uri, result.title),
        records=[result],
    )
