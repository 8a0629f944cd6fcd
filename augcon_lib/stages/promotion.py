"""Promoting a version of the scorer or of the few-shot choice: it becomes the active one.

A new version is a candidate: nothing follows it until it is promoted, for that may ask the model
about the whole corpus again. Promoted at once is only the first one, and one that replaces a
scorer which had too little to learn from. A scorer that was measured and is below ``[scorer]
min_pair_accuracy`` is refused; one that is worse than the active one is promoted only when it is
named. What is active is kept in the journal as well, so that a lost warehouse gets the same again
without a call.
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
    """Promote *version* where none is active yet, or none that has learned; is it active now?"""
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
    """Why *version* may not be promoted, in words; empty where it may.

    A scorer is refused where its pair accuracy on held-out documents is below the threshold, and,
    unless it is asked for *even_if_worse*, where it is worse than the active one on the same
    held-out pairs; one that was measured on fewer than ``MIN_PAIRS`` pairs is not.
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
    """Why the scorer of *report* is not offered in place of the active one, with the figures."""
    active = promoted_versions(run.warehouse).get("query_scorer")
    if report["compared_with"] is None or report["compared_with"] != active:
        return ""
    pairs, own, other = (
        report[name] for name in ("compared_pairs", "own_accuracy", "compared_accuracy")
    )
    if pairs < MIN_PAIRS or own >= other:
        return ""
    return (
        f"pair accuracy {own:.3f} on {pairs:,} held-out pairs, where the active scorer has "
        f"{other:.3f}; to promote it all the same: augcon promote query_scorer --version "
        f"{report['scorer_version']}"
    )


def activate(run: StageRun, stage: StageName, version: str, *, even_if_worse: bool = False) -> None:
    """Promote *version* of *stage*: from now on everything expects it.

    Raises ``PromotionRefused`` for one that :func:`refusal` speaks against.
    """
    refused = refusal(run, stage, version, even_if_worse=even_if_worse)
    if refused:
        raise PromotionRefused(
            f"{stage} {version} is not promoted: {refused}; more or better queries to learn from, "
            "or a lower threshold, would change that"
        )
    promote(run.warehouse, stage, version)
    made = load_states(run.warehouse, ()).get((stage, NO_DOCUMENT))
    inputs: Mapping[str, str] = made.inputs if made and made.output_hash == version else {}
    if TREES in inputs:  # not for good: made again as soon as there is more to learn from
        return
    payload = dump_choice(run.warehouse, stage, version)
    with closing(Journal(run.workspace.journal_path)) as journal:
        journal.keep_choice(stage, KeptChoice(version, inputs_json(inputs), payload))


def restore_active(run: StageRun, stage: StageName) -> str | None:
    """The version that was active when the warehouse was lost, put back; ``None``: no such."""
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
    """What the journal keeps of the active version of *stage*; ``None`` where it cannot be used.

    The weights of a transformer scorer are files of their own: where they are gone, it is trained
    again, from pairs whose queries the journal holds.
    """
    kept = journal.choice(stage)
    if kept is None or stage != "query_scorer":
        return kept
    kinds = {row["kind"] for row in json.loads(kept.payload)["query_scorer"]}
    scorer = TransformerScorer(scorers_folder(run.warehouse) / kept.version)
    return kept if TransformerScorer.kind not in kinds or scorer.has_weights else None


def offered_versions(run: StageRun) -> dict[StageName, str]:
    """:func:`waiting_versions` without those that are refused."""
    return {s: v for s, v in waiting_versions(run).items() if not refusal(run, s, v)}


def waiting_versions(run: StageRun) -> dict[StageName, str]:
    """The version of each stage that was made last and waits for promotion."""
    return candidates(load_states(run.warehouse, ()), run.settings, run.versions())


def has_learned(run: StageRun, stage: StageName, version: str) -> bool:
    """Not so a scorer that was given too few pairs; every few-shot choice has."""
    if stage != "query_scorer":
        return True
    report = scorer_reports(run.warehouse).get(version)
    return report is not None and report["train_pairs"] >= MIN_PAIRS
