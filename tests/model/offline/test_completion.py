import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augcon_lib.chat.messages import WireForm
from augcon_lib.chat.reply_formats import (
    ANSWER,
    CST_BOUNDARY,
    CST_REWRITE,
    JUDGEMENT,
    QUESTION_ANSWER_CONFIDENCE,
)
from augcon_lib.model.wire.transport import read_completion
from augcon_lib.offline_model import complete
from augcon_lib.offline_model.verdicts import confidence
from tests.model.offline.requests import (
    CHINESE,
    ENGLISH,
    PROMPTS,
    answer_body,
    body_of,
    content_of,
    judgement_body,
    reply_to,
    tree_body,
)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["messages", "role", "content", "response_format", "type", "json_schema", "schema"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def test_the_reply_is_json_where_a_schema_is_given_else_labelled_text() -> None:
    for form in WireForm:
        content = content_of(tree_body(ENGLISH, form=form))
        assert content.startswith("{") == (form is WireForm.JSON_SCHEMA)
        assert CST_REWRITE.parse(content)["question"]
        assert CST_BOUNDARY.parse(content_of(tree_body(ENGLISH, name="cst_boundary", form=form)))


def test_all_four_reply_formats_are_answered() -> None:
    assert ANSWER.parse(content_of(answer_body(ENGLISH, "What is needed for all lodging?")))
    assert JUDGEMENT.parse(content_of(judgement_body(ENGLISH, "q", "Receipts.", "Receipts.")))


@pytest.mark.parametrize("text", [ENGLISH, CHINESE, "x", "```\ncode()\n```", "| a | b |", "ก ข"])
def test_the_same_request_gets_the_same_answer(text: str) -> None:
    body = tree_body(text)
    assert complete(body) == complete(json.loads(json.dumps(body)))


def test_a_completion_reads_as_one_of_the_protocol_and_counts_its_tokens() -> None:
    body = answer_body(ENGLISH, "When is the travel desk open?")
    completion = complete(body)
    raw = read_completion(json.dumps(completion).encode(), body)
    assert raw.finish_reason == "stop"
    assert raw.refusal == ""
    assert 0 < raw.output_tokens < raw.input_tokens
    usage = completion["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_a_chinese_character_counts_as_a_token_and_four_letters_too() -> None:
    latin = {"messages": [{"role": "user", "content": "abcd" * 10}]}
    han = {"messages": [{"role": "user", "content": "字" * 10}]}
    assert complete(latin)["usage"]["prompt_tokens"] == 10
    assert complete(han)["usage"]["prompt_tokens"] == 10


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": None},
        {"messages": [1]},
        {"messages": [{"role": "user", "content": "hello"}]},
        {"messages": [{"role": "user", "content": "<context>\nx\n</context>"}]},
        body_of(ANSWER, "i", "<context>\n \n</context>"),
        {
            "messages": [{"role": "user", "content": "<context>\nx\n</context>"}],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"schema": {"properties": {"colour": {}}}},
            },
        },
    ],
)
def test_a_body_that_is_not_understood_gets_a_refusal(body: dict[str, Any]) -> None:
    message = complete(body)["choices"][0]["message"]
    assert message["content"] is None
    assert message["refusal"].startswith("I cannot help")


@given(JSON_VALUES.filter(lambda value: isinstance(value, dict)))
def test_no_body_raises(body: dict[str, Any]) -> None:
    assert complete(body)["choices"]


@given(st.text(max_size=300), st.sampled_from(["cst_rewrite", "cst_boundary"]), st.integers(0, 3))
def test_any_passage_gets_a_usable_reply(text: str, name: str, seed: int) -> None:
    body = tree_body(text, name=name, seed=seed)
    message = complete(body)["choices"][0]["message"]
    if message["content"] is None:
        assert not text.strip()
    else:
        assert json.loads(message["content"])["question"].strip()


def test_the_passage_is_what_stands_in_the_last_pair_of_tags() -> None:
    body = answer_body("The sky is blue. Grass is green.", "Which colour is grass?")
    body["messages"].insert(-1, {"role": "user", "content": "<context>\nRoses.\n</context>"})
    body["messages"][-1]["content"] = "Read <context> well.\n" + body["messages"][-1]["content"]
    assert reply_to(body)["answer"] == "Grass is green."


def test_question_answer_and_confidence_come_in_one_reply() -> None:
    prompt = PROMPTS.get("question_answer_confidence", "en")
    body = body_of(QUESTION_ANSWER_CONFIDENCE, prompt.instruction(), prompt.user(context=ENGLISH))
    reply = json.loads(complete(body)["choices"][0]["message"]["content"])
    assert list(reply) == ["question", "answer", "confidence"]
    assert reply["confidence"] in ("high", "medium", "low")
    assert reply["answer"].rstrip(".") in ENGLISH


def test_confidence_falls_with_what_the_answer_takes_up_of_the_question() -> None:
    question = "How long does green tea stand in boiling water?"
    assert confidence(question, "Green tea stands in boiling water for two minutes.") == "high"
    assert confidence(question, "It is poured off.") == "low"
