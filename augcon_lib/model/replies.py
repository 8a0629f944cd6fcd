"""The four reply formats of the wire contract, and tolerant parsing of what models send."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ReplyField:
    """One field of a reply: its JSON name, its label in plain text, and its type."""

    name: str
    label: str
    kind: type = str
    choices: tuple[str, ...] = ()
    required: bool = True


@dataclass(frozen=True, slots=True)
class ReplyFormat:
    """A reply as a JSON schema and, for servers without schemas, as labelled plain text."""

    name: str
    fields: tuple[ReplyField, ...]

    def json_schema(self) -> dict[str, Any]:
        """The schema sent in ``response_format`` (strict: no further properties)."""
        raise NotImplementedError

    def parse(self, content: str) -> dict[str, str | int]:
        """The reply's fields from *content*, JSON or labelled text; ``ValueError`` if unusable."""
        raise NotImplementedError


CST_REWRITE = ReplyFormat(
    "cst_rewrite",
    (
        ReplyField("question", "Question"),
        ReplyField("context_1", "Context 1"),
        ReplyField("context_2", "Context 2"),
    ),
)
CST_BOUNDARY = ReplyFormat(
    "cst_boundary",
    (
        ReplyField("question", "Question"),
        ReplyField("last_sentence_of_first_part", "Boundary", int),
    ),
)
ANSWER = ReplyFormat("answer", (ReplyField("answer", "Answer"),))
JUDGEMENT = ReplyFormat(
    "judgement",
    (
        ReplyField("verdict", "Verdict", str, ("yes", "no")),
        ReplyField("reason", "Reason", str, (), required=False),
    ),
)
