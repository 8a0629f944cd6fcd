from pathlib import Path

import pytest

from tests.documents.samples import docx, pdf, read_bytes, reason_of, text_of, zip_of

DATA = Path(__file__).parent.parent / "data" / "documents"
WORDS = b"Ducks swim on the lake. They eat plants.\n"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.txt", b"", "empty"),
        ("blank.md", "\u3000\u00a0 \n\t\n".encode(), "empty"),
        ("bom.txt", b"\xef\xbb\xbf", "empty"),
        ("only_front_matter.md", b"---\ntitle: x\n---\n", "empty"),
        ("only_comment.md", b"<!-- nothing -->\n", "empty"),
        ("zero.pdf", b"", "empty"),
        ("picture.md", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "binary"),
        ("archive.txt", zip_of({"a.txt": "x"}), "binary"),
        ("junk.txt", bytes(range(256)) * 40, "binary"),
        ("database.txt", b"SQLite format 3\0" + bytes(range(256)) * 4, "binary"),
        ("text.pdf", WORDS, "unreadable_pdf"),
        ("half.pdf", pdf(["Some words"])[:150], "unreadable_pdf"),
        ("blank.pdf", pdf([]), "no_text_layer"),
        ("page.docx", b"<!DOCTYPE html><html><body><p>x</p></body></html>", "unreadable_docx"),
        ("half.docx", docx("Some words")[:300], "unreadable_docx"),
        ("no_document.docx", zip_of({"a.xml": "<a/>"}), "unreadable_docx"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "unsupported_type"),
        ("sheet.xlsx", zip_of({"xl/workbook.xml": "<a/>"}), "unsupported_type"),
        ("settings.json", b'{"a": 1}', "missing_text_column"),
        ("cut_off.json", b'{"a": ', "unreadable_table"),
    ],
)
def test_a_file_that_cannot_be_read_is_rejected_with_its_reason(tmp_path, name, data, reason):
    assert reason_of(read_bytes(tmp_path, name, data)) == reason


def test_a_pdf_with_a_password_is_encrypted(tmp_path):
    data = (DATA / "encrypted.pdf").read_bytes()
    assert reason_of(read_bytes(tmp_path, "secret.pdf", data)) == "encrypted"


def test_pdf_lines_become_paragraphs_and_paragraphs_stay_apart(tmp_path):
    full = "The quick brown fox jumps over the lazy dog and runs on to the next"
    data = pdf(
        [full, "line of the same paragraph.", "Another paragraph starts here and is long,", "x."]
    )
    text = text_of(read_bytes(tmp_path, "a.pdf", data))
    assert f"{full} line of the same paragraph.\n\nAnother paragraph" in text


def test_a_pdf_is_known_by_its_content_not_by_its_name(tmp_path):
    document = read_bytes(tmp_path, "a.txt", pdf(["Ducks swim."]))
    assert (document.text, document.media_type) == ("Ducks swim.", "application/pdf")


def test_docx_keeps_headings_and_paragraphs_as_markdown(tmp_path):
    document = read_bytes(tmp_path, "a.docx", docx("First.", "Second.", heading="Ducks"))
    assert document.text.strip() == "# Ducks\n\nFirst.\n\nSecond."
    assert document.title == "Ducks"


def test_text_that_needs_no_change_is_kept_to_the_character(tmp_path):
    text = "  Lead.\n\n\n\tTabs  and   blanks  \n- {{ liquid }} {% tag %}\n\n\n"
    assert text_of(read_bytes(tmp_path, "a.md", text.encode())) == text


@pytest.mark.parametrize(
    ("name", "data", "title"),
    [
        ("a.md", b"---\ntitle: From front matter\n---\n# Heading\nText", "From front matter"),
        ("a.md", b"---\ntitle: {{ liquid }}: x\nb: 1\n---\nText", "{{ liquid }}: x"),
        ("a.md", b"+++\ntitle = 'Toml'\n+++\nText", "Toml"),
        ("a.md", b"## Lower\n\n# *Higher* [link](x)\n\nText", "Higher link"),
        ("a.rst", b"=====\nTitle\n=====\n\nText", "Title"),
        (
            "a.html",
            b"<html><head><title>Page &amp; co</title></head><p>Text</p></html>",
            "Page & co",
        ),
        ("plain name.txt", b"Text only", "plain name"),
    ],
)
def test_the_title_comes_from_the_document_then_from_the_file_name(tmp_path, name, data, title):
    assert read_bytes(tmp_path, name, data).title == title


def test_what_only_looks_like_front_matter_stays(tmp_path):
    text = "---\nJust a rule above.\n---\nAnd below.\n"
    assert text_of(read_bytes(tmp_path, "a.md", text.encode())) == text


def test_html_named_txt_is_read_as_html(tmp_path):
    document = read_bytes(
        tmp_path, "a.txt", b"<!DOCTYPE html><html><body><h1>Hi</h1></body></html>"
    )
    assert (document.text.strip(), document.media_type) == ("# Hi", "text/html")


def test_a_json_object_with_a_text_is_one_document(tmp_path):
    data = rb'{"id": "s", "text": "broken \ud83d pair and \udc00 alone"}'
    assert text_of(read_bytes(tmp_path, "a.json", data)) == "broken \ufffd pair and \ufffd alone"
