"""The strategy that ``[tree] strategy`` names."""

from collections.abc import Callable, Sequence
from typing import Protocol

from augcon_lib.chat.port import Chat
from augcon_lib.prompts import PromptLibrary
from augcon_lib.records import Context, FewShotExample
from augcon_lib.settings import Settings
from augcon_lib.strategies.adaptllm import MinedTasks
from augcon_lib.strategies.question_answers import question_answer_draws
from augcon_lib.strategies.root_draws import direct_draws
from augcon_lib.tree.context_split_tree import ContextSplitTree, GrownTrees
from augcon_lib.tree.lengths import tree_parameters


class Strategy(Protocol):
    """Generates the queries of a root context."""

    async def grow(self, context: Context) -> GrownTrees:
        """Return nodes with queries (and answers, if the strategy has them), and rejections.

        Raises ``EndpointError``, ``BudgetExceeded``, and ``AnswerRejected`` if the endpoint
        failed.
        """
        ...


ChooseStrategy = Callable[[Settings, str, Chat, PromptLibrary, Sequence[FewShotExample]], Strategy]


def strategy_for(
    settings: Settings,
    language: str,
    chat: Chat,
    prompts: PromptLibrary,
    examples: Sequence[FewShotExample],
) -> Strategy:
    """Return the strategy of *settings* for root contexts in *language*.

    *examples* are shown if question and answer are requested together.
    """
    parameters = tree_parameters(settings, language)
    if settings.tree.strategy == "direct":
        return direct_draws(chat, prompts, parameters, language)
    if settings.tree.strategy == "adaptllm":
        return MinedTasks(parameters, language)
    if settings.tree.answers_itself:
        name = settings.tree.prompt_name
        return question_answer_draws(chat, prompts, parameters, language, name, examples)
    return ContextSplitTree(chat, prompts, parameters, language)
