import io
import json

import pytest
from rich.table import Table
from rich.text import Text

from augcon_assets.cli.console import print_json
from augcon_assets.cli.safe_console import SafeConsole

HOSTILE = "a\x1b]0;owned\x07\x1b[2J\x9b31m\u202eb\x08\x08"
SHOWN = r"a\x1b]0;owned\x07\x1b[2J\x9b31m\u202eb\x08\x08"


def test_nothing_that_is_printed_steers_the_terminal() -> None:
    out = io.StringIO()
    console = SafeConsole(file=out, width=200, force_terminal=True, color_system=None)
    table = Table(HOSTILE, "n", box=None)
    table.add_row(HOSTILE, Text(HOSTILE))  # Text itself drops some of it
    for each in (HOSTILE, Text(HOSTILE), table):
        console.print(each, markup=False)
    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\x08"} & set(out.getvalue())
    assert out.getvalue().count(SHOWN) == 3


def test_styles_of_the_console_itself_stay() -> None:
    out = io.StringIO()
    SafeConsole(file=out, force_terminal=True).print("x", style="red")
    assert "\x1b[31m" in out.getvalue()


def test_json_is_safe_and_the_same_value(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"response": HOSTILE})
    shown = capsys.readouterr().out
    assert not {"\x1b", "\x9b", "\u202e"} & set(shown)
    assert json.loads(shown) == {"response": HOSTILE}
