"""Questions in other languages: a phrase of the passage, verbatim, in a template."""

import re

from augcon_lib.offline_model.chance import draw
from augcon_lib.offline_model.passages import Passage, Sentence

MAX_PHRASE_CHARS = {"ja": 24, "ko": 30, "th": 32}
OTHER_PHRASE_CHARS = 60
MAX_SENTENCES_READ = 8
MIN_PHRASE_CHARS = 4
_CLAUSE = re.compile(r"[^,;:.!?。，、；：！？،؛؟…()（）「」\n]+")

# One phrase; two phrases; three phrases.
_TEMPLATES = {
    "ja": (
        ("「{0}」について、何が分かりますか。", "「{0}」とは具体的にどういうことですか。"),
        ("「{0}」と「{1}」にはどのような関係がありますか。",),
        (
            "「{0}」「{1}」「{2}」の要点は何ですか。",
            "「{0}」から「{2}」まで、どのような流れになりますか。",
        ),
    ),
    "ko": (
        ("“{0}”에 대해 무엇을 알아야 합니까?", "“{0}”은(는) 구체적으로 무엇을 뜻합니까?"),
        ("“{0}”와(과) “{1}”은(는) 어떤 관계가 있습니까?",),
        ("“{0}”, “{1}”, “{2}”의 요점은 무엇입니까?", "“{0}”부터 “{2}”까지 어떻게 이어집니까?"),
    ),
    "ar": (
        ("ماذا ينبغي أن نعرف عن «{0}»؟", "ما المقصود بعبارة «{0}»؟"),
        ("ما العلاقة بين «{0}» و«{1}»؟",),
        ("ما أهم النقاط حول «{0}» و«{1}» و«{2}»؟", "كيف ترتبط «{0}» و«{1}» و«{2}»؟"),
    ),
    "ru": (
        ("Что следует знать о том, что сказано: «{0}»?", "Что означает «{0}»?"),
        ("Как связаны между собой «{0}» и «{1}»?",),
        (
            "Каковы основные сведения по темам «{0}», «{1}» и «{2}»?",
            "Как связаны «{0}», «{1}» и «{2}»?",
        ),
    ),
    "th": (
        ("“{0}” มีรายละเอียดอย่างไร", "“{0}” หมายความว่าอย่างไร"),
        ("“{0}” เกี่ยวข้องกับ “{1}” อย่างไร",),
        ("ประเด็นสำคัญของ “{0}” “{1}” และ “{2}” คืออะไร",),
    ),
    "de": (
        ("Was sollte man zum Thema „{0}“ wissen?", "Was ist mit „{0}“ gemeint?"),
        ("Wie hängen „{0}“ und „{1}“ zusammen?",),
        (
            "Was sind die wichtigsten Punkte zu „{0}“, „{1}“ und „{2}“?",
            "Wie hängen „{0}“, „{1}“ und „{2}“ zusammen?",
        ),
    ),
    "fr": (
        ("Que faut-il savoir au sujet de « {0} » ?", "Que signifie « {0} » ?"),
        ("Quel est le lien entre « {0} » et « {1} » ?",),
        (
            "Quels sont les points essentiels sur « {0} », « {1} » et « {2} » ?",
            "Quel est le lien entre « {0} », « {1} » et « {2} » ?",
        ),
    ),
    "es": (
        ("¿Qué conviene saber sobre «{0}»?", "¿Qué significa «{0}»?"),
        ("¿Qué relación hay entre «{0}» y «{1}»?",),
        (
            "¿Cuáles son los puntos principales sobre «{0}», «{1}» y «{2}»?",
            "¿Cómo se relacionan «{0}», «{1}» y «{2}»?",
        ),
    ),
    "pt": (
        ("O que se deve saber sobre «{0}»?", "O que significa «{0}»?"),
        ("Qual é a relação entre «{0}» e «{1}»?",),
        ("Quais são os pontos principais sobre «{0}», «{1}» e «{2}»?",),
    ),
    "it": (
        ("Che cosa bisogna sapere su «{0}»?", "Che cosa significa «{0}»?"),
        ("Che rapporto c'è tra «{0}» e «{1}»?",),
        ("Quali sono i punti principali su «{0}», «{1}» e «{2}»?",),
    ),
}


def questions(passage: Passage, macro: bool) -> list[str]:
    """Questions in the passage's language over three, two or one of its phrases."""
    one, two, three = _TEMPLATES[passage.language]
    statements = passage.statements
    statements = statements[:: max(1, -(-len(statements) // MAX_SENTENCES_READ))]
    phrases = [found for each in statements if (found := _phrases(each, passage.language))]
    made = []
    if macro and len(phrases) > 2:
        for number in range(4):
            chosen = [
                options[number % len(options)]
                for options in (phrases[0], phrases[len(phrases) // 2], phrases[-1])
            ]
            made.append(three[number % len(three)].format(*chosen))
        return made
    for place, options in enumerate(phrases):
        for number, phrase in enumerate(options[:2]):
            if place and draw("pair", phrase) % 2:
                made.append(two[number % len(two)].format(phrases[place - 1][0], phrase))
            else:
                made.append(one[(place + number) % len(one)].format(phrase))
    return made


def _phrases(sentence: Sentence, language: str) -> list[str]:
    """Clauses of *sentence*, the longest first, cut to a length that can be quoted."""
    most = MAX_PHRASE_CHARS.get(language, OTHER_PHRASE_CHARS)
    clauses = [clause.strip(" \"'”“«»") for clause in _CLAUSE.findall(sentence.plain)]
    kept = [_cut(clause, most) for clause in clauses if len(clause) >= MIN_PHRASE_CHARS]
    return sorted(dict.fromkeys(kept), key=lambda clause: (-len(clause), clause))


def _cut(clause: str, most: int) -> str:
    if len(clause) <= most:
        return clause
    space = clause.rfind(" ", 0, most)
    return clause[:space] if space > most // 2 else clause[:most]
