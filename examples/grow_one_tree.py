"""One Context-Split-Tree with the library alone: ``python examples/grow_one_tree.py FILE``.

Prints every node's question, indented by depth, with its characters in the file's text.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from augcon_lib.documents import list_store, read_documents
from augcon_lib.model import open_engine
from augcon_lib.prompts import PromptLibrary
from augcon_lib.records import Document
from augcon_lib.settings import Settings, SourceSettings, api_key
from augcon_lib.tree.context_split_tree import ContextSplitTree
from augcon_lib.tree.contexts import cut_contexts
from augcon_lib.tree.lengths import resolve_lengths, tree_parameters


async def print_trees(path: Path) -> None:
    """Grow the first root context of each document at *path* and print its questions."""
    settings = Settings(source=SourceSettings(uri=str(path)))
    entries = list_store(settings.source, path.parent).entries
    for document in read_documents(settings.source, path.parent, entries):
        if isinstance(document, Document):
            await print_tree(document, settings)
        else:
            print(f"{document.document_id}: {document.reason}: {document.detail}")


async def print_tree(document: Document, settings: Settings) -> None:
    """Grow the trees of the first root context of *document* and print those of round 0."""
    language = document.language
    lengths = resolve_lengths(settings, language)
    context = cut_contexts(document, lengths.max_context_chars, lengths.min_context_chars)[0]
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal.sqlite"
        async with open_engine(settings, journal, api_key=api_key(settings.model)) as engine:
            parameters = tree_parameters(settings, language)
            tree = ContextSplitTree(engine, PromptLibrary(), parameters, language)
            for node in (await tree.grow(context)).nodes:
                if node.round == 0 and node.query:
                    print(f"{'  ' * node.depth}[{node.start_char}:{node.end_char}] {node.query}")


if __name__ == "__main__":
    asyncio.run(print_trees(Path(sys.argv[1]).resolve()))
