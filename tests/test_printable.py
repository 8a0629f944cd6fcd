import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from augcon_lib.text.printable import one_line, printable, printable_json

TEXTS = st.text(st.characters())


@given(TEXTS)
def test_nothing_that_is_printed_acts_on_a_terminal(text: str) -> None:
    shown = printable(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in shown)
    assert not any("RLO" in unicodedata.bidirectional(c) for c in shown)
    assert not {"\n", "\t"} & set(one_line(text))


@given(TEXTS)
def test_json_for_a_terminal_is_the_same_value(text: str) -> None:
    shown = printable_json(json.dumps({"text": text}, ensure_ascii=False))
    assert json.loads(shown) == {"text": text}
    assert printable(shown) == shown


def test_what_is_escaped_can_be_read() -> None:
    assert printable("a\x1b[2J\x9b31m\u202eb\r\U000e0041") == r"a\x1b[2J\x9b31m\u202eb\r\U000e0041"
    assert one_line("a\nb\tc") == r"a\nb\tc"


def test_texts_of_all_scripts_stay_as_they_are() -> None:
    for text in ("茶道", "שלום\u200f (a)", "می\u200cخواهم", "क्\u200dष", "👩\u200d🔬 é", "a\u00adb"):
        assert printable(text) == text
