import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from augcon_lib import embeddings
from augcon_lib.errors import SettingsError
from augcon_lib.query_features import FEATURE_NAMES
from augcon_lib.query_scorer import LinearScorer, Matrix, train_scorer
from tests.support.tiny_models import save_tiny_model
from tests.test_query_scorer import pairs


def test_the_cosine_of_context_and_query_is_one_more_feature_that_is_learnt_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Here the queries of a pair differ in nothing but what the embeddings say of them."""

    def nothing(contexts: Sequence[str], queries: Sequence[str]) -> Matrix:
        return np.zeros((len(queries), len(FEATURE_NAMES)))

    def near(model: str, contexts: Sequence[str], queries: Sequence[str]) -> Matrix:
        assert model == "some/model"
        return np.array([float("kettle" in query) for query in queries])

    monkeypatch.setattr("augcon_lib.query_scorer.features", nothing)
    monkeypatch.setattr("augcon_lib.query_scorer.cosines", near)
    scorer, report = train_scorer(pairs(10), seed=1, embedding_model="some/model")
    assert scorer.weights[-1] > 0
    assert set(scorer.weights[:-1]) == {0}
    assert report.held_out.pair_accuracy == 1
    assert LinearScorer.from_json(scorer.to_json()) == scorer


def test_a_missing_package_is_said_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    embeddings._encoder.cache_clear()
    with pytest.raises(SettingsError, match=r"augcon\[embeddings\]"):
        embeddings.cosines("some/model", ["c"], ["q"])


def test_a_sentence_model_gives_cosines(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="wants the extra augcon[embeddings]")
    save_tiny_model(tmp_path, ["water boils in the kettle", "the mill ran at night"])
    found = embeddings.cosines(
        str(tmp_path), ["the kettle boils", "the kettle boils"], ["the kettle boils", "the mill"]
    )
    assert found[0] == pytest.approx(1, abs=1e-5)
    assert -1 <= found[1] < found[0]
    with pytest.raises(SettingsError, match="cannot be loaded"):
        embeddings.cosines(str(tmp_path / "nothing"), ["c"], ["q"])
