"""The child: runs one task after the other until its parent closes the pipe.

A task is a function ``(header, body) -> (header, body)``, named ``module:function`` by the parent.
"""

import importlib
import os
import re
import resource
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

from augcon_lib.confined.frames import Frame, Header, read_frame, write_frame
from augcon_lib.errors import DocumentError, SettingsError

# A child without a task for this long ends; the next document starts another.
IDLE_SECONDS = 60.0
# The parent ends a child that is late. If the parent is gone, the child's own alarm does.
ALARM_AFTER_SECONDS = 5.0
# Memory is watched by the parent; this stops one allocation that is far over the limit. Programs
# reserve more addresses than they use.
SPARE_ADDRESS_BYTES = 3_000_000_000

Task = Callable[[Header, bytes], Frame]


def main() -> None:
    """Serve the parent over standard input and output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    received = os.fdopen(os.dup(0), "rb", buffering=0)
    sent = os.fdopen(os.dup(1), "wb")
    # What a library reads or prints must not get into the frames.
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    write_frame(sent, {"ready": True}, b"")
    serve(received, sent)


def serve(received: IO[bytes], sent: IO[bytes]) -> None:
    """Answer the frames of *received* until it is closed or nothing comes for a while."""
    while select.select([received], [], [], IDLE_SECONDS)[0]:
        frame = read_frame(Whole(received))
        if frame is None:
            return
        header, body = frame
        signal.setitimer(signal.ITIMER_REAL, header["seconds"] + ALARM_AFTER_SECONDS)
        limit_addresses(header["memory_bytes"])
        reply, content = answer(header, body)
        if len(content) > header["output_bytes"]:
            detail = f"it converts to more than {header['output_bytes']:,} bytes of text"
            reply, content = {"refused": ["too_large", detail]}, b""
        reply["peak_bytes"] = peak_bytes()
        write_frame(sent, reply, content)
        signal.setitimer(signal.ITIMER_REAL, 0)


class Whole:
    """A pipe whose ``read`` returns everything requested; it hides nothing from ``select``."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe

    def read(self, size: int) -> bytes:
        """Read the next *size* bytes; fewer if the pipe is closed."""
        parts = []
        while size and (part := self._pipe.read(min(size, 1 << 20))):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def answer(header: Header, body: bytes) -> Frame:
    """Return the task's result for *body*, or why there is none."""
    try:
        module, _, name = header["task"].partition(":")
        task: Task = getattr(importlib.import_module(module), name)
        return task(header, body)
    except DocumentError as error:
        return {"refused": [error.reason, error.message]}, b""
    except SettingsError as error:
        return {"misconfigured": str(error)}, b""
    except MemoryError:
        return {"out_of_memory": True}, b""
    # A converter that fails in a way it doesn't document loses this one document only.
    except Exception as error:
        return {"refused": ["unreadable", f"{type(error).__name__}: {error}"]}, b""


def limit_addresses(memory_bytes: int) -> None:
    """Bound the address space, if the system supports it (macOS refuses)."""
    try:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        soft = memory_bytes + SPARE_ADDRESS_BYTES
        if hard == resource.RLIM_INFINITY or soft <= hard:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    except (ValueError, OSError):
        pass


def peak_bytes() -> int:
    """Return the peak memory of this process.

    Linux keeps the parent's peak in ``ru_maxrss`` across fork and exec; ``VmHWM`` starts from zero.
    """
    if sys.platform == "linux":
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        if found := re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE):
            return int(found[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()
