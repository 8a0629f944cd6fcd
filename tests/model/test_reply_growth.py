"""Reading a reply takes time in proportion to its length, whatever is in it."""

import gc
import json
import math
import time
from collections.abc import Callable

import pytest

from augcon_lib.answers.grounding import is_refusal, ungrounded
from augcon_lib.chat import reply_formats as replies
from augcon_lib.chat.reply_formats import ReplyFormat
from augcon_lib.model.endpoints.embedding_endpoint import read_embeddings
from augcon_lib.model.journal_key import same_text
from augcon_lib.model.wire.secrets import Secrets
from augcon_lib.model.wire.transport import CallError, read_completion
from tests.support.reply_shapes import SHAPES, Shape

SIZES = (8_000, 32_000, 128_000)
MAX_EXPONENT = 1.3
MIN_SECONDS = 0.002  # what takes less is noise
MAX_SECONDS = 4.0
REPEATS = 2
FORMATS = [each for each in vars(replies).values() if isinstance(each, ReplyFormat)]
MILL = "The mill by the Ouse ran at night for 12 years. " * 20
SECRETS = Secrets("sk-proj-0123456789abcdef0123456789abcdef")
BODY = {"model": "m", "messages": [{"role": "user", "content": "x"}], "input": ["x"]}


def _parse(text: str) -> None:
    for reply_format in FORMATS:
        try:
            fields = reply_format.parse(text)
        except ValueError:
            continue
        answer = str(fields.get("answer", ""))
        if answer:
            is_refusal(answer, MILL)
            ungrounded(answer, [MILL, "What ran?"], "en")


def _receive(text: str) -> None:
    message = {"message": {"role": "assistant", "content": text}}
    for data in (json.dumps({"choices": [message]}).encode(), text.encode("utf-8", "replace")):
        SECRETS.hide_in_answers(data)
        same_text(text)
        for read in (read_completion, read_embeddings):
            try:
                read(SECRETS.hide_bytes(data), BODY)
            except CallError as error:
                SECRETS.hide(str(error))


def _seconds(read: Callable[[str], None], text: str) -> float:
    """CPU time of the fastest of several readings; one where it takes long."""
    fastest = math.inf
    for _ in range(REPEATS):
        start = time.process_time()
        read(text)
        fastest = min(fastest, time.process_time() - start)
        if fastest > 0.5:
            break
    return fastest


def exponent(read: Callable[[str], None], shape: Shape) -> float:
    """By which power of a reply's length the time to *read* it grows; 0 where it takes none.

    Over the longest stretch of sizes that can be measured; infinite where one takes too long.
    """
    gc.disable()
    try:
        measured = []
        for size in SIZES:
            seconds = _seconds(read, shape(size))
            if seconds > MAX_SECONDS:
                return math.inf
            if seconds > MIN_SECONDS:
                measured.append((size, seconds))
    finally:
        gc.enable()
    if len(measured) < 2:
        return 0.0
    (small, fast), (large, slow) = measured[0], measured[-1]
    return math.log(slow / fast) / math.log(large / small)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("read", [_parse, _receive], ids=["parse", "receive"])
def test_the_time_for_a_reply_grows_with_its_length(
    read: Callable[[str], None], shape: str
) -> None:
    found = exponent(read, SHAPES[shape])
    if found > MAX_EXPONENT:  # once more: another process may have had the caches
        found = min(found, exponent(read, SHAPES[shape]))
    assert found < MAX_EXPONENT


def test_the_measure_finds_what_grows_by_the_square() -> None:
    def pairs(text: str) -> None:
        sum(1 for one in text[::40] for other in text[::40] if one < other)

    assert exponent(pairs, SHAPES["prose"]) > 1.6
