"""No document takes more than about linear time; ``benchmarks/fuzz.py`` goes further."""

import json
import math
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import pytest

from augcon_lib.documents.html import html_to_markdown, looks_like_html
from augcon_lib.documents.markdown import drop_comments, split_front_matter
from augcon_lib.text.normalise import normalise
from tests.documents.samples import read_bytes, reason_of, text_of
from tests.support.document_shapes import SHAPES
from tests.support.growth import convert_and_cut, cpu_seconds

KILOBYTES = (8, 32)
# Four times the size takes four times as long, or 16 times where time is quadratic.
MAX_GROWTH = 9
QUICK_SECONDS = 0.25
MEASUREMENTS = 5


@pytest.fixture(scope="module")
def new_process():
    """A process of its own, as converters have: what other tests left behind costs time."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool


def grows_little(seconds: Sequence[float]) -> bool:
    return seconds[1] < QUICK_SECONDS or seconds[1] < MAX_GROWTH * seconds[0]


def seconds_of(name: str) -> list[float]:
    """The CPU seconds that both sizes of a shape take: the least of a few measurements."""
    file, make = SHAPES[name]
    convert_and_cut(file, make(1000))
    small, large = (partial(convert_and_cut, file, make(1000 * size)) for size in KILOBYTES)
    # A busy machine makes one measurement longer, but never all of them shorter.
    seconds = [math.inf, math.inf]
    for _ in range(MEASUREMENTS):
        seconds = [min(seconds[0], cpu_seconds(small)), min(seconds[1], cpu_seconds(large))]
        if grows_little(seconds):
            break
    return seconds


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_time_grows_with_the_size_of_a_document(name, new_process):
    seconds = new_process.submit(seconds_of, name).result()
    assert grows_little(seconds), f"{KILOBYTES} kB took {seconds} CPU seconds"


@pytest.mark.parametrize("comments", [60, 20_000])
def test_comments_at_the_head_of_a_text_are_told_from_a_page(tmp_path, comments):
    text = "<!-- x -->\n\n" * comments + "# Head\n\nText.\n"
    assert text_of(read_bytes(tmp_path, "a.md", text.encode())) == "# Head\n\nText.\n"
    assert looks_like_html("<!-- a -->\n<!-- b -->" * 20 + "<!doctype html>")


def test_merge_keys_that_multiply_are_no_front_matter_that_is_unfolded():
    lines = ["x0: &x0 {a: 1}"]
    for level in range(1, 9):
        merged = ",".join([f"*x{level - 1}"] * 30)
        lines.append(f"x{level}: &x{level} {{<<: [{merged}], k{level}: 1}}")
    text = "---\n" + "\n".join(lines) + "\ntitle: The title\n---\n\nBody.\n"
    assert split_front_matter(text) == ("The title", "Body.\n")


def test_merge_keys_of_an_ordinary_size_are_followed():
    text = "---\nbase: &base {title: The title}\n<<: *base\n---\nBody.\n"
    assert split_front_matter(text) == ("The title", "Body.\n")


def test_marks_on_one_letter_are_grouped_by_thirty_and_others_stay_as_they_are():
    assert normalise("e\u0301" + "\u0301" * 29) == "\u00e9" + "\u0301" * 29
    grouped = normalise("a" + "\u0323" * 65)
    assert [len(run) for run in grouped.split("\u034f")] == [30, 30, 5]


def test_a_comment_in_a_code_span_stays_and_one_behind_an_open_mark_goes():
    assert drop_comments("`<!-- a -->` ``b <!-- c -->\n") == "`<!-- a -->` ``b \n"


def test_a_cell_that_spans_a_thousand_columns_is_one_cell():
    page = "<table>" + "<tr><td colspan=1000>a</td></tr>" * 50 + "</table>"
    assert len(html_to_markdown(page)[1]) < len(page)
    wide = "<table><tr><td colspan=3>a</td></tr><tr><td>b</td><td>c</td><td>d</td></tr></table>"
    assert html_to_markdown(wide)[1].startswith("| a | | |")


def test_a_table_with_one_long_row_is_written_as_paragraphs():
    page = "<table><tr>" + "<td>b</td>" * 300 + "</tr>" + "<tr><td>a</td></tr>" * 300 + "</table>"
    markdown = html_to_markdown(page)[1]
    assert len(markdown) < len(page)
    assert markdown.count("b") == markdown.count("a") == 300


def test_a_small_parquet_file_with_many_rows_is_refused_by_name(tmp_path):
    import polars

    path = tmp_path / "a.parquet"
    polars.DataFrame({"text": ["a"] * 600_000}).write_parquet(path)
    result = read_bytes(tmp_path, "a.parquet", path.read_bytes())
    assert reason_of(result) == "too_large"
    assert "max_document_megabytes" in result.detail


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.txt", b"word " * 100_000),
        ("a.jsonl", (json.dumps({"text": "word " * 100_000}) + "\n").encode()),
    ],
)
def test_a_file_over_the_limit_is_refused_and_read_once_the_limit_is_raised(tmp_path, name, data):
    assert reason_of(read_bytes(tmp_path, name, data, max_document_megabytes=0.1)) == "too_large"
    text_of(read_bytes(tmp_path, name, data, max_document_megabytes=1))


def test_a_word_file_that_unpacks_to_too_much_text_is_refused(tmp_path):
    _, make = SHAPES["Word paragraphs"]
    result = read_bytes(tmp_path, "a.docx", make(300_000), max_document_megabytes=0.1)
    assert reason_of(result) == "too_large"


def test_a_table_is_listed_again_once_the_limit_is_raised(tmp_path):
    from augcon_lib.documents import KnownSource, list_store
    from augcon_lib.settings import SourceSettings

    (tmp_path / "t.jsonl").write_text('{"text": "%s"}\n' % ("word " * 50_000))
    small = SourceSettings(uri="t.jsonl", max_document_megabytes=0.1)
    known = {
        e.document_id: KnownSource(e.stamp, e.source_sha256)
        for e in list_store(small, tmp_path).entries
    }
    assert known.keys() == {"t.jsonl"}
    listed = list_store(SourceSettings(uri="t.jsonl"), tmp_path, known).entries
    assert [entry.document_id for entry in listed] == ["t.jsonl#1"]
