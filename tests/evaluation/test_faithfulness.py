import pytest

from augcon_lib.evaluation.faithfulness import measure_faithfulness
from augcon_lib.evaluation.numbers import NotMeasured
from augcon_lib.warehouse.evaluation_rows import EvaluatedRow

PASSAGE = "Flour from the mill went to Bristol by boat. A sack weighed 280 pounds in 1843."


def row(row_id: str, response: str, passage: str | None = PASSAGE) -> EvaluatedRow:
    return EvaluatedRow(
        row_id, "tides.md", "Where did the flour go?", response, "en", "c", 0, passage, 100
    )


GOOD = row("good", "It went to Bristol by boat.")
INVENTED = row("invented", "The sack went to Liverpool in 1901.")


def test_an_answer_with_a_name_or_number_of_its_own_is_not_grounded() -> None:
    found = measure_faithfulness([GOOD, INVENTED], {}, judged=False, kept=2)
    assert not isinstance(found, NotMeasured)
    assert found.grounded_share == 0.5
    (bad,) = found.ungrounded
    assert bad.row_id == "invented"
    assert set(bad.missing) == {"Liverpool", "1901"}
    # it went to bristol by boat: all but "it"; the sack went to liverpool in 1901: all but two.
    assert found.tokens_from_passage == pytest.approx((5 / 6 + 5 / 7) / 2)


def test_rows_whose_tree_is_gone_are_left_out() -> None:
    found = measure_faithfulness([GOOD, row("gone", "Anything.", None)], {}, judged=False, kept=2)
    assert not isinstance(found, NotMeasured)
    assert found.answers == 1
    gone = measure_faithfulness([row("gone", "Anything.", None)], {}, judged=False, kept=1)
    assert isinstance(gone, NotMeasured)


def test_verdicts_count_where_the_model_judged() -> None:
    rejections = {"unfaithful": 1, "ungrounded": 3}
    judged = measure_faithfulness([GOOD], rejections, judged=True, kept=3)
    assert not isinstance(judged, NotMeasured)
    assert judged.judged_faithful_share == 0.75
    assert judged.rejections == rejections
    unjudged = measure_faithfulness([GOOD], rejections, judged=False, kept=3)
    assert not isinstance(unjudged, NotMeasured)
    assert isinstance(unjudged.judged_faithful_share, NotMeasured)
