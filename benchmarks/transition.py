"""The cost of one change of a store, compared with the necessary cost."""

from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path

from context_stability import Blocks, beside_removed, left_alone, without_new_block
from edit_history import Step
from followed_workspace import CHOICES, FollowedWorkspace, Partition, State


@dataclass(frozen=True)
class Needed:
    """The necessary calls: for the root contexts with a changed block, for whole changed documents,
    and for the whole store. Also shares of the root contexts without such a block (1.0 if there are
    none): of the new ones that existed before, and of the old ones that still exist."""

    contexts: int
    documents: int
    store: int
    reusable: int
    reused: int
    alone: int
    kept: int
    alone_in_changed: int
    kept_in_changed: int


@dataclass(frozen=True)
class Transition:
    """One change and its cost: ``issued`` counts calls for documents, ``issued_for_added`` those of
    them for new documents, ``choices`` those for the scorer and the few-shot examples."""

    name: str
    changed: int
    added: int
    deleted: int
    issued: int
    issued_for_added: int
    choices: int
    needed: Needed
    plan_low: int
    plan_high: int
    rows_added: int
    rows_kept: int
    rows_removed: int
    unchanged_materialized: int
    quiet_calls: int
    second_run: int
    identical: bool | None
    seconds: float

    @property
    def ratio(self) -> float | None:
        return self.issued / self.needed.contexts if self.needed.contexts else None


def follow(
    workspace: FollowedWorkspace, step: Step, before: State, scratch: Path | None
) -> tuple[Transition, State]:
    """Run after *step* and compare; with *scratch*, also make the dataset from scratch there."""
    plan = workspace.augcon_json("plan")["stages"]["total"]["model_calls"]
    call = workspace.last_call()
    summary = workspace.augcon_json("run")
    calls = workspace.calls_since(call)
    after = workspace.state()
    identical = None
    if scratch is not None:
        identical = workspace.export() == workspace.made_from_scratch(scratch)
    again = workspace.augcon_json("run")
    choices = sum(count for (stage, _), count in calls.items() if stage in CHOICES)
    common = before.sources.keys() & after.sources.keys()
    unchanged = {d for d in common if before.sources[d] == after.sources[d]}
    row = Transition(
        name=step.name,
        changed=len(common) - len(unchanged),
        added=len(after.sources.keys() - common),
        deleted=len(before.sources.keys() - common),
        issued=summary["model_calls"]["issued"] - choices,
        issued_for_added=sum(
            count
            for (stage, document), count in calls.items()
            if document in after.sources.keys() - common and stage not in CHOICES
        ),
        choices=choices,
        needed=needed(before, after, step, unchanged),
        plan_low=plan["low"],
        plan_high=plan["high"],
        rows_added=summary["rows"]["added"],
        rows_kept=summary["rows"]["kept"],
        rows_removed=summary["rows"]["removed"],
        unchanged_materialized=len(
            remade(before, after, unchanged)
            | {p for p in workspace.materialized(summary["run_ids"]) if p[1] in unchanged}
        ),
        quiet_calls=sum(
            count
            for (stage, document), count in calls.items()
            if document in step.quiet and stage not in CHOICES
        ),
        second_run=again["model_calls"]["issued"] + len(again["run_ids"]),
        identical=identical,
        seconds=summary["seconds"],
    )
    return row, after


def remade(before: State, after: State, documents: set[str]) -> set[Partition]:
    """Return the partitions of *documents* that another run has written since."""
    return {
        partition
        for partition, run in after.made_by.items()
        if partition[1] in documents and before.made_by.get(partition) != run
    }


def needed(before: State, after: State, step: Step, unchanged: set[str]) -> Needed:
    counts: Counter[str] = Counter()
    for document, text in after.texts.items():
        found = after.contexts.get(document, ())
        old_name = step.renamed.get(document, document)
        old, new = Blocks(before.texts.get(old_name, "")), Blocks(text)
        same = without_new_block(new, old, found) if old_name in before.texts else []
        same_ids = {context.context_id for context in same}
        earlier = before.contexts.get(document, ())
        there = {context.context_id for context in earlier}
        shrunk = {context.context_id for context in beside_removed(new, old, found)} - there
        is_changed = document not in unchanged
        for context in found if is_changed else ():
            calls = after.calls[document, context.context_id]
            counts["documents"] += calls
            is_same = context.context_id in same_ids - shrunk
            counts["contexts"] += 0 if is_same else calls
        if document not in before.texts:
            continue  # new, or renamed: its contexts have other ids
        here = {context.context_id for context in found}
        alone = left_alone(old, new, earlier) if is_changed else earlier
        kept = sum(context.context_id in here for context in alone)
        counts["reusable"] += len(same_ids)
        counts["reused"] += len(same_ids & there)
        counts["alone"] += len(alone)
        counts["kept"] += kept
        counts["alone_in_changed"] += len(alone) if is_changed else 0
        counts["kept_in_changed"] += kept if is_changed else 0
    counts["store"] = after.calls.total()
    return Needed(**{field.name: counts[field.name] for field in fields(Needed)})


def share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
