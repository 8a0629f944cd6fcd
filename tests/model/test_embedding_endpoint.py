import asyncio
import math
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from augcon_lib.errors import BudgetExceeded, EndpointError, SettingsError
from augcon_lib.model.endpoints.embedding_endpoint import (
    TEXTS_PER_CALL,
    open_embeddings,
    packed,
    unpacked,
)
from augcon_lib.model.endpoints.ledger import Origin
from augcon_lib.model.journal import Journal
from augcon_lib.queries.embeddings import ENDPOINT, Embedder
from augcon_lib.settings import ModelSettings, ScorerSettings, Settings
from tests.model.engine_fixtures import settings_for
from tests.support.embedding_routes import EmbeddingRoutes, vector
from tests.support.fault_server import KEY, fault_server

TEXTS = [f"The mill by the tide ran at night number {number}." for number in range(70)]


def settings(url: str, **more: Any) -> Settings:
    scorer = ScorerSettings(
        embedding_model="embedder",
        embedding_source="endpoint",
        embedding_usd_per_million_tokens=1000.0,
    )
    return settings_for(url, **more).model_copy(update={"scorer": scorer})


async def embed(
    url: str,
    journal: Path,
    texts: list[str],
    *,
    model: str = "embedder",
    key: str = KEY,
    **more: Any,
) -> dict[str, Any]:
    async with open_embeddings(
        settings(url, **more), model, journal, api_key=SecretStr(key), session_id="session"
    ) as endpoint:
        return await endpoint.vectors(texts, Origin("query_scorer"))


def embedded(
    journal: Path, texts: list[str], routes: EmbeddingRoutes, **more: Any
) -> dict[str, Any]:
    """The vectors of *texts* by a server with *routes*."""

    async def scenario() -> dict[str, Any]:
        async with fault_server(embeddings=routes) as server:
            return await embed(server.url, journal, texts, **more)

    return asyncio.run(scenario())


def exact_cosine(one: str, other: str) -> float:
    a, b = vector(one), vector(other)
    product = sum(x * y for x, y in zip(a, b, strict=True))
    return product / math.hypot(*a) / math.hypot(*b)


def test_cosines_are_those_of_the_endpoints_vectors_to_three_decimals(tmp_path: Path) -> None:
    known = embedded(tmp_path / "j", TEXTS, EmbeddingRoutes())
    embedder = Embedder("embedder", ENDPOINT, known)
    found = embedder.cosines(TEXTS, TEXTS[::-1])
    wanted = [exact_cosine(a, b) for a, b in zip(TEXTS, TEXTS[::-1], strict=True)]
    assert found == pytest.approx(wanted, abs=5e-4)
    assert min(wanted) < 0.99 < max(wanted)


def test_half_precision_keeps_cosines_of_real_sizes_to_three_decimals() -> None:
    draws = np.random.default_rng(0).normal(size=(200, 1536))
    exact = draws / np.linalg.norm(draws, axis=1)[:, None]
    kept = np.stack([unpacked(packed(each)) for each in draws])
    assert np.abs(kept @ kept.T - exact @ exact.T).max() < 5e-4
    assert len(packed(draws[0])) == 4096


def test_a_text_is_paid_for_once_whoever_asks_and_however_often(tmp_path: Path) -> None:
    routes = EmbeddingRoutes()
    first = embedded(tmp_path / "j", TEXTS + TEXTS[:5], routes)
    calls = routes.calls
    again = embedded(tmp_path / "j", [*TEXTS, "Another text altogether."], routes)
    assert set(routes.texts.values()) == {1}
    assert routes.calls == calls + 1
    assert all((first[text] == again[text]).all() for text in TEXTS)


def test_another_model_of_the_same_endpoint_has_vectors_of_its_own(tmp_path: Path) -> None:
    embedded(tmp_path / "j", TEXTS[:3], EmbeddingRoutes())
    other = EmbeddingRoutes(model="other", places=8)
    found = embedded(tmp_path / "j", TEXTS[:3], other, model="other")
    assert {len(each) for each in found.values()} == {8}
    assert other.texts.total() == 3


def test_texts_go_in_batches(tmp_path: Path) -> None:
    routes = EmbeddingRoutes(max_texts=TEXTS_PER_CALL)
    embedded(tmp_path / "j", TEXTS, routes)
    assert routes.calls == 3


def test_calls_are_in_the_books_at_the_price_of_embeddings(tmp_path: Path) -> None:
    embedded(tmp_path / "j", TEXTS, EmbeddingRoutes())
    with closing(Journal(tmp_path / "j")) as journal:
        spend = journal.spend("session")
        stages = journal.calls_by_stage("openai/embedder")
    assert (spend.calls, spend.input_tokens, spend.failed) == (3, 700, 0)
    assert spend.cost_usd == pytest.approx(0.7)
    assert list(stages) == ["query_scorer"]


@pytest.mark.parametrize("fault", ["429", "500", "broken", "short"])
def test_a_call_that_fails_is_sent_again(tmp_path: Path, fault: str) -> None:
    routes = EmbeddingRoutes(faults=(fault,))
    found = embedded(tmp_path / "j", TEXTS[:3], routes)
    assert set(found) == set(TEXTS[:3])
    assert routes.calls == 2


def test_more_texts_than_the_endpoint_takes_at_once_go_in_halves(tmp_path: Path) -> None:
    routes = EmbeddingRoutes(max_texts=10)
    assert len(embedded(tmp_path / "j", TEXTS, routes)) == 70
    assert set(routes.texts.values()) == {1}


def test_of_a_text_that_is_too_long_the_beginning_is_embedded(tmp_path: Path) -> None:
    long = " ".join(TEXTS)
    routes = EmbeddingRoutes(max_chars=300)
    found = embedded(tmp_path / "j", [*TEXTS[:3], long], routes)
    cut = next(text for text in routes.texts if text not in TEXTS)
    assert long.startswith(cut)
    assert 150 <= len(cut) <= 300
    assert found[long] == pytest.approx(unpacked(packed(np.array(vector(cut)))))


def test_a_budget_stops_it_and_what_came_is_kept(tmp_path: Path) -> None:
    routes = EmbeddingRoutes()
    with pytest.raises(BudgetExceeded, match="max_calls"):
        embedded(tmp_path / "j", TEXTS, routes, budget={"max_calls": 1})
    assert routes.texts.total() == TEXTS_PER_CALL
    embedded(tmp_path / "j", TEXTS, routes)
    assert set(routes.texts.values()) == {1}


def test_a_budget_in_dollars_counts_the_price_of_embeddings(tmp_path: Path) -> None:
    routes = EmbeddingRoutes()
    with pytest.raises(BudgetExceeded, match="max_usd"):
        embedded(tmp_path / "j", TEXTS, routes, budget={"max_usd": 0.1})
    assert routes.calls == 1


def test_a_model_that_is_not_there_is_said_with_the_way_out(tmp_path: Path) -> None:
    routes = EmbeddingRoutes()
    with pytest.raises(EndpointError, match=r"no model 'absent'.*\[scorer\] embedding_model"):
        embedded(tmp_path / "j", TEXTS, routes, model="absent")
    assert routes.calls == 1


def test_an_endpoint_without_embeddings_is_said_with_the_way_out(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with fault_server() as server:
            await embed(server.url, tmp_path / "j", TEXTS)

    with pytest.raises(EndpointError, match=r'has no /embeddings.*"package"'):
        asyncio.run(scenario())


def test_a_wrong_key_names_its_variable_and_stays_secret(tmp_path: Path) -> None:
    with pytest.raises(EndpointError, match="OPENAI_API_KEY") as caught:
        embedded(tmp_path / "j", TEXTS, EmbeddingRoutes(), key="sk-wrong-key")
    assert "sk-wrong-key" not in str(caught.value)


def test_what_is_refused_as_such_is_not_sent_for_every_text(tmp_path: Path) -> None:
    routes = EmbeddingRoutes(refusal="this model makes no embeddings")
    with pytest.raises(EndpointError, match="makes no embeddings"):
        embedded(tmp_path / "j", TEXTS, routes)
    assert routes.calls <= 6


def test_the_offline_provider_is_refused_by_name(tmp_path: Path) -> None:
    async def scenario() -> None:
        given = Settings().model_copy(update={"model": ModelSettings()})
        async with open_embeddings(given, "m", tmp_path / "j", api_key=SecretStr("")):
            pass

    with pytest.raises(SettingsError, match='provider = "offline" has no embeddings'):
        asyncio.run(scenario())
