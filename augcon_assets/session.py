"""State that the command line shares with the assets that run in its own process.

A process that Dagster started has no session and shares nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from augcon_lib.errors import AugconError
from augcon_lib.stages.stage_run import Progress, StageReport, no_progress

if TYPE_CHECKING:
    from augcon_lib.evaluation.evaluate import Evaluation


@dataclass
class Session:
    """The state of one command: progress output, and what its runs reported and measured."""

    session_id: str
    progress: Progress = no_progress
    reports: list[StageReport] = field(default_factory=list)
    stopped_by: AugconError | None = None
    evaluation: "Evaluation | None" = None


_current: ContextVar[Session | None] = ContextVar("augcon_session", default=None)


def current_session() -> Session | None:
    """Return the session of the command that runs in this process, if any."""
    return _current.get()


@contextmanager
def open_session(session: Session) -> Iterator[Session]:
    """Make *session* the current one for the body."""
    token = _current.set(session)
    try:
        yield session
    finally:
        _current.reset(token)
