"""Signs that the method fails: low diversity, low fidelity, contexts that are too large.

Each alarm checks the stored rows of all documents after a stage, and reports what it found, where,
and what to try.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from augcon_lib.answers.search_margin import search_margins
from augcon_lib.pipeline import QUERY_SCORER, StageName
from augcon_lib.stages.promotion import refusal
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.text.rouge import rouge_l_precision, tokenize
from augcon_lib.warehouse.alarm_counts import (
    longest_contexts,
    read_halves,
    repeats_across_documents,
    too_long_by_document,
    ungrounded_by_document,
)
from augcon_lib.warehouse.choices import load_trials

MAX_SPLITS_COMPARED = 2_000
# Fewer calls than this say nothing about how slow a model is.
MIN_CALLS_TIMED = 20
DOCUMENTS_NAMED = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """What an alarm found and where, worst first; ``raised``: it exceeds its limit."""

    raised: bool
    seen: str
    where: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alarm:
    """A sign of failure after *stage*, and what to try."""

    name: str
    stage: StageName
    description: str
    advice: str
    find: Callable[[StageRun, StageReport], Finding]


def _scorer_near_chance(run: StageRun, report: StageReport) -> Finding:
    facts = report.facts
    if "pair_accuracy" not in facts:
        return Finding(False, "no scorer was trained")
    seen = (
        f"pair accuracy {facts['pair_accuracy']:.3f}, AUC {facts['auc']:.3f} on "
        f"{facts['held_out_pairs']} held-out pairs of {facts['held_out_documents']} documents"
    )
    below = refusal(run, QUERY_SCORER, report.version, even_if_worse=True)
    refused = below or refusal(run, QUERY_SCORER, report.version)
    return Finding(bool(below), f"{seen}; {refused}" if refused else seen)


def _redundant_splits(run: StageRun, report: StageReport) -> Finding:
    limits = run.settings.alarms
    counts: dict[str, tuple[int, int]] = {}
    for split in read_halves(run.warehouse, MAX_SPLITS_COMPARED):
        shorter, longer = sorted((tokenize(split["first"]), tokenize(split["second"])), key=len)
        bad, total = counts.get(split["document_id"], (0, 0))
        overlaps = rouge_l_precision(shorter, longer) > limits.max_sibling_overlap
        counts[split["document_id"]] = (bad + overlaps, total + 1)
    what = f"splits whose halves overlap by more than {limits.max_sibling_overlap:g} ROUGE-L"
    return _share(counts, limits.max_redundant_split_share, what)


def _too_long(run: StageRun, report: StageReport) -> Finding:
    counts = too_long_by_document(run.warehouse)
    what = "passages that were too long for the model"
    return _share(counts, run.settings.alarms.max_too_long_share, what)


def _slow_splits(run: StageRun, report: StageReport) -> Finding:
    calls, limit = report.calls, run.settings.alarms.max_split_seconds
    if calls is None or calls.issued < MIN_CALLS_TIMED:
        return Finding(False, f"fewer than {MIN_CALLS_TIMED} calls")
    raised = calls.p95_seconds > limit
    longest = (
        longest_contexts(run.warehouse, [p.document_id for p in report.partitions])
        if raised
        else {}
    )
    ranked = sorted(longest.items(), key=lambda item: -item[1])[:DOCUMENTS_NAMED]
    return Finding(
        raised,
        f"one call in twenty took {calls.p95_seconds:.1f} s or more; the limit is {limit:g} s",
        tuple(f"{document}: up to {chars:,} characters" for document, chars in ranked),
    )


def _repeated_queries(run: StageRun, report: StageReport) -> Finding:
    counts = repeats_across_documents(run.warehouse)
    what = "rows whose query also occurs in another document"
    return _share(counts, run.settings.alarms.max_repeated_query_share, what)


def _search_in_vain(run: StageRun, report: StageReport) -> Finding:
    margins = search_margins(load_trials(run.warehouse, report.version))
    least = run.settings.alarms.min_search_margin
    worst = [each.language for each in margins if each.margin <= least]
    seen = "; ".join(
        f"{each.language}: {each.margin:+.3f} over a random choice on unseen examples (95 %: "
        f"{each.margin_ci95[0]:+.3f} to {each.margin_ci95[1]:+.3f})"
        for each in margins
    )
    return Finding(bool(worst), seen or "nothing to choose from", tuple(worst))


def _verdicts_mostly_no(run: StageRun, report: StageReport) -> Finding:
    margins = search_margins(load_trials(run.warehouse, report.version))
    least = 1 - run.settings.alarms.max_no_verdict_share
    worst = [each.language for each in margins if each.mean_score < least]
    seen = "; ".join(
        f"{each.language}: {1 - each.mean_score:.0%} of the verdicts are no" for each in margins
    )
    return Finding(bool(worst), seen or "nothing was judged", tuple(worst))


def _not_grounded(run: StageRun, report: StageReport) -> Finding:
    counts = ungrounded_by_document(run.warehouse)
    what = "answers that did not keep to their passage"
    return _share(counts, run.settings.alarms.max_ungrounded_share, what)


ALARMS = (
    Alarm(
        "splits_independent",
        "cst_nodes",
        "Low diversity: the halves of a split say the same.",
        'Try [tree] split = "boundary", which rewrites nothing, a stronger model, or a greater '
        "min_split_rouge_l.",
        _redundant_splits,
    ),
    Alarm(
        "contexts_fit_the_model",
        "cst_nodes",
        "Contexts too large: the model rejected passages as too long.",
        "Try a smaller [tree] max_context_chars, or a model with a larger window.",
        _too_long,
    ),
    Alarm(
        "splits_fast_enough",
        "cst_nodes",
        "Contexts too large: splitting them takes long.",
        'Try [tree] split = "boundary" (far fewer output tokens), a smaller max_context_chars, or '
        "fewer calls at once ([model] max_concurrency).",
        _slow_splits,
    ),
    Alarm(
        "scorer_above_chance",
        "query_scorer",
        "Low diversity: the scorer does not distinguish good queries from those of a worse prompt.",
        "Read the sample of pairs. Try more pairs_per_negative_kind, a weaker copy of the _weak "
        'prompts, kind = "transformer" or embedding_model, or no scorer: [scorer] kind = "none".',
        _scorer_near_chance,
    ),
    Alarm(
        "search_better_than_random",
        "few_shot_examples",
        "Low fidelity: the chosen examples are no better than random ones.",
        "Try more and more varied rows in examples.jsonl, or more search_trials; if all verdicts "
        "are alike, try a stronger judge or another judgement prompt.",
        _search_in_vain,
    ),
    Alarm(
        "verdicts_mostly_yes",
        "few_shot_examples",
        "Low fidelity: the model finds most of its own answers wrong.",
        "Read the trial log and some answers. Try a stronger model, [responses] reasoning = true, "
        "or references in examples.jsonl that answer only the question.",
        _verdicts_mostly_no,
    ),
    Alarm(
        "answers_grounded",
        "responses",
        "Low fidelity: answers do not keep to their passage.",
        "Read the rejections of the stage responses. Try a stricter principle, a lower "
        "[responses] temperature, reasoning = true, or a stronger model.",
        _not_grounded,
    ),
    Alarm(
        "queries_differ_across_documents",
        "sft_dataset",
        "Low diversity: documents share their queries.",
        "Try [selection] whole_corpus = true, a greater chars_per_query, or [source] exclude for "
        "copies and boilerplate; questions that do not name their subject need a better prompt.",
        _repeated_queries,
    ),
)


def _share(counts: Mapping[str, tuple[int, int]], limit: float, what: str) -> Finding:
    """Report the share of bad rows in *counts* (bad, total) by document, and the worst ones."""
    bad, total = (sum(count[place] for count in counts.values()) for place in (0, 1))
    share = bad / total if total else 0.0
    worst = sorted((item for item in counts.items() if item[1][0]), key=lambda item: -item[1][0])
    return Finding(
        share > limit,
        f"{bad:,} of {total:,} ({share:.1%}) {what}; the limit is {limit:.0%}",
        tuple(f"{name}: {b:,} of {t:,}" for name, (b, t) in worst[:DOCUMENTS_NAMED]),
    )
