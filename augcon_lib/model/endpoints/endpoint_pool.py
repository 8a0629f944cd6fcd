"""Several endpoints that serve the same model: calls go to the one with the most room.

If an endpoint dies, the others take over its calls; later it is retried with one of them.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from augcon_lib.chat.messages import Repair
from augcon_lib.chat.port import ChatRequest
from augcon_lib.errors import EndpointError
from augcon_lib.model.endpoints.breaker import CircuitBreaker
from augcon_lib.model.endpoints.calls import Settle, Settled
from augcon_lib.model.endpoints.endpoint import Endpoint
from augcon_lib.model.endpoints.slots import AdaptiveSlots, WaitingLine
from augcon_lib.model.endpoints.stats import CallStats
from augcon_lib.model.wire.transport import CallError

FIRST_TRIAL_SECONDS = 5.0
MAX_TRIAL_SECONDS = 300.0
# All endpoints may be out of service for this long before the run ends, like a single one.
MAX_DOWN_SECONDS = 35.0
# Once one is ready, the others get this long before they are left to be checked later.
READY_GRACE_SECONDS = 1.0
# A few more calls than slots: one is always ready when a slot becomes free.
CALLS_PER_SLOT = 1.25

logger = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Route:
    """One endpoint of a pool, and the number of its unsettled requests."""

    name: str
    endpoint: Endpoint
    slots: AdaptiveSlots
    breaker: CircuitBreaker
    given: int = 0
    on_trial: bool = False
    opened_at: float = 0.0
    trial_pause_seconds: float = 0.0

    @property
    def places(self) -> int:
        """How many more requests it may take now; none while it is out of service or on trial."""
        if self.breaker.is_open or self.on_trial:
            return 0
        return max(1, int(self.slots.limit * CALLS_PER_SLOT))

    @property
    def room(self) -> float:
        """The share of its places that are free."""
        return 1.0 - self.given / self.places if self.places else 0.0


class EndpointPool:
    """Sends each request to the endpoint with the largest share of free places.

    Each endpoint has its own slots, rates, abilities and circuit breaker. One that is out of
    service is retried after 5 seconds, then after twice as long each time, up to 5 minutes; if all
    of them are, every 5 seconds for half a minute, while calls wait.
    """

    def __init__(self, routes: Sequence[Route], stats: CallStats) -> None:
        self._routes = routes
        self._stats = stats
        self._line = WaitingLine()
        self._down_since: float | None = None

    async def ready(self) -> None:
        """Raise ``EndpointError`` if none of the endpoints can serve; probes unknown ones.

        One that does not answer delays nobody: the first call that it gets waits for it.
        """
        checks = [asyncio.ensure_future(self._is_ready(route)) for route in self._routes]
        try:
            for check in asyncio.as_completed(checks):
                if await check:
                    await asyncio.wait(checks, timeout=READY_GRACE_SECONDS)
                    return
        finally:
            for each in checks:
                each.cancel()
            await asyncio.gather(*checks, return_exceptions=True)
        raise self._none_serves()

    async def _is_ready(self, route: Route) -> bool:
        try:
            await route.endpoint.ready()
        except EndpointError:
            self._out_of_service(route)
            return False
        return True

    async def send(
        self, request: ChatRequest, settle: Settle[Settled], repair: Repair | None = None
    ) -> Settled:
        """Return the result of *settle* for the completion of *request* from any endpoint.

        Raises ``CallError`` if every endpoint in service failed with this request,
        ``BudgetExceeded``, or ``EndpointError`` if none is in service.
        """
        failure: CallError | None = None
        untried = list(self._routes)
        while (route := await self._take(untried)) is not None:
            trial = route.on_trial  # by this request: while it is on trial, it gets no other
            try:
                return await route.endpoint.send(request, settle, repair)
            except EndpointError:
                self._out_of_service(route)
            except CallError as error:
                if not error.is_transient:
                    raise
                failure = error
                untried.remove(route)
            finally:
                self._give_back(route, trial=trial)
        if failure is not None:
            raise failure
        raise self._none_serves()

    def _none_serves(self) -> EndpointError:
        reasons = "; ".join(route.breaker.message for route in self._routes)
        return EndpointError(f"none of the [[model.endpoints]] serves calls: {reasons}")

    async def _take(self, routes: Sequence[Route]) -> Route | None:
        """Wait for a place at one of *routes*; return None if all are out of service."""
        while True:
            route = self._due_for_trial(routes)
            if route is not None:
                route.on_trial = True
                route.breaker.half_open()
            else:
                route = max(routes, key=lambda each: each.room, default=None)
            wait_seconds = None
            if route is None or all(each.breaker.is_open for each in routes):
                wait_seconds = self._seconds_to_trial(routes)
                if wait_seconds is None:
                    return None
            elif route.on_trial or route.room > 0:
                route.given += 1
                return route
            try:
                async with asyncio.timeout(wait_seconds):
                    await self._line.join()
            except TimeoutError:
                continue
            except asyncio.CancelledError:
                self._wake()
                raise

    def _seconds_to_trial(self, routes: Sequence[Route]) -> float | None:
        """Return when the first of *routes*, all out of service, is due for a trial; None if never.

        No trial is due if others serve, if none of these can recover by itself, or if all have
        been down for too long.
        """
        now = asyncio.get_running_loop().time()
        if self._down_since is None or now > self._down_since + MAX_DOWN_SECONDS:
            return None
        dues = [each.opened_at + FIRST_TRIAL_SECONDS for each in routes if each.breaker.may_recover]
        return max(0.01, min(dues) - now) if dues else None

    def _due_for_trial(self, routes: Sequence[Route]) -> Route | None:
        """Return one of *routes* that may be back; the sooner if no other is in service."""
        now = asyncio.get_running_loop().time()
        others_serve = not all(route.breaker.is_open for route in self._routes)
        for route in routes:
            pause = route.trial_pause_seconds if others_serve else FIRST_TRIAL_SECONDS
            if route.breaker.is_open and now >= route.opened_at + pause:
                return route
        return None

    def _give_back(self, route: Route, *, trial: bool) -> None:
        route.given -= 1
        if trial and not route.breaker.is_open:
            route.on_trial = False
            route.trial_pause_seconds = 0.0
            self._down_since = None
            self._stats.out_of_service.discard(route.name)
            logger.warning("%s serves calls again", route.name)
        self._wake()

    def _out_of_service(self, route: Route) -> None:
        """Record once that *route*'s breaker opened, although each of its calls reports it.

        The last of them may report it when the endpoint already serves again.
        """
        if not route.breaker.is_open:
            return
        if not route.on_trial and route.name in self._stats.out_of_service:
            return
        route.on_trial = False
        doubled = 2 * route.trial_pause_seconds or FIRST_TRIAL_SECONDS
        route.trial_pause_seconds = min(MAX_TRIAL_SECONDS, doubled)
        route.opened_at = asyncio.get_running_loop().time()
        if self._down_since is None and all(each.breaker.is_open for each in self._routes):
            self._down_since = route.opened_at
        self._stats.out_of_service.add(route.name)
        logger.warning("the other endpoints take over: %s", route.breaker.message)

    def _wake(self) -> None:
        """Let as many waiters continue as there may be room for; the others wait again."""
        free = sum(max(0, route.places - route.given) for route in self._routes)
        if all(route.breaker.is_open for route in self._routes):
            free = len(self._line)  # they all have to learn it
        while free > 0 and self._line.call_next():
            free -= 1
