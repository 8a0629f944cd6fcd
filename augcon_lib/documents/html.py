"""HTML to Markdown: the page's own text, without menus, scripts and hidden elements.

`html-to-markdown` converts. A main-content extractor (trafilatura) was tried first and dropped:
it lost every heading of most pages whose headings contain a ``<span>``, and root contexts are
anchored at headings.
"""

import re

import lxml.etree  # type: ignore[import-untyped]
import lxml.html  # type: ignore[import-untyped]
from html_to_markdown import ConversionOptions, convert
from lxml.html import HtmlElement

from augcon_lib.documents.encodings import BYTE_ORDER_MARKS, decode
from augcon_lib.documents.html_chrome import bound_nesting, drop_chrome
from augcon_lib.documents.html_tables import bound_tables

CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w.:-]+)""", re.I)
CHARSET_BYTES = 4096
# One comment here may contain others: matching several would try all ways to divide them.
LOOKS_LIKE_HTML = re.compile(
    r"\s*+(?:<\?xml[^>]*>\s*+)?(?:<!--.*?-->\s*+)?"
    r"(?:<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>])",
    re.I | re.S,
)
WHITE_SPACE = re.compile(r"[ \t\r\n\f]+")
MIN_CONVERTED_SHARE = 0.5
OPTIONS = ConversionOptions(
    extract_metadata=False, skip_images=True, heading_style="atx", code_block_style="backticks"
)


def looks_like_html(text: str) -> bool:
    """Whether *text* begins as an HTML page does."""
    return LOOKS_LIKE_HTML.match(text[:2000]) is not None


def decode_html(data: bytes) -> str | None:
    """Decode an HTML file; valid UTF-8 takes precedence over the page's own declaration."""
    declared = CHARSET.search(data[:CHARSET_BYTES])
    if declared and not data.startswith(tuple(mark for mark, _ in BYTE_ORDER_MARKS)):
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            pass
        try:
            return data.decode(declared[1].decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(data)


def html_to_markdown(html: str) -> tuple[str, str]:
    """Return the page's title (empty: none) and its text as Markdown.

    If a ``<main>``, or a single ``<article>``, contains the page's headings, only that is kept.
    """
    try:
        root = lxml.html.document_fromstring(html, parser=lxml.html.HTMLParser(huge_tree=True))
    except (lxml.etree.LxmlError, ValueError):
        return "", ""
    title = " ".join((root.findtext(".//title") or "").split())
    drop_chrome(root)
    lxml.etree.strip_tags(root, "a")
    _join_lines(root)
    part = _main_part(root)
    bound_nesting(part)
    bound_tables(part)
    plain = part.text_content()
    markdown = convert(lxml.html.tostring(part, encoding="unicode"), OPTIONS).content or ""
    # The converter fails on pages that are nested very deeply.
    lost = len("".join(markdown.split())) < MIN_CONVERTED_SHARE * len("".join(plain.split()))
    return title, plain if lost else markdown


def _join_lines(root: HtmlElement) -> None:
    """Turn line ends into spaces, as HTML does, except in ``<pre>``."""
    verbatim = set()
    for element in root.iter():
        parent_is_verbatim = element.getparent() in verbatim
        if parent_is_verbatim or element.tag == "pre":
            verbatim.add(element)
        elif element.text:
            element.text = WHITE_SPACE.sub(" ", element.text)
        if element.tail and not parent_is_verbatim:
            element.tail = WHITE_SPACE.sub(" ", element.tail)


def _main_part(root: HtmlElement) -> HtmlElement:
    mains = [e for e in root.iter("*") if e.tag == "main" or e.get("role") == "main"]
    for parts in (mains, list(root.iter("article"))):
        if len(parts) == 1 and _count(parts[0], "h1", "h2") >= _count(root, "h1"):
            return parts[0]
    return root


def _count(root: HtmlElement, *tags: str) -> int:
    return sum(element is not root for element in root.iter(*tags))
