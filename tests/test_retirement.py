"""How many documents may leave unasked."""

import pytest

from augcon_lib.staleness.retirement import needs_consent, set_id_of


@pytest.mark.parametrize(
    ("lost", "known", "recent", "asks"),
    [
        (0, 0, 0, False),
        (10, 30, 0, False),  # a third, but not more than ten
        (11, 30, 0, True),
        (20, 100, 0, False),  # a fifth, not more
        (21, 100, 0, True),
        (1, 1, 0, True),  # all of them
        (3, 3, 0, True),
        (2, 3, 0, False),
        (1, 30, 10, True),  # what left earlier counts
        (1, 1000, 10, False),
        (0, 30, 50, False),
    ],
)
def test_a_large_share_or_everything_needs_consent(
    lost: int, known: int, recent: int, asks: bool
) -> None:
    assert needs_consent(lost, known, recent, 0.2) is asks


def test_with_a_share_of_one_only_everything_does() -> None:
    assert not needs_consent(99, 100, 0, 1.0)
    assert needs_consent(100, 100, 0, 1.0)


def test_a_set_has_one_id_whatever_its_order_and_another_for_each_kind() -> None:
    assert set_id_of("missing", ["b", "a"]) == set_id_of("missing", ["a", "b"])
    others = {set_id_of("missing", ["a"]), set_id_of("unreadable", ["a", "b"])}
    assert set_id_of("missing", ["a", "b"]) not in others
