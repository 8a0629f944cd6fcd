"""Work on a document in a child process, within limits of time, memory and output.

A document is written by somebody else: it may make a converter loop, eat memory or crash. In a
child that costs this one document, by name. The children see no secrets, live on for the next
document, and end by themselves when the process that started them is gone.
"""

from augcon_lib.confined.limits import Limits
from augcon_lib.confined.pool import run_confined, worker_count

__all__ = ["Limits", "run_confined", "worker_count"]
