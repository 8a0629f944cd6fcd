import math

import pytest

from augcon_lab.studies.principles import (
    OWN,
    Answer,
    characters,
    difference,
    findings,
    grounded,
    judged,
    measured,
    principle_sets,
    quoted,
    usable,
)
from augcon_lib.warehouse.stage_rows import SelectedQuery

MILL = "The mill at the harbour ran at night. A sack went to Bristol for 11 shillings."


def answer(text: str, document_id: str = "d", *, verdict: bool | None = True) -> Answer:
    query = SelectedQuery("n", document_id, "en", MILL, "Where did a sack go?")
    return Answer(query, text, verdict)


GOOD = answer("A sack went to Bristol.")
INVENTED = answer("A sack went to Leith.", verdict=False)
REFUSED = answer("The passage does not say.", verdict=False)
MISSING = answer("", verdict=None)


def test_a_refusal_and_a_missing_answer_are_none() -> None:
    assert [usable(each) for each in (GOOD, INVENTED, REFUSED, MISSING)] == [1, 1, 0, 0]


def test_only_usable_answers_are_held_against_the_passage() -> None:
    assert [grounded(each) for each in (GOOD, INVENTED, REFUSED, MISSING)] == [1, 0, None, None]
    assert [judged(each) for each in (GOOD, INVENTED, REFUSED, MISSING)] == [1, 0, None, None]
    assert judged(answer("Bristol.", verdict=None)) is None
    assert quoted(GOOD) == 1
    assert quoted(INVENTED) == 4 / 5
    assert characters(GOOD) == 23


def test_the_mean_leaves_out_what_was_not_measured() -> None:
    found = measured([GOOD, answer("To Leith.", "e"), REFUSED], grounded)
    assert (found.value, found.count, found.interval) == (0.5, 2, (0, 1))


def test_a_difference_is_of_the_queries_that_both_answered() -> None:
    first = [GOOD, GOOD, GOOD]
    second = [INVENTED, GOOD, MISSING]
    apart = difference(first, second, grounded)
    assert (apart.value, apart.count) == (0.5, 2)
    assert math.isnan(apart.interval[0])


def test_a_finding_names_the_set_that_is_below() -> None:
    own = [answer("A sack went to Bristol.", f"d{n}") for n in range(6)]
    bad = [answer("A sack went to Leith.", f"d{n}", verdict=False) for n in range(6)]
    found = list(findings({"mill": {"none": bad, OWN: own}}))
    assert found == [
        f"mill: none is below own in {measure} (difference -1.000, 95 % interval -1.000 to -1.000)."
        for measure in ("grounded by words", "borne out, by the model")
    ]


def test_the_same_answers_under_all_sets_are_said_to_show_nothing() -> None:
    (found,) = findings({"mill": {"none": [GOOD], "short": [GOOD], OWN: [GOOD]}})
    assert "under all 3 sets the answers to the 1 queries are the same to the letter" in found


def test_the_sets_are_none_the_shipped_ones_and_the_workspaces_own() -> None:
    sets = principle_sets("Be kind.")
    assert list(sets) == ["none", "short", "strict", OWN]
    assert (sets["none"], sets[OWN]) == ("", "Be kind.")
    assert 0 < len(sets["short"]) < len(sets["strict"])


@pytest.mark.parametrize("name", ["short", "strict"])
def test_shipped_principles_fill_the_prompt(name: str) -> None:
    assert "{{" not in principle_sets("")[name]
