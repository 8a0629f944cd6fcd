import asyncio
import functools
import operator
from collections.abc import Sequence

import pytest

from augcon_lib.errors import BudgetExceeded, EndpointError
from augcon_lib.stages import document_pool as documents_at_once
from augcon_lib.stages.document_pool import batches, for_each_document
from augcon_lib.warehouse.partitions import FAILED, PartitionOutput


class Documents:
    """Loads, works and saves, and keeps count. Work on a document in *errors* raises."""

    def __init__(self, errors: dict[str, Exception] | None = None) -> None:
        self.errors = errors or {}
        self.loaded: list[list[str]] = []
        self.saved: list[list[str]] = []
        self.under_way = self.most_under_way = 0

    def load(self, ids: Sequence[str]) -> dict[str, str]:
        self.loaded.append(list(ids))
        return {document_id: document_id.upper() for document_id in ids}

    async def work(self, document_id: str, item: str) -> PartitionOutput:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        assert item == document_id.upper()
        if document_id in self.errors:
            raise self.errors[document_id]
        return PartitionOutput(document_id, "f", {})

    def save(self, outputs: Sequence[PartitionOutput]) -> None:
        self.saved.append([output.document_id for output in outputs])

    def run(self, ids: Sequence[str], in_flight: int = 4) -> None:
        asyncio.run(for_each_document(ids, self.load, self.work, self.save, in_flight))

    @property
    def all_saved(self) -> list[str]:
        return sorted(document_id for batch in self.saved for document_id in batch)


def ids(count: int) -> list[str]:
    return [f"d{number:03}" for number in range(count)]


def test_every_document_is_worked_on_and_saved_once() -> None:
    documents = Documents()
    documents.run(ids(250))
    assert documents.all_saved == ids(250)


def test_documents_are_loaded_and_written_a_hundred_at_a_time() -> None:
    documents = Documents()
    documents.run(ids(250))
    assert [len(chunk) for chunk in documents.loaded] == [100, 100, 50]
    assert max(len(batch) for batch in documents.saved) <= documents_at_once.WRITE_DOCUMENTS


def test_no_more_than_the_allowed_number_are_in_flight() -> None:
    documents = Documents()
    documents.run(ids(30), in_flight=4)
    assert documents.most_under_way == 4


@pytest.mark.parametrize("error", [EndpointError("gone"), BudgetExceeded("spent")])
def test_what_was_ready_is_saved_when_the_run_has_to_stop(error: Exception) -> None:
    documents = Documents({"d020": error})
    with pytest.raises(type(error), match=str(error)):
        documents.run(ids(200), in_flight=4)
    assert set(ids(16)) <= set(documents.all_saved) <= set(ids(24)) - {"d020"}


def test_nothing_is_begun_after_the_run_has_to_stop() -> None:
    documents = Documents({"d000": EndpointError("gone")})
    with pytest.raises(EndpointError):
        documents.run(ids(300), in_flight=2)
    assert len(documents.loaded) == 1
    assert len(documents.all_saved) <= 2


def test_no_documents_are_no_work() -> None:
    documents = Documents()
    documents.run([])
    assert (documents.loaded, documents.saved) == ([], [])


def test_an_error_while_saving_is_told() -> None:
    class Full(Documents):
        def save(self, outputs: Sequence[PartitionOutput]) -> None:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        Full().run(ids(3))


def test_a_failed_output_is_worth_another_attempt() -> None:
    from augcon_lib.errors import AnswerRejected

    output = documents_at_once.failed_output(
        "cst_nodes", "a.md", {"document": "h"}, AnswerRejected("call_failed", "timeout")
    )
    assert (output.status, output.fingerprint, output.reason) == (FAILED, "", "call_failed")
    [rejection] = output.rejections
    assert (rejection.subject_id, rejection.reason, rejection.detail) == (
        "a.md",
        "call_failed",
        "timeout",
    )


def test_batches_hold_everything_in_order() -> None:
    assert list(batches("abcde", 2)) == ["ab", "cd", "e"]


def test_a_document_that_was_deleted_meanwhile_is_left_out() -> None:
    documents = Documents()
    found = documents.load
    documents.load = lambda ids: {d: i for d, i in found(ids).items() if d != "1"}  # type: ignore[method-assign]
    documents.run(["0", "1", "2"])
    assert sorted(functools.reduce(operator.iadd, documents.saved, [])) == ["0", "2"]
