"""HTML to Markdown: the page's own text, without menus, scripts and what is hidden.

`html-to-markdown` converts. A main-content extractor (trafilatura) was tried first and left out:
it lost every heading of most pages whose headings hold a ``<span>``, and root contexts are
anchored at headings.
"""

import re

import lxml.etree  # type: ignore[import-untyped]
import lxml.html  # type: ignore[import-untyped]
from html_to_markdown import ConversionOptions, convert
from lxml.html import HtmlElement

from augcon_lib.documents.encodings import BYTE_ORDER_MARKS, decode

CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w.:-]+)""", re.I)
CHARSET_BYTES = 4096
LOOKS_LIKE_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*(?:<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>])",
    re.I | re.S,
)
DROPPED = (
    "//script|//style|//noscript|//template|//iframe|//svg|//object|//nav|//footer|//button"
    "|//select|//input|//textarea|//dialog|//*[@hidden]|//*[@aria-hidden='true']"
    "|//*[@role='navigation' or @role='banner' or @role='contentinfo' or @role='search']"
    "|//body/header[not(.//h1)]|//img"
)
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
CHROME = re.compile(
    r"\b(?:nav|navbar|navigation|menu|menubar|sidebar|breadcrumbs?|cookie\w*|consent|skip-?links?"
    r"|(?:\w+_)?toc|footer|noprint|mw-editsection|mw-jump-link)\b",
    re.I,
)
WHITE_SPACE = re.compile(r"[ \t\r\n\f]+")
MIN_CONVERTED_SHARE = 0.5
MAX_CHROME_CHARS = 400
MIN_LINK_SHARE_OF_CHROME = 0.6
OPTIONS = ConversionOptions(
    extract_metadata=False, skip_images=True, heading_style="atx", code_block_style="backticks"
)


def looks_like_html(text: str) -> bool:
    """Whether *text* begins as an HTML page does."""
    return LOOKS_LIKE_HTML.match(text[:2000]) is not None


def decode_html(data: bytes) -> str | None:
    """The text of an HTML file; valid UTF-8 is believed before the page's own declaration."""
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
    """The page's title (empty: none) and its text as Markdown.

    Where a ``<main>``, or one ``<article>``, holds the page's headings, only that is kept.
    """
    try:
        root = lxml.html.document_fromstring(html, parser=lxml.html.HTMLParser(huge_tree=True))
    except (lxml.etree.LxmlError, ValueError):
        return "", ""
    title = " ".join((root.findtext(".//title") or "").split())
    for element in root.xpath("//head"):
        element.drop_tree()
    _drop_chrome(root)
    for link in root.xpath("//a"):
        link.drop_tag()
    _join_lines(root)
    part = _main_part(root)
    plain = part.text_content()
    markdown = convert(lxml.html.tostring(part, encoding="unicode"), OPTIONS).content or ""
    # The converter gives up on pages that are nested very deeply.
    lost = len("".join(markdown.split())) < MIN_CONVERTED_SHARE * len("".join(plain.split()))
    return title, plain if lost else markdown


def _drop_chrome(root: HtmlElement) -> None:
    for comment in root.xpath("//comment()|//processing-instruction()"):
        _drop(comment)
    for element in root.xpath(DROPPED):
        _drop(element)
    for element in root.xpath("//*[@style]"):
        if HIDDEN.search(element.get("style", "")):
            _drop(element)
    for element in root.xpath("//body//*[@class or @id]"):
        if CHROME.search(f"{element.get('class', '')} {element.get('id', '')}"):
            characters = len(element.text_content())
            linked = sum(len(link.text_content()) for link in element.iter("a"))
            short = characters <= MAX_CHROME_CHARS and not element.xpath(".//h1")
            if short or linked >= MIN_LINK_SHARE_OF_CHROME * characters:
                _drop(element)


def _join_lines(root: HtmlElement) -> None:
    """A line end in HTML is a space, except in ``<pre>``."""
    verbatim = {element for pre in root.iter("pre") for element in pre.iter()}
    for element in root.iter():
        if element.text and element not in verbatim:
            element.text = WHITE_SPACE.sub(" ", element.text)
        if element.tail and element.getparent() not in verbatim:
            element.tail = WHITE_SPACE.sub(" ", element.tail)


def _main_part(root: HtmlElement) -> HtmlElement:
    for path in ("//main|//*[@role='main']", "//article"):
        parts = root.xpath(path)
        if len(parts) == 1 and len(parts[0].xpath(".//h1|.//h2")) >= len(root.xpath("//h1")):
            part: HtmlElement = parts[0]
            return part
    return root


def _drop(element: HtmlElement) -> None:
    # The text behind an element is its tail, and must stay.
    if element.getparent() is not None:
        element.drop_tree()
