"""The messages between a process and its child: a header in JSON and a body of bytes.

No pickles: a child that a document has compromised must not be able to run code in its parent.
"""

import json
import struct
from typing import IO, Any, Protocol

LENGTHS = struct.Struct(">QQ")
Header = dict[str, Any]
Frame = tuple[Header, bytes]


class Readable(Protocol):
    """A pipe to read from."""

    def read(self, size: int, /) -> bytes:
        """Read the next *size* bytes; fewer if the pipe is closed."""
        ...


class BrokenFrame(Exception):
    """The other side closed the pipe within a frame, or sent more than was allowed."""


def write_frame(pipe: IO[bytes], header: Header, body: bytes) -> None:
    """Send *header* and *body*; raises ``OSError`` if the other side is gone."""
    encoded = json.dumps(header).encode("ascii")
    pipe.write(LENGTHS.pack(len(encoded), len(body)) + encoded)
    pipe.write(body)
    pipe.flush()


def read_frame(pipe: Readable, max_bytes: int | None = None) -> Frame | None:
    """Read the next frame; None if the other side has closed the pipe.

    Raises ``BrokenFrame``, also for a frame of more than *max_bytes*.
    """
    start = pipe.read(LENGTHS.size)
    if not start:
        return None
    if len(start) < LENGTHS.size:
        raise BrokenFrame("the pipe was closed")
    header_bytes, body_bytes = LENGTHS.unpack(start)
    if max_bytes is not None and header_bytes + body_bytes > max_bytes:
        raise BrokenFrame(f"{header_bytes + body_bytes:,} bytes were sent")
    encoded, body = pipe.read(header_bytes), pipe.read(body_bytes)
    if len(encoded) < header_bytes or len(body) < body_bytes:
        raise BrokenFrame("the pipe was closed")
    return json.loads(encoded), body
