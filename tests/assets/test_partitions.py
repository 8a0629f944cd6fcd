import dagster as dg
from dagster._core.definitions.partitions.utils.base import INVALID_PARTITION_SUBSTRINGS
from hypothesis import example, given
from hypothesis import strategies as st

from augcon_assets.partitions import DOCUMENTS, document_id, documents_partitions, partition_key

# Any text that a file system or a table can hold, rich in what needs care.
TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.text("%.25EeA0\n\t\0é文")


@given(TEXT)
@example("....")
@example(".....md")
@example("100%2E%.md")
@example("%25%2E...")
def test_a_key_leads_back_to_its_document(text: str) -> None:
    assert document_id(partition_key(text)) == text


@given(TEXT, TEXT)
def test_two_documents_never_share_a_key(one: str, other: str) -> None:
    assert (partition_key(one) == partition_key(other)) == (one == other)


@given(TEXT)
@example("......")
@example("a.\0...b")
def test_a_key_holds_nothing_that_dagster_refuses(text: str) -> None:
    key = partition_key(text)
    assert not [substring for substring in INVALID_PARTITION_SUBSTRINGS if substring in key]


@given(st.text("abz09/._- '\"#文é", min_size=1).filter(lambda text: "..." not in text))
def test_an_ordinary_document_id_is_its_own_key(text: str) -> None:
    assert partition_key(text) == text


def test_odd_keys_are_stored_and_come_back_in_order() -> None:
    ids = ["wait....md", "a\nb", 'it\'s "odd".md', "100%.md", "rows.jsonl#7", "鸡蛋羹.md"]
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(DOCUMENTS, [partition_key(each) for each in ids])
        keys = documents_partitions.get_partition_keys(dynamic_partitions_store=instance)
    assert [document_id(key) for key in keys] == ids
