from augcon_lib.documents.html import decode_html, html_to_markdown

PAGE = """<!DOCTYPE html><html><head><meta charset="iso-8859-1"><title>A &amp; B</title>
<script>var x = "<p>not text</p>";</script></head><body>
<nav><ul><li><a href="/1">Menu</a></ul></nav><div id=cookie>We use cookies.</div>
<h1 id=a><span>1. </span>Café — naïve “quotes”</h1><p>First <b>bold <i>crossed</b> part</i>
goes on &nbsp;&hellip;<p>Second<!-- hidden comment --><p style="display:none">invisible</p>
<pre>  keep
    spaces</pre><table><tr><th>Name<th>Value<tr><td>alpha<td>1</table>
<footer>All rights reserved</footer></body></html>"""


def test_headings_paragraphs_tables_and_code_are_kept():
    title, text = html_to_markdown(PAGE)
    assert title == "A & B"
    assert "# 1. Café — naïve “quotes”" in text
    assert "crossed" in text
    assert "Second" in text
    assert "  keep\n    spaces" in text
    assert "alpha" in text


def test_menus_scripts_comments_and_hidden_text_are_dropped():
    _, text = html_to_markdown(PAGE)
    for dropped in ("Menu", "cookies", "not text", "hidden comment", "invisible", "rights"):
        assert dropped not in text


def test_a_line_end_within_a_paragraph_is_a_space():
    assert html_to_markdown("<p>one\n  two</p>")[1].strip() == "one two"


def test_the_words_of_a_link_are_kept_without_its_address():
    assert html_to_markdown('<p>see <a href="https://x.example/y">here</a>.</p>')[1].strip() == (
        "see here."
    )


def test_an_article_with_menu_in_its_class_is_not_dropped_with_its_text():
    words = "Long text of the page. " * 40
    assert "Long text" in html_to_markdown(f'<body class="x"><div class="menu">{words}</div>')[1]


def test_utf8_is_believed_before_the_declared_charset():
    assert "“quotes”" in (decode_html(PAGE.encode("utf-8")) or "")


def test_the_declared_charset_is_used_where_the_page_is_not_utf8():
    page = '<meta charset="windows-1251"><p>Утка плавает</p>'
    assert decode_html(page.encode("cp1251")) == page


def test_an_unknown_charset_is_detected_instead():
    page = '<meta charset="x-made-up"><p>Утка плавает по озеру, и она ест растения.</p>'
    assert decode_html(page.encode("cp1251")) == page


def test_nonsense_and_deep_nesting_do_not_crash():
    assert html_to_markdown("")[1] == ""
    assert "deep" in html_to_markdown("<div>" * 1800 + "deep")[1]
