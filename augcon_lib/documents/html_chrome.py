"""Remove what is not the page's own text: scripts, menus, hidden elements."""

import re
from dataclasses import dataclass

import lxml.etree  # type: ignore[import-untyped]
from lxml.html import HtmlElement  # type: ignore[import-untyped]

DROPPED_TAGS = {
    "script", "style", "noscript", "template", "iframe", "svg", "object", "nav", "footer",
    "button", "select", "input", "textarea", "dialog", "img",
}  # fmt: skip
NESTED_TAGS = {"blockquote", "ul", "ol", "li", "dl", "dd", "table"}
MAX_NESTING = 100
DROPPED_ROLES = {"navigation", "banner", "contentinfo", "search"}
# The tag that marks an element until all marked ones are removed together: removed one by one,
# each would copy the text around it.
DROPPED = "augcon-dropped"
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
CHROME = re.compile(
    r"\b(?:nav|navbar|navigation|menu|menubar|sidebar|breadcrumbs?|cookie\w*|consent|skip-?links?"
    r"|(?:\w+_)?toc|footer|noprint|mw-editsection|mw-jump-link)\b",
    re.I,
)
MAX_CHROME_CHARS = 400
MIN_LINK_SHARE_OF_CHROME = 0.6


@dataclass(slots=True)
class _Size:
    """The text below an element: its characters, those in links, and whether it has an h1."""

    characters: int = 0
    linked: int = 0
    has_title: bool = False


def drop_chrome(root: HtmlElement) -> None:
    """Remove everything from the page *root* that is not its text."""
    for element in [element for element in root.iter("*") if _is_dropped(element)]:
        element.tag = DROPPED
    _drop_marked(root, lxml.etree.Comment, lxml.etree.ProcessingInstruction, "head")
    for element in root.iter("*"):
        if HIDDEN.search(element.get("style", "")) and element is not root:
            element.tag = DROPPED
    _drop_marked(root)
    sizes = _sizes(root)
    for body in root.iter("body"):
        for element in body.iter("*"):
            if element is not body and _is_chrome(element, sizes[element]):
                element.tag = DROPPED
    _drop_marked(root)


def bound_nesting(root: HtmlElement) -> None:
    """Limit how deeply quotations and lists are nested to what people write.

    In Markdown each line of them repeats the marks of everything around it.
    """
    depths: dict[HtmlElement, int] = {}
    for element in root.iter("*"):
        depth = depths.get(element.getparent(), 0) + (element.tag in NESTED_TAGS)
        depths[element] = depth
        if depth > MAX_NESTING and element.tag in NESTED_TAGS:
            element.tag = "div"


def _is_dropped(element: HtmlElement) -> bool:
    parent = element.getparent()
    if parent is None:
        return False
    return (
        element.tag in DROPPED_TAGS
        or "hidden" in element.attrib
        or element.get("aria-hidden") == "true"
        or element.get("role") in DROPPED_ROLES
        or (
            element.tag == "header"
            and parent.tag == "body"
            and next(element.iter("h1"), None) is None
        )
    )


def _is_chrome(element: HtmlElement, size: _Size) -> bool:
    name = f"{element.get('class', '')} {element.get('id', '')}"
    if name == " " or not CHROME.search(name):
        return False
    short = size.characters <= MAX_CHROME_CHARS and not size.has_title
    return short or size.linked >= MIN_LINK_SHARE_OF_CHROME * size.characters


def _sizes(root: HtmlElement) -> dict[HtmlElement, _Size]:
    """Return the size of each element, from the innermost outwards."""
    sizes = {element: _Size(len(element.text or "")) for element in root.iter("*")}
    for element in reversed(sizes):
        size = sizes[element]
        if element.tag == "a":
            size.linked += size.characters
        parent = sizes.get(element.getparent())
        if parent is not None:
            parent.characters += size.characters + len(element.tail or "")
            parent.linked += size.linked
            parent.has_title |= size.has_title or element.tag == "h1"
    return sizes


def _drop_marked(root: HtmlElement, *others: object) -> None:
    # The text behind an element is its tail, and must stay.
    lxml.etree.strip_elements(root, DROPPED, *others, with_tail=False)
