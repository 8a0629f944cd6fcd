"""Engines in batch mode, shared by the tests of batches."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from augcon_lib.model import open_engine
from augcon_lib.model.engine import ModelEngine
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.batches import open_requests
from augcon_lib.settings import Settings
from tests.model.engine_fixtures import KEY_SECRET, SUBJECTS, rewrite_request, settings_for

ONE_CALL_USD = (100 * 1.0 + 10 * 10.0) / 1e6


def by_batch(url: str, **changes: object) -> Settings:
    return settings_for(url, mode="batch", batch_poll_seconds=0.001, **changes)


async def ask_all(engine: ModelEngine, subjects: Sequence[str] = SUBJECTS) -> list[object]:
    asks = (engine.ask(rewrite_request(subject)) for subject in subjects)
    return [reply.fields for reply in await asyncio.gather(*asks)]


async def ask_apart(url: str, path: Path, **changes: object) -> list[object]:
    """Ask in an engine of its own: what an earlier process left is found in the journal."""
    async with open_engine(by_batch(url, **changes), path, api_key=KEY_SECRET) as engine:
        return await ask_all(engine)


def left_open(path: Path) -> int:
    with closing(Journal(path)) as journal:
        return sum(open_requests(journal, "openai/tiny").values())
