"""The root contexts of stale documents, and what is known about each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from augcon_lib.documents import StoreListing, read_documents
from augcon_lib.errors import DocumentError
from augcon_lib.fingerprints import DOCUMENT, changes
from augcon_lib.pipeline import StageName
from augcon_lib.pricing.past_splits import PastSplits
from augcon_lib.records import Context, Document, Node
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness.expected import Expectation
from augcon_lib.staleness.partitions import Staleness
from augcon_lib.tree.context_limits import limited_contexts
from augcon_lib.tree.lengths import resolve_lengths
from augcon_lib.warehouse.partitions import OK, load_states
from augcon_lib.warehouse.stage_rows import read_documents_text, read_languages, read_nodes

# Of more stale documents than this only a sample is read; it stands for the rest.
MAX_READ_DOCUMENTS = 300
# Of more root contexts than this only a sample is walked (about 10 ms each).
MAX_WALKED_CONTEXTS = 500


@dataclass(frozen=True, slots=True)
class ContextWork:
    """One root context that may need calls: its finished *nodes*, or the *context* to grow."""

    document_id: str
    language: str
    context: Context | None
    nodes: Sequence[Node] = ()
    past: PastSplits = field(default_factory=PastSplits)


@dataclass(frozen=True, slots=True)
class Sample:
    """Contexts of all documents with one reason; each stands for *weight* others like it.

    ``drifting`` is for how many documents the trees will differ from the current ones.
    """

    works: Sequence[ContextWork]
    weight: float
    drifting: float


class WorkFinder:
    """Finds the contexts of stale documents; reads the store and the warehouse, writes nothing.

    ``gone_nodes`` are nodes of the current trees that will no longer exist.
    """

    def __init__(self, run: StageRun, stale: Staleness, listing: StoreListing) -> None:
        self._run = run
        self._listing = listing
        self._unread = set(stale.documents.get("raw_corpus", ()))
        self._without_trees = set(stale.documents.get("cst_nodes", ()))
        self._states = load_states(run.warehouse)
        self._drifting = 0.0
        self.gone_nodes: set[str] = set()
        self._expectation = Expectation(run.settings, run.versions(), self._states)

    def sample(self, document_ids: Sequence[str], share: float) -> Sample:
        """Return the contexts of *document_ids*, at most *share* of a plan's limits."""
        read = document_ids[:: _step(len(document_ids), MAX_READ_DOCUMENTS * share)]
        drifting = self._drifting
        works = [work for document in self._documents(read) for work in document]
        walked = works[:: _step(len(works), MAX_WALKED_CONTEXTS * share)]
        unread = len(document_ids) / max(1, len(read))
        weight = unread * len(works) / max(1, len(walked))
        return Sample(walked, weight, unread * (self._drifting - drifting))

    def _documents(self, document_ids: Sequence[str]) -> Iterable[list[ContextWork]]:
        wanted = set(document_ids)
        stored = read_nodes(self._run.warehouse, document_ids)
        languages = read_languages(self._run.warehouse, document_ids)
        for document in self._texts(wanted):
            yield self._with_text(document, stored[document.document_id])
        for document_id in sorted(wanted - self._without_trees):
            yield [
                ContextWork(document_id, languages[document_id], None, nodes)
                for nodes in by_context(stored[document_id]).values()
            ]

    def _texts(self, wanted: set[str]) -> Iterable[Document]:
        unread = wanted & self._unread
        entries = [e for e in self._listing.entries if e.document_id in unread]
        run = self._run
        for result in read_documents(run.settings.source, run.workspace.root, entries):
            if isinstance(result, Document):
                yield result
        stored = sorted((wanted & self._without_trees) - unread)
        yield from read_documents_text(self._run.warehouse, stored)

    def _with_text(self, document: Document, stored: Sequence[Node]) -> list[ContextWork]:
        """Leave out contexts that stay and have all their answers: they cost nothing."""
        document_id, language = document.document_id, document.language
        trees_hold = self._holds("cst_nodes", document_id)
        answers_hold = all(
            self._holds(stage, document_id) for stage in ("scored_queries", "responses")
        )
        lengths = resolve_lengths(self._run.settings, language)
        try:
            contexts = limited_contexts(
                document,
                lengths.max_context_chars,
                lengths.min_context_chars,
                self._run.settings.source,
            )
        except DocumentError:
            # It will be rejected before any call.
            contexts = ()
        known = by_context(stored) if trees_hold else {}
        lost = set(by_context(stored)) - ({c.context_id for c in contexts} if trees_hold else set())
        stays = sum(context.context_id in known for context in contexts)
        self._drifting += 1 - stays / max(1, len(contexts), len(by_context(stored)))
        gone = [node for node in stored if node.context_id in lost]
        self.gone_nodes.update(node.node_id for node in gone)
        past = PastSplits(gone)
        works = []
        for context in contexts:
            if context.context_id not in known:
                works.append(ContextWork(document_id, language, context, past=past))
            elif not answers_hold:
                nodes = known[context.context_id]
                works.append(ContextWork(document_id, language, None, nodes))
        return works

    def _holds(self, stage: StageName, document_id: str) -> bool:
        """Whether *stage* was made with all its current inputs except for the document itself."""
        state = self._states.get((stage, document_id))
        if state is None or state.status != OK:
            return False
        before = {name: value for name, value in state.inputs.items() if name != DOCUMENT}
        return not changes(before, self._expectation.shared_inputs(stage))


def by_context(nodes: Iterable[Node]) -> dict[str, list[Node]]:
    """Group *nodes* by context id, in their order."""
    found: dict[str, list[Node]] = {}
    for node in nodes:
        found.setdefault(node.context_id, []).append(node)
    return found


def shares_of_sample(groups: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Divide a plan's limits among groups by their documents, with more for small ones."""
    weights = {name: len(documents) ** 0.5 for name, documents in groups.items()}
    total = sum(weights.values()) or 1.0
    return {name: weight / total for name, weight in weights.items()}


def _step(count: int, most: float) -> int:
    return max(1, -(-count // max(1, round(most))))
