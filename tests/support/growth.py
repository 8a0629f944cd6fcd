"""How the time that a document takes grows with its size."""

import gc
import json
import math
import statistics
import time
from collections.abc import Callable, Sequence

from augcon_lib.documents.tasks import convert_file, convert_rows, list_rows
from augcon_lib.errors import DocumentError
from augcon_lib.records import Document
from augcon_lib.tree.contexts import context_spans

MAX_EXPONENT = 1.3
# Below this, a clock's noise and what every document costs weigh more than its size.
MIN_SECONDS = 0.05
MAX_BYTES = 50_000_000


def convert_and_cut(name: str, data: bytes) -> str:
    """All that a document goes through before it is paid for; says what became of it."""
    header = {"path": name, "text_column": "text", "id_column": "id", "max_bytes": MAX_BYTES}
    try:
        if not name.endswith((".jsonl", ".csv", ".tsv", ".parquet", ".json")):
            about, text = convert_file(header, data)
            return f"{len(_spans(about, text.decode()))} contexts"
        rows = [row_id for row_id, _ in json.loads(list_rows(header, data)[1])]
        if not rows:
            about, text = convert_file(header, data)
            return f"{len(_spans(about, text.decode()))} contexts"
        reply, _ = convert_rows({**header, "row_ids": rows}, data)
        return f"{len(reply['rows'])} rows"
    except DocumentError as error:
        return error.reason


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """The slope of log seconds over log size, over the larger half; 0 where all is quick."""
    slow = [(size, seconds) for size, seconds in points if seconds >= MIN_SECONDS][-3:]
    if len(slow) < 2:
        return 0.0
    sizes, seconds = zip(*slow, strict=True)
    return statistics.linear_regression(
        [math.log(size) for size in sizes], [math.log(each) for each in seconds]
    ).slope


def _spans(about: dict, text: str) -> list[tuple[int, int]]:
    document = Document(
        "a", "a", about["media_type"], about["title"], about["language"], text, "", "", None
    )
    return context_spans(document, 1600, 100)


def cpu_seconds(work: Callable[[], object]) -> float:
    """The CPU seconds of this process that *work* takes; what others do doesn't count.

    Nor does what other tests have left in memory, which each garbage collection looks through.
    """
    gc.collect()
    gc.freeze()
    try:
        start = time.process_time()
        work()
        return time.process_time() - start
    finally:
        gc.unfreeze()
