"""Work on many documents at once on one event loop, and write them in batches as they finish."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

from augcon_lib.concurrency import most_serious, place_in_line
from augcon_lib.errors import AnswerRejected
from augcon_lib.pipeline import StageName
from augcon_lib.records import Rejection
from augcon_lib.warehouse.partitions import FAILED, PartitionOutput

LOAD_DOCUMENTS = 100
WRITE_DOCUMENTS = 1_000
# Opening the warehouse costs as much as writing to it, so documents are written together. A kill
# loses the waiting ones, but their answers are in the journal.
GATHER_SECONDS = 5.0
# Documents in progress finish group by group. One by one they would need less memory, but the last
# one would keep an endpoint busy with few calls for as long as its trees are deep.
GROUPS_AT_WORK = 8

Item = TypeVar("Item")


async def for_each_document(
    document_ids: Sequence[str],
    load: Callable[[Sequence[str]], Mapping[str, Item]],
    work: Callable[[str, Item], Awaitable[PartitionOutput]],
    save: Callable[[Sequence[PartitionOutput]], None],
    in_flight: int,
) -> None:
    """Load documents a hundred at a time, work on *in_flight* of them at once, save in batches.

    *load* and *save* run in threads. A document that *load* does not find is skipped: it was
    deleted meanwhile. If some work raises, the rest is cancelled, finished documents are saved,
    and the error is raised; an error of *save* is raised as soon as some work is done.
    """
    ready: asyncio.Queue[PartitionOutput | None] = asyncio.Queue()
    places = asyncio.Semaphore(in_flight)

    async def one(place: int, document_id: str, item: Item) -> None:
        place_in_line.set(place)
        try:
            output = await work(document_id, item)
            if writer.done():
                await writer  # raises what stopped it
            await ready.put(output)
        finally:
            places.release()

    async def work_on_all() -> None:
        numbers = itertools.count()
        groups = max(1, GROUPS_AT_WORK * len(document_ids) // max(in_flight, GROUPS_AT_WORK))
        async with asyncio.TaskGroup() as group:
            for chunk in batches(document_ids, LOAD_DOCUMENTS):
                items = await asyncio.to_thread(load, chunk)
                for document_id in (each for each in chunk if each in items):
                    await places.acquire()
                    place = next(numbers) * groups // len(document_ids)
                    group.create_task(one(place, document_id, items[document_id]))

    writer = asyncio.create_task(_write(ready, save))
    try:
        await work_on_all()
    except BaseExceptionGroup as errors:
        raise most_serious(errors) from None
    finally:
        await ready.put(None)
        await writer


def failed_output(
    stage: StageName, document_id: str, inputs: Mapping[str, str], error: AnswerRejected
) -> PartitionOutput:
    """Return the outcome of a document whose endpoint failed: it is retried later."""
    return PartitionOutput(
        document_id=document_id,
        fingerprint="",
        inputs=inputs,
        status=FAILED,
        reason=error.reason,
        rejections=[Rejection(stage, document_id, document_id, error.reason, error.detail)],
    )


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield *items* in slices of at most *size*."""
    return (items[start : start + size] for start in range(0, len(items), size))


async def _write(
    ready: "asyncio.Queue[PartitionOutput | None]",
    save: Callable[[Sequence[PartitionOutput]], None],
) -> None:
    open_ended = True
    while open_ended:
        batch = [await ready.get()]
        with suppress(TimeoutError):
            async with asyncio.timeout(GATHER_SECONDS):
                while batch[-1] is not None and len(batch) < WRITE_DOCUMENTS:
                    batch.append(await ready.get())
        open_ended = batch[-1] is not None
        outputs = [output for output in batch if output is not None]
        if outputs:
            await asyncio.to_thread(save, outputs)
