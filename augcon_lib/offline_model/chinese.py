"""Questions in Chinese: over several sentences, and about one of them, by its shape."""

import re
from collections.abc import Iterator

from augcon_lib.offline_model.chance import draw
from augcon_lib.offline_model.passages import Passage, Sentence

MAX_SENTENCES_READ = 14
MAX_PHRASE_CHARS = 16
MAX_PHRASE_QUESTIONS = 4
MAX_LIST_ITEM_CHARS = 8
MIN_LIST_SHARE = 0.7
_CLAUSE = re.compile(r"[^，,。！？!?；;：:、（）()\s…]+(?: [^，,。！？!?；;：:、（）()\s…]+)*")
_OPENING = re.compile(
    r"^(?:然后|接着|之后|同时|但是|但|因此|所以|而且|并且|其中|另外|此外|最后|首先|注意|可选|也|就|再|并|即)"
    r"[，：: ]*"
)
_QUOTED = re.compile(r"[`「『《“]([^`」』》”\n]{2,12})[`」』》”]")
_CONDITION = re.compile(r"^(?:如果|若是|若|假如|要是|一旦)([^，。]{2,30}?)(?:的话)?[，,]")
_PURPOSE = re.compile(r"^为了?([^，。]{3,24}?)[，,]")
_REASON = re.compile(r"^(?:因为|由于)[^，。]{2,40}[，,](?:所以|因此)?([^，。]{4,40})")
_REASON_BEHIND = re.compile(r"^([^，。]{4,40})[，,]?(?:因为|是为了|以便|防止|避免)")
_TIME = re.compile(r"^([^，。：]{2,24}?)(时|的时候|之后|以后|之前|以前|后|前)[，,]")
_DEFINITION = re.compile(
    r"^([^，。是：（(]{2,14})(?:就是|是指|是|指的是)(?:一种|一个|一道|中国|指|由|用)?[^，。]{4,}"
)
_RESULT = re.compile(r"即为[ `「“]*([^`」”，。 ]{2,12})")
_AMOUNT = re.compile(r"^([^=＝，。\d（]{2,12}?)[ ]*[=＝:：][ ]*(?:约|大约)?[ ]*\d")
_DURATION = re.compile(
    r"([^，。\d；：]{2,14}?)[ 约需至]*\d+(?:[-~～到至.]\d+)?[ ]*(?:秒|分钟|小时|天)"
)
_DEMAND = re.compile(
    r"^([^，。：将把]{2,14}?)(?:应该|应当|必须|须|需要|不得|不要|不能|应)[^，。]{2,}"
)
_ABILITY = re.compile(r"^([^，。：将把]{2,14}?)(?:可以|能够|可)[^，。]{2,}")
_STEP = re.compile(
    r"^((?:将|把|用|往|向|在|加入|倒入|放入|切|煮|炒|煎|炸|洗|取|打)[^，。：（]{3,20})[，,。]"
)
_BRACKETED = re.compile(r"[（(][^（()）]*[)）]")
_UNIT = r"(?:m?l|k?g|mm|cm|ML|克|毫升|盒|枚|瓣|片|根|颗|个|勺|块|只|把|斤|份|倍)"
_QUANTITY = re.compile(
    rf"^(?:[\d.~～\-–到至]+ ?{_UNIT}?|[两一二三四五六七八九十半]+ ?{_UNIT}) ?"
    rf"| ?[=＝:：].*$| [\d.~～\-–到至]+ ?{_UNIT}?[^\u4e00-\u9fff]*$"
)
_HOLLOW = frozenset(
    ("备用", "注意", "安全", "即可", "可选", "必备", "例如", "推荐", "适量", "少许")
)
_LEANING = re.compile(r"^(?:它|他|她|这|那|该|其|此)")

_MACRO_WITH_HEADING = (
    "“{0}”包括哪些内容，从“{1}”到“{2}”各有什么要点？",
    "关于“{0}”，“{1}”和“{2}”分别是怎样说明的？",
    "“{0}”中，“{1}”与“{2}”之间有什么联系？",
    "与“{0}”有关，“{1}”和“{2}”各应注意什么？",
)
_MACRO = (
    "从“{0}”到“{2}”，其间经过“{1}”，整个过程是怎样的？",
    "“{0}”“{1}”和“{2}”之间是怎样联系起来的？",
    "“{0}”“{1}”“{2}”各有哪些要点？",
    "“{0}”“{1}”和“{2}”的先后顺序是怎样的？",
)
_LIST = (
    "包括{0}和{2}在内，需要准备哪些东西？",
    "除了{0}、{1}和{2}，还要准备些什么？",
    "{0}、{1}和{2}各需要多少？",
    "需要哪些原料，{0}、{1}和{2}各有什么要求？",
)
_ABOUT = (
    "关于“{0}”，需要知道哪些内容？",
    "“{0}”的具体情况是怎样的？",
    "对“{0}”有哪些具体说明？",
)


def macro_questions(passage: Passage) -> list[str]:
    """Questions over the whole of a passage of many sentences."""
    statements = _readable(passage)
    third = max(1, len(statements) // 3)
    parts = (statements[:third], statements[third : 2 * third], statements[2 * third :])
    topics = [[phrase for one in part for phrase in _phrases(one.plain)] for part in parts]
    headings = [heading[:MAX_PHRASE_CHARS] for heading in passage.headings]
    items = sum(len(_bare(one.plain)) <= MAX_LIST_ITEM_CHARS for one in statements)
    forms = _LIST if items > MIN_LIST_SHARE * len(statements) else _MACRO
    made = []
    for number in range(4):
        chosen: list[str] = []
        for options in topics:
            fresh = [one for one in options if one not in chosen and one not in headings]
            if fresh:
                chosen.append(fresh[number % len(fresh)])
        if len(chosen) < 3:
            continue
        if headings and forms is _MACRO:
            heading = headings[number % len(headings)]
            made.append(_MACRO_WITH_HEADING[number].format(heading, chosen[0], chosen[2]))
        made.append(forms[number].format(*chosen))
    return made


def shaped_questions(passage: Passage) -> list[str]:
    """Questions in the shape of single statements."""
    return [question for one in _readable(passage) for question in _shaped(one.plain)]


def phrase_questions(passage: Passage) -> list[str]:
    """Questions made of phrases alone, where the statements have no known shape."""
    phrases = [phrase for one in _readable(passage) for phrase in _phrases(one.plain)]
    topics = list(dict.fromkeys([*passage.headings, *phrases]))[:MAX_PHRASE_QUESTIONS]
    return [
        _ABOUT[draw("about", topic) % len(_ABOUT)].format(topic[:MAX_PHRASE_CHARS])
        for topic in topics
    ]


def _shaped(statement: str) -> Iterator[str]:
    text = _OPENING.sub("", statement)
    if _LEANING.match(text):
        return
    if match := _CONDITION.match(text):
        yield f"如果{match[1]}，应该怎么办？"
    elif match := _PURPOSE.match(text):
        yield f"怎样才能{match[1]}？"
    elif match := _REASON.match(text) or _REASON_BEHIND.match(text):
        yield f"为什么{match[1]}？"
    elif match := _AMOUNT.match(text):
        yield f"{match[1].strip()}的用量是多少？"
    elif match := _TIME.match(text):
        yield f"{match[1]}{match[2]}应该做什么？"
    elif match := _DEFINITION.match(text):
        yield f"{match[1].strip()}是什么？"
    elif match := _DEMAND.match(text):
        yield f"对{match[1]}有什么要求？"
    elif match := _ABILITY.match(text):
        yield f"{match[1]}可以怎样做？"
    if match := _RESULT.search(text):
        yield f"{match[1]}是怎样做成的？"
    if match := _DURATION.search(text):
        yield f"{_OPENING.sub('', match[1]).strip()}需要多长时间？"
    if match := _STEP.match(text + "。"):
        yield (
            f"{match[1]}之后还要做什么？" if len(text) > len(match[1]) + 4 else f"怎样{match[1]}？"
        )


def _readable(passage: Passage) -> list[Sentence]:
    """Statements to ask about; at most fourteen, spread evenly."""
    statements = passage.statements
    step = max(1, -(-len(statements) // MAX_SENTENCES_READ))
    return statements[::step]


def _phrases(statement: str) -> list[str]:
    """Terms in quotes, else clauses short enough to be quoted."""
    quoted = _QUOTED.findall(statement)
    if quoted:
        return [str(one) for one in quoted]
    clauses = [_OPENING.sub("", one).strip() for one in _CLAUSE.findall(_bare(statement))]
    kept = [one for one in clauses if 2 <= len(one) <= 24 and one not in _HOLLOW]
    short = [one for one in kept if len(one) <= MAX_PHRASE_CHARS]
    return short[:3] or [one[:MAX_PHRASE_CHARS] for one in kept[:1]]


def _bare(statement: str) -> str:
    """*statement* without brackets and quantities."""
    return _QUANTITY.sub("", _BRACKETED.sub("", statement)).strip()
