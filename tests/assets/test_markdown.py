from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from augcon_assets.markdown import block, bullets, inline
from augcon_assets.metadata import example, lineage_markdown
from augcon_lib.warehouse.lineage import Lineage

HOSTILE = [
    "![x](http://evil.example/pixel.png)",
    "<img src=http://evil.example/a onerror=alert(1)>",
    "[click](javascript:alert(1)) [or](http://evil.example)",
    "``` \n![x](http://evil.example/)\n```\n<script>alert(1)</script>",
    "~~~~~~\n![x](http://evil.example/)",
    "` ![x](http://evil.example/) `` <b>",
    "![x][1]\n\n[1]: http://evil.example/",
    "http://evil.example www.evil.example a@evil.example",
    "\n\n    \n![x](//evil.example)\n",
    "\x1b]0;owned\x07 \u202e![x](http://evil.example)",
]
PARSER = MarkdownIt("commonmark", {"html": True})
ACTIVE = {"image", "link_open", "html_inline", "html_block"}


def active(markdown: str) -> set[str]:
    """What of rendered Markdown a browser loads, follows or runs."""
    tokens = [t for token in PARSER.parse(markdown) for t in (token, *(token.children or ()))]
    return {token.type for token in tokens} & ACTIVE


def lineage_of(text: str) -> str:
    row = {"row_id": "r", "query": text, "response": text}
    parents = [{"depth": 0, "start_char": 0, "end_char": 1, "query": text}]
    node = {"node_id": "n", "depth": 1, "start_char": 0, "end_char": 1}
    document = {"document_id": text}
    return lineage_markdown(Lineage(row, node, parents, document, text, None, None))


WAYS: list[Callable[[str], str]] = [
    block,
    inline,
    lambda text: bullets([text, text]),
    lambda text: example({"query": text, "response": text}),
    lineage_of,
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("way", WAYS)
def test_text_of_a_model_is_never_markdown(way: Callable[[str], str], text: str) -> None:
    assert active(way(text)) == set()


def test_what_is_tried_here_would_act_otherwise() -> None:
    assert {kind for text in HOSTILE for kind in active(text)} == ACTIVE


@given(st.text(st.sampled_from("`~<>![]()\n ab:/#-")))
def test_no_text_ends_its_own_block(text: str) -> None:
    for way in WAYS:
        assert active(way(text)) == set()
    (fence,) = PARSER.parse(block(text))
    assert fence.content == text + "\n"
