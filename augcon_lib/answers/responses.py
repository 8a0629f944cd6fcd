"""Step 3: principle-driven responses with the chosen few-shot examples (section 3.4).

The context is the node's own, so that the answer has exactly what the query needs; context,
principles, examples and reasoning are dropped afterwards. Answers that do not keep to their context
are rejected.
"""

from collections.abc import Sequence

from augcon_lib.answers.gates import gate_fault
from augcon_lib.answers.grounding import is_refusal, ungrounded
from augcon_lib.chat.port import Chat, ChatExample, ChatReply, ChatRequest
from augcon_lib.chat.reply_formats import ANSWER, JUDGEMENT, REASONED_ANSWER
from augcon_lib.errors import AnswerRejected
from augcon_lib.pipeline import RESPONSES
from augcon_lib.prompts import PromptLibrary
from augcon_lib.records import FewShotExample, Rejection, Response, content_id
from augcon_lib.settings import ResponsesSettings
from augcon_lib.text.rouge import tokenize
from augcon_lib.text.sentences import split_sentences

JUDGE_TEMPERATURE = 0.0
QUOTED_SENTENCES = 2


def answer_request(
    prompts: PromptLibrary,
    principles: str,
    settings: ResponsesSettings,
    *,
    context: str,
    query: str,
    few_shot: Sequence[FewShotExample],
    language: str,
    stage: str = RESPONSES,
    document_id: str = "",
) -> ChatRequest:
    """Build the request LLM(I_R, P, E_R', C, q); without principles, the plain prompt.

    If the model reasons first, so do the examples: they quote what is relevant to the answer.
    """
    reasons = settings.reasoning and bool(principles)
    name = "answer_reasoned" if reasons else "answer" if principles else "answer_plain"
    prompt = prompts.get(name, language)
    variables = {"principles": principles} if principles else {}
    return ChatRequest(
        instruction=prompt.instruction(**variables),
        user=prompt.user(context=context, question=query),
        reply_format=REASONED_ANSWER if reasons else ANSWER,
        temperature=settings.temperature,
        language=language,
        examples=tuple(
            ChatExample(
                user=prompt.user(context=example.context, question=example.question),
                reply={
                    **({"reasoning": _quoted(example, language)} if reasons else {}),
                    "answer": example.answer,
                },
            )
            for example in few_shot
        ),
        stage=stage,
        document_id=document_id,
    )


def faithfulness_request(
    prompts: PromptLibrary,
    *,
    context: str,
    query: str,
    answer: str,
    language: str,
    document_id: str = "",
) -> ChatRequest:
    """Build the request for the model's own verdict: does the context support all of the answer?"""
    prompt = prompts.get("faithfulness", language)
    return ChatRequest(
        instruction=prompt.instruction(),
        user=prompt.user(context=context, question=query, answer=answer),
        reply_format=JUDGEMENT,
        temperature=JUDGE_TEMPERATURE,
        language=language,
        stage=RESPONSES,
        document_id=document_id,
    )


class Responder:
    """Answers queries from their contexts: LLM(I_R, P, E_R', C, q).

    Without principles it is the plain prompt of the ablation in section 4.4.
    """

    def __init__(
        self, chat: Chat, prompts: PromptLibrary, principles: str, settings: ResponsesSettings
    ) -> None:
        self._chat = chat
        self._prompts = prompts
        self._principles = principles
        self._settings = settings

    async def answer(
        self,
        *,
        context: str,
        query: str,
        few_shot: Sequence[FewShotExample],
        language: str,
        stage: str = RESPONSES,
        document_id: str = "",
    ) -> ChatReply:
        """Return the reply; raises ``AnswerRejected``, ``EndpointError``, ``BudgetExceeded``."""
        return await self._chat.ask(
            answer_request(
                self._prompts,
                self._principles,
                self._settings,
                context=context,
                query=query,
                few_shot=few_shot,
                language=language,
                stage=stage,
                document_id=document_id,
            )
        )

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
        """Return the response to one selected query, or the rejection.

        Rejects unusable replies, answers that say there is no answer (``unanswered``), and those
        that do not keep to the context (``ungrounded``, ``unfaithful``) or to a gate of the
        settings. Raises ``AnswerRejected`` only if the endpoint failed, so that another run may
        succeed.
        """
        try:
            reply = await self.answer(
                context=context,
                query=query,
                few_shot=few_shot,
                language=language,
                document_id=document_id,
            )
            answer = answer_in(reply)
            found = lexical_fault(answer, context, query, language, self._settings)
            if found is None and self._settings.judge_faithfulness:
                found = await self._judged(answer, context, query, language, document_id)
        except AnswerRejected as error:
            if error.is_transient:
                raise
            found = (error.reason, error.detail)
        if found is not None:
            return Rejection(RESPONSES, document_id, node_id, *found)
        return response_of(node_id, document_id, query, answer, few_shot_version, reply)

    async def _judged(
        self, answer: str, context: str, query: str, language: str, document_id: str
    ) -> tuple[str, str] | None:
        reply = await self._chat.ask(
            faithfulness_request(
                self._prompts,
                context=context,
                query=query,
                answer=answer,
                language=language,
                document_id=document_id,
            )
        )
        if reply.fields["verdict"] == "yes":
            return None
        return "unfaithful", f"{reply.fields.get('reason', '')} ({answer})"


def lexical_fault(
    answer: str, context: str, query: str, language: str, settings: ResponsesSettings
) -> tuple[str, str] | None:
    """Return reason and detail if *answer* is none, or names what context and query lack.

    The gates of *settings* come last.
    """
    if settings.check_refusals and is_refusal(answer, context):
        return "unanswered", answer
    missing = ungrounded(answer, [context, query], language) if settings.check_grounding else ()
    if missing:
        return "ungrounded", f"not in the passage: {', '.join(missing)} ({answer})"
    return gate_fault(settings.gates, query, answer, context, language)


def own_response(
    node_id: str,
    document_id: str,
    context: str,
    query: str,
    answer: str,
    language: str,
    settings: ResponsesSettings,
) -> Response | Rejection:
    """The response of a strategy that brought the *answer* along; only gates may reject it."""
    found = gate_fault(settings.gates, query, answer, context, language)
    if found is not None:
        return Rejection(RESPONSES, document_id, node_id, *found)
    return response_of(node_id, document_id, query, answer)


def answer_in(reply: ChatReply) -> str:
    """Return the answer in a reply."""
    return str(reply.fields["answer"]).strip()


def response_of(
    node_id: str,
    document_id: str,
    query: str,
    answer: str,
    few_shot_version: str = "",
    reply: ChatReply | None = None,
) -> Response:
    """Return the record of a good *answer*; without few-shot version it came with its query."""
    return Response(
        response_id=content_id("response", node_id, query, answer),
        node_id=node_id,
        document_id=document_id,
        query=query,
        response=answer,
        few_shot_version=few_shot_version,
        status="ok",
        journal_key=reply.journal_key if reply else "",
        sample=reply.sample if reply else None,
    )


def _quoted(example: FewShotExample, language: str) -> str:
    """Return the sentences of an example's context that share most with its answer, in order."""
    wanted = set(tokenize(example.answer))
    spans = split_sentences(example.context, language)
    sentences = [example.context[start:end] for start, end in spans] or [example.context]
    shared = [len(wanted & set(tokenize(sentence))) for sentence in sentences]
    ranked = sorted(range(len(sentences)), key=lambda place: (-shared[place], place))
    chosen = sorted(place for place in ranked[:QUOTED_SENTENCES] if shared[place] > 0)
    return " ".join(f"“{sentences[place]}”" for place in chosen or ranked[:1])
