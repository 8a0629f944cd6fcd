"""No process outlives the one that started it."""

import contextlib

import psutil

# Those that were asked to end do so by themselves; a run that is still under way is interrupted
# then, and keeps what a model has answered.
END_SECONDS = 10.0
INTERRUPT_SECONDS = 20.0


class Children:
    """The processes below this one, also those whose own parent ends before they do."""

    def __init__(self) -> None:
        self._seen: set[psutil.Process] = set()  # equal by process id and start time

    def remember(self) -> None:
        """Take note of all that there are now."""
        self._seen.update(psutil.Process().children(recursive=True))

    def end(self) -> None:
        """Wait until all are gone: first as they are, then after SIGTERM, then after SIGKILL.

        Whoever interrupts (``KeyboardInterrupt``) need not wait.
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
