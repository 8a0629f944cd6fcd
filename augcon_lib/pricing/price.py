"""The price of materializing stale documents, by stage and by reason."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace

from augcon_lib.answers.few_shot_search import FewShotChoice, FewShotSearch
from augcon_lib.answers.responses import Responder
from augcon_lib.documents import StoreListing
from augcon_lib.model import model_identity
from augcon_lib.model.journal import Journal
from augcon_lib.pipeline import CHOICES, SEED, StageName
from augcon_lib.pricing.calibration import PRICED_STAGES, Calibration, calibrate, shares_of
from augcon_lib.pricing.estimate import Estimate
from augcon_lib.pricing.evidence import of_choice, of_contexts, of_embeddings
from augcon_lib.pricing.past_splits import PastSplits
from augcon_lib.pricing.stand_in import StandIn
from augcon_lib.pricing.walk import Walked, Walker
from augcon_lib.pricing.work import WorkFinder, shares_of_sample
from augcon_lib.queries.contrastive_pairs import Positive, build_pairs, sample_positives
from augcon_lib.queries.linear_scorer import Scorer
from augcon_lib.stages.drift import corpus_drift
from augcon_lib.stages.promotion import usable_choice
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness.choices import DRIFTED, TREES, has_drifted
from augcon_lib.staleness.partitions import Staleness
from augcon_lib.warehouse.choices import NO_DOCUMENT, load_few_shot, load_scorer
from augcon_lib.warehouse.partitions import load_states
from augcon_lib.warehouse.stage_rows import read_positives

# Size of the pool that a sample of queries is drawn from; more copies would not change it.
MAX_COPIES = 20
# Length of a question that is not written yet, for the cost of its embedding.
QUESTION_CHARS = 100


@dataclass
class Price:
    """Estimates by stage and by reason; ``documents`` by reason."""

    stages: dict[StageName, Estimate] = field(default_factory=dict)
    reasons: dict[str, Estimate] = field(default_factory=dict)
    documents: dict[str, int] = field(default_factory=dict)

    def add(self, stage: StageName, reason: str, part: Estimate) -> None:
        """Add *part*."""
        self.stages[stage] = self.stages.get(stage, Estimate()) + part
        self.reasons[reason] = self.reasons.get(reason, Estimate()) + part

    @property
    def total(self) -> Estimate:
        """The sum of all parts."""
        return sum(self.stages.values(), Estimate())


def price(
    run: StageRun, stale: Staleness, listing: StoreListing, reasons: Mapping[str, Sequence[str]]
) -> Price:
    """Estimate the price of all that is *stale*; *reasons* are those of each stale document.

    Reads the store, the warehouse and the journal; calls nothing and writes nothing.
    """
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for document_id, why in sorted(reasons.items()):
        groups[", ".join(why)].append(document_id)
    if not groups and not set(CHOICES) & stale.unpartitioned.keys():
        return Price()
    versions = run.versions()
    pricing = _Pricing(
        run,
        load_scorer(run.warehouse, versions.scorer) if run.settings.uses_scorer else None,
        load_few_shot(run.warehouse, versions.few_shot) if versions.few_shot else None,
    )
    return asyncio.run(pricing.price(WorkFinder(run, stale, listing), groups, stale.unpartitioned))


class _Pricing:
    def __init__(
        self, run: StageRun, scorer: Scorer | None, few_shot: FewShotChoice | None
    ) -> None:
        self._run = run
        self._scorer = scorer
        self._few_shot = few_shot
        self._identity = model_identity(run.settings.model)

    async def price(
        self,
        finder: WorkFinder,
        groups: Mapping[str, Sequence[str]],
        unpartitioned: Mapping[StageName, Sequence[str]],
    ) -> Price:
        found = Price(documents={reason: len(ids) for reason, ids in groups.items()})
        choices: dict[StageName, Sequence[str]] = {
            stage: unpartitioned[stage] for stage in CHOICES if stage in unpartitioned
        }
        path = self._run.workspace.journal_path
        with closing(Journal(path)) if path.exists() else nullcontext() as journal:
            shares = shares_of(self._run)
            chat = StandIn(self._identity, journal, shares)
            allowed = shares_of_sample(groups)
            samples = {why: finder.sample(ids, allowed[why]) for why, ids in groups.items()}
            walker = self._walker(chat)
            doubting = self._walker(StandIn(self._identity, journal, shares, trusts_past=False))
            walked: dict[str, list[tuple[Walked, Walked]]] = {why: [] for why in samples}
            for why, sample in samples.items():
                for work in sample.works:
                    usual = await walker.walk(work)
                    moved = await doubting.walk(work) if work.past else usual
                    walked[why].append((usual, moved))
            calibration = Calibration()
            if any(walked.values()):
                without = self._walker(StandIn(self._identity, None, shares))
                calibration = await calibrate(self._run, without, journal, self._identity)
            for why, results in walked.items():
                for stage in PRICED_STAGES:
                    part = of_contexts(stage, results, samples[why].weight, calibration)
                    found.add(stage, why, part)
                texts = [usual.texts for usual, _ in results]
                if any(texts):
                    found.add("scored_queries", why, of_embeddings(texts, samples[why].weight))
            drifting = sum(sample.drifting for sample in samples.values())
            choices = with_retraining(self._run, choices, drifting)
            positives = [
                replace(
                    positive, node_id=f"{positive.node_id}{copy}", context=again(positive, copy)
                )
                for why, results in walked.items()
                for context, _ in results
                for positive in context.positives
                for copy in range(min(round(samples[why].weight), MAX_COPIES))
            ]
            for stage, reasons in choices.items():
                if journal is None or not self._is_kept(stage, journal):
                    chat.begin_context(PastSplits())
                    if stage == "few_shot_examples":
                        await self._search(chat)
                    else:
                        await self._worsen(chat, positives, finder.gone_nodes)
                    tally = chat.take_tally()
                    part = of_choice(stage, tally, len(self._run.examples), calibration)
                    if stage == "query_scorer" and self._run.settings.uses_endpoint_embeddings:
                        part += of_embeddings([["?" * QUESTION_CHARS] * tally.calls])
                    found.add(stage, f"{stage} {', '.join(reasons)}", part)
        return found

    def _walker(self, chat: StandIn) -> Walker:
        return Walker(self._run, chat, self._scorer, self._few_shot)

    def _is_kept(self, stage: StageName, journal: Journal) -> bool:
        """Whether the version that was active before the warehouse was lost will be restored."""
        in_force = self._run.versions().active[stage]
        return not in_force and usable_choice(self._run, stage, journal) is not None

    async def _search(self, chat: StandIn) -> None:
        """Make the calls of the search over few-shot examples."""
        run, given = self._run, self._run.settings.responses
        responder = Responder(chat, run.prompts, run.principles, given)
        await FewShotSearch(chat, run.prompts, responder).search(
            run.examples, given.few_shot_count, given.search_trials, SEED
        )

    async def _worsen(
        self, chat: StandIn, new: Sequence[Positive], gone_nodes: Collection[str]
    ) -> None:
        """Make the calls for the negatives of a pool like the future one."""
        run, settings = self._run, self._run.settings
        stay = [each for each in read_positives(run.warehouse) if each.node_id not in gone_nodes]
        pool = [*stay, *new]
        sampled = sample_positives(pool, settings.scorer.pairs_per_negative_kind, SEED)
        await build_pairs(
            chat, run.prompts, sampled, settings.tree.parts, settings.tree.temperature
        )


def with_retraining(
    run: StageRun, choices: Mapping[StageName, Sequence[str]], drifting: float
) -> dict[StageName, Sequence[str]]:
    """Return *choices*, and the scorer if *drifting* more documents make it stale."""
    states = load_states(run.warehouse)
    scorer = states.get(("query_scorer", NO_DOCUMENT))
    if "query_scorer" in choices or scorer is None or not run.settings.uses_scorer or not drifting:
        return dict(choices)
    if TREES in scorer.inputs:
        return {**choices, "query_scorer": [f"{TREES} changed"]}
    trees = sum(stage == "cst_nodes" for stage, _ in states) or 1
    if has_drifted(corpus_drift(run, states) + drifting / trees, run.settings):
        return {**choices, "query_scorer": [DRIFTED]}
    return dict(choices)


def again(positive: Positive, copy: int) -> str:
    """Return the context of *positive*; a *copy*, which stands for another one, differs from it."""
    return f"{positive.context} ({copy})" if copy else positive.context
