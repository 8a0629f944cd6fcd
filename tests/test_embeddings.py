import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from augcon_lib.errors import ModelError, SettingsError
from augcon_lib.queries import embeddings
from augcon_lib.queries.embeddings import ENDPOINT, Embedder
from augcon_lib.queries.features import FEATURE_NAMES
from augcon_lib.queries.linear_scorer import LinearScorer, Matrix, train_scorer
from tests.support.tiny_models import save_tiny_model
from tests.test_query_scorer import pairs


def nothing(contexts: Sequence[str], queries: Sequence[str]) -> Matrix:
    return np.zeros((len(queries), len(FEATURE_NAMES)))


def kettles(source: str) -> Embedder:
    """Queries with a kettle are near their context, the others are not."""
    texts = {t for p in pairs(10) for t in (p.context, p.positive_query, p.negative_query)}
    near = {p.context for p in pairs(10)} | {text for text in texts if "kettle" in text}
    known = {text: np.array([1.0, 0.0] if text in near else [0.0, 1.0]) for text in texts}
    return Embedder("some/model", source, known)


def test_the_cosine_of_context_and_query_is_one_more_feature_that_is_learnt_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Here the queries of a pair differ in nothing but what the embeddings say of them."""
    monkeypatch.setattr("augcon_lib.queries.linear_scorer.features", nothing)
    scorer, report = train_scorer(pairs(10), 1, kettles(ENDPOINT))
    assert scorer.weights[-1] > 0
    assert set(scorer.weights[:-1]) == {0}
    assert report.held_out.pair_accuracy == 1
    back = LinearScorer.from_json(scorer.to_json())
    assert back == scorer
    assert back.version == scorer.version
    assert back.embedder is not None
    assert back.embedder.asks_endpoint


def test_a_scorer_on_a_package_is_stored_as_it_always_was() -> None:
    stored = LinearScorer((1.0,), (0.0,), (1.0,), Embedder("some/model")).to_json()
    assert '"embedding_model": "some/model"' in stored
    assert "embedding_source" not in stored
    assert LinearScorer.from_json(stored).embedder == Embedder("some/model")


def test_texts_that_the_endpoint_was_not_asked_for_are_no_nearness_of_zero() -> None:
    embedder = Embedder("some/model", ENDPOINT, {"c": np.array([1.0, 0.0])})
    with pytest.raises(ModelError, match=r"2 texts have no embedding by 'some/model' yet"):
        embedder.cosines(["c", "c"], ["q", "r"])


def test_vectors_of_two_models_under_one_name_are_told_apart() -> None:
    known = {"c": np.array([1.0, 0.0]), "q": np.array([1.0, 0.0, 0.0])}
    with pytest.raises(ModelError, match="several models under that name"):
        Embedder("some/model", ENDPOINT, known).cosines(["c"], ["q"])


def test_a_missing_package_is_said_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    embeddings._sentence_model.cache_clear()
    with pytest.raises(SettingsError, match=r"augcon\[embeddings\]"):
        Embedder("some/model").cosines(["c"], ["q"])


def test_a_sentence_model_gives_cosines(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="wants the extra augcon[embeddings]")
    save_tiny_model(tmp_path, ["water boils in the kettle", "the mill ran at night"])
    found = Embedder(str(tmp_path)).cosines(
        ["the kettle boils", "the kettle boils"], ["the kettle boils", "the mill"]
    )
    assert found[0] == pytest.approx(1, abs=1e-5)
    assert -1 <= found[1] < found[0]
    with pytest.raises(SettingsError, match="cannot be loaded"):
        Embedder(str(tmp_path / "nothing")).cosines(["c"], ["q"])
