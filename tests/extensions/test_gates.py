import asyncio

import pytest

from augcon_lib.answers.responses import Responder, own_response
from augcon_lib.errors import SettingsError
from augcon_lib.records import Rejection, Response
from augcon_lib.settings import ResponsesSettings
from tests.extensions.conftest import Install
from tests.support.stub_chat import StubChat
from tests.support.trees import PROMPTS

GATES = """
def rude(query, response, context, language):
    assert (query, context, language) == ("How wet is water?", "Water is very wet.", "en")
    return "rude" if "idiot" in response else ""
def fails(query, response, context, language): raise KeyError(response)
def gives_none(query, response, context, language): return None
"""
PARTS = {"augcon.gates": {n: f"pkg_gate:{n}" for n in ("rude", "fails", "gives_none")}}


def respond(answer: str, **settings: object) -> tuple[Response | Rejection, int]:
    """The outcome of *answer*, and how many calls it took."""
    chat = StubChat(lambda request: {"answer": answer, "verdict": "yes", "reason": ""})
    responder = Responder(chat, PROMPTS, "Be kind.", ResponsesSettings.model_validate(settings))
    outcome = asyncio.run(
        responder.respond(
            node_id="n",
            document_id="d",
            context="Water is very wet.",
            query="How wet is water?",
            few_shot=(),
            few_shot_version="v1",
            language="en",
        )
    )
    return outcome, len(chat.requests)


def test_a_gate_rejects_an_answer_with_its_reason(installed: Install) -> None:
    installed("pkg-gate", PARTS, GATES)
    good, _ = respond("very wet", gates=["rude"])
    assert isinstance(good, Response)
    bad, _ = respond("very wet, idiot", gates=["rude"])
    assert isinstance(bad, Rejection)
    assert (bad.stage, bad.document_id, bad.subject_id) == ("responses", "d", "n")
    assert bad.reason == "rude"
    assert bad.detail == "rejected by the gate 'rude' of the package pkg-gate 1.0 (very wet, idiot)"
    unguarded, _ = respond("very wet, idiot")
    assert isinstance(unguarded, Response)


def test_what_a_gate_rejects_is_not_judged_by_the_model(installed: Install) -> None:
    installed("pkg-gate", PARTS, GATES)
    assert respond("wet, idiot", gates=["rude"], judge_faithfulness=True)[1] == 1
    assert respond("wet", gates=["rude"], judge_faithfulness=True)[1] == 2


@pytest.mark.parametrize(("name", "error"), [("fails", "KeyError"), ("gives_none", "NoneType")])
def test_an_answer_on_which_a_gate_fails_does_not_pass(
    installed: Install, name: str, error: str
) -> None:
    installed("pkg-gate", PARTS, GATES)
    outcome, _ = respond("very wet", gates=["rude", name])
    assert isinstance(outcome, Rejection)
    assert outcome.reason == "gate_failed"
    assert f"the gate '{name}' of the package pkg-gate 1.0 failed" in outcome.detail
    assert error in outcome.detail


def test_an_answer_that_came_with_its_query_passes_the_gates_too(installed: Install) -> None:
    installed("pkg-gate", PARTS, GATES)
    settings = ResponsesSettings(gates=("rude",))
    place = ("n", "d", "Water is very wet.", "How wet is water?")
    assert isinstance(own_response(*place, "Very.", "en", settings), Response)
    bad = own_response(*place, "Very, idiot.", "en", settings)
    assert isinstance(bad, Rejection)
    assert bad.reason == "rude"


def test_a_gate_that_is_no_longer_installed_is_named() -> None:
    settings = ResponsesSettings.model_construct(gates=("gone",))
    with pytest.raises(SettingsError, match="no package registers 'gone'"):
        own_response("n", "d", "c", "q", "a", "en", settings)
