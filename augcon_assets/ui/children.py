"""End the child processes of the UI: none outlives the process that started it."""

import contextlib

import psutil

# Children that were asked to stop end by themselves within the first limit. Then runs still in
# progress are interrupted; all model answers are kept.
END_SECONDS = 10.0
INTERRUPT_SECONDS = 20.0


class Children:
    """The descendants of this process, including those whose own parent ends first."""

    def __init__(self) -> None:
        self._seen: set[psutil.Process] = set()  # equal by process id and start time

    def remember(self) -> None:
        """Note all current descendants."""
        self._seen.update(psutil.Process().children(recursive=True))

    def end(self) -> None:
        """Wait until all have ended: first without a signal, then after SIGTERM, then SIGKILL.

        ``KeyboardInterrupt`` skips the waiting.
        """
        self.remember()
        left = list(self._seen)
        with contextlib.suppress(KeyboardInterrupt):
            _, left = psutil.wait_procs(left, END_SECONDS)
            for process in left:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.terminate()
            _, left = psutil.wait_procs(left, INTERRUPT_SECONDS)
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, END_SECONDS)
