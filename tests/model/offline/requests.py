"""Request bodies as the engine sends them."""

import json
from typing import Any

from augcon_lib.chat.messages import WireForm, render_messages, response_format
from augcon_lib.chat.port import ChatExample, ChatRequest
from augcon_lib.chat.reply_formats import ANSWER, CST_BOUNDARY, CST_REWRITE, JUDGEMENT, ReplyFormat
from augcon_lib.offline_model import complete
from augcon_lib.prompts import PromptLibrary
from augcon_lib.tree.context_split_tree import cst_examples, numbered_sentences

FORMATS = {"cst_rewrite": CST_REWRITE, "cst_boundary": CST_BOUNDARY}
PROMPTS = PromptLibrary()

ENGLISH = (
    "# Travel rules\n\n"
    "A trip must be approved by the supervisor before the first ticket is bought. "
    "If a flight is cancelled, travellers call the travel desk at once. "
    "The travel desk is open from Monday to Friday.\n\n"
    "Receipts are needed for all lodging. "
    "To get expenses back, you hand in a voucher within five days. "
    "The voucher names the **project code** and [the supervisor](https://example.org/x)."
)
CHINESE = (
    "# 鸡蛋羹的做法\n\n将两个鸡蛋打入碗中，加入三克盐搅匀。如果水温太高，蛋液会结块。"
    "蒸碗要盖上盖子，防止水汽滴落。\n\n大火蒸十分钟后关火。出锅之前，不要打开锅盖。最后淋上香油即可。"
)


def body_of(
    reply_format: ReplyFormat,
    instruction: str,
    user: str,
    *,
    language: str = "en",
    examples: tuple[ChatExample, ...] = (),
    form: WireForm = WireForm.JSON_SCHEMA,
    seed: int = 0,
) -> dict[str, Any]:
    request = ChatRequest(
        instruction=instruction,
        user=user,
        reply_format=reply_format,
        temperature=0.85,
        language=language,
        examples=examples,
    )
    body: dict[str, Any] = {"model": "extractive-2", "messages": render_messages(request, form)}
    if form is WireForm.JSON_SCHEMA:
        body["response_format"] = response_format(reply_format)
    if seed:
        body["seed"] = seed
    return body


def tree_body(
    text: str,
    *,
    name: str = "cst_rewrite",
    weak: bool = False,
    examples: int = 3,
    language: str = "en",
    form: WireForm = WireForm.JSON_SCHEMA,
    seed: int = 0,
) -> dict[str, Any]:
    reply_format = FORMATS[name]
    prompt = PROMPTS.get(f"{name}_weak" if weak else name, language)
    shown = numbered_sentences(text, language) if name == "cst_boundary" else text
    return body_of(
        reply_format,
        prompt.instruction(),
        prompt.user(context=shown),
        language=language,
        examples=cst_examples(PROMPTS, language, reply_format)[:examples],
        form=form,
        seed=seed,
    )


def answer_body(
    text: str, question: str, answers: tuple[str, ...] = (), language: str = "en"
) -> dict[str, Any]:
    prompt = PROMPTS.get("answer", language)
    shots = tuple(
        ChatExample(prompt.user(context="c", question="q"), {"answer": answer})
        for answer in answers
    )
    return body_of(
        ANSWER,
        prompt.instruction(principles="Be helpful."),
        prompt.user(context=text, question=question),
        language=language,
        examples=shots,
    )


def judgement_body(
    text: str, question: str, reference: str, answer: str, language: str = "en"
) -> dict[str, Any]:
    prompt = PROMPTS.get("judgement", language)
    user = prompt.user(context=text, question=question, reference=reference, answer=answer)
    return body_of(JUDGEMENT, prompt.instruction(), user, language=language)


def content_of(body: dict[str, Any]) -> str:
    content = complete(body)["choices"][0]["message"]["content"]
    assert isinstance(content, str)
    return content


def reply_to(body: dict[str, Any]) -> dict[str, Any]:
    reply: dict[str, Any] = json.loads(content_of(body))
    return reply


def question_for(text: str, **options: Any) -> str:
    return str(reply_to(tree_body(text, **options))["question"])
