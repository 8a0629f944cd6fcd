import pytest

from augcon_lib.errors import DocumentError
from augcon_lib.records import Document, text_sha256
from augcon_lib.settings import SourceSettings
from augcon_lib.tree import context_limits
from augcon_lib.tree.context_limits import limited_contexts
from augcon_lib.tree.contexts import cut_contexts

TEXT = "\n\n".join(f"# Head {n}\n\nA sentence of words. Another of them, {n}." for n in range(200))


def document(text=TEXT):
    sha256 = text_sha256(text)
    return Document("a.md", "a.md", "text/markdown", "A", "en", text, sha256, sha256, None)


def test_a_large_document_is_cut_in_a_child_to_the_same_contexts(monkeypatch):
    monkeypatch.setattr(context_limits, "MAX_CHARS_IN_PROCESS", 100)
    assert limited_contexts(document(), 300, 50, SourceSettings()) == cut_contexts(
        document(), 300, 50
    )


@pytest.mark.parametrize("text", [TEXT, "word " * 100_000])
def test_a_document_with_too_many_contexts_is_refused_by_name(text):
    with pytest.raises(DocumentError, match="max_contexts_per_document") as raised:
        limited_contexts(document(text), 300, 50, SourceSettings(max_contexts_per_document=10))
    assert (raised.value.document_id, raised.value.reason) == ("a.md", "too_many_contexts")
