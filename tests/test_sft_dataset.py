import os
import subprocess
import sys
from dataclasses import replace

from augcon_lib.dataset.rows import build_dataset, choose_test_documents, near_duplicate_clusters
from augcon_lib.records import GroundedResponse

WORDS = [f"word{number}" for number in range(400)]
LONG = " ".join(WORDS[:200])
NEARLY_LONG = LONG.replace("word7 ", "changed7 ")
OTHER = " ".join(WORDS[200:])
# What build_dataset makes of RESPONSES on every machine.
VERSION = "9dab8b99706d"


def response(number: int, document_id: str = "a.md", **changes: str) -> GroundedResponse:
    made = GroundedResponse(
        response_id=f"response{number}",
        node_id=f"node{number}",
        document_id=document_id,
        query=f"What is {number}?",
        response=f"It is {number}.",
        uri=f"file:///{document_id}",
        title="",
        language="en",
        text_sha256="",
        start_char=number,
        end_char=number + 1,
    )
    return replace(made, **changes)


RESPONSES = (response(1), response(2), response(3, "b.md", query="什么？", response="茶。"))


def test_rows_keep_the_order_of_their_responses_and_are_numbered_by_document() -> None:
    rows = build_dataset(RESPONSES, frozenset()).rows
    assert [(row.document_id, row.position, row.query) for row in rows] == [
        ("a.md", 0, "What is 1?"),
        ("a.md", 1, "What is 2?"),
        ("b.md", 0, "什么？"),
    ]


def test_a_row_is_in_the_split_of_its_document() -> None:
    rows = build_dataset(RESPONSES, frozenset({"b.md"})).rows
    assert [row.split for row in rows] == ["train", "train", "test"]


def test_of_equal_pairs_the_first_stays_and_the_other_names_its_row() -> None:
    twin = response(9, "z.md", query="What is 1?", response="It is 1.")
    dataset = build_dataset([*RESPONSES, twin], frozenset())
    assert [row.node_id for row in dataset.rows] == ["node1", "node2", "node3"]
    [rejection] = dataset.rejections
    assert (rejection.document_id, rejection.subject_id, rejection.reason) == (
        "z.md",
        "response9",
        "duplicate_pair",
    )
    assert dataset.rows[0].row_id in rejection.detail


def test_a_duplicate_leaves_no_gap_in_the_positions() -> None:
    twin = response(9, query="What is 1?", response="It is 1.")
    rows = build_dataset([response(1), twin, response(2)], frozenset()).rows
    assert [row.position for row in rows] == [0, 1]


def test_the_same_query_with_another_response_is_no_duplicate() -> None:
    dataset = build_dataset([response(1), response(2, query="What is 1?")], frozenset())
    assert len(dataset.rows) == 2


def test_row_ids_are_unique_and_do_not_depend_on_other_rows_or_splits() -> None:
    rows = build_dataset(RESPONSES, frozenset()).rows
    assert len({row.row_id for row in rows}) == 3
    [alone] = build_dataset(RESPONSES[1:2], frozenset({"a.md"})).rows
    assert alone.row_id == rows[1].row_id


def test_the_version_is_the_same_everywhere() -> None:
    assert build_dataset(RESPONSES, frozenset()).version == VERSION


def test_the_version_tells_rows_order_and_splits_apart() -> None:
    versions = {
        build_dataset(responses, test).version
        for responses, test in [
            (RESPONSES, frozenset[str]()),
            (RESPONSES[:2], frozenset[str]()),
            (RESPONSES[::-1], frozenset[str]()),
            ((), frozenset[str]()),
            (RESPONSES, frozenset({"a.md"})),
            ((*RESPONSES[:2], response(3, "b.md")), frozenset[str]()),
        ]
    }
    assert len(versions) == 6


def test_near_duplicates_cluster_whatever_their_names() -> None:
    texts = {"z": LONG, "m": OTHER, "a": NEARLY_LONG}
    assert sorted(map(sorted, near_duplicate_clusters(texts))) == [["a", "z"], ["m"]]


def test_clusters_are_transitive() -> None:
    chain = {f"d{shift}": " ".join(WORDS[shift : shift + 200]) for shift in range(0, 90, 15)}
    assert [sorted(c) for c in near_duplicate_clusters(chain)] == [sorted(chain)]
    assert len(near_duplicate_clusters({"first": chain["d0"], "last": chain["d75"]})) == 2


def test_a_cluster_is_never_torn_between_the_splits() -> None:
    texts = {
        f"{kind}{n}": f"{n} {text}"
        for n in range(30)
        for kind, text in (("long", LONG), ("other", OTHER))
    }
    clusters = near_duplicate_clusters(texts)
    assert len(clusters) == 2
    for fraction in (0.2, 0.5, 0.8):
        test = choose_test_documents(texts, fraction)
        assert all(set(cluster) <= test or not set(cluster) & test for cluster in clusters)


def test_about_the_wanted_share_of_documents_is_for_testing() -> None:
    texts = {f"d{n}": " ".join(f"{word}x{n}" for word in WORDS[:20]) for n in range(300)}
    assert 0.2 < len(choose_test_documents(texts, 0.3)) / 300 < 0.4


def test_no_document_is_for_testing_unless_asked_for() -> None:
    assert choose_test_documents({"a": LONG}, 0.0) == frozenset()


def test_a_document_keeps_its_split_while_others_come_and_go() -> None:
    texts = {f"d{n}": " ".join(f"{word}x{n}" for word in WORDS[:20]) for n in range(60)}
    test = choose_test_documents(texts, 0.3)
    fewer = {name: text for name, text in texts.items() if int(name[1:]) % 2}
    assert choose_test_documents(fewer, 0.3) == test & set(fewer)


def test_splits_do_not_depend_on_the_hash_seed_of_the_process() -> None:
    code = (
        "from augcon_lib.dataset.rows import choose_test_documents as choose\n"
        "print(*sorted(choose({f'd{n}': f'text of {n}' for n in range(9)}, 0.5)))"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split()
    assert elsewhere == sorted(
        choose_test_documents({f"d{n}": f"text of {n}" for n in range(9)}, 0.5)
    )
    assert 0 < len(elsewhere) < 9


def test_rows_kept_of_a_failed_document_are_marked_and_stand_in_its_place() -> None:
    before = build_dataset(RESPONSES, frozenset())
    kept = before.rows[:2]
    after = build_dataset(RESPONSES[2:], frozenset(), kept)
    assert [(row.row_id, row.stale) for row in after.rows] == [
        (row.row_id, row.document_id == "a.md") for row in before.rows
    ]
    assert after.version != before.version
    assert build_dataset(RESPONSES[2:], frozenset(), after.rows[:2]).version == after.version


def test_a_fresh_row_comes_before_a_stale_one_that_says_the_same() -> None:
    kept = build_dataset([response(1)], frozenset()).rows
    dataset = build_dataset(
        [response(9, "z.md", query="What is 1?", response="It is 1.")], frozenset(), kept
    )
    assert [(row.document_id, row.stale) for row in dataset.rows] == [("z.md", False)]
    assert [rejection.document_id for rejection in dataset.rejections] == ["a.md"]
