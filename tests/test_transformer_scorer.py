from pathlib import Path

import pytest

from augcon_lib.errors import SettingsError
from augcon_lib.queries.contrastive_pairs import ContrastivePair
from augcon_lib.queries.transformer_scorer import TransformerScorer, train_transformer
from augcon_lib.settings import ScorerSettings
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.choices import load_scorer
from tests.support.tiny_models import save_tiny_model
from tests.support.whole_run import MILL, SETTINGS, TEA, make_workspace, run_all

for package in ("torch", "transformers", "peft"):
    pytest.importorskip(package, reason="wants the extra augcon[neural]")

THINGS = ("kettle", "mill", "boat", "hive", "book", "sluice", "oven", "lamp")
PLACES = ("Bristol", "Leith", "Whitby", "Oban", "Harwich", "Penzance")


def pairs() -> list[ContrastivePair]:
    """Six documents; a negative asks vaguely, or about a thing of another passage."""
    made = []
    for d, place in enumerate(PLACES):
        for i, thing in enumerate(THINGS):
            other = THINGS[(i + 3) % len(THINGS)]
            vague = i % 2 == 0
            made.append(
                ContrastivePair(
                    document_id=place,
                    node_id=f"{d}{i}",
                    language="en",
                    kind=("weak_instruction", "both")[i % 2],
                    context=f"The {thing} of {place} was built in 18{d}{i} by the harbour .",
                    positive_query=f"When was the {thing} of {place} built ?",
                    negative_query="What is this about ?" if vague else f"Is the {other} here ?",
                )
            )
    return made


@pytest.fixture(scope="module")
def base_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = [" ".join([p.context, p.positive_query, p.negative_query]) for p in pairs()]
    texts.append("Context : Question :")
    return save_tiny_model(tmp_path_factory.mktemp("base"), texts)


def settings(base_model: Path, **more: object) -> ScorerSettings:
    given = {"kind": "transformer", "base_model": str(base_model), "epochs": 8, **more}
    return ScorerSettings.model_validate(given)


def test_the_loss_falls_and_held_out_documents_are_told_better_than_by_chance(
    base_model: Path, tmp_path: Path
) -> None:
    scorer, report = train_transformer(pairs(), 1, settings(base_model), tmp_path)
    assert report.epoch_losses[0] == pytest.approx(0.693, abs=0.15)
    assert report.epoch_losses[-1] < 0.5 * report.epoch_losses[0]
    assert (report.held_out.documents, report.train_pairs) == (1, 40)
    assert report.held_out.pair_accuracy >= 0.75
    assert report.held_out.auc > 0.6
    some = pairs()[:9]
    again = TransformerScorer(tmp_path / scorer.version)
    contexts, queries = [p.context for p in some], [p.positive_query for p in some]
    scores = scorer.score(contexts, queries)
    assert again.score(contexts, queries) == pytest.approx(scores, abs=1e-3)
    assert again.to_json() == scorer.to_json()


def test_a_context_that_is_too_long_loses_its_end_and_never_the_question(
    base_model: Path, tmp_path: Path
) -> None:
    short = settings(base_model, epochs=1, max_tokens=24)
    scorer, _ = train_transformer(pairs(), 1, short, tmp_path)
    long = "The kettle of Leith was built . " * 40
    one, same, other = scorer.score(
        [long, long + "Oban .", long],
        ["When was it built ?", "When was it built ?", "Is the boat here ?"],
    )
    assert one == same != other


def test_what_is_missing_is_said_with_the_way_out(base_model: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="base_model is empty"):
        train_transformer(pairs(), 1, ScorerSettings(kind="transformer"), tmp_path)
    with pytest.raises(SettingsError, match="cannot be loaded"):
        train_transformer(pairs(), 1, settings(tmp_path / "nothing"), tmp_path)
    with pytest.raises(SettingsError, match="augcon retrain query_scorer"):
        TransformerScorer(tmp_path / "gone").score(["c"], ["q"])


def test_too_few_pairs_train_nothing(base_model: Path, tmp_path: Path) -> None:
    scorer, report = train_transformer(pairs()[:3], 1, settings(base_model), tmp_path)
    assert scorer.score(["c", "c"], ["a", "b"]) == [0.0, 0.0]
    assert report.epoch_losses == ()


def test_a_whole_run_ranks_its_queries_by_it(base_model: Path, tmp_path: Path) -> None:
    scorer = settings(
        base_model, epochs=1, pairs_per_negative_kind=10, min_pair_accuracy=0, retrain_drift=0
    )
    documents = {f"{place}.md": f"{MILL} {TEA}".replace("Bristol", place) for place in PLACES}
    workspace = make_workspace(tmp_path, documents, SETTINGS.model_copy(update={"scorer": scorer}))
    reports = run_all(workspace)
    version = reports["query_scorer"].version
    assert (workspace.warehouse_path.parent / "scorers" / version).is_dir()
    loaded = load_scorer(Warehouse(workspace.warehouse_path), version)
    assert isinstance(loaded, TransformerScorer)
    assert reports["scored_queries"].failed == 0
    assert run_all(workspace) == {}
