"""Step 3, self-improving: find the best few-shot examples by random search (3.4).

Each trial draws an ordered subset of the human-written examples, answers *all* of them with it
(an example in the subset is answered without itself: leave one out), and lets the model judge its
own answers against the reference. The best subset wins.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from augcon_lib.answers.responses import Responder, answer_in
from augcon_lib.chat.port import Chat, ChatRequest
from augcon_lib.chat.reply_formats import JUDGEMENT
from augcon_lib.concurrency import run_together
from augcon_lib.errors import AnswerRejected
from augcon_lib.pipeline import FEW_SHOT_EXAMPLES
from augcon_lib.prompts import PromptLibrary
from augcon_lib.prompts.language import PROMPT_LANGUAGES, prompt_language
from augcon_lib.records import FewShotExample, content_id
from augcon_lib.text.languages import detect_language

JUDGE_TEMPERATURE = 0.0


@dataclass(frozen=True, slots=True)
class Trial:
    """One draw of the random search, and the share of its answers that were judged good.

    ``examples`` are indexes into the pool of its language, in the order shown; ``verdicts``
    contains for each example of the pool whether the answer to it was good.
    """

    language: str
    number: int
    examples: tuple[int, ...]
    verdicts: tuple[bool, ...]
    chosen: bool

    @property
    def judged(self) -> int:
        """How many answers were judged."""
        return len(self.verdicts)

    @property
    def score(self) -> float:
        """The share of good answers."""
        return sum(self.verdicts) / len(self.verdicts)


@dataclass(frozen=True, slots=True)
class FewShotChoice:
    """E_R': the chosen examples by prompt language, and the log of all trials."""

    by_language: dict[str, tuple[FewShotExample, ...]]
    trials: tuple[Trial, ...]

    @property
    def version(self) -> str:
        """An id of the choice, independent of the search."""
        return content_id(
            "few_shot", sorted((language, shots) for language, shots in self.by_language.items())
        )

    def for_language(self, language: str) -> tuple[FewShotExample, ...]:
        """Return the examples for a passage in *language*; without any, those of other prompts."""
        chosen = self.by_language.get(prompt_language(language))
        return chosen or next((shots for shots in self.by_language.values() if shots), ())


class FewShotSearch:
    """Random search over subsets and orders of the human-written examples."""

    def __init__(self, chat: Chat, prompts: PromptLibrary, responder: Responder) -> None:
        self._chat = chat
        self._prompts = prompts
        self._responder = responder

    async def search(
        self, examples: Sequence[FewShotExample], count: int, trials: int, seed: int
    ) -> FewShotChoice:
        """Choose *count* examples for each prompt language among those written in it."""
        by_language: dict[str, tuple[FewShotExample, ...]] = {}
        log: list[Trial] = []
        for language in PROMPT_LANGUAGES:
            pool = examples_in(examples, language)
            draws = _draws(len(pool), count, trials, seed)
            verdicts = await run_together(
                self._judge_draw(pool, draw, count, language) for draw in draws
            )
            if not draws:
                continue
            best = max(range(len(draws)), key=lambda number: (sum(verdicts[number]), -number))
            by_language[language] = tuple(pool[index] for index in draws[best][:count])
            log += [
                Trial(language, number, draw[:count], tuple(found), number == best)
                for number, (draw, found) in enumerate(zip(draws, verdicts, strict=True))
            ]
        return FewShotChoice(by_language, tuple(log))

    async def _judge_draw(
        self, pool: Sequence[FewShotExample], draw: tuple[int, ...], count: int, language: str
    ) -> list[bool]:
        """Judge the answer to each example of the pool, itself left out of those shown."""
        return await run_together(
            self.judge(
                example, [pool[number] for number in draw if number != index][:count], language
            )
            for index, example in enumerate(pool)
        )

    async def judge(
        self, example: FewShotExample, shots: Sequence[FewShotExample], language: str
    ) -> bool:
        """Whether the model judges its own answer to *example* right; an unusable one is not.

        It is answered with *shots* as examples, and judged against the reference.
        """
        prompt = self._prompts.get("judgement", language)
        try:
            answered = await self._responder.answer(
                context=example.context,
                query=example.question,
                few_shot=shots,
                language=language,
                stage=FEW_SHOT_EXAMPLES,
            )
            reply = await self._chat.ask(
                ChatRequest(
                    instruction=prompt.instruction(),
                    user=prompt.user(
                        context=example.context,
                        question=example.question,
                        reference=example.answer,
                        answer=answer_in(answered),
                    ),
                    reply_format=JUDGEMENT,
                    temperature=JUDGE_TEMPERATURE,
                    language=language,
                    stage=FEW_SHOT_EXAMPLES,
                )
            )
        except AnswerRejected as error:
            if error.is_transient:
                raise
            return False
        return reply.fields["verdict"] == "yes"


def first_examples(examples: Sequence[FewShotExample], count: int) -> FewShotChoice:
    """Return the first *count* examples of each prompt language, for comparison (section 4.4)."""
    pools = {language: examples_in(examples, language)[:count] for language in PROMPT_LANGUAGES}
    return FewShotChoice({name: tuple(pool) for name, pool in pools.items() if pool}, ())


def examples_in(examples: Sequence[FewShotExample], language: str) -> list[FewShotExample]:
    """Return the *examples* that are written in the prompt language *language*."""
    return [example for example in examples if _language(example) == language]


@lru_cache(maxsize=1024)  # asked for each document again; statistics take milliseconds
def _language(example: FewShotExample) -> str:
    return prompt_language(detect_language(example.context + example.question))


def _draws(pool_size: int, count: int, trials: int, seed: int) -> list[tuple[int, ...]]:
    """Return ordered draws of ``count`` examples, all different, each with a spare one.

    The spare one replaces an example that is being answered itself. Returns fewer than *trials* if
    no more exist.
    """
    if pool_size == 0 or count == 0:
        return []
    rng = random.Random(seed)
    size = min(count + 1, pool_size)
    draws: dict[tuple[int, ...], tuple[int, ...]] = {}
    for _ in range(20 * trials):
        draw = tuple(rng.sample(range(pool_size), size))
        draws.setdefault(draw[:count], draw)
        if len(draws) == trials:
            break
    return list(draws.values())
