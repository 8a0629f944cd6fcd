"""Question and answer in one call: the baselines Context-Instruct and ETRC (section 4.1).

Context-Instruct also asks how sure the model is and keeps what it is sure of; the selection drops
repeated questions, as for every strategy. ETRC's joining of contexts and pairs to long training
texts, by clusters of length, does not apply to a dataset of pairs and is left out.
"""

from collections.abc import Sequence

from augcon_lib.chat.port import Chat, ChatExample, ChatRequest, ReplyFields
from augcon_lib.chat.reply_formats import QUESTION_ANSWER, QUESTION_ANSWER_CONFIDENCE
from augcon_lib.pipeline import CST_NODES
from augcon_lib.prompts import PromptLibrary
from augcon_lib.records import Context, FewShotExample
from augcon_lib.strategies.root_draws import Flaw, RootDraws
from augcon_lib.tree.context_split_tree import TreeParameters

REPLY_FORMATS = {
    reply_format.name: reply_format
    for reply_format in (QUESTION_ANSWER, QUESTION_ANSWER_CONFIDENCE)
}


def question_answer_draws(
    chat: Chat,
    prompts: PromptLibrary,
    parameters: TreeParameters,
    language: str,
    prompt_name: str,
    examples: Sequence[FewShotExample],
) -> RootDraws:
    """Draw with the prompt *prompt_name*; *examples* are shown as replies that are sure."""
    reply_format = REPLY_FORMATS[prompt_name]
    prompt = prompts.get(prompt_name, language)
    fields = {field.name for field in reply_format.fields}
    shown = tuple(
        ChatExample(
            user=prompt.user(context=example.context),
            reply={
                name: value
                for name, value in (
                    ("question", example.question),
                    ("answer", example.answer),
                    ("confidence", "high"),
                )
                if name in fields
            },
        )
        for example in examples
    )

    def request(context: Context, sample: int) -> ChatRequest:
        return ChatRequest(
            instruction=prompt.instruction(),
            user=prompt.user(context=context.text),
            reply_format=reply_format,
            temperature=parameters.temperature,
            language=language,
            examples=shown,
            sample=sample,
            stage=CST_NODES,
            document_id=context.document_id,
        )

    return RootDraws(chat, parameters, request, _not_sure)


def _not_sure(fields: ReplyFields) -> Flaw | None:
    confidence = str(fields.get("confidence", "high"))
    if confidence == "high":
        return None
    return Flaw("low_confidence", f"{confidence}: {fields['question']}")
