"""The arguments of a study: a workspace, corpora, and how much of them to take."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from augcon_lib.benchmark.generation import passages_workspace, trial_workspace
from augcon_lib.benchmark.gold import BenchmarkError, GoldQuestion, read_json_lines
from augcon_lib.benchmark.official import load_gold
from augcon_lib.documents import list_store
from augcon_lib.errors import StoreError
from augcon_lib.pipeline import SEED
from augcon_lib.records import content_id
from augcon_lib.settings import SourceSettings
from augcon_lib.workspace import Workspace

OWN = "own documents"


def tell_nobody(line: str) -> None:
    """Discard progress messages."""


@dataclass(frozen=True, slots=True)
class NamedPath:
    """An additional corpus: a documents folder, a table of documents, or a benchmark file.

    Pages show ``name``, never a path.
    """

    name: str
    path: Path


def named_path(text: str) -> NamedPath:
    """Parse ``NAME=PATH`` or ``PATH``; the latter is named after its last folder and file name."""
    name, _, path = text.partition("=")
    if not path or "/" in name:  # a path may contain "=", too
        name, path = "", text
    place = Path(path).expanduser().resolve()
    stem = place.name.removesuffix(".gz")
    short = stem.rpartition(".")[0] or stem
    return NamedPath(name or "/".join(filter(None, (place.parent.name, short))), place)


@dataclass(frozen=True)
class StudyInputs:
    """A study's arguments.

    The workspace's own source is also a corpus, unless ``own_corpus`` is false. At most
    ``max_passages`` passages or documents of each corpus are sampled with ``seed``; 0 takes all.
    All model calls count against ``[budget]`` as those of ``session_id``.
    """

    workspace: Workspace
    session_id: str
    corpora: Sequence[NamedPath] = ()
    own_corpus: bool = True
    max_passages: int = 50
    seed: int = SEED
    progress: Callable[[str], None] = tell_nobody

    @cached_property
    def opened(self) -> list["Corpus"]:
        """All corpora; raises ``BenchmarkError`` or ``StoreError`` if one cannot be read."""
        own = [_own_corpus(self)] if self.own_corpus else []
        found = [*own, *(_open_corpus(self, each) for each in self.corpora)]
        if not found:
            raise StoreError("there is no corpus to study; name one, or set own_corpus")
        names = [corpus.name for corpus in found]
        for name in names:
            if names.count(name) > 1:
                raise StoreError(f"two corpora are called {name!r}; call one of them NAME=PATH")
        return found


@dataclass(frozen=True)
class Corpus:
    """Passages or documents to generate from, in their own workspace.

    ``gold`` contains people's questions about the passages; documents have none. ``document_ids``
    are the sampled ones; ``available`` counts all.
    """

    name: str
    workspace: Workspace
    gold: tuple[GoldQuestion, ...]
    document_ids: frozenset[str]
    available: int

    @property
    def described(self) -> str:
        """Name and size, in words."""
        kind = "passages" if self.gold else "documents"
        questions = f" with {len(self.gold):,} questions" if self.gold else ""
        return f"{self.name}: {len(self.document_ids):,} of {self.available:,} {kind}{questions}"


def drawn(names: Sequence[str], most: int, seed: int) -> list[str]:
    """Return a seeded sample of at most *most* of *names*, sorted; 0 returns all.

    A larger sample contains the smaller one, so that a study given more pays only for the rest.
    """
    ordered = sorted(set(names))
    random.Random(seed).shuffle(ordered)
    return sorted(ordered[: most or None])


def _own_corpus(inputs: StudyInputs) -> Corpus:
    workspace = inputs.workspace
    source = workspace.settings.source
    if "://" not in source.uri and "::" not in source.uri:
        uri = str((workspace.root / source.uri).resolve())
        source = source.model_copy(update={"uri": uri})
    return _store(inputs, OWN, source)


def _open_corpus(inputs: StudyInputs, named: NamedPath) -> Corpus:
    if not named.path.exists():
        raise StoreError(f"the corpus {named.name}: {named.path} does not exist")
    if named.path.is_file() and _holds_questions(named.path):
        gold = load_gold(named.path)
        passages = list(dict.fromkeys(each.passage_id for each in gold))
        taken = set(drawn(passages, inputs.max_passages, inputs.seed))
        chosen = tuple(each for each in gold if each.passage_id in taken)
        own = passages_workspace(inputs.workspace, chosen)
        ids = [entry.document_id for entry in list_store(own.settings.source, own.root).entries]
        return Corpus(named.name, own, chosen, frozenset(ids), len(passages))
    return _store(inputs, named.name, SourceSettings(uri=str(named.path), id_column="id"))


def _store(inputs: StudyInputs, name: str, source: SourceSettings) -> Corpus:
    own = trial_workspace(inputs.workspace, content_id("store", source.model_dump_json()), source)
    ids = [entry.document_id for entry in list_store(source, own.root).entries]
    if not ids:
        raise StoreError(f"the corpus {name} ({source.uri}) holds no documents")
    taken = drawn(ids, inputs.max_passages, inputs.seed)
    return Corpus(name, own, (), frozenset(taken), len(ids))


def _holds_questions(path: Path) -> bool:
    """Return whether *path* is a benchmark file, not a table of documents, by its first row."""
    if path.suffix == ".json":
        return True
    if path.suffixes[-2:] not in ([".jsonl", ".gz"],) and path.suffix != ".jsonl":
        return False
    try:
        _, row = next(read_json_lines(path))
    except StopIteration:
        raise BenchmarkError(f"{path} holds no rows") from None
    return "question" in row
