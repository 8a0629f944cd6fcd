"""``sft_dataset``: a dataset version from the responses of all live documents."""

from augcon_lib.fingerprints import fingerprint
from augcon_lib.sft_dataset import build_dataset, choose_test_documents
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.staleness import Expectation, dataset_inputs, live_documents
from augcon_lib.warehouse.choices import NO_DOCUMENT
from augcon_lib.warehouse.datasets import save_dataset
from augcon_lib.warehouse.partitions import PartitionOutput, load_states
from augcon_lib.warehouse.stages import read_documents_text, read_responses

STAGE = "sft_dataset"


def run_sft_dataset(run: StageRun) -> StageReport:
    """Collect the rows of all live documents; a new version where they differ."""
    versions, states = run.versions(), load_states(run.warehouse)
    live = live_documents(states, run.settings, versions)
    inputs = dataset_inputs(Expectation(run.settings, versions, states), states, live)
    test_fraction = run.settings.dataset.test_fraction
    texts = {}
    if test_fraction:
        texts = {d.document_id: d.text for d in read_documents_text(run.warehouse, live)}
    dataset = build_dataset(
        read_responses(run.warehouse, live), choose_test_documents(texts, test_fraction)
    )
    state = PartitionOutput(
        NO_DOCUMENT, fingerprint(STAGE, inputs), inputs, output_hash=dataset.version
    )
    counts = save_dataset(run.warehouse, dataset, state, run.run_id)
    report = StageReport(STAGE, version=dataset.version)
    report.rejected.update(rejection.reason for rejection in dataset.rejections)
    report.facts = {
        "documents": len(live),
        "rows": counts.total,
        "added": counts.added,
        "kept": counts.kept,
        "removed": counts.removed,
        "test_rows": sum(row.split == "test" for row in dataset.rows),
    }
    run.progress(STAGE, 1, 1, 0, None)
    return report
