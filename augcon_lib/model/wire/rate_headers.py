"""The headers in which a server reports the requests and tokens left in a minute."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")

MAX_DIGITS = 18  # more is not a number of requests or tokens


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many are *left*, and after how many seconds all are available again."""

    left: int
    reset_seconds: float


@dataclass(frozen=True, slots=True)
class Allowances:
    """The requests and tokens that are left; None if the server does not report them."""

    requests: Allowance | None = None
    tokens: Allowance | None = None


def read_allowances(headers: Mapping[str, str]) -> Allowances | None:
    """Read the ``x-ratelimit-remaining-*`` and ``x-ratelimit-reset-*`` headers; None without."""
    requests, tokens = _allowance(headers, "requests"), _allowance(headers, "tokens")
    return Allowances(requests, tokens) if requests or tokens else None


def duration_seconds(text: str) -> float | None:
    """Parse ``1s``, ``6m0s``, ``20ms``, ``1h2m3.5s`` or plain seconds; None for anything else."""
    try:
        seconds = float(text)
    except ValueError:
        match = DURATION.fullmatch(text.strip())
        if match is None or not text.strip():
            return None
        hours, minutes, secs, milliseconds = (float(part or 0) for part in match.groups())
        return hours * 3600 + minutes * 60 + secs + milliseconds / 1000
    return seconds if 0 <= seconds < float("inf") else None


def _allowance(headers: Mapping[str, str], kind: str) -> Allowance | None:
    name = f"x-ratelimit-remaining-{kind}"
    if name not in headers:
        return None
    left = headers[name]
    reset_seconds = duration_seconds(headers.get(f"x-ratelimit-reset-{kind}", ""))
    if not left.isdecimal() or len(left) > MAX_DIGITS or reset_seconds is None:
        return None
    return Allowance(int(left), reset_seconds)
