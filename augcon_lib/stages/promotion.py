"""Promote a version of the scorer or of the few-shot choice: it becomes the active one.

A new version is a candidate: nothing uses it until it is promoted, since that may call the model
for the whole corpus again. Only the first version is promoted at once, and one that replaces a
scorer which had too little to learn from. A scorer that was measured and is below ``[scorer]
min_pair_accuracy`` is refused; one that is worse than the active one is promoted only by name. The
active version is kept in the journal as well, so that a lost warehouse restores it without a call.
"""

import json
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from augcon_lib.errors import PromotionRefused
from augcon_lib.fingerprints import fingerprint
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.tables import KeptChoice
from augcon_lib.pipeline import StageName
from augcon_lib.queries.linear_scorer import MIN_PAIRS, UNTRAINED
from augcon_lib.queries.transformer_scorer import TransformerScorer
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.staleness.choices import TREES, candidates
from augcon_lib.warehouse.choices import (
    NO_DOCUMENT,
    dump_choice,
    restore_choice,
    save_untrained,
    scorer_reports,
    scorers_folder,
)
from augcon_lib.warehouse.partitions import PartitionOutput, inputs_json, load_states
from augcon_lib.warehouse.promotions import promote, promoted_versions


def promote_if_first(run: StageRun, stage: StageName, version: str) -> bool:
    """Promote *version* if none is active, or none that has learned; return if it is active now."""
    in_force = promoted_versions(run.warehouse).get(stage)
    if in_force is not None and has_learned(run, stage, in_force):
        return in_force == version
    if refusal(run, stage, version):
        if in_force is None:
            save_untrained(run.warehouse)
            promote(run.warehouse, stage, UNTRAINED.version)
        return False
    activate(run, stage, version)
    return True


def refusal(run: StageRun, stage: StageName, version: str, *, even_if_worse: bool = False) -> str:
    """Return why *version* may not be promoted; empty if it may.

    A scorer is refused if its pair accuracy on held-out documents is below the threshold, and,
    unless *even_if_worse*, if it is worse than the active one on the same held-out pairs; one that
    was measured on fewer than ``MIN_PAIRS`` pairs is never refused.
    """
    if stage != "query_scorer":
        return ""
    least = run.settings.scorer.min_pair_accuracy
    report = scorer_reports(run.warehouse).get(version)
    if report is None or report["held_out_pairs"] < MIN_PAIRS:
        return ""
    if report["pair_accuracy"] >= least:
        return "" if even_if_worse else _worse(run, report)
    low, high = report["pair_accuracy_low"], report["pair_accuracy_high"]
    known = low is not None and low == low
    return (
        f"pair accuracy {report['pair_accuracy']:.3f} on {report['held_out_pairs']:,} held-out "
        f"pairs{f' (95 %: {low:.3f} to {high:.3f})' if known else ''} is below [scorer] "
        f"min_pair_accuracy {least:g}"
    )


def _worse(run: StageRun, report: Mapping[str, Any]) -> str:
    """Return why the scorer of *report* is worse than the active one, with the figures."""
    active = promoted_versions(run.warehouse).get("query_scorer")
    if report["compared_with"] is None or report["compared_with"] != active:
        return ""
    pairs, own, other = (
        report[name] for name in ("compared_pairs", "own_accuracy", "compared_accuracy")
    )
    if pairs < MIN_PAIRS or own >= other:
        return ""
    return (
        f"pair accuracy {own:.3f} on {pairs:,} held-out pairs, on which the active scorer has "
        f"{other:.3f}; to promote it anyway: augcon promote query_scorer --version "
        f"{report['scorer_version']}"
    )


def activate(run: StageRun, stage: StageName, version: str, *, even_if_worse: bool = False) -> None:
    """Promote *version* of *stage*: from now on all stages use it.

    Raises ``PromotionRefused`` if :func:`refusal` gives a reason.
    """
    refused = refusal(run, stage, version, even_if_worse=even_if_worse)
    if refused:
        raise PromotionRefused(
            f"{stage} {version} is not promoted: {refused}; train it on more or better queries, or "
            "lower the threshold"
        )
    promote(run.warehouse, stage, version)
    made = load_states(run.warehouse, ()).get((stage, NO_DOCUMENT))
    inputs: Mapping[str, str] = made.inputs if made and made.output_hash == version else {}
    if TREES in inputs:  # not kept: retrained as soon as there is more to learn from
        return
    payload = dump_choice(run.warehouse, stage, version)
    with closing(Journal(run.workspace.journal_path)) as journal:
        journal.keep_choice(stage, KeptChoice(version, inputs_json(inputs), payload))


def restore_active(run: StageRun, stage: StageName) -> str | None:
    """Restore the version that was active when the warehouse was lost; ``None`` if none was."""
    if stage in promoted_versions(run.warehouse):
        return None
    with closing(Journal(run.workspace.journal_path)) as journal:
        kept = usable_choice(run, stage, journal)
    if kept is None:
        return None
    inputs: dict[str, str] = json.loads(kept.inputs)
    state = PartitionOutput(
        NO_DOCUMENT, fingerprint(stage, inputs), inputs, output_hash=kept.version
    )
    with run.saving(StageReport(stage), [state]):
        restore_choice(run.warehouse, stage, kept.payload, state, run.run_id)
    return kept.version


def usable_choice(run: StageRun, stage: StageName, journal: Journal) -> KeptChoice | None:
    """Return the active version of *stage* in the journal; ``None`` if it cannot be used.

    The weights of a transformer scorer are separate files: if they are gone, it is trained again,
    from pairs whose queries are in the journal.
    """
    kept = journal.choice(stage)
    if kept is None or stage != "query_scorer":
        return kept
    kinds = {row["kind"] for row in json.loads(kept.payload)["query_scorer"]}
    scorer = TransformerScorer(scorers_folder(run.warehouse) / kept.version)
    return kept if TransformerScorer.kind not in kinds or scorer.has_weights else None


def offered_versions(run: StageRun) -> dict[StageName, str]:
    """Return :func:`waiting_versions` without those that are refused."""
    return {s: v for s, v in waiting_versions(run).items() if not refusal(run, s, v)}


def waiting_versions(run: StageRun) -> dict[StageName, str]:
    """Return the latest version of each stage that waits for promotion."""
    return candidates(load_states(run.warehouse, ()), run.settings, run.versions())


def has_learned(run: StageRun, stage: StageName, version: str) -> bool:
    """Whether the version has learned: a scorer with too few pairs has not, other versions have."""
    if stage != "query_scorer":
        return True
    report = scorer_reports(run.warehouse).get(version)
    return report is not None and report["train_pairs"] >= MIN_PAIRS
