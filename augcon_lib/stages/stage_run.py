"""The inputs that every stage gets, and the report that it returns."""

import fcntl
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Protocol

from augcon_lib.extensions import installed_extensions
from augcon_lib.fingerprints import Versions
from augcon_lib.libraries import installed_libraries
from augcon_lib.model import model_identity
from augcon_lib.model.endpoints.stats import CallStats
from augcon_lib.pipeline import StageName
from augcon_lib.prompts import PROMPT_NAMES, PromptLibrary, load_few_shot_examples, load_principles
from augcon_lib.queries.base_model import base_model
from augcon_lib.records import FewShotExample
from augcon_lib.settings import Settings
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.choices import scorers_folder
from augcon_lib.warehouse.partitions import PartitionOutput
from augcon_lib.warehouse.promotions import promoted_versions
from augcon_lib.workspace import Workspace

SAMPLE_ROWS = 3
SAMPLE_CHARS = 400  # of a text; one sample per document stays in memory to the end of the stage


class Progress(Protocol):
    """Receives the progress of a stage; called often, must be quick."""

    def __call__(
        self, stage: StageName, done: int, total: int, failed: int, calls: CallStats | None
    ) -> None:
        """Report *done* of *total* documents (or other units), *failed* among them."""
        ...


def no_progress(
    stage: StageName, done: int, total: int, failed: int, calls: CallStats | None
) -> None:
    """A :class:`Progress` that reports nothing."""


class Saved(Protocol):
    """Receives the outputs of a stage as soon as they are stored, in the thread that did it."""

    def __call__(self, report: "StageReport", outputs: Sequence[PartitionOutput]) -> None:
        """Record *outputs*, which are stored and part of *report*."""
        ...


def not_recorded(report: "StageReport", outputs: Sequence[PartitionOutput]) -> None:
    """A :class:`Saved` that records nothing."""


@dataclass(frozen=True)
class StageRun:
    """A workspace, opened for one run of one or more stages.

    ``run_id`` marks rows and calls; ``session_id`` groups the runs of one command, over which
    ``[budget]`` counts; ``saved`` records stored outputs elsewhere.
    """

    workspace: Workspace
    run_id: str = ""
    session_id: str = ""
    progress: Progress = no_progress
    saved: Saved = not_recorded

    @property
    def settings(self) -> Settings:
        """The workspace's settings."""
        return self.workspace.settings

    @cached_property
    def warehouse(self) -> Warehouse:
        """The workspace's warehouse."""
        storage = self.settings.storage
        return Warehouse(self.workspace.warehouse_path, storage.memory_megabytes, storage.threads)

    @cached_property
    def prompts(self) -> PromptLibrary:
        """Packaged prompts and the user's own copies."""
        return PromptLibrary(self.workspace.prompts_dir)

    @cached_property
    def principles(self) -> str:
        """The constitution's text."""
        return load_principles(self.workspace.principles_path)

    @cached_property
    def examples(self) -> tuple[FewShotExample, ...]:
        """The human-written few-shot examples."""
        return load_few_shot_examples(self.workspace.examples_path)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Lock the stages of this workspace, once no other process works on one.

        So two commands, or a command and the daemon, never ask for the same answer at once: the
        second one finds the results of the first. The lock ends with its process.
        """
        with self._locked("stages.lock"):
            yield

    @contextmanager
    def saving(self, report: "StageReport", outputs: Sequence[PartitionOutput]) -> Iterator[None]:
        """Store *outputs* in the body; then add them to *report*, and pass them to ``saved``.

        Nobody who waits for :meth:`recording` sees them stored but not recorded, except if the
        process dies in between.
        """
        with self.recording():
            yield
            report.add([output for output in outputs if output.document_id])
            if outputs:
                self.saved(report, outputs)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Lock recording, once no other process is between storing and recording.

        Do not enter it twice. Work that takes longer than a batch of documents does not belong
        here.
        """
        with self._locked("records.lock"):
            yield

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        path = self.workspace.warehouse_path.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def versions(self) -> Versions:
        """Versions of everything besides documents and settings; of choices, the active ones."""
        promoted = promoted_versions(self.warehouse)
        return Versions(
            libraries=installed_libraries(),
            model=model_identity(self.settings.model),
            prompts={name: self.prompts.fingerprint(name) for name in PROMPT_NAMES},
            principles=_sha(self.principles),
            examples=_sha(repr(self.examples)),
            scorer=promoted.get("query_scorer", ""),
            few_shot=promoted.get("few_shot_examples", ""),
            base_model=self._base_model(),
            extensions=installed_extensions(),
        )

    def _base_model(self) -> str:
        """The revision of the transformer scorer's base model in a folder; otherwise empty."""
        scorer = self.settings.scorer
        if scorer.kind != "transformer" or not self.settings.uses_scorer or not scorer.base_model:
            return ""
        return base_model(scorer.base_model, scorers_folder(self.warehouse)).revision


@dataclass(frozen=True, slots=True)
class PartitionSummary:
    """A stage's outcome for one document: counts, and the first of its rows, texts shortened."""

    document_id: str
    status: str
    reason: str
    output_hash: str
    rows: int
    rejected: int
    sample: tuple[Any, ...] = ()


@dataclass
class StageReport:
    """What a stage did: one summary per document it worked on, rejections, model calls."""

    stage: StageName
    partitions: list[PartitionSummary] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    calls: CallStats | None = None
    version: str = ""
    facts: dict[str, object] = field(default_factory=dict)

    def add(self, outputs: Sequence[PartitionOutput]) -> None:
        """Add *outputs* that have been written."""
        for output in outputs:
            self.rejected.update(rejection.reason for rejection in output.rejections)
            self.partitions.append(
                PartitionSummary(
                    output.document_id,
                    output.status,
                    output.reason,
                    output.output_hash,
                    len(output.records),
                    len(output.rejections),
                    tuple(map(_shortened, output.records[:SAMPLE_ROWS])),
                )
            )

    @property
    def failed(self) -> int:
        """The documents that failed or were rejected."""
        return sum(partition.status != "ok" for partition in self.partitions)


def _shortened(record: Any) -> Any:
    texts = ((each.name, getattr(record, each.name)) for each in fields(record))
    long = {k: v[:SAMPLE_CHARS] for k, v in texts if isinstance(v, str) and len(v) > SAMPLE_CHARS}
    return replace(record, **long) if long else record


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
