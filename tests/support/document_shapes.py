"""Documents of any size that once took more than linear time, or are like one that did.

Each shape is the name of a file and a function from a size to bytes, about so many.
"""

import io
import json
import unicodedata
import zipfile
from collections.abc import Callable

Shape = tuple[str, Callable[[int], bytes]]

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def repeated(part: str, *, before: str = "", after: str = "\nEnd of the text.\n") -> Callable:
    size = len(part.encode())
    return lambda n: (before + part * max(1, n // size) + after).encode()


def nested(opening: str, closing: str, *, before: str = "", after: str = "") -> Callable:
    size = len((opening + closing).encode())

    def make(n: int) -> bytes:
        depth = max(1, n // size)
        return (before + opening * depth + "deep text" + closing * depth + after).encode()

    return make


def page(part: str) -> Callable:
    return repeated(part, before="<html><body>", after="<p>End of it.</p></body></html>")


def rows(line: Callable[[int], str], header: str = "") -> Callable:
    size = len(line(0).encode())
    return lambda n: (header + "".join(map(line, range(max(1, n // size))))).encode()


def ticks(n: int) -> bytes:
    """Runs of backticks of every length: none closes another."""
    longest = max(2, int((2 * n) ** 0.5))
    return ("<!-- x -->\n" + " ".join("`" * length for length in range(1, longest))).encode()


def merges(n: int) -> bytes:
    lines = ["x0: &x0 {a: 1}"]
    for level in range(1, max(2, min(9, n // 100))):
        merged = ",".join([f"*x{level - 1}"] * 30)
        lines.append(f"x{level}: &x{level} {{<<: [{merged}], k{level}: 1}}")
    return (
        "---\n" + "\n".join(lines) + "\ntitle: t\n---\n\n# Body\n\nText.\n" + "w " * (n // 2)
    ).encode()


def aliases(n: int) -> bytes:
    lines = ['x0: &x0 ["lol", "lol"]']
    lines += [f"x{i}: &x{i} [{','.join([f'*x{i - 1}'] * 9)}]" for i in range(1, max(2, n // 60))]
    return ("---\n" + "\n".join(lines) + "\ntitle: t\n---\n\n# Body\n\nText.\n").encode()


def lists(n: int) -> bytes:
    depth = max(2, int(n**0.5))
    return "".join(f"{'  ' * level}- item\n" for level in range(depth)).encode()


def docx(body: Callable[[int], str]) -> Callable:
    def make(n: int) -> bytes:
        parts = {
            "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
            "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1"'
            f' Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
            "word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{body(n)}</w:body>'
            "</w:document>",
        }
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        return packed.getvalue()

    return make


def paragraphs(part: str) -> Callable:
    return docx(lambda n: part * max(1, n // len(part)))


def pdf(content: Callable[[int], str]) -> Callable:
    def make(n: int) -> bytes:
        stream = content(n)
        font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
        objects = [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            f" /Resources << /Font << /F1 {font} >> >> >>",
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
        data = "%PDF-1.4\n"
        offsets = []
        for number, each in enumerate(objects, start=1):
            offsets.append(len(data))
            data += f"{number} 0 obj\n{each}\nendobj\n"
        table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
        end = f"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF"
        return (data + f"xref\n0 5\n0000000000 65535 f \n{table}{end}").encode("latin-1")

    return make


def parquet(columns: Callable[[int], dict[str, list]]) -> Callable:
    def make(n: int) -> bytes:
        import polars

        packed = io.BytesIO()
        polars.DataFrame(columns(n)).write_parquet(packed, compression="uncompressed")
        return packed.getvalue()

    return make


PARAGRAPH = "<w:p><w:r><w:t>abc def ghi</w:t></w:r></w:p>"
CELL = "<w:tc><w:p><w:r><w:t>abc</w:t></w:r></w:p></w:tc>"
PROSE = "The river rises in the hills, and Mr. Smith saw it twice. Nobody else did so. "

SHAPES: dict[str, Shape] = {
    # text
    "prose": ("a.md", repeated(PROSE, before="# Head\n\n")),
    "prose in lines": ("a.txt", repeated(PROSE[:-1] + "\n")),
    "one word": ("a.txt", repeated("a")),
    "spaces": ("a.txt", repeated(" ")),
    "line feeds": ("a.md", repeated("\n")),
    "dots": ("a.txt", repeated(".")),
    "abbreviations": ("a.txt", repeated("e.g. Mr. ")),
    "quotes after stops": ("a.txt", repeated('." ')),
    "closing brackets": ("a.txt", repeated(")", before="a.")),
    "opening brackets": ("a.txt", repeated("(")),
    "exclamations": ("a.txt", repeated("a!?")),
    "no spaces": ("a.txt", repeated("a.B")),
    "ellipses": ("a.txt", repeated("... a")),
    "numbers": ("a.txt", repeated("1.2.3.")),
    "colons": ("a.txt", repeated("a:\n")),
    "Chinese": ("a.txt", repeated("这是一个句子。", after="完")),
    "Chinese without stops": ("a.txt", repeated("这是一个句子", after="完")),
    "Chinese stops": ("a.txt", repeated("。", after="文本")),
    "Thai": ("a.txt", repeated("ภาษาไทย ไม่มีจุด ")),
    "two combining marks": ("a.txt", repeated("\u0301\u0323", before="a")),
    "one combining mark": ("a.txt", repeated("\u0301", before="a")),
    "vowels that are two marks": ("a.txt", repeated("\u0f73\u0f75", before="\u0f40")),
    "decomposed": ("a.txt", repeated(unicodedata.normalize("NFD", "Tiếng Việt có dấu. "))),
    "joined emoji": ("a.txt", repeated("\U0001f468\u200d")),
    "terminal escapes": ("a.txt", repeated("\x1b]a")),
    "terminal escapes without end": ("a.txt", repeated("\x1b[0")),
    "fences": ("a.md", repeated("```\na\n~~~\n")),
    "open fence": ("a.md", repeated("  a\n", before="```\n")),
    "legacy encoding": (
        "a.txt",
        lambda n: "Grüße aus Köln, schöne Tage. ".encode("cp1252") * (n // 29),
    ),
    "UTF-16": ("a.txt", lambda n: (PROSE * (n // 160 + 1)).encode("utf-16-le")),
    # Markdown
    "comments": ("a.md", repeated("<!-- x -->\n\n")),
    "comments in a text": ("a.md", repeated("\n\n\n<!-- x -->   x")),
    "open comments": ("a.md", repeated("<!--")),
    "comments that end late": ("a.md", repeated("<!-- ", after="-->")),
    "comment and code marks": ("a.md", repeated("`a", before="<!-- c -->")),
    "two code marks": ("a.md", repeated("``a` ", before="<!-- c -->")),
    "runs of code marks": ("a.md", ticks),
    "blank lines after a comment": ("a.md", repeated("\n \t", before="<!-- x -->")),
    "comment lines of tabs": ("a.md", repeated("\t<!-- x -->\t\t\n")),
    "brackets": ("a.md", repeated("[", before="# ")),
    "links in a heading": ("a.md", repeated("[a](", before="# ")),
    "tags in a heading": ("a.md", repeated("<a", before="# ")),
    "attributes in a heading": ("a.md", repeated("{#", before="# ")),
    "emphasis": ("a.md", repeated("*a **a ")),
    "quotes in a line": ("a.md", repeated("> ")),
    "quotes in lines": ("a.md", repeated("> " * 50 + "text\n")),
    "lists": ("a.md", lists),
    "headings": ("a.md", repeated("# h\n")),
    "rules": ("a.md", repeated("- ")),
    "tables": ("a.md", repeated("|a" * 20 + "|\n" + "|-" * 20 + "|\n")),
    "references": ("a.md", repeated("[x]: y\n")),
    "setext": ("a.md", repeated("a\n=\n")),
    "entities": ("a.md", repeated("&amp;&#x41;")),
    # front matter
    "front matter that is open": ("a.md", repeated("a: b\n", before="---\n")),
    "front matter": ("a.md", rows(lambda i: f"k{i:07d}: b\n", "---\n")),
    "merge keys": ("a.md", merges),
    "aliases": ("a.md", aliases),
    "flow lists": ("a.md", nested("[", "]", before="---\na: ", after="\n---\nText.\n")),
    "TOML front matter": ("a.md", repeated("title = \n", before="+++\n")),
    # reStructuredText
    "underlines": ("a.rst", repeated("=\n")),
    "sections": ("a.rst", repeated("ab\n==\n\n")),
    "kinds of sections": ("a.rst", repeated("ab\n--\n\nab\n~~\n\nab\n^^\n\n")),
    # HTML
    "page": ("a.html", page("<h2>Head</h2><p>Some words in a sentence.</p>")),
    "links with text behind": ("a.html", page("<a href='x'>t</a>x ")),
    "menus": ("a.html", page('<a class="nav" id="x">t</a>x')),
    "nested menus": ("a.html", nested('<div class="menu">word ', "</div>", before="<html>")),
    "menus in a menu": ("a.html", page('<div class="menu"><p>some words</p></div>')),
    "hidden": ("a.html", page('<i style="display:none">x</i>y')),
    "nested": ("a.html", nested("<div>", "</div>", before="<html><body>")),
    "nested in pre": ("a.html", nested("<pre>", "</pre>", before="<html><body>")),
    "comments in a page": ("a.html", page("<!-- x -->y")),
    "mains": ("a.html", page("<main><h1>a</h1></main>")),
    "spanning cells": ("a.html", page("<table><tr><td colspan=1000>a</td></tr></table>")),
    "spanning cells in a table": ("a.html", page("<td colspan=1000>a</td>")),
    "spanning rows": ("a.html", page("<tr><td rowspan=1000>a</td></tr>")),
    "a long row": (
        "a.html",
        lambda n: page("<tr><td>a</td></tr>")(n // 2).replace(
            b"<body>", b"<body><table><tr>" + b"<td>b</td>" * (n // 20) + b"</tr>"
        ),
    ),
    "nested tables": ("a.html", nested("<table><tr><td>a", "</td></tr></table>", before="<html>")),
    "nested lists": ("a.html", nested("<ul><li>a", "</li></ul>", before="<html>")),
    "nested quotes": ("a.html", nested("<blockquote>a", "</blockquote>", before="<html>")),
    "comments before a page": ("a.md", repeated("<!-- x -->\n")),
    "attributes": ("a.html", lambda n: b"<html><body><p " + b"a=b " * (n // 4) + b">t</p>"),
    "class names": ("a.html", lambda n: b"<html><body><p class='" + b"a_" * (n // 2) + b"'>t</p>"),
    "entities in a page": ("a.html", page("&amp;&#x41;&nbsp;")),
    "open tags": ("a.html", page("<b><i>a")),
    # DOCX and PDF
    "Word paragraphs": ("a.docx", paragraphs(PARAGRAPH)),
    "Word table": (
        "a.docx",
        docx(lambda n: "<w:tbl>" + f"<w:tr>{CELL * 10}</w:tr>" * (n // 580 + 1) + "</w:tbl>"),
    ),
    "nested Word content": (
        "a.docx",
        docx(
            lambda n: (
                "<w:sdt><w:sdtContent>" * (n // 45)
                + PARAGRAPH
                + "</w:sdtContent></w:sdt>" * (n // 45)
            )
        ),
    ),
    "PDF lines": (
        "a.pdf",
        pdf(
            lambda n: (
                "BT /F1 10 Tf 12 TL 50 780 Td " + "(Some words in a line) Tj T* " * (n // 29) + "ET"
            )
        ),
    ),
    "PDF letters": (
        "a.pdf",
        pdf(lambda n: "BT /F1 10 Tf 50 780 Td " + "(a) Tj " * (n // 7) + "ET"),
    ),
    "PDF states": ("a.pdf", pdf(lambda n: "q " * (n // 2) + "BT /F1 10 Tf 50 780 Td (text) Tj ET")),
    # tables
    "JSON lines": ("a.jsonl", rows(lambda i: json.dumps({"id": i, "text": PROSE}) + "\n")),
    "JSON lines of one id": ("a.jsonl", rows(lambda i: '{"id":"a","text":"t"}\n')),
    "JSON lines of ids that look numbered": (
        "a.jsonl",
        rows(lambda i: json.dumps({"id": f"a~{i}" if i % 2 else "a", "text": "t"}) + "\n"),
    ),
    "JSON lines that are broken": ("a.jsonl", repeated("{\n")),
    "JSON list": ("a.json", lambda n: json.dumps([{"text": "t"}] * (n // 15 + 1)).encode()),
    "deep JSON": ("a.json", nested("[", "]", before='{"text":', after="}")),
    "JSON keys": (
        "a.jsonl",
        lambda n: ("{" + ",".join(f'"k{i}":1' for i in range(n // 12)) + ',"text":"t"}').encode(),
    ),
    "CSV": ("a.csv", rows(lambda i: f"{i},Some words in a row.\n", "id,text\n")),
    "CSV with an open quote": ("a.csv", repeated("x,y\n", before='id,text\n1,"open\n')),
    "CSV of commas": ("a.csv", repeated(",")),
    "CSV of empty cells": ("a.csv", repeated(",,,,,,,,\n", before="text,b,c\n")),
    "TSV with open quotes": ("a.tsv", repeated('x\t"y\n', before="id\ttext\n")),
    "Parquet": (
        "a.parquet",
        parquet(lambda n: {"id": list(range(n // 90 + 1)), "text": [PROSE] * (n // 90 + 1)}),
    ),
    "Parquet columns": (
        "a.parquet",
        parquet(lambda n: {"text": ["t"], **{f"c{i}": [1] for i in range(n // 300)}}),
    ),
}
