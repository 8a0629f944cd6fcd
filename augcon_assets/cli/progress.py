"""Progress on standard error: bars in a terminal, a plain line every few seconds elsewhere."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from augcon_lib.model.endpoints.stats import CallStats
from augcon_lib.pipeline import StageName

PLAIN_LINE_SECONDS = 5.0
MIN_RATE_SECONDS = 2.0  # a rate over a shorter time means nothing


class RunProgress:
    """The progress of each stage; call it as a ``stage_run.Progress``."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._started: dict[str, float] = {}
        self._last_line: dict[str, tuple[str, float]] = {}
        if console.is_terminal:
            self._bars = Progress(
                TextColumn("{task.description:<18}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[calls]}"),
                console=console,
            )

    def __enter__(self) -> "RunProgress":
        if self._bars:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bars:
            self._bars.stop()

    def __call__(
        self, stage: StageName, done: int, total: int, failed: int, calls: CallStats | None
    ) -> None:
        """Show *done* of *total* and the model calls so far."""
        since = time.monotonic() - self._started.setdefault(stage, time.monotonic())
        text = ", ".join([*_calls_text(calls, failed, since), *_time_left(done, total, since)])
        if self._bars:
            if stage not in self._tasks:
                self._tasks[stage] = self._bars.add_task(stage, total=total, calls=text)
            self._bars.update(self._tasks[stage], completed=done, total=total, calls=text)
            return
        line = f"{stage}: {done}/{total} {text}".rstrip()
        now = time.monotonic()
        shown, at = self._last_line.get(stage, ("", 0.0))
        if line != shown and (done >= total or now - at >= PLAIN_LINE_SECONDS):
            self._last_line[stage] = (line, now)
            self._console.print(line, markup=False)


def _calls_text(calls: CallStats | None, failed: int, seconds: float) -> list[str]:
    parts = []
    if calls is not None:
        parts.append(f"{calls.issued} calls")
        if calls.issued and seconds >= MIN_RATE_SECONDS and not calls.batches:
            parts.append(f"{calls.issued / seconds:.0f}/s")
        if calls.from_journal:
            parts.append(f"{calls.from_journal} replayed")
        if calls.batches:
            batches = "1 batch" if calls.batches == 1 else f"{calls.batches} batches"
            parts.append(f"{calls.busy:,} in {batches}, {calls.batched_done:,} of them done")
        elif calls.busy:
            parts.append(f"{calls.busy} of {calls.slots} slots busy")
        if calls.issued:
            parts.append(f"{calls.input_tokens + calls.output_tokens:,} tokens")
        parts += [f"{name} is out of service" for name in sorted(calls.out_of_service)]
        if calls.cost_usd:
            parts.append(f"${calls.cost_usd:.4f}")
    if failed:
        parts.append(f"{failed} documents not done")
    return parts


def _time_left(done: int, total: int, seconds: float) -> list[str]:
    """Return the time left at the current rate, once a rate is known."""
    if not 0 < done < total or seconds < MIN_RATE_SECONDS:
        return []
    left = round(seconds * (total - done) / done)
    return [f"about {left // 60} min left" if left >= 120 else f"about {left} s left"]
