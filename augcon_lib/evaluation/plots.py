"""Plots as PNG bytes, 7 inches wide: bars, lines, a histogram, a heat map.

Drawn on figures of their own, without matplotlib's global state, in colours that the colour-blind
tell apart (Okabe and Ito) and with markers besides. The font that matplotlib brings has no glyphs
for Chinese, Thai and others; a label that it cannot draw becomes ``#`` and its place among the
labels (1-based), so such text belongs in a table beside the plot. The same figures give the same
bytes. An interval is (low, high), on the scale of the values; NaN is "not measured".
"""

import io
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # matplotlib takes most of a second to import
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Interval = tuple[float, float]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GREY = "#666666"
WIDTH_INCHES = 7.0
DOTS_PER_INCH = 150
MAX_LABEL_CHARS = 40
# Past so many characters in all, labels under bars would run into each other.
MAX_CHARS_UNDER_BARS = 70
MAX_BINS = 30


def bars(
    title: str,
    labels: Sequence[str],
    values: Sequence[float],
    intervals: Sequence[Interval] | None = None,
    ylabel: str = "",
) -> bytes:
    """One bar for each label, with its value written and its interval as a whisker.

    Bars lie where their labels would not fit below them.
    """
    shown = _labels(labels)
    lying = sum(map(len, shown)) > MAX_CHARS_UNDER_BARS
    figure, axes = _figure(title, max(2.2, 0.7 + 0.36 * len(shown)) if lying else 3.4)
    places = range(len(shown))
    heights = [0.0 if math.isnan(value) else value for value in values]
    error_bars = _whiskers(heights, intervals)
    style = {"color": COLOURS[0], "ecolor": GREY, "capsize": 3}
    if lying:
        axes.barh(places, heights, xerr=error_bars, **style)  # type: ignore[arg-type]
        axes.set_yticks(places, shown, fontsize=9)
        axes.invert_yaxis()
        axes.set_xlabel(ylabel)
    else:
        axes.bar(places, heights, yerr=error_bars, width=0.6, **style)  # type: ignore[arg-type]
        axes.set_xticks(places, shown, fontsize=9)
        axes.set_ylabel(ylabel)
    for place, (value, height) in enumerate(zip(values, heights, strict=True)):
        above = 1 if height >= 0 else -1
        reach = error_bars[above > 0][place] if error_bars else 0.0
        end = height + above * reach
        axes.annotate(
            _written(value),
            (end, place) if lying else (place, end),
            xytext=(4 * above, 0) if lying else (0, 3 * above),
            textcoords="offset points",
            va="center" if lying else "bottom" if above > 0 else "top",
            ha="center" if not lying else "left" if above > 0 else "right",
            fontsize=8,
            color="#333333",
        )
    axes.grid(axis="x" if lying else "y", color="#dddddd", linewidth=0.6)
    axes.margins(x=0.12 if lying else 0.05, y=0.05 if lying else 0.12)
    return _png(figure)


def lines(
    title: str,
    x: Sequence[float] | Sequence[str],
    series: Mapping[str, Sequence[float]],
    intervals: Mapping[str, Sequence[Interval]] | None = None,
    xlabel: str = "",
    ylabel: str = "",
) -> bytes:
    """A line for each of *series* over *x*, its intervals as a band; *x* may be names."""
    named = any(isinstance(value, str) for value in x)
    places = list(range(len(x))) if named else [float(value) for value in x]
    figure, axes = _figure(title, 3.6)
    for number, (name, values) in enumerate(zip(_labels(list(series)), series, strict=True)):
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(
            places,
            list(series[values]),
            color=colour,
            marker=MARKERS[number % len(MARKERS)],
            markersize=5,
            linewidth=1.6,
            label=name,
        )
        band = (intervals or {}).get(values)
        if band is not None:
            low, high = ([each[side] for each in band] for side in (0, 1))
            axes.fill_between(places, low, high, color=colour, alpha=0.15, linewidth=0)
    if named:
        axes.set_xticks(places, _labels([str(value) for value in x]), fontsize=9)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.grid(color="#dddddd", linewidth=0.6)
    if len(series) > 1:
        axes.legend(fontsize=9, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return _png(figure)


def histogram(title: str, values: Sequence[float], xlabel: str = "") -> bytes:
    """How often values are in each of at most ``MAX_BINS`` ranges; NaN is left out.

    Whole numbers over a small range get a bar each.
    """
    from matplotlib.ticker import MaxNLocator

    known = [value for value in values if not math.isnan(value)]
    figure, axes = _figure(title, 3.0)
    low, high = min(known, default=0.0), max(known, default=1.0)
    if all(float(value).is_integer() for value in known) and high - low < MAX_BINS:
        edges = [low - 0.5 + step for step in range(int(high - low) + 2)]
        axes.hist(known, bins=edges, color=COLOURS[0], rwidth=0.85)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    else:
        count = min(MAX_BINS, max(5, round(2 * len(known) ** (1 / 3))))
        axes.hist(known, bins=count, color=COLOURS[0], rwidth=0.95)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(xlabel)
    axes.set_ylabel("count")
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    return _png(figure)


def heat_map(
    title: str,
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float]],
    xlabel: str = "",
    ylabel: str = "",
) -> bytes:
    """*values* by row and column as colours, each with its number; NaN stays white."""
    wide = sum(map(len, columns)) > MAX_CHARS_UNDER_BARS
    figure, axes = _figure(title, (2.4 if wide else 1.3) + 0.5 * len(rows))
    axes.imshow(values, cmap="cividis", aspect="auto")
    known = [value for cells in values for value in cells if not math.isnan(value)]
    half = (min(known, default=0.0) + max(known, default=0.0)) / 2
    for row, cells in enumerate(values):
        for column, value in enumerate(cells):
            dark = not math.isnan(value) and value <= half
            axes.text(
                column,
                row,
                _written(value),
                ha="center",
                va="center",
                fontsize=9,
                color="white" if dark else "black",
            )
    axes.set_xticks(range(len(columns)), _labels(columns), fontsize=9)
    if wide:
        for label in axes.get_xticklabels():
            label.set(rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(rows)), _labels(rows), fontsize=9)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return _png(figure)


def _figure(title: str, height_inches: float) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_INCHES, height_inches), dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=11, loc="left")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _png(figure: "Figure") -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _labels(labels: Sequence[str]) -> list[str]:
    return [
        _short(label) if _is_drawable(label) else f"#{place}"
        for place, label in enumerate(labels, start=1)
    ]


def _short(label: str) -> str:
    # A dollar sign begins a formula.
    cut = label if len(label) <= MAX_LABEL_CHARS else label[: MAX_LABEL_CHARS - 1] + "…"
    return cut.replace("$", r"\$")


def _is_drawable(label: str) -> bool:
    return all(ord(letter) in _glyphs() for letter in label)


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def _whiskers(
    values: Sequence[float], intervals: Sequence[Interval] | None
) -> tuple[list[float], list[float]] | None:
    """How far the intervals reach below and above the values; nowhere where one is unknown."""
    if intervals is None:
        return None
    reach = [
        (0.0, 0.0)
        if math.isnan(low) or math.isnan(high)
        else (max(0.0, value - low), max(0.0, high - value))
        for value, (low, high) in zip(values, intervals, strict=True)
    ]
    return [below for below, _ in reach], [above for _, above in reach]


def _written(value: float) -> str:
    if math.isnan(value):
        return "–"
    if float(value).is_integer() and abs(value) >= 2:
        return f"{value:,.0f}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
