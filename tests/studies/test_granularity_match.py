from dataclasses import replace

import pytest

from augcon_lab.studies.answer_spans import SpanUse
from augcon_lab.studies.asked_again import Place, Row
from augcon_lab.studies.granularity_match import (
    findings,
    fit_of,
    measured,
    needs_no_less,
    needs_no_more,
    used,
)

ROOT = "The mill ran at night. Two men kept the sluice. Flour went to Bristol."
HALF = "The mill ran at night. Two men kept the sluice."
PLACE = Place(
    node_id="n",
    document_id="d",
    context_id="c1",
    language="en",
    query="Who kept the sluice, and when?",
    text=HALF,
    root=ROOT,
    span=(0, 47),
    parent=ROOT,
    halves=(HALF[:22], HALF[23:]),
)
BOTH = Row(PLACE, "Two men, when the mill ran at night.", None, ("At night.", "Two men."))


@pytest.mark.parametrize(
    ("inside", "used", "fit"),
    [
        (1.0, 1.0, "fits"),
        (0.9, 0.5, "fits"),
        (1.0, 0.49, "narrower"),
        (0.89, 1.0, "beyond"),
    ],
)
def test_an_answer_fits_its_node_or_is_narrower_or_goes_beyond(
    inside: float, used: float, fit: str
) -> None:
    assert fit_of(SpanUse((0, 1), inside, used)) == fit


def test_an_answer_that_the_parent_repeats_needs_no_more() -> None:
    same = replace(BOTH, parent="Two men, when the mill ran at night!")
    assert same.needs_no_more == 1
    assert replace(BOTH, parent="Two men, and flour went to Bristol.").needs_no_more == 0
    assert replace(BOTH, parent=None).needs_no_more == 0  # a refusal is another answer
    assert replace(BOTH, place=replace(PLACE, parent="")).needs_no_more is None


def test_an_answer_that_one_half_gives_needs_less() -> None:
    assert BOTH.needs_no_less == 1
    assert replace(BOTH, halves=(None, BOTH.own)).needs_no_less == 0
    assert replace(BOTH, halves=(None, None)).needs_no_less == 1
    assert replace(BOTH, place=replace(PLACE, halves=()), halves=()).needs_no_less is None


def test_the_texts_are_asked_in_order_node_parent_halves() -> None:
    assert PLACE.texts == (HALF, ROOT, HALF[:22], HALF[23:])
    assert replace(PLACE, parent="", halves=()).texts == (HALF,)


def test_a_rewritten_node_has_no_span_to_compare() -> None:
    assert BOTH.use == SpanUse((0, 47), 1.0, 1.0)
    assert replace(BOTH, place=replace(PLACE, span=None)).use is None


def test_shares_are_means_over_the_rows_that_have_them() -> None:
    other = replace(PLACE, context_id="c2")
    rows = [
        replace(BOTH, parent=BOTH.own),
        Row(other, "Two men.", "Flour went to Bristol.", ("No.", "Two men.")),
        Row(replace(other, parent=""), "Two men.", None, ("No.", "No.")),
    ]
    more = measured(rows, needs_no_more, "all")
    assert (more.value, more.count, more.interval) == (0.5, 2, (0, 1))
    assert measured(rows, needs_no_less, "all").value == pytest.approx(2 / 3)
    assert measured(rows, used, "macro").value == pytest.approx((1 + 24 / 47 + 24 / 47) / 3)
    assert measured(rows, used, "concept").count == 0


def test_a_finding_says_of_how_many_queries_it_is() -> None:
    found = list(findings({"tea": [replace(BOTH, parent=BOTH.own)], "none": []}))
    assert found == [
        "tea: of the answer's span, 1.000 lies within the node's; of the node's span, the "
        "answer's covers: macro 1.000 of 1.",
        "tea: the parent gives the same answer in 1.000 of 1 queries; both halves give another "
        "one in 1.000 of 1.",
        "none: no query had a usable answer, so nothing was measured.",
    ]
