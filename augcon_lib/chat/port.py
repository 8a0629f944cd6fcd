"""The chat port: the requests of a pipeline step to a model, and the replies.

A :class:`ChatRequest` is the *logical* request. Its wire form (a JSON schema, or labelled text for
servers without schemas) is the engine's concern, so an answer that was paid for stays valid when
an endpoint's abilities are detected or change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from augcon_lib.chat.reply_formats import ReplyFormat

ReplyFields = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class ChatExample:
    """A worked example, shown to the model as a user turn and an assistant turn."""

    user: str
    reply: ReplyFields

    def __hash__(self) -> int:
        return hash((self.user, *self.reply.items()))


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request to the model.

    ``sample`` is the draw's number: 0 for the first draw of a prompt, n for its n-th repetition
    (sent as ``seed``). ``stage`` and ``document_id`` are book-keeping and change no answer.
    """

    instruction: str
    user: str
    reply_format: ReplyFormat
    temperature: float
    language: str = "en"
    examples: tuple[ChatExample, ...] = ()
    sample: int = 0
    stage: str = ""
    document_id: str = ""


@dataclass(frozen=True, slots=True)
class ChatReply:
    """A parsed and validated answer: one value for each field of the request's reply format.

    ``journal_key`` (64 hexadecimal digits) names the journal's row with it, ``sample`` the draw's
    number; both are the provenance of an answer and not part of it.
    """

    fields: ReplyFields
    from_journal: bool
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = field(default=0.0, compare=False)
    journal_key: str = field(default="", compare=False)
    sample: int = field(default=0, compare=False)


class Chat(Protocol):
    """Answers chat requests: the engine in production, a stub in unit tests."""

    async def ask(self, request: ChatRequest) -> ChatReply:
        """Answer *request*.

        Raises ``AnswerRejected`` (this request only), ``EndpointError`` or ``BudgetExceeded``
        (the run stops).
        """
        ...
