"""Measure how many root contexts survive an edit: compare neighbouring snapshots of a store.

    python benchmarks/context_stability.py [--max-context-chars 1600] SNAPSHOT_DIR SNAPSHOT_DIR ...

A block is a text between blank lines. Two shares for each pair of neighbouring folders:

- reused: of the contexts of the newer folder that contain no new block, those that existed before
  (the rest is paid for again without need);
- kept: of the contexts of the older folder in which no block was changed, removed or inserted,
  those that still exist.

Both are counted twice: over all documents that both folders contain, and over the documents whose
text changed, where every loss happens. A renamed file counts as deleted and added.

``--joining-section``, ``--joined-section`` and ``--min-side`` try other rules: ``0 0`` for the
first two starts a context at every heading, ``inf inf`` cuts by length alone.
"""

import argparse
import difflib
import re
import statistics
import time
from collections import Counter
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

from augcon_lib.documents import list_store, read_documents
from augcon_lib.records import Context, Document
from augcon_lib.settings import SourceSettings
from augcon_lib.tree.contexts import CUTTING_RULE, CuttingRule, cut_contexts

BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")


def documents_of(folder: Path) -> dict[str, Document]:
    source = SourceSettings(uri=str(folder.resolve()))
    results = read_documents(source, folder, list_store(source, folder).entries)
    return {result.document_id: result for result in results if isinstance(result, Document)}


class Blocks:
    """The texts between blank lines, and the ones that each context touches."""

    def __init__(self, text: str) -> None:
        edges = [0, *(match.end() for match in BLANK_LINES.finditer(text)), len(text)]
        spans = [(start, end) for start, end in pairwise(edges) if text[start:end].strip()]
        self.spans = spans
        self.texts = [text[start:end].strip() for start, end in spans]

    def touched_by(self, context: Context) -> range:
        touched = [
            number
            for number, (start, end) in enumerate(self.spans)
            if start < context.end_char and end > context.start_char
        ]
        return range(touched[0], touched[-1] + 1)


def without_new_block(new: Blocks, old: Blocks, contexts: tuple[Context, ...]) -> list[Context]:
    left = Counter(old.texts)
    is_old = []
    for text in new.texts:
        is_old.append(left[text] > 0)
        left[text] -= 1
    return [c for c in contexts if all(is_old[number] for number in new.touched_by(c))]


def beside_removed(new: Blocks, old: Blocks, contexts: tuple[Context, ...]) -> list[Context]:
    """Return the contexts that lost a block inside or at an edge."""
    matcher = difflib.SequenceMatcher(None, old.texts, new.texts, autojunk=False)
    gaps = [place for tag, _, _, place, _ in matcher.get_opcodes() if tag == "delete"]
    touched = ((context, new.touched_by(context)) for context in contexts)
    return [c for c, blocks in touched if any(blocks.start <= gap <= blocks.stop for gap in gaps)]


def left_alone(old: Blocks, new: Blocks, contexts: tuple[Context, ...]) -> list[Context]:
    matcher = difflib.SequenceMatcher(None, old.texts, new.texts, autojunk=False)
    edits = [(low, high) for tag, low, high, _, _ in matcher.get_opcodes() if tag != "equal"]

    def is_edited(blocks: range) -> bool:
        # An insertion between two contexts belongs to neither.
        return any(
            (low < blocks.stop and high > blocks.start)
            or (low == high and blocks.start < low < blocks.stop)
            for low, high in edits
        )

    return [context for context in contexts if not is_edited(old.touched_by(context))]


def compare(
    old: Document, new: Document, before: tuple[Context, ...], after: tuple[Context, ...]
) -> Counter[str]:
    old_ids = {context.context_id for context in before}
    new_ids = {context.context_id for context in after}
    old_blocks, new_blocks = Blocks(old.text), Blocks(new.text)
    reusable = without_new_block(new_blocks, old_blocks, after)
    alone = left_alone(old_blocks, new_blocks, before)
    return Counter(
        reusable=len(reusable),
        reused=sum(context.context_id in old_ids for context in reusable),
        alone=len(alone),
        kept=sum(context.context_id in new_ids for context in alone),
    )


def shares(counts: Counter[str]) -> str:
    reused = counts["reused"] / max(1, counts["reusable"])
    kept = counts["kept"] / max(1, counts["alone"])
    return f"{counts['reusable']:8} | {reused:6.3f} | {counts['alone']:6} | {kept:6.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--max-context-chars", type=int, default=1600)
    parser.add_argument("--min-context-chars", type=int, default=100)
    for field in fields(CuttingRule):
        name = f"--{field.name.replace('_', '-')}"
        parser.add_argument(name, type=float, default=getattr(CUTTING_RULE, field.name))
    parser.add_argument("snapshots", nargs="+", type=Path)
    arguments = parser.parse_args()
    rule = CuttingRule(arguments.joining_section, arguments.joined_section, arguments.min_side)
    lengths = (arguments.max_context_chars, arguments.min_context_chars)
    stores = [documents_of(folder) for folder in arguments.snapshots]
    began = time.perf_counter()
    contexts = [{i: cut_contexts(d, *lengths, rule) for i, d in store.items()} for store in stores]
    seconds = time.perf_counter() - began
    heading = f"{'reusable':8} | reused | {'alone':6} | kept  "
    print(f"{'':20} | {'all documents':35} | changed documents")
    print(f"{'snapshots':20} | {heading} | {heading}")
    totals: Counter[str] = Counter()
    changed_totals: Counter[str] = Counter()
    for (old, new), (before, after), folders in zip(
        pairwise(stores), pairwise(contexts), pairwise(arguments.snapshots), strict=True
    ):
        everything: Counter[str] = Counter()
        changed: Counter[str] = Counter()
        for document_id in old.keys() & new.keys():
            was, now = old[document_id], new[document_id]
            counts = compare(was, now, before[document_id], after[document_id])
            everything += counts
            if was.text != now.text:
                changed += counts
        name = " > ".join(folder.name for folder in folders)
        print(f"{name:20} | {shares(everything)} | {shares(changed)}")
        totals += everything
        changed_totals += changed
    print(f"{'all':20} | {shares(totals)} | {shares(changed_totals)}")
    sizes = [len(c.text) for store in contexts for found in store.values() for c in found]
    tenths = [round(tenth) for tenth in statistics.quantiles(sizes, n=10)]
    print(f"characters: median {statistics.median(sizes):.0f}, tenths {tenths}")
    print(f"cut {len(sizes):,} contexts in {seconds:.1f} s")


if __name__ == "__main__":
    main()
