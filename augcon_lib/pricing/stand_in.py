"""A model that costs nothing: the journal's answers if there are any, otherwise a guess.

It answers the run's own code, so that a plan makes exactly the requests of the run, as far as they
are known. Guesses are counted; a guess is the paper's own ablation (section 4.4), a cut at the
sentence in the middle, unless the document's earlier trees show where it is split (and
``trusts_past``).
"""

import re
from dataclasses import dataclass, field

from augcon_lib.chat.port import ChatReply, ChatRequest
from augcon_lib.chat.reply_formats import ReplyField
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal_key import find_answer, journal_key
from augcon_lib.model.wire.transport import estimate_tokens
from augcon_lib.pricing.past_splits import PastSplits, squeeze
from augcon_lib.text.sentences import split_sentences
from augcon_lib.tree.context_split_tree import last_sentence_of_first_half

QUESTION_TOKENS = 25
ANSWER_TOKENS = 80
_CONTEXT = re.compile(r"<context>\n(.*)\n</context>", re.DOTALL)
# A made-up answer contains no number that a passage lacks.
_LETTERS = str.maketrans("0123456789", "ghijklmnop")
_SENTENCE_NUMBER = re.compile(r"^\[\d+\] ", re.MULTILINE)


@dataclass
class Tally:
    """Calls that the journal does not answer, and their tokens as estimated from the texts.

    ``guessed`` of the calls came after a guessed cut, ``replayed`` ones cost nothing.
    """

    calls: int = 0
    guessed: int = 0
    replayed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass
class DistinctShares:
    """The share of queries that repeat no other one, in a first tree and in further ones."""

    first: float = 0.9
    further: float = 0.4


@dataclass
class StandIn:
    """A :class:`~augcon_lib.chat.port.Chat` without calls; with no *journal* it guesses."""

    identity: str
    journal: Journal | None = None
    shares: DistinctShares = field(default_factory=DistinctShares)
    trusts_past: bool = True
    past: PastSplits = field(default_factory=PastSplits)
    questions: set[str] = field(default_factory=set)
    _tally: Tally = field(default_factory=Tally)
    _known: dict[bytes, ChatReply] = field(default_factory=dict)
    _last_question: str = ""
    _owed: dict[bool, float] = field(default_factory=lambda: {False: 0.5, True: 0.5})
    _guessed_texts: set[str] = field(default_factory=set)

    def take_tally(self) -> Tally:
        """Return the calls since the last time."""
        tally, self._tally = self._tally, Tally()
        return tally

    def begin_context(self, past: PastSplits) -> None:
        """Forget the last context; *past* are the splits of the next document."""
        self.past = past
        self._last_question = ""
        self._guessed_texts.clear()

    async def ask(self, request: ChatRequest) -> ChatReply:
        """Return the journal's reply, or a guess that is counted."""
        key = journal_key(self.identity, request)
        reply = self._known.get(key) or self._replay(key, request)
        if reply is None:
            reply = self._known[key] = self._make(key, request)
        else:
            self._tally.replayed += 1
        self._last_question = str(reply.fields.get("question", "")) or self._last_question
        return reply

    def _replay(self, key: bytes, request: ChatRequest) -> ChatReply | None:
        journal = self.journal
        found = find_answer(journal, key, self.identity, request) if journal else None
        if found is None:
            return None
        try:
            return ChatReply(request.reply_format.parse(found[1].content), from_journal=True)
        except ValueError:
            return None

    def _make(self, key: bytes, request: ChatRequest) -> ChatReply:
        names = {each.name: each for each in request.reply_format.fields}
        digits = key.hex().translate(_LETTERS)
        text = " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))
        fields = {name: _any(each, text) for name, each in names.items()}
        output_tokens = ANSWER_TOKENS if "question" not in names else QUESTION_TOKENS
        if "question" in names:
            fields["question"] = self._question(text, further=request.sample > 0)
        shown = _CONTEXT.findall(request.user)
        passage = shown[-1] if shown else ""
        if "context_1" in names:
            halves = self._halves(passage, request)
            fields["context_1"], fields["context_2"] = halves
            output_tokens += sum(map(estimate_tokens, halves))
        elif "last_sentence_of_first_part" in names:
            fields["last_sentence_of_first_part"] = self._boundary(passage, request)
        self._tally.calls += 1
        self._tally.input_tokens += _prompt_tokens(request)
        self._tally.output_tokens += output_tokens
        return ChatReply(fields, from_journal=False)

    def _question(self, question: str, *, further: bool) -> str:
        """Return a new question, or, as often as in the past, an earlier one again."""
        self._owed[further] += self.shares.further if further else self.shares.first
        if self._last_question and self._owed[further] < 1:
            return self._last_question
        self._owed[further] -= 1
        self.questions.add(question)
        return question

    def _halves(self, passage: str, request: ChatRequest) -> tuple[str, str]:
        sentences = split_sentences(passage, request.language)
        cut, known = self._cut(passage, request.sample)
        if cut < 0:
            return passage, passage
        if not known and len(sentences) > 1:
            place = sentences[last_sentence_of_first_half(sentences, len(passage)) - 1][1]
        else:
            place = _place_of(passage, cut)
        halves = passage[:place].strip(), passage[place:].strip()
        self._note(halves, known)
        return halves

    def _boundary(self, passage: str, request: ChatRequest) -> int:
        sentences = _SENTENCE_NUMBER.split(passage)[1:]
        ends, total = [], 0
        for sentence in sentences:
            total += len(sentence)
            ends.append(total)
        text = "".join(sentences)
        cut, known = self._cut(text, request.sample)
        if cut < 0 or len(sentences) < 2:
            return 0
        if known:
            squeezed = [len(squeeze(text[:end])) for end in ends]
            last = min(range(len(ends) - 1), key=lambda number: abs(squeezed[number] - cut)) + 1
        else:
            spans = [(end - len(each), end) for each, end in zip(sentences, ends, strict=True)]
            last = last_sentence_of_first_half(spans, total)
        self._note((text[: ends[last - 1]], text[ends[last - 1] :]), known)
        return last

    def _cut(self, text: str, round_number: int) -> tuple[int, bool]:
        """Return the squeezed characters before the cut (-1: never cut), and if that is known."""
        squeezed = squeeze(text)
        if squeezed in self._guessed_texts:
            self._tally.guessed += 1
        if self.past.was_leaf(squeezed, round_number):
            return -1, True
        cut = self.past.find(squeezed, round_number) if self.trusts_past else None
        return (len(squeezed) // 2, False) if cut is None else (cut, True)

    def _note(self, halves: tuple[str, str], known: bool) -> None:
        if not known:
            self._guessed_texts.update(map(squeeze, halves))


def _any(field: ReplyField, text: str) -> str | int:
    if field.kind is int:
        return 1
    return field.choices[0] if field.choices else text


def _prompt_tokens(request: ChatRequest) -> int:
    examples = sum(
        estimate_tokens(each.user) + sum(estimate_tokens(str(v)) for v in each.reply.values())
        for each in request.examples
    )
    return estimate_tokens(request.instruction) + examples + estimate_tokens(request.user)


def _place_of(text: str, squeezed_chars: int) -> int:
    """Return the index in *text* after this many characters that are not white space."""
    seen = 0
    for place, char in enumerate(text):
        if seen == squeezed_chars:
            return place
        seen += not char.isspace()
    return len(text)
