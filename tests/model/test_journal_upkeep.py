import asyncio
import time
from contextlib import closing
from pathlib import Path

import pytest

from augcon_lib.errors import SettingsError
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.batches import BatchBook, open_requests
from augcon_lib.model.journal.tables import CallRecord, StoredAnswer
from augcon_lib.model.journal.upkeep import compact, prune, spend_by

DAY = 86_400.0


def journal_with(path: Path, ages_days: list[float]) -> None:
    """A journal with an answer and a call of each age, and one failed call."""

    async def store() -> None:
        for number, age in enumerate(ages_days):
            at = time.time() - age * DAY
            answer = StoredAnswer("x" * 20_000, "text", "m", at, 100, 10)
            call = CallRecord(
                1.7e9 + number * DAY,
                0.2,
                "ok",
                100,
                10,
                0.5,
                "m",
                "r",
                "s",
                "cst_nodes",
                f"{number}.md",
            )
            await journal.store(bytes([number]) * 32, answer, call)
        journal.record(call._replace(outcome="http_429", stage="responses", cost_usd=0.0))

    with closing(Journal(path)) as journal:
        asyncio.run(store())


def test_spend_is_asked_by_document_stage_model_and_day(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal_with(path, [1.0, 1.0])
    assert {row.name: row.calls for row in spend_by(path, "document")} == {"0.md": 1, "1.md": 2}
    by_stage = spend_by(path, "stage")
    assert [(row.name, row.calls, row.failed, row.cost_usd) for row in by_stage] == [
        ("cst_nodes", 2, 0, 1.0),
        ("responses", 1, 1, 0.0),
    ]
    assert [row.input_tokens for row in spend_by(path, "model")] == [300]
    assert {row.name for row in spend_by(path, "day")} == {"2023-11-14", "2023-11-15"}
    with pytest.raises(SettingsError, match="--by planet"):
        spend_by(path, "planet")


def test_calls_that_belong_to_no_document_are_named_for_what_they_were_for(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    stages = ("query_scorer", "few_shot_examples", "", "someday_new")
    call = CallRecord(1.7e9, 0.2, "ok", 1, 1, 0.0, "m", "r", "s", "", "")
    with closing(Journal(path)) as journal:
        for stage in stages:
            journal.record(call._replace(stage=stage))
        journal.flush()
    names = {row.name for row in spend_by(path, "document")}
    assert names == {"(scorer pairs)", "(few-shot search)", "(endpoint check)", "(someday new)"}
    by_stage = {row.name for row in spend_by(path, "stage")}
    assert by_stage == {"query_scorer", "few_shot_examples", "(endpoint check)", "someday_new"}


def test_pruning_forgets_old_answers_alone_and_keeps_what_calls_cost(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal_with(path, [100.0] * 20 + [1.0])
    pruned = prune(path, 30)
    assert (pruned.answers, pruned.input_tokens, pruned.output_tokens) == (20, 2_000, 200)
    assert pruned.bytes_after < pruned.bytes_before
    with closing(Journal(path)) as journal:
        assert journal.get(bytes([0]) * 32) is None
        assert journal.get(bytes([20]) * 32) is not None
        assert journal.spend().calls == 22


def test_compacting_forgets_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal_with(path, [100.0])
    assert compact(path).answers == 0
    with closing(Journal(path)) as journal:
        assert journal.get(bytes(32)) is not None


def test_pruning_gives_up_batches_of_that_age(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(Journal(path)) as journal:
        for token, age in (("old", 100.0), ("new", 1.0)):
            row = (token, "http://a/v1", "m", time.time() - age * DAY, "file", "batch")
            journal.write(("INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?)", [row]))
            keys = [(f"{token} {number}".encode(), token) for number in range(3)]
            journal.write(("INSERT INTO batch_requests VALUES (?, ?)", keys))
    prune(path, 30)
    with closing(Journal(path)) as journal:
        assert open_requests(journal, "m") == {"http://a/v1": 3}
        assert [b.token for b in BatchBook(journal, "http://a/v1", "m").open_batches()] == ["new"]
