"""Content words of a text, for overlap; characters where a script has no spaces."""

import re

_WORD = re.compile(
    r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]|[^\W_\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]+"
)


def word_set(text: str) -> frozenset[str]:
    """The words of *text*, between blanks."""
    return frozenset(text.split())


STOP_WORDS = word_set(
    "a an the and or but nor so yet if then than that this these those there here it its they "
    "them their he him his she her we us our you your i my me who whom whose which what when "
    "where why how is are was were be been being am do does did done has have had having can "
    "could may might must shall should will would not no of in on at by for with from to into "
    "onto over under about as per via up down out off again more most some any each every all "
    "both few many much other such only own same too very just also however therefore because "
    "while during "
    "before after between through against within without upon "
    "since like unlike until oh dear yes instead s t don one ones "
    "的 了 是 在 和 与 也 就 都 而 及 着 或 将 把 被 让 "
    "向 从 对 于 为 以 其 这 那 此 该 个 之 吗 呢"
)


def words_of(text: str) -> list[str]:
    """Lower-cased content words of *text*, in order."""
    return [word for word in _WORD.findall(text.lower()) if word not in STOP_WORDS]
