"""Studies on tiny corpora, where their jobs' test cannot tell: reviews, and a model that obeys."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from augcon_lab.studies import human_judgement, principles
from augcon_lab.studies.inputs import StudyInputs, named_path
from augcon_lab.studies.page import page_markdown
from augcon_lab.studies.runs import Asked, Trees
from augcon_lib.chat.port import ChatReply, ChatRequest
from augcon_lib.chat.reply_formats import JUDGEMENT
from augcon_lib.model.endpoints.stats import CallStats
from tests.support.stub_chat import slot
from tests.support.whole_run import MILL, TEA, make_workspace


def inputs_of(folder: Path, *files: Path) -> StudyInputs:
    workspace = make_workspace(folder / "workspace", {"tea.md": TEA, "mill.md": MILL})
    return StudyInputs(workspace, "session", [named_path(f"{f.stem}={f}") for f in files])


def test_a_review_among_the_corpora_is_held_against_the_scores(tmp_path: Path) -> None:
    review = tmp_path / "review.jsonl"
    rows = [(TEA, "How hot?", False), (TEA, "How long does green tea stand?", True)]
    review.write_text(
        "\n".join(json.dumps({"context": c, "query": q, "accepted": a}) for c, q, a in rows),
        encoding="utf-8",
    )
    text = page_markdown(human_judgement.run(inputs_of(tmp_path, review)))
    assert "- Review review, scorer of own documents: AUC 0.5" in text  # too few to learn from
    assert "| review | own documents | 1 | 1 | 0.500 |" in text
    assert "No corpus with people's questions was given" in text
    assert "Corpus own documents: 2 of 2 documents" in text
    assert "Corpus review" not in text


def test_a_model_that_obeys_strict_principles_alone_comes_out_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def obey(_: StudyInputs, __: Trees, requests: Sequence[ChatRequest], ___: str) -> Asked:
        return Asked([reply(each) for each in requests], CallStats(answered=len(requests)))

    def reply(request: ChatRequest) -> ChatReply:
        if request.reply_format is JUDGEMENT:
            borne = slot(request, "answer") in slot(request, "context")
            return ChatReply({"verdict": "yes" if borne else "no", "reason": ""}, False)
        is_strict = "letter by letter" in request.instruction
        answer = slot(request, "context").split(". ")[0] if is_strict else "It went to Leith."
        return ChatReply({"answer": answer}, False)

    monkeypatch.setattr(principles, "ask_all", obey)
    page = principles.run(inputs_of(tmp_path))
    for measure in ("grounded by words", "borne out, by the model"):
        assert (
            f"own documents: strict is above own in {measure} (difference +1.000, 95 % interval "
            "+1.000 to +1.000)."
        ) in page.findings
        assert any(f"none is level with own in {measure}" in one for one in page.findings)
