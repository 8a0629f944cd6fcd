from augcon_lib.queries.selection import select_queries
from augcon_lib.records import Node


def node(node_id: str, query: str, context_id: str = "c", depth: int = 0) -> Node:
    return Node(
        node_id, "d", context_id, None, 0, depth, "text", 0, 4, True, query, "", None, (node_id,)
    )


def test_best_scores_come_first_and_the_quota_holds() -> None:
    nodes = [node("n1", "alpha one"), node("n2", "beta two"), node("n3", "gamma three")]
    queries, rejections = select_queries(nodes, [0.1, 0.9, 0.5], {"c": 2}, 0.7)
    assert [(q.node_id, q.rank, q.selected, q.reason) for q in queries] == [
        ("n2", 1, True, ""),
        ("n3", 2, True, ""),
        ("n1", 3, False, "over_quota"),
    ]
    assert rejections == []


def test_a_left_out_query_names_the_one_it_repeats() -> None:
    nodes = [node("n1", "how long to boil noodles"), node("n2", "how long to boil noodles well")]
    queries, rejections = select_queries(nodes, [2.0, 1.0], {"c": 2}, 0.7)
    assert [q.reason for q in queries] == ["", "repeats:n1"]
    assert [(r.subject_id, r.reason) for r in rejections] == [("c", "quota_not_met")]


def test_contexts_have_quotas_of_their_own() -> None:
    nodes = [node("n1", "same query", "a"), node("n2", "same query", "b")]
    queries, _ = select_queries(nodes, [1.0, 1.0], {"a": 1, "b": 1}, 0.7)
    assert all(q.selected for q in queries)


def test_of_equal_scores_the_bigger_context_wins() -> None:
    nodes = [node("n1", "alpha one", depth=3), node("n2", "beta two", depth=0)]
    queries, _ = select_queries(nodes, [1.0, 1.0], {"c": 1}, 0.7)
    assert [q.node_id for q in queries if q.selected] == ["n2"]


def test_f1_lets_a_short_query_stand_beside_a_long_one_that_holds_it() -> None:
    long = "how long to boil noodles in a big pot of water"
    nodes = [node("n1", long), node("n2", "boil noodles")]
    by_precision, _ = select_queries(nodes, [2.0, 1.0], {"c": 2}, 0.7)
    by_f1, _ = select_queries(nodes, [2.0, 1.0], {"c": 2}, 0.7, "f1")
    assert [q.reason for q in by_precision] == ["", "repeats:n1"]
    assert [q.reason for q in by_f1] == ["", ""]


def test_what_repeats_a_query_beyond_the_quota_is_beyond_it_too() -> None:
    nodes = [
        node("n1", "alpha one"),
        node("n2", "how long to boil noodles"),
        node("n3", "how long to boil noodles well"),
        node("n4", "alpha one"),
    ]
    queries, _ = select_queries(nodes, [4.0, 3.0, 2.0, 1.0], {"c": 1}, 0.7)
    assert [q.reason for q in queries] == ["", "over_quota", "over_quota", "repeats:n1"]
