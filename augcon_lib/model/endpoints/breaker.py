"""When to stop calling an endpoint for good, and the message for the user."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn
from urllib.parse import urlsplit, urlunsplit

from augcon_lib.errors import EndpointError
from augcon_lib.model.wire.transport import CallError
from augcon_lib.settings import ModelSettings

MAX_EXHAUSTED_IN_A_ROW = 3
CONNECT_ATTEMPTS_AT_START = 2
SAME_BROKEN_AT_START = 3
BROKEN_KINDS = frozenset({"broken_body", "connection"})
MAX_UNREACHED_IN_A_ROW = 3
MAX_TURNED_AWAY_IN_A_ROW = 3
MIN_TURNED_AWAY_SECONDS = 5.0
UNREACHED_STATUS = frozenset({0, 502, 504})  # 0: no HTTP answer at all
NEVER_RECOVERING_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


class CircuitBreaker:
    """Stops everything with one clear ``EndpointError`` when the endpoint cannot serve.

    At once: no credit left. At the very start: a wrong key, a wrong address or model name, two
    calls without a connection, or three with the same reply outside this protocol.
    Later: three refusals of key, address or model name over at least five seconds without a
    success, since a gateway that restarts also refuses calls; a call that used up all its
    attempts (more than half a minute of pauses) while no other call succeeded; after a successful
    connection, three such calls in a row, since a single prompt may be what crashes the server.
    If other servers can take its calls over (*of_several*): three calls in a row that did not
    reach it.
    """

    def __init__(
        self,
        model: ModelSettings,
        *,
        has_key: bool,
        of_several: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model = model
        self._clock = clock
        self._has_key = has_key
        self._of_several = of_several
        self._on_trial = False
        self._tripped = asyncio.Event()
        self._message = ""
        self._connects_in_a_row = self._unreached_in_a_row = self._same_in_a_row = 0
        self._turned_away_in_a_row = self._exhausted_in_a_row = 0
        self._turned_away_since = 0.0
        self._broken = ""
        self.successes = 0
        self.may_recover = False  # whether the cause may resolve itself

    @property
    def is_open(self) -> bool:
        """Whether calls are rejected."""
        return self._tripped.is_set()

    @property
    def message(self) -> str:
        """Why the circuit is open, as a message for the user."""
        return self._message

    def half_open(self) -> None:
        """Let calls through again on trial: the first failure reopens the circuit."""
        self._tripped.clear()
        self._on_trial = True

    def check(self) -> None:
        """Raise the ``EndpointError`` if the circuit is open."""
        if self._tripped.is_set():
            raise EndpointError(self._message)

    def succeeded(self) -> None:
        """Record a call that returned a completion."""
        self.successes += 1
        self._forget_failures()
        self._on_trial = False

    def failed(self, failure: CallError) -> None:
        """Record a failed call; opens the circuit and raises if the endpoint cannot serve."""
        self._count(failure)
        at_start = not self.successes and (
            is_turned_away(failure)
            or failure.status == 403
            or self._connects_in_a_row >= CONNECT_ATTEMPTS_AT_START
            or self._same_in_a_row >= SAME_BROKEN_AT_START
        )
        gone = self._of_several and self._unreached_in_a_row >= MAX_UNREACHED_IN_A_ROW
        turned_away = (
            self._turned_away_in_a_row >= MAX_TURNED_AWAY_IN_A_ROW
            and self._clock() - self._turned_away_since >= MIN_TURNED_AWAY_SECONDS
        )
        on_trial = self._on_trial and not is_refusal(failure)
        if is_out_of_money(failure) or at_start or gone or turned_away or on_trial:
            self.trip(failure)

    def may_pass(self, failure: CallError) -> bool:
        """Whether the same call may succeed later: *failure* is transient, or not certain yet."""
        return failure.is_transient or (is_turned_away(failure) and self.successes > 0)

    def _count(self, failure: CallError) -> None:
        """Count *failure*; any HTTP answer ends a series of calls without one."""
        self._connects_in_a_row = self._connects_in_a_row + 1 if failure.kind == "connect" else 0
        unreached = failure.status in UNREACHED_STATUS
        self._unreached_in_a_row = self._unreached_in_a_row + 1 if unreached else 0
        if is_turned_away(failure):
            if not self._turned_away_in_a_row:
                self._turned_away_since = self._clock()
            self._turned_away_in_a_row += 1
        elif is_refusal(failure):  # by a server that took key, address and model name
            self._turned_away_in_a_row = 0
        broken = failure.detail if failure.kind in BROKEN_KINDS else ""
        again = bool(broken) and broken == self._broken
        self._same_in_a_row = self._same_in_a_row + 1 if again else int(bool(broken))
        self._broken = broken

    def exhausted(self, failure: CallError, successes_before: int) -> None:
        """Record a call that used up its attempts, the last with *failure*; may open the circuit.

        *successes_before* is the value of :attr:`successes` when the call began.
        """
        if self.successes > successes_before:
            return
        self._exhausted_in_a_row += 1
        may_be_the_prompt = failure.status == 500 or failure.kind in (*BROKEN_KINDS, "timeout")
        if not may_be_the_prompt or self._exhausted_in_a_row >= MAX_EXHAUSTED_IN_A_ROW:
            self.trip(failure)

    def trip(self, failure: CallError) -> NoReturn:
        """Open the circuit because of *failure*, and raise the ``EndpointError``."""
        if not self._tripped.is_set():
            self._message = self.told(failure)
            self._tripped.set()
            self.may_recover = self.successes > 0 and failure.is_transient
            self._forget_failures()
        raise EndpointError(self._message)

    def _forget_failures(self) -> None:
        self._connects_in_a_row = self._unreached_in_a_row = self._same_in_a_row = 0
        self._turned_away_in_a_row = self._exhausted_in_a_row = 0
        self._broken = ""

    def told(self, failure: CallError) -> str:
        """Describe what *failure* means for the settings, and the fix."""
        section = "[[model.endpoints]]" if self._of_several else "[model]"
        return describe(failure, self.model, section, has_key=self._has_key)

    async def pause(self, seconds: float) -> None:
        """Wait this long, or until the circuit opens, which raises."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._tripped.wait(), seconds)
        self.check()


def is_refusal(failure: CallError) -> bool:
    """Whether the server works, and refuses this request only."""
    return failure.status in (400, 413, 422)


def is_turned_away(failure: CallError) -> bool:
    """Whether the server rejects the key, the address or the model."""
    return failure.status in (401, 404) or is_redirect(failure)


def is_out_of_money(failure: CallError) -> bool:
    """Whether the account has no credit left."""
    return failure.status == 402 or failure.code in NEVER_RECOVERING_CODES


def is_redirect(failure: CallError) -> bool:
    """Whether the server names another address."""
    return 300 <= failure.status < 400


def describe(
    failure: CallError, model: ModelSettings, section: str = "[model]", *, has_key: bool
) -> str:
    """Describe what *failure* means for the settings in *section*; never contains the key."""
    host = public_url(model.base_url)
    cause = f"HTTP {failure.status}: {failure.detail}" if failure.status else failure.detail
    if failure.status in (401, 403):
        state = "the key in" if has_key else "a call without a key; set"
        return (
            f"{host} refuses {state} the environment variable {model.api_key_env} ({cause}); "
            f"set it to a valid key, or name another variable in {section} api_key_env"
        )
    if is_out_of_money(failure):
        return f"{host} serves no more calls for this account ({cause}); add credit, and run again"
    if failure.status == 404:
        return (
            f"{host} has no /chat/completions, or no model {model.name!r} ({cause}); fix "
            f"{section} base_url, which usually ends in /v1, or {section} name"
        )
    if failure.kind == "connect":
        return f"no connection to {host} ({cause}); start the server, or fix {section} base_url"
    if is_redirect(failure):
        return (
            f"{host} redirects calls to another address ({cause}); set {section} base_url to that "
            "address, which usually ends in /v1"
        )
    if failure.kind == "broken_body":
        return (
            f"{host} does not answer as an OpenAI-compatible endpoint ({cause}); fix {section} "
            "base_url, which usually ends in /v1, or check the endpoint, and run again"
        )
    if failure.status in (400, 422):
        return (
            f"{host} refuses a minimal request to the model {model.name!r} ({cause}); fix "
            f"{section} name, base_url or structured_output"
        )
    return (
        f"{host} has stopped serving calls (last: {failure.kind}: {cause}); no answer is lost: "
        "check the endpoint, and run again"
    )


def public_url(url: str) -> str:
    """Return *url* without user, password, query and trailing slash."""
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), "", ""))
