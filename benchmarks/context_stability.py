"""How many root contexts survive an edit: compares neighbouring snapshots of a document store.

    python benchmarks/context_stability.py [--max-context-chars 1600] SNAPSHOT_DIR SNAPSHOT_DIR ...

For each pair of neighbouring folders: the contexts of the older one none of whose blocks (texts
between blank lines) changed, the share of them whose id is still there in the newer one, and the
median length. A file that was renamed counts as deleted and added.
"""

import argparse
import re
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

from augcon_lib.contexts import cut_contexts
from augcon_lib.documents import list_store, read_documents
from augcon_lib.records import Context, Document
from augcon_lib.settings import SourceSettings

BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")


def documents_of(folder: Path) -> dict[str, Document]:
    source = SourceSettings(uri=str(folder))
    entries = list_store(source, folder).entries
    results = read_documents(source, folder, entries)
    return {d.document_id: d for d in results if isinstance(d, Document)}


def block_spans(text: str) -> list[tuple[int, int]]:
    edges = [0, *(match.end() for match in BLANK_LINES.finditer(text)), len(text)]
    return list(zip(edges, edges[1:], strict=False))


def unchanged(old: Document, new: Document, contexts: tuple[Context, ...]) -> list[Context]:
    """The contexts of *old* all of whose blocks are found in *new*."""
    left = Counter(new.text[start:end].strip() for start, end in block_spans(new.text))
    kept_blocks = []
    for start, end in block_spans(old.text):
        block = old.text[start:end].strip()
        kept_blocks.append((start, end, not block or left[block] > 0))
        left[block] -= 1
    return [
        context
        for context in contexts
        if all(
            kept
            for start, end, kept in kept_blocks
            if start < context.end_char and end > context.start_char
        )
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--max-context-chars", type=int, default=1600)
    parser.add_argument("--min-context-chars", type=int, default=100)
    parser.add_argument("snapshots", nargs="+", type=Path)
    arguments = parser.parse_args()
    lengths = (arguments.max_context_chars, arguments.min_context_chars)
    stores = [documents_of(folder) for folder in arguments.snapshots]
    began = time.perf_counter()
    contexts = [{i: cut_contexts(d, *lengths) for i, d in s.items()} for s in stores]
    seconds = time.perf_counter() - began
    print("old -> new | contexts | untouched | kept | share")
    totals: Counter[str] = Counter()
    for number in range(1, len(stores)):
        old, new = stores[number - 1], stores[number]
        counts: Counter[str] = Counter()
        for document_id in old.keys() & new.keys():
            before = contexts[number - 1][document_id]
            ids = {context.context_id for context in contexts[number][document_id]}
            quiet = unchanged(old[document_id], new[document_id], before)
            counts["contexts"] += len(before)
            counts["untouched"] += len(quiet)
            counts["kept"] += sum(context.context_id in ids for context in quiet)
            if old[document_id].text != new[document_id].text:
                counts["edited untouched"] += len(quiet)
                counts["edited kept"] += sum(context.context_id in ids for context in quiet)
        names = f"{arguments.snapshots[number - 1].name} -> {arguments.snapshots[number].name}"
        share = counts["kept"] / max(1, counts["untouched"])
        print(f"{names} | {counts['contexts']} | {counts['untouched']} | {counts['kept']} | {share:.3f}")
        totals += counts
    sizes = sorted(len(c.text) for store in contexts for cs in store.values() for c in cs)
    print(f"kept of untouched, all documents:    {totals['kept'] / max(1, totals['untouched']):.4f}")
    edited = totals["edited kept"] / max(1, totals["edited untouched"])
    print(f"kept of untouched, edited documents: {edited:.4f} ({totals['edited untouched']} contexts)")
    if sizes:
        tenths = [round(tenth) for tenth in statistics.quantiles(sizes, n=10)]
        print(f"characters: median {statistics.median(sizes):.0f}, tenths {tenths}")
    print(f"cutting took {seconds:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
