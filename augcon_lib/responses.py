"""Step 3: principle-driven responses with the chosen few-shot examples (section 3.4).

The context is the node's own, so that the answer has just what the query needs; context,
principles and examples are dropped afterwards.
"""

from collections.abc import Sequence

from augcon_lib.errors import AnswerRejected
from augcon_lib.model.chat import Chat, ChatExample, ChatRequest
from augcon_lib.model.replies import ANSWER
from augcon_lib.prompts import PromptLibrary
from augcon_lib.records import FewShotExample, Rejection, Response, content_id

STAGE = "responses"


def answer_request(
    prompts: PromptLibrary,
    principles: str,
    temperature: float,
    *,
    context: str,
    query: str,
    few_shot: Sequence[FewShotExample],
    language: str,
    stage: str = STAGE,
    document_id: str = "",
) -> ChatRequest:
    """What the model is asked: LLM(I_R, P, E_R', C, q); without principles, the plain prompt."""
    prompt = prompts.get("answer" if principles else "answer_plain", language)
    variables = {"principles": principles} if principles else {}
    return ChatRequest(
        instruction=prompt.instruction(**variables),
        user=prompt.user(context=context, question=query),
        reply_format=ANSWER,
        temperature=temperature,
        language=language,
        examples=tuple(
            ChatExample(
                user=prompt.user(context=example.context, question=example.question),
                reply={"answer": example.answer},
            )
            for example in few_shot
        ),
        stage=stage,
        document_id=document_id,
    )


class Responder:
    """Answers queries from their contexts: LLM(I_R, P, E_R', C, q).

    Without principles it is the plain prompt of the ablation in section 4.4.
    """

    def __init__(
        self, chat: Chat, prompts: PromptLibrary, principles: str, temperature: float
    ) -> None:
        self._chat = chat
        self._prompts = prompts
        self._principles = principles
        self._temperature = temperature

    async def answer(
        self,
        *,
        context: str,
        query: str,
        few_shot: Sequence[FewShotExample],
        language: str,
        stage: str = STAGE,
        document_id: str = "",
    ) -> str:
        """The model's answer; raises ``AnswerRejected``, ``EndpointError``, ``BudgetExceeded``."""
        reply = await self._chat.ask(
            answer_request(
                self._prompts,
                self._principles,
                self._temperature,
                context=context,
                query=query,
                few_shot=few_shot,
                language=language,
                stage=stage,
                document_id=document_id,
            )
        )
        return str(reply.fields["answer"]).strip()

    async def respond(
        self,
        *,
        node_id: str,
        document_id: str,
        context: str,
        query: str,
        few_shot: Sequence[FewShotExample],
        few_shot_version: str,
        language: str,
    ) -> Response | Rejection:
        """The response to one selected query, or why there is none.

        Raises ``AnswerRejected`` only where the endpoint failed, which is worth another run.
        """
        try:
            answer = await self.answer(
                context=context,
                query=query,
                few_shot=few_shot,
                language=language,
                document_id=document_id,
            )
        except AnswerRejected as error:
            if error.is_transient:
                raise
            return Rejection(STAGE, document_id, node_id, error.reason, error.detail)
        return response_of(node_id, document_id, query, answer, few_shot_version)


def response_of(
    node_id: str, document_id: str, query: str, answer: str, few_shot_version: str = ""
) -> Response:
    """The record of a good *answer*; without few-shot version it came along with its query."""
    return Response(
        response_id=content_id("response", node_id, query, answer),
        node_id=node_id,
        document_id=document_id,
        query=query,
        response=answer,
        few_shot_version=few_shot_version,
        status="ok",
    )
