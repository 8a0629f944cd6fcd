"""The reply formats of the wire contract: their JSON schemas, and reading what models send."""

import re
from dataclasses import dataclass
from typing import Any

from augcon_lib.chat.reply_parsing import clean, json_objects, labelled_sections, readings

VERDICTS = re.compile(
    r"[\W_]*(?:(?P<yes>yes|true|correct|是|对|正确)|(?P<no>no|false|incorrect|否|不|错))"
    r"(?![a-z])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ReplyField:
    """One field of a reply: its JSON name, its label in plain text, and its type.

    ``aliases`` are other labels that models write without being asked to.
    """

    name: str
    label: str
    kind: type = str
    choices: tuple[str, ...] = ()
    required: bool = True
    aliases: tuple[str, ...] = ()

    def read(self, value: object) -> str | int:
        """Convert *value* to this field's type; raises ``ValueError`` (a short reason)."""
        if self.kind is int:
            return _whole_number(self.name, value)
        if self.choices == ("yes", "no"):
            return _verdict(self.name, value)
        if not isinstance(value, str):
            raise ValueError(f"{self.name} is not a text")
        text = clean(value).strip()
        if self.choices:
            return _choice(self.name, text, self.choices)
        if not text and self.required:
            raise ValueError(f"{self.name} is empty")
        return text


@dataclass(frozen=True, slots=True)
class ReplyFormat:
    """A reply as a JSON schema and, for servers without schemas, as labelled plain text."""

    name: str
    fields: tuple[ReplyField, ...]

    def json_schema(self) -> dict[str, Any]:
        """Return the schema for ``response_format`` (strict: all required, no other properties)."""
        properties: dict[str, Any] = {}
        for field in self.fields:
            properties[field.name] = {"type": "integer" if field.kind is int else "string"}
            if field.choices:
                properties[field.name]["enum"] = list(field.choices)
        return {
            "type": "object",
            "properties": properties,
            "required": [field.name for field in self.fields],
            "additionalProperties": False,
        }

    def parse(self, content: str) -> dict[str, str | int]:
        """Read the reply's fields from *content*, JSON or labels; ``ValueError`` if unusable.

        Thinking, code fences, prose around the reply, other cases of the labels, full-width
        colons and Markdown emphasis are tolerated.
        """
        problem = ValueError("neither a JSON object nor labelled text")
        for text in readings(content):
            for candidate in json_objects(text):
                if any(field.required and field.name not in candidate for field in self.fields):
                    continue
                try:
                    return self._read(candidate)
                except ValueError as error:
                    problem = error
            labels = [(field.name, (field.label, *field.aliases)) for field in self.fields]
            sections = labelled_sections(text, labels)
            if sections:
                try:
                    return self._read(sections)
                except ValueError as error:
                    problem = error
        raise problem

    def _read(self, values: dict[str, Any]) -> dict[str, str | int]:
        reply: dict[str, str | int] = {}
        for field in self.fields:
            if values.get(field.name) is None:
                if field.required:
                    raise ValueError(f"{field.name} is missing")
                reply[field.name] = ""
            else:
                reply[field.name] = field.read(values[field.name])
        return reply


def _whole_number(name: str, value: object) -> int:
    if isinstance(value, bool):
        raise ValueError(f"{name} is not a whole number")
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    digits = re.findall(r"\d+", value) if isinstance(value, str) else []
    if len(digits) != 1 or len(digits[0]) > 9:
        raise ValueError(f"{name} is not one whole number")
    return int(digits[0])


def _choice(name: str, text: str, choices: tuple[str, ...]) -> str:
    """Return the one of *choices* that *text* starts with, ignoring quotes and emphasis."""
    said = text.lstrip("\"'“”*_ ").lower()
    for choice in choices:
        if re.match(rf"{re.escape(choice)}(?![a-z])", said):
            return choice
    raise ValueError(f"{name} is none of {', '.join(choices)}")


def _verdict(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    found = VERDICTS.match(value) if isinstance(value, str) else None
    if not found:
        raise ValueError(f"{name} is neither yes nor no")
    return "yes" if found["yes"] else "no"


CST_REWRITE = ReplyFormat(
    "cst_rewrite",
    (
        ReplyField("question", "Question", aliases=("问题", "提问")),
        ReplyField("context_1", "Context 1", aliases=("上下文 1", "语境 1", "片段 1")),
        ReplyField("context_2", "Context 2", aliases=("上下文 2", "语境 2", "片段 2")),
    ),
)
CST_BOUNDARY = ReplyFormat(
    "cst_boundary",
    (
        ReplyField("question", "Question", aliases=("问题", "提问")),
        ReplyField("last_sentence_of_first_part", "Boundary", int, aliases=("边界", "分界")),
    ),
)
_QUESTION = ReplyField("question", "Question", aliases=("问题", "提问"))
_ANSWER = ReplyField("answer", "Answer", aliases=("答案", "回答"))
QUESTION = ReplyFormat("question", (_QUESTION,))
QUESTION_ANSWER = ReplyFormat("question_answer", (_QUESTION, _ANSWER))
QUESTION_ANSWER_CONFIDENCE = ReplyFormat(
    "question_answer_confidence",
    (
        _QUESTION,
        _ANSWER,
        ReplyField(
            "confidence", "Confidence", str, ("high", "medium", "low"), aliases=("把握", "置信度")
        ),
    ),
)
ANSWER = ReplyFormat("answer", (_ANSWER,))
REASONED_ANSWER = ReplyFormat(
    "reasoned_answer",
    (
        ReplyField("reasoning", "Reasoning", str, (), required=False, aliases=("思考", "推理")),
        _ANSWER,
    ),
)
JUDGEMENT = ReplyFormat(
    "judgement",
    (
        ReplyField("verdict", "Verdict", str, ("yes", "no"), aliases=("判断", "结论")),
        ReplyField("reason", "Reason", str, (), required=False, aliases=("理由", "原因")),
    ),
)
RATING = ReplyFormat("rating", (ReplyField("rating", "Rating", int, aliases=("评分", "分数")),))
