"""Shapes of hostile replies that grow: what a parser would be slow at, or fall over.

``SHAPES`` maps a name to a function from a size in characters to a reply of about that size.
"""

import json
from collections.abc import Callable, Mapping

Shape = Callable[[int], str]


def _repeated(unit: str, before: str = "", after: str = "") -> Shape:
    return lambda size: before + unit * max(1, size // len(unit)) + after


def _in_json(unit: str) -> Shape:
    """A sound reply whose fields are *unit*, again and again."""

    def shape(size: int) -> str:
        text = unit * max(1, size // (4 * len(unit)))
        names = ("question", "context_1", "context_2", "answer")
        return json.dumps(dict.fromkeys(names, text), ensure_ascii=False)

    return shape


def _labelled(unit: str) -> Shape:
    def shape(size: int) -> str:
        text = unit * max(1, size // (2 * len(unit)))
        return f"Question: {text}?\nContext 1: {text}\nContext 2: b\nAnswer: a"

    return shape


def _nested(opening: str, closing: str) -> Shape:
    def shape(size: int) -> str:
        depth = max(1, size // (len(opening) + len(closing)))
        return opening * depth + "1" + closing * depth

    return shape


def _many_names(size: int) -> str:
    return "{" + ",".join(f'"k{number}":{number}' for number in range(size // 14)) + "}"


SHAPES: Mapping[str, Shape] = {
    "prose": _repeated("The mill by the river ran at night. "),
    "sound JSON": _in_json("a b "),
    "sound labels": _labelled("a b "),
    "blanks": _repeated(" "),
    "line feeds": _repeated("\n", after="Question: q?\nContext 1: a\nContext 2: b"),
    "carriage returns": _in_json("\r"),
    "nested objects": _nested('{"a":', "}"),
    "nested lists": _nested("[", "]"),
    "nested lists in a field": lambda size: f'{{"question":{_nested("[", "]")(size)}}}',
    "many names": _many_names,
    "open braces": _repeated("{"),
    "open braces and names": _repeated('{"a":"'),
    "open objects": _repeated('{"a":1,'),
    "objects side by side": _repeated('{"a":1} '),
    "one long string that never ends": _repeated("a", '{"question":"'),
    "many strings that never end": _repeated('{"q'),
    "backslashes": _repeated("\\", '{"question":"'),
    "trailing commas": _repeated(",  \n", "{", "}"),
    "commas and blanks": _repeated("," + " " * 500 + "x", "{", "}"),
    "a comma before blanks": _repeated(" ", "{,", "x}"),
    "open thoughts": _repeated("<think>"),
    "ends of thoughts": _repeated("</thinking>", "<think>"),
    "blanks before a thought": _repeated(" ", after="<thin"),
    "labels": _repeated("Question: q?\n"),
    "labels out of order": _repeated("Context 2: b\nContext 1: a\n"),
    "a label before blanks": _repeated(" ", "Question", "x"),
    "labels before blanks": _repeated("Question" + " " * 300 + "x\n"),
    "a label before stars and blanks": _repeated("* ", "Answer", "x"),
    "a label before stars": _repeated("*", "Answer", "x"),
    "a label before tabs": _repeated("\t", "Verdict", "\n"),
    "marks before no label": _repeated("# "),
    "marks before no label, in lines": _repeated("#" * 500 + "x\n"),
    "blanks before a label": _repeated(" \t", "\n", "Question"),
    "blanks within a label": _repeated(" ", "Context", "1"),
    "fences": _repeated("```"),
    "a fence before letters": _repeated("a", "```"),
    "a fence before lines": _repeated("\n", "```", "Question: a"),
    "fences within a label": _repeated("```a", "Question: a"),
    "a verdict behind lines": lambda size: json.dumps({"verdict": "_" * size, "reason": ""}),
    "a verdict behind quotes": lambda size: json.dumps({"verdict": '"' * size + "maybe"}),
    "digits": lambda size: f'{{"last_sentence_of_first_part":"{"9" * size}","question":"q"}}',
    "a number of digits": lambda size: f'{{"rating":{"9" * size}}}',
    "numbers": lambda size: json.dumps({"rating": "9 " * (size // 2)}),
    "escapes of the terminal": _in_json("\x1b[31mred\x1b[0m"),
    "open escapes of the terminal": _in_json("\x1b]"),
    "an escape that never ends": lambda size: json.dumps({"answer": "\x1b[" + "0" * size}),
    "a title that never ends": lambda size: json.dumps({"answer": "\x1b]0;" + "a" * size}),
    "directions": _in_json("\u202e\u2066"),
    "tags": _in_json("\U0001f3f4\U000e0067"),
    "combining marks": _in_json("\u0301\u0316"),
    "halves of surrogate pairs": _in_json("\ud800"),
    "names": _in_json("Mill River Ouse. "),
    "digits in an answer": _in_json("1"),
    "numbers in an answer": _in_json("1,5 thousand "),
    "dots behind a digit": lambda size: json.dumps({"answer": "1" + "." * size}),
    "hundreds": _in_json("one hundred hundred "),
    "ideographic digits": _in_json("一二"),
    "list marks": _in_json("\n1. "),
    "blank lines in an answer": _in_json("a" + "\n" * 40),
    "one blank line after the other": lambda size: json.dumps({"answer": "a" + "\n" * size + "b"}),
    "open quotes": _in_json("《"),
    "apologies": _in_json("I am sorry, the passage "),
}
