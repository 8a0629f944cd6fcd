"""``query_scorer``: contrastive pairs from worsened prompts, and the scorer (section 3.3)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from augcon_lib.concurrency import run_until_done
from augcon_lib.errors import AugconError
from augcon_lib.fingerprints import fingerprint
from augcon_lib.pipeline import QUERY_SCORER, SEED
from augcon_lib.queries.contrastive_pairs import (
    NEGATIVE_KINDS,
    ContrastivePair,
    build_pairs,
    sample_positives,
)
from augcon_lib.queries.embeddings import Embedder
from augcon_lib.queries.linear_scorer import (
    MIN_PAIRS,
    LinearScorer,
    ScorerComparison,
    ScorerReport,
    held_out_documents,
    pair_wins,
    split_by_document,
    train_scorer,
)
from augcon_lib.queries.pair_measures import PairMeasures
from augcon_lib.queries.transformer_scorer import train_transformer
from augcon_lib.records import Rejection
from augcon_lib.stages.model_stage import model_for
from augcon_lib.stages.promotion import promote_if_first, refusal, restore_active
from augcon_lib.stages.scorer_embeddings import embed, embedder_of
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.staleness.choices import scorer_inputs
from augcon_lib.staleness.expected import Expectation
from augcon_lib.warehouse.choices import (
    NO_DOCUMENT,
    StoredScorer,
    load_scorer,
    save_scorer,
    scorers_folder,
)
from augcon_lib.warehouse.partitions import PartitionOutput, load_states
from augcon_lib.warehouse.promotions import promoted_versions
from augcon_lib.warehouse.scorer_sample import pair_documents
from augcon_lib.warehouse.stage_rows import read_positives


def run_query_scorer(run: StageRun) -> StageReport:
    """Sample positives over all documents, ask for their negatives, train and validate.

    The first scorer is active at once; a later one is a candidate, and so is one that is refused
    (``stages.promotion``). Does nothing if the settings use no scorer.
    """
    if not run.settings.uses_scorer:
        return StageReport(QUERY_SCORER, facts={"used": False})
    restored = restore_active(run, QUERY_SCORER)
    if restored:
        return StageReport(
            QUERY_SCORER, version=restored, facts={"in_force": True, "restored": True}
        )
    return run_until_done(_run(run))


async def _run(run: StageRun) -> StageReport:
    report = StageReport(QUERY_SCORER)
    settings = run.settings
    expectation = Expectation(settings, run.versions(), load_states(run.warehouse, ()))
    positives, pairs, rejections = await ask_for_pairs(run, report)
    embedder = await _embedder(run, report, pairs)
    scorer, scores = await asyncio.to_thread(train, run, pairs, SEED, embedder)
    most_pairs = len(NEGATIVE_KINDS) * settings.scorer.pairs_per_negative_kind
    trained = scores.train_pairs >= MIN_PAIRS or most_pairs < MIN_PAIRS
    inputs = scorer_inputs(expectation, load_states(run.warehouse), trained=trained)
    state = PartitionOutput(
        NO_DOCUMENT, fingerprint(QUERY_SCORER, inputs), inputs, output_hash=scorer.version
    )
    against = await asyncio.to_thread(compare, run, scorer, pairs, embedder)
    with run.saving(report, [state]):
        save_scorer(
            run.warehouse,
            scorer,
            scores,
            pairs,
            rejections,
            state,
            run.run_id,
            positives=positives,
            against=against,
        )
    report.version = scorer.version
    in_force = promote_if_first(run, QUERY_SCORER, scorer.version)
    report.rejected.update(rejection.reason for rejection in rejections)
    report.facts = {
        "in_force": in_force,
        "refused": "" if in_force else refusal(run, QUERY_SCORER, scorer.version),
        "positives": positives,
        "train_pairs": scores.train_pairs,
        **_facts(scores.held_out),
        **({"epoch_losses": list(scores.epoch_losses)} if scores.epoch_losses else {}),
        **{f"pair_accuracy_{kind}": share for kind, share in scores.accuracy_by_kind.items()},
    }
    run.progress(QUERY_SCORER, 1, 1, 0, report.calls)
    return report


def train(
    run: StageRun, pairs: Sequence[ContrastivePair], seed: int, embedder: Embedder | None = None
) -> tuple[StoredScorer, ScorerReport]:
    """Train a scorer of the kind in the settings; raises ``SettingsError`` if that is impossible.

    *embedder* knows the texts of *pairs* if the embeddings come from the endpoint.
    """
    settings = run.settings.scorer
    if settings.kind == "transformer":
        return train_transformer(pairs, seed, settings, scorers_folder(run.warehouse))
    return train_scorer(pairs, seed, embedder or embedder_of(settings))


def compare(
    run: StageRun,
    scorer: StoredScorer,
    pairs: Sequence[ContrastivePair],
    embedder: Embedder | None = None,
) -> ScorerComparison | None:
    """Compare *scorer* with the active one, on pairs of documents that neither was trained on.

    If these are fewer than ``MIN_PAIRS``, on all held-out pairs. ``None`` if none is active, or
    the active one cannot be used here.
    """
    version = promoted_versions(run.warehouse).get(QUERY_SCORER)
    active = load_scorer(run.warehouse, version) if version else None
    _, held_out = split_by_document(pairs, SEED)
    if version is None or active is None or version == scorer.version or not held_out:
        return None
    learned = pair_documents(run.warehouse, version)
    unseen = {pair.document_id for pair in held_out} - (learned - held_out_documents(learned, SEED))
    fair = [pair for pair in held_out if pair.document_id in unseen]
    chosen = fair if len(fair) >= MIN_PAIRS else held_out
    if isinstance(active, LinearScorer) and active.embedder == embedder:
        active = replace(active, embedder=embedder)  # it knows the texts
    try:
        accuracy = float(pair_wins(active, chosen).mean())
        own_accuracy = float(pair_wins(scorer, chosen).mean())
    except AugconError:  # embeddings or weights are missing
        return None
    return ScorerComparison(version, len(chosen), accuracy, own_accuracy)


async def _embedder(
    run: StageRun, report: StageReport, pairs: Sequence[ContrastivePair]
) -> Embedder | None:
    """Return the embedder of *pairs* in the settings; ``None`` if nothing has to be embedded."""
    embedder = embedder_of(run.settings.scorer)
    if embedder is None:
        return None
    texts = (t for p in pairs for t in (p.context, p.positive_query, p.negative_query))
    return await embed(run, report, embedder, texts)


async def ask_for_pairs(
    run: StageRun, report: StageReport
) -> tuple[int, list[ContrastivePair], list[Rejection]]:
    """Return the number of positives in the trees, and the contrastive pairs of a sample."""
    settings = run.settings
    positives = await asyncio.to_thread(read_positives, run.warehouse)
    sampled = sample_positives(positives, settings.scorer.pairs_per_negative_kind, SEED)
    async with model_for(run, report, 1) as chat:
        pairs, rejections = await build_pairs(
            chat, run.prompts, sampled, settings.tree.parts, settings.tree.temperature
        )
    return len(positives), pairs, rejections


def _facts(held_out: PairMeasures) -> dict[str, object]:
    """Return *held_out* as plain facts, an interval as its two ends."""
    return {
        "held_out_pairs": held_out.pairs,
        "held_out_documents": held_out.documents,
        "pair_accuracy": held_out.pair_accuracy,
        "pair_accuracy_ci95": list(held_out.pair_accuracy_ci95),
        "auc": held_out.auc,
        "auc_ci95": list(held_out.auc_ci95),
    }
