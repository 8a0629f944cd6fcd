"""``sft_dataset``: a dataset version from the responses of all live documents."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace

from augcon_lib.dataset.corpus_filter import leave_out_repeats
from augcon_lib.dataset.rows import build_dataset, choose_test_documents
from augcon_lib.fingerprints import changes, fingerprint
from augcon_lib.model.journal import Journal
from augcon_lib.pipeline import SFT_DATASET
from augcon_lib.records import Rejection
from augcon_lib.stages.retirement import close, judge_unreadable, kept_documents, note
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.staleness.expected import Expectation
from augcon_lib.staleness.partitions import dataset_inputs, live_documents, stale_rows_of
from augcon_lib.warehouse.choices import NO_DOCUMENT
from augcon_lib.warehouse.datasets import live_rows, save_dataset
from augcon_lib.warehouse.partitions import PartitionOutput, load_states
from augcon_lib.warehouse.stage_rows import read_documents_text, read_responses
from augcon_lib.warehouse.versions import Spent, latest_version

# Inputs that the documents' own reasons already explain.
_OF_DOCUMENTS = ("responses", "document metadata", "documents", "failed documents")


def run_sft_dataset(run: StageRun) -> StageReport:
    """Collect the rows of all live documents, and create a new version if they differ.

    A document that failed has no rows, or its last good ones, marked (``[dataset]
    failed_documents``); if many fail together, their rows stay, marked, until somebody consents
    (``stages.retirement``).
    """
    versions, states = run.versions(), load_states(run.warehouse)
    settings = run.settings.dataset
    expectation = Expectation(run.settings, versions, states)
    live = live_documents(expectation, states)
    unreadable = judge_unreadable(run, states)
    note(run, unreadable)
    kept = kept_documents(unreadable)
    inputs = dataset_inputs(expectation, states, live, run.settings, kept)
    texts = {}
    if settings.test_fraction:
        texts = {d.document_id: d.text for d in read_documents_text(run.warehouse, live)}
    responses = read_responses(run.warehouse, live)
    repeated: list[Rejection] = []
    if run.settings.selection.whole_corpus:
        responses, repeated = leave_out_repeats(responses, run.settings.selection)
    dataset = build_dataset(
        responses,
        choose_test_documents(texts, settings.test_fraction),
        live_rows(run.warehouse, stale_rows_of(states, live, run.settings, kept)),
    )
    dataset = replace(dataset, rejections=(*dataset.rejections, *repeated))
    state = PartitionOutput(
        NO_DOCUMENT, fingerprint(SFT_DATASET, inputs), inputs, output_hash=dataset.version
    )
    before = states.get((SFT_DATASET, NO_DOCUMENT))
    report = StageReport(SFT_DATASET, version=dataset.version)
    with run.saving(report, [state]):
        version = save_dataset(
            run.warehouse,
            dataset,
            state,
            run.run_id,
            _spent(run),
            settings.keep_versions,
            _own_reasons(before.inputs if before else inputs, inputs),
        )
    close(run, unreadable)
    is_new = before is None or before.output_hash != version.dataset_version
    report.rejected.update(rejection.reason for rejection in dataset.rejections)
    report.facts = {
        "documents": len(live),
        "rows": len(dataset.rows),
        "added": version.added if is_new else 0,
        "kept": version.kept if is_new else len(dataset.rows),
        "removed": version.removed if is_new else 0,
        "stale_rows": version.stale,
        "test_rows": sum(row.split == "test" for row in dataset.rows),
        "cause": version.cause_in_words if is_new else "no change",
        "version_model_calls": version.model_calls,
        "version_cost_usd": version.cost_usd,
    }
    run.progress(SFT_DATASET, 1, 1, 0, None)
    return report


def _spent(run: StageRun) -> Spent:
    """Return the cost of the model since the previous version."""
    latest = latest_version(run.warehouse)
    with closing(Journal(run.workspace.journal_path)) as journal:
        spend, last_call = journal.spend_since(latest.last_call if latest else 0)
    return Spent(spend.calls, spend.input_tokens, spend.output_tokens, spend.cost_usd, last_call)


def _own_reasons(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    def own(inputs: Mapping[str, str]) -> dict[str, str]:
        return {name: value for name, value in inputs.items() if name not in _OF_DOCUMENTS}

    return changes(own(before), own(now))
