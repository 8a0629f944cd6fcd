"""A chat that answers from a function: no endpoint, no journal, no waiting."""

import asyncio
import re
from collections.abc import Callable, Mapping

from augcon_lib.chat.port import ChatReply, ChatRequest
from augcon_lib.model.endpoints.stats import CallStats

Answer = Mapping[str, str | int] | Exception
Answerer = Callable[[ChatRequest], Answer]


class StubChat:
    """Answers each request by *answerer*; an exception that it gives is raised.

    ``requests`` holds every request in the order asked, ``most_at_once`` how many were ever
    under way together.
    """

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer
        self.requests: list[ChatRequest] = []
        self.most_at_once = 0
        self.stats = CallStats()
        self._under_way = 0

    async def ask(self, request: ChatRequest) -> ChatReply:
        self.requests.append(request)
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            await asyncio.sleep(0)
            answer = self._answerer(request)
        finally:
            self._under_way -= 1
        if isinstance(answer, Exception):
            raise answer
        return ChatReply(answer, from_journal=False)


def slot(request: ChatRequest, tag: str) -> str:
    """What the request's user message carries between ``<tag>`` and ``</tag>``."""
    found = re.search(rf"<{tag}>\n(.*)\n</{tag}>", request.user, re.DOTALL)
    assert found, request.user
    return found[1]


def halves(text: str) -> tuple[str, str]:
    """*text* cut after the sentence end (else the space) that is nearest to its middle."""
    ends = [m.end() for m in re.finditer(r"[.?!] ", text)] or [
        m.end() for m in re.finditer(r"\s", text)
    ]
    middle = len(text) // 2
    cut = min(ends, key=lambda end: abs(end - middle), default=middle)
    return text[:cut].strip(), text[cut:].strip()
