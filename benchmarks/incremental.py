"""Measure the cost of following a real edit history, change by change.

    python benchmarks/incremental.py HISTORY [--commits] [--split boundary] [--write FILE.md]

HISTORY contains snapshots and single commits of a document store (``edit_history.py``). One after
the other becomes the store of one workspace, which `augcon run` follows with the offline provider.
Exits with 1 if one of the limits below is exceeded. The columns:

issued     model calls for documents, and for the new ones among them
choices    model calls for training the scorer (first, and when the corpus has drifted) and for the
           few-shot search
contexts   calls that the root contexts with a changed block take (a block: text between blank
           lines; changed: not in the document's old version, or removed from the root context);
           a new document has only changed blocks
ratio      issued / contexts
documents  calls that regenerating every changed document would take
store      calls that regenerating the whole store would take
kept       share of the old root contexts without a changed, removed or inserted block whose id
           still exists; of all documents / of changed documents
reused     share of the new root contexts without a changed block whose id existed before
must be 0  partitions of unchanged documents that were materialized; calls for documents of which
           only white space or front matter changed; calls and runs of a second `augcon run`
identical  whether the export equals, byte for byte, that of a new workspace on this snapshot with
           the same journal, scorer and few-shot choice
plan       calls that `augcon plan` predicted
rows       of the dataset: added, kept, removed
"""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from edit_history import replay_commits, replay_snapshots
from followed_workspace import NOTHING, FollowedWorkspace
from transition import Transition, follow, share

MAX_RATIO = 1.15  # each change: issued / contexts
MIN_KEPT = 0.97  # all changes of a replay together
MAX_PLAN_ERROR = 0.15  # all changes of a replay together: midpoint of the plan against issued
# A line added near the top of nearly every file: issued for the changed ones / store.
MAX_STORE_SHARE = {("howtocook-zh", "snap-06"): {"rewrite": 0.35, "boundary": 0.15}}

HEADINGS = (
    "change", "documents: changed, added, deleted", "issued (for added)", "choices", "contexts",
    "ratio", "documents", "store", "kept: all / changed", "reused", "must be 0", "identical",
    "plan", "rows: added, kept, removed", "s",
)  # fmt: skip


def table(rows: Sequence[Transition]) -> list[str]:
    """Return the table as lines of Markdown."""
    lines = [f"| {' | '.join(HEADINGS)} |", "|---" * len(HEADINGS) + "|"]
    for row in rows:
        need = row.needed
        kept = share(need.kept, need.alone)
        kept_in_changed = share(need.kept_in_changed, need.alone_in_changed)
        cells = (
            row.name,
            f"{row.changed}, {row.added}, {row.deleted}",
            f"{row.issued:,} ({row.issued_for_added:,})",
            f"{row.choices:,}",
            f"{need.contexts:,}",
            "" if row.ratio is None else f"{row.ratio:.2f}",
            f"{need.documents:,}",
            f"{need.store:,}",
            f"{kept:.3f} / {kept_in_changed:.3f}",
            f"{share(need.reused, need.reusable):.3f}",
            f"{row.unchanged_materialized}, {row.quiet_calls}, {row.second_run}",
            {True: "yes", False: "**no**", None: ""}[row.identical],
            f"{row.plan_low:,} to {row.plan_high:,}",
            f"{row.rows_added:,}, {row.rows_kept:,}, {row.rows_removed:,}",
            f"{row.seconds:.0f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def summary(rows: Sequence[Transition]) -> str:
    """Return one line that sums up all changes after the first."""
    later = rows[1:]
    kept = share(sum(r.needed.kept for r in later), sum(r.needed.alone for r in later))
    in_changed = share(
        sum(r.needed.kept_in_changed for r in later), sum(r.needed.alone_in_changed for r in later)
    )
    checked = [r.identical for r in later if r.identical is not None]
    return (
        f"{len(later)} changes: {sum(r.issued for r in later):,} calls issued; "
        f"{sum(r.needed.contexts for r in later):,} for the contexts with a changed block, "
        f"{sum(r.needed.documents for r in later):,} for changed documents, "
        f"{sum(r.needed.store for r in later):,} for the whole store each time; highest ratio "
        f"{max((r.ratio or 0.0 for r in later), default=0.0):.2f}; kept {kept:.3f} "
        f"({in_changed:.3f} in changed documents); {sum(checked)} of {len(checked)} that were "
        f"compared are identical; plan {plan_error(later):+.0%}"
    )


def plan_error(rows: Sequence[Transition]) -> float:
    """Return the relative error of the plans' midpoints over all *rows*, against issued calls."""
    issued = sum(row.issued + row.choices for row in rows)
    planned = sum(row.plan_low + row.plan_high for row in rows) / 2
    return planned / issued - 1 if issued else 0.0


def broken_limits(rows: Sequence[Transition], store: str, split: str) -> list[str]:
    """Return the limits that were exceeded, in words."""
    found = []
    later = rows[1:]
    for row in rows:
        must_be_0 = {
            "partitions of unchanged documents materialized": row.unchanged_materialized,
            "calls for changes of white space or front matter": row.quiet_calls,
            "calls and runs of a second run": row.second_run,
        }
        found += [f"{row.name}: {count} {what}" for what, count in must_be_0.items() if count]
        if row.identical is False:
            found.append(f"{row.name}: differs from a dataset made from scratch")
    for row in later:
        if row.issued > MAX_RATIO * row.needed.contexts:
            found.append(f"{row.name}: {row.issued} calls for {row.needed.contexts}")
        most = MAX_STORE_SHARE.get((store, row.name), {}).get(split)
        edited = row.issued - row.issued_for_added
        if most and edited >= most * row.needed.store:
            found.append(f"{row.name}: {edited / row.needed.store:.1%} of the store's calls")
    kept = share(sum(r.needed.kept for r in later), sum(r.needed.alone for r in later))
    reused = share(sum(r.needed.reused for r in later), sum(r.needed.reusable for r in later))
    if min(kept, reused) < MIN_KEPT:
        found.append(f"{kept:.3f} of the root contexts kept, {reused:.3f} reused")
    if abs(plan_error(later)) > MAX_PLAN_ERROR:
        found.append(f"plans are {plan_error(later):+.0%} off")
    return found


def write_section(document: Path, name: str, lines: Sequence[str]) -> None:
    """Replace the section *name* of *document* between its markers; append it if it is new."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    section = "\n".join([begin, "", *lines, "", end])
    text = document.read_text("utf-8")
    if begin in text:
        pattern = re.escape(begin) + ".*?" + re.escape(end)
        text = re.sub(pattern, lambda _: section, text, flags=re.DOTALL)
    else:
        text = f"{text.rstrip()}\n\n{section}\n"
    document.write_text(text, encoding="utf-8")


def replay(options: argparse.Namespace, folder: Path) -> list[Transition]:
    workspace = FollowedWorkspace(folder / "workspace", options.split)
    steps = replay_commits if options.commits else replay_snapshots
    every = options.identical_every if options.identical_every >= 0 else int(not options.commits)
    before = NOTHING
    rows: list[Transition] = []
    for number, step in enumerate(steps(options.history, workspace.store, options.most)):
        is_compared = every and number % every == 0
        row, before = follow(workspace, step, before, folder / "scratch" if is_compared else None)
        rows.append(row)
        print(table([row])[-1], file=sys.stderr, flush=True)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("history", type=Path)
    parser.add_argument(
        "--commits", action="store_true", help="apply commits one by one to snap-01"
    )
    parser.add_argument("--split", choices=("rewrite", "boundary"), default="rewrite")
    parser.add_argument("--most", type=int, default=999, help="most snapshots or commits to follow")
    parser.add_argument(
        "--identical-every",
        type=int,
        default=-1,
        metavar="N",
        help="also make every Nth from scratch (default: each snapshot, no commit)",
    )
    parser.add_argument("--write", type=Path, help="write the table into this Markdown file")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        rows = replay(options, Path(name))
    store = options.history.resolve().name
    kind = "commits" if options.commits else "snapshots"
    broken = broken_limits(rows, store, options.split)
    lines = [f"**{store}, {kind}, `{options.split}`**", "", *table(rows), "", summary(rows)]
    lines += [f"- outside its limit: {problem}" for problem in broken]
    print("\n".join(lines))
    if options.write:
        write_section(options.write, f"{store} {kind} {options.split}", lines)
    if options.json:
        options.json.write_text(json.dumps([asdict(r) for r in rows], indent=1) + "\n", "utf-8")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
