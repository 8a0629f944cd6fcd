"""What doctor and promote say of embeddings that the endpoint makes."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from augcon_assets.cli.doctor import examine
from augcon_assets.cli.promote import print_costs
from augcon_lib.settings import ModelSettings, ScorerSettings
from augcon_lib.stages.promotion_cost import PromotionCost
from augcon_lib.workspace import Workspace
from tests.support.embedding_routes import EmbeddingRoutes
from tests.support.fault_server import KEY
from tests.support.served import served
from tests.support.whole_run import SETTINGS, TEA, make_workspace


def workspace(folder: Path, url: str, embedding_model: str) -> Workspace:
    changes = {
        "model": ModelSettings(provider="openai", base_url=url, name="tiny"),
        "scorer": ScorerSettings(embedding_model=embedding_model, embedding_source="endpoint"),
    }
    return make_workspace(folder, {"tea.md": TEA}, SETTINGS.model_copy(update=changes))


def test_doctor_says_whether_the_endpoint_makes_embeddings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with served(embeddings=EmbeddingRoutes()) as running:
        good = examine(workspace(tmp_path / "good", running.server.url, "embedder"))
        bad = examine(workspace(tmp_path / "bad", running.server.url, "absent"))
    found = {each.subject: each for each in good}
    assert found["embeddings"].ok
    assert found["embeddings"].message == "embedder returns vectors of 32 numbers"
    missing = {each.subject: each for each in bad}["embeddings"]
    assert not missing.ok
    assert "[scorer] embedding_model" in missing.message


def test_promote_says_what_it_cannot_know_before_texts_are_embedded() -> None:
    cost = PromotionCost("query_scorer", "a", "b", 0.7, 0.8, 1, 2, 3, 4, 5, 6, 0.0, "", 1200)
    shown = io.StringIO()
    print_costs(Console(file=shown, width=200), [cost])
    assert "not counted: documents with 1,200 texts whose embeddings" in shown.getvalue()
