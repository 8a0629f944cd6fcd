"""One extension of each kind for augcon. docs/extending.md explains them."""

import io
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import polars as pl

from augcon_lib.chat.port import Chat
from augcon_lib.documents.stored_file import StoredFile
from augcon_lib.errors import DocumentError
from augcon_lib.prompts import PromptLibrary
from augcon_lib.records import Context, FewShotExample
from augcon_lib.settings import Settings, SourceSettings
from augcon_lib.strategies.root_draws import root_node
from augcon_lib.tree.context_split_tree import GrownTrees

TIMES = re.compile(r"\d\d:\d\d:\d\d,\d{3} --> ")


def subtitles(name: str, data: bytes) -> tuple[str, str]:
    """Converter ``srt``: what is said, without numbers and times."""
    blocks = [block.splitlines() for block in data.decode("utf-8").split("\n\n")]
    if not any(len(block) > 1 and TIMES.match(block[1]) for block in blocks):
        raise DocumentError(name, "no_subtitles", "it has no times; store subtitles as SubRip")
    return "", " ".join(line for block in blocks for line in block[2:])


@dataclass
class Notes:
    """The table ``notes(name, body, changed)`` of an SQLite file; each note is a file."""

    database: sqlite3.Connection
    single: bool = False
    parallel: bool = False

    @property
    def files(self) -> list[StoredFile]:
        """All notes; the stamp changes with the column ``changed``."""
        rows = self.database.execute("SELECT name, changed, length(body) FROM notes")
        return [StoredFile(name, str(changed), size, None) for name, changed, size in rows]

    def open(self, path: str) -> IO[bytes]:
        """The body of the note named *path*."""
        row = self.database.execute("SELECT body FROM notes WHERE name = ?", [path]).fetchone()
        if row is None:
            raise FileNotFoundError(path)
        return io.BytesIO(row[0].encode("utf-8"))


@contextmanager
def notes(source: SourceSettings) -> Iterator[Notes]:
    """Store ``notes``: ``[source] uri = "notes:///path/of/notes.sqlite"``."""
    uri = f"file:{urlsplit(source.uri).path}?mode=ro"
    # Notes are read in threads, one at a time.
    with closing(sqlite3.connect(uri, uri=True, check_same_thread=False)) as database:
        yield Notes(database)


class Gist:
    """Strategy ``gist``: one question about each root context, without a model."""

    async def grow(self, context: Context) -> GrownTrees:
        """A tree that is its root alone."""
        first_words = " ".join(context.text.split()[:6])
        query = f"What is said in the passage that begins with “{first_words}”?"
        return GrownTrees((root_node(context, 0, query=query, stop_reason="not_split"),), ())


def gist(
    settings: Settings,
    language: str,
    chat: Chat,
    prompts: PromptLibrary,
    examples: Sequence[FewShotExample],
) -> Gist:
    """A strategy gets all that it may need; this one needs none of it."""
    return Gist()


def csv(rows: pl.DataFrame, split: str, folder: Path) -> Mapping[str, int | None]:
    """Exporter ``csv``: a file with two columns for each split."""
    name = f"{split}.csv"
    rows.select("query", "response").write_csv(folder / name)
    return {name: rows.height}


def no_quotes(query: str, response: str, context: str, language: str) -> str:
    """Gate ``no_quotes``: rejects answers that copy more than a hundred characters."""
    copied = any(response[n : n + 100] in context for n in range(max(0, len(response) - 99)))
    return "quotes_at_length" if copied else ""
