import pytest

from augcon_lib.documents.markdown import drop_comments, split_front_matter

WITHOUT = "# Title\n\nFirst.\n\nSecond.\n"


@pytest.mark.parametrize(
    "with_comment",
    [
        "<!-- note -->\n# Title\n\nFirst.\n\nSecond.\n",
        "<!-- note -->\n\n# Title\n\nFirst.\n\nSecond.\n",
        "# Title\n\n<!-- two\n\nlines -->\n\nFirst.\n\nSecond.\n",
        "# Title\n\nFirst.\n\n<!-- a --> <!-- b -->\n\nSecond.\n",
        "# Title\n\nFirst.\n<!-- a -->\n\nSecond.\n",
        "# Title\n\nFirst.\n\nSecond.\n<!-- a -->\n",
        "# Title\n\nFirst.\n\nSecond.\n\n<!-- a -->",
        "# Title\n\nFirst.<!-- a -->\n\nSecond.\n",
    ],
)
def test_a_text_is_the_same_with_and_without_a_comment(with_comment):
    assert drop_comments(with_comment) == WITHOUT


@pytest.mark.parametrize(
    "text",
    [
        "```html\n<!-- kept -->\n```\n",
        "    <!-- indented code -->\n",
        "Write `<!-- kept -->` to comment.\n",
        "``a ` <!-- kept -->``\n",
        "- item\n\n  ```\n  <!-- kept -->\n  ```\n",
        "An <!-- unclosed comment\n",
        "~~~\n<!-- kept in an unclosed fence -->\n",
    ],
)
def test_comments_in_code_and_unclosed_ones_stay(text):
    assert drop_comments(text) == text


def test_front_matter_goes_and_its_title_is_kept():
    assert split_front_matter("---\ntitle: A\ntags: [b]\n---\n\nText\n") == ("A", "Text\n")


@pytest.mark.parametrize("text", ["---\n- a\n---\nText", "Text\n---\na: b\n---\n", "---\n\nText\n"])
def test_rules_are_no_front_matter(text):
    assert split_front_matter(text) == ("", text)
