"""Work on a document in a child process, within limits of time, memory and output.

A document is untrusted: it may make a converter loop, exhaust memory or crash. In a child that
affects only this one document, by name. The children see no secrets, stay alive for the next
document, and end by themselves when the process that started them is gone.
"""

from augcon_lib.confined.limits import Limits
from augcon_lib.confined.pool import run_confined, worker_count

__all__ = ["Limits", "run_confined", "worker_count"]
