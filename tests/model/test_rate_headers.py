import asyncio

import pytest

from augcon_lib.model.endpoints.slots import RateLimits
from augcon_lib.model.wire.rate_headers import (
    Allowance,
    Allowances,
    duration_seconds,
    read_allowances,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("20ms", 0.02),
        ("1h2m3.5s", 3723.5),
        ("1m30ms", 60.03),
        ("12", 12.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("inf", None),
    ],
)
def test_durations_are_read_in_every_spelling(text: str, seconds: float | None) -> None:
    assert duration_seconds(text) == seconds


def test_headers_say_what_is_left_and_nonsense_says_nothing() -> None:
    headers = {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "2s",
        "x-ratelimit-remaining-tokens": "many",
        "x-ratelimit-reset-tokens": "1s",
    }
    assert read_allowances(headers) == Allowances(Allowance(0, 2.0), None)
    assert read_allowances({"content-type": "application/json"}) is None


def seconds_to_wait(allowances: Allowances, calls: int, tokens: int) -> float:
    async def run() -> float:
        rates = RateLimits(0, 0)
        rates.observe(allowances)
        start = asyncio.get_running_loop().time()
        for _ in range(calls):
            await rates.wait(tokens)
        return asyncio.get_running_loop().time() - start

    return asyncio.run(run())


def test_calls_beyond_what_the_server_said_is_left_wait_for_its_reset() -> None:
    few = Allowances(Allowance(2, 0.1), None)
    assert seconds_to_wait(few, 2, 10) < 0.1
    assert seconds_to_wait(few, 3, 10) >= 0.1


def test_tokens_beyond_what_is_left_wait_for_the_reset_and_then_pass() -> None:
    assert seconds_to_wait(Allowances(None, Allowance(5, 0.05)), 1, 10) >= 0.05
