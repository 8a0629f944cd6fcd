import asyncio
import math
import random
from collections.abc import Sequence

import pytest

from augcon_lib.answers.few_shot_search import FewShotSearch, Trial
from augcon_lib.answers.responses import Responder
from augcon_lib.answers.search_margin import search_margins
from augcon_lib.chat.port import ChatRequest
from augcon_lib.chat.reply_formats import JUDGEMENT
from augcon_lib.records import FewShotExample, content_id
from augcon_lib.settings import ResponsesSettings
from tests.support.stub_chat import Answer, StubChat, slot
from tests.support.trees import PROMPTS


def trial(number: int, verdicts: Sequence[int], *, chosen: bool = False) -> Trial:
    return Trial("en", number, (number,), tuple(map(bool, verdicts)), chosen)


def test_a_set_that_is_better_everywhere_has_a_margin_above_zero() -> None:
    good = trial(0, 2 * [1, 1, 1, 1, 1, 1, 1, 1, 1, 0], chosen=True)
    poor = [trial(n, 2 * [0, 1, 0, 0, 1, 0, 0, 0, 0, 1]) for n in range(1, 8)]
    (found,) = search_margins([good, *poor])
    assert (found.language, found.chosen_score) == ("en", 0.9)
    assert found.mean_score == pytest.approx((0.9 + 7 * 0.3) / 8)
    assert found.margin == pytest.approx(0.9 - found.mean_score, abs=0.05)
    assert 0 < found.margin_ci95[0] < found.margin < found.margin_ci95[1]


def test_the_luckiest_of_many_equal_draws_has_no_margin_on_the_whole() -> None:
    leads, margins, above = [], [], 0
    for seed in range(20):
        rng = random.Random(seed)
        draws = [trial(n, [rng.random() < 0.5 for _ in range(20)]) for n in range(16)]
        best = max(draws, key=lambda each: each.score)
        log = [trial(n, d.verdicts, chosen=d is best) for n, d in enumerate(draws)]
        (found,) = search_margins(log)
        leads.append(found.chosen_score - found.mean_score)
        margins.append(found.margin)
        above += found.margin_ci95[0] > 0
    assert sum(leads) / 20 > 0.15
    assert abs(sum(margins) / 20) < 0.05
    assert above <= 1


def test_one_draw_or_one_example_gives_no_margin() -> None:
    for log in ([trial(0, [1, 0], chosen=True)], [trial(0, [1], chosen=True), trial(1, [0])]):
        (found,) = search_margins(log)
        assert math.isnan(found.margin)
    assert search_margins([]) == []


def example(number: int) -> FewShotExample:
    return FewShotExample(f"The kettle {number} boils.", f"What boils {number}?", f"It {number}.")


def likely(*parts: object) -> float:
    """A number in [0, 1) that depends on *parts* alone."""
    return int(content_id("chance", *parts)[:8], 16) / 16**8


def moody(request: ChatRequest) -> Answer:
    """The better the examples shown, the likelier a good answer; each is good to some degree."""
    if request.reply_format is JUDGEMENT:
        return {"verdict": slot(request, "answer"), "reason": ""}
    shown = [str(each.reply["answer"]) for each in request.examples]
    quality = sum(likely("worth", answer) for answer in shown) / len(shown)
    luck = likely("luck", slot(request, "question"), *shown)
    return {"answer": "yes" if luck < quality else "no"}


def test_the_search_beats_the_mean_of_random_choices_on_examples_that_it_has_not_seen() -> None:
    searcher = FewShotSearch(
        chat := StubChat(moody), PROMPTS, Responder(chat, PROMPTS, "Be kind.", ResponsesSettings())
    )

    async def share(shots: Sequence[FewShotExample], unseen: Sequence[FewShotExample]) -> float:
        verdicts = [await searcher.judge(each, shots, "en") for each in unseen]
        return sum(verdicts) / len(verdicts)

    async def leads(seed: int) -> float:
        pool = [example(1000 * seed + n) for n in range(15)]
        unseen = [example(1000 * seed + n) for n in range(100, 160)]
        choice = await searcher.search(pool, 3, 16, seed)
        rng = random.Random(seed)
        at_random = [await share(rng.sample(pool, 3), unseen) for _ in range(10)]
        return await share(choice.by_language["en"], unseen) - sum(at_random) / 10

    found = [asyncio.run(leads(seed)) for seed in range(10)]
    assert sum(lead > 0 for lead in found) >= 9
