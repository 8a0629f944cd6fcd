"""Plots are pictures of the right size, and never hold glyphs that the font lacks."""

import math
import subprocess
import sys
import warnings
from collections.abc import Callable

import pytest

from augcon_lib.evaluation import plots

LONG = [f"a strategy with quite a long name, number {n}" for n in range(4)]
SCRIPTS = ["English", "中文", "العربية", "ไทย", "$HOME_DIR$"]
PICTURES: dict[str, Callable[[], bytes]] = {
    "bars": lambda: plots.bars(
        "Coverage", ["cst", "direct"], [0.5, math.nan], [(0.4, 0.7), (math.nan, math.nan)], "share"
    ),
    "lying bars": lambda: plots.bars("Calls", LONG, [1.0, 20.0, 3000.0, -4.5]),
    "bars in all scripts": lambda: plots.bars("Rows", SCRIPTS, [1, 2, 3, 4, 5]),
    "lines": lambda: plots.lines(
        "Coverage",
        [20, 40],
        {"l = 500": [0.1, 0.2], "中": [0.3, math.nan]},
        {"l = 500": [(0, 0.2), (0.1, 0.4)]},
        xlabel="λ",
        ylabel="share",
    ),
    "lines over names": lambda: plots.lines("x", ["en", "zh"], {"a": [1, 2]}),
    "histogram": lambda: plots.histogram("Lengths", [1.5, 2.5, math.nan, 80.0], "characters"),
    "histogram of whole numbers": lambda: plots.histogram("Depth", [0, 1, 1, 2]),
    "histogram of nothing": lambda: plots.histogram("Depth", []),
    "heat map": lambda: plots.heat_map("AUC", ["en", "中文"], LONG, [[0.5] * 4, [math.nan] * 4]),
}


@pytest.mark.parametrize("name", PICTURES)
def test_every_plot_is_a_png_of_one_width_without_missing_glyphs(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of a glyph that the font lacks
        picture = PICTURES[name]()
    assert picture.startswith(b"\x89PNG\r\n")
    width = int.from_bytes(picture[16:20], "big")
    assert width == plots.WIDTH_INCHES * plots.DOTS_PER_INCH


def test_the_same_figures_give_the_same_bytes() -> None:
    assert PICTURES["bars"]() == PICTURES["bars"]()
    assert PICTURES["bars"]() != PICTURES["bars in all scripts"]()


def test_labels_that_the_font_cannot_draw_become_their_place() -> None:
    assert plots._labels(["en", "中文", "ไทย"]) == ["en", "#2", "#3"]


def test_long_labels_are_cut_and_dollars_are_no_formulas() -> None:
    (label,) = plots._labels(["$" + "x" * 60])
    assert label.startswith(r"\$x")
    assert label.endswith("…")


def test_intervals_become_reaches_below_and_above() -> None:
    below, above = plots._whiskers([0.5, 0.2], [(0.25, 1.0), (math.nan, math.nan)]) or ([], [])
    assert (below, above) == ([0.25, 0.0], [0.5, 0.0])


def test_importing_plots_imports_no_matplotlib() -> None:
    program = "import sys, augcon_lib.evaluation.plots; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
