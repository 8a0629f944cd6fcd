"""The strategy that ``[tree] strategy`` names: augcon's own, or that of a package."""

from collections.abc import Callable, Sequence
from typing import Protocol

from augcon_lib.chat.port import Chat
from augcon_lib.errors import SettingsError
from augcon_lib.extensions import find, known_names
from augcon_lib.prompts import PromptLibrary
from augcon_lib.records import Context, FewShotExample
from augcon_lib.settings import STRATEGIES, Settings
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
"""Settings, language, model, prompts and examples; what ``augcon.strategies`` registers."""


def strategy_for(
    settings: Settings,
    language: str,
    chat: Chat,
    prompts: PromptLibrary,
    examples: Sequence[FewShotExample],
) -> Strategy:
    """Return the strategy of *settings* for root contexts in *language*.

    *examples* are shown if question and answer are requested together. Raises ``SettingsError`` if
    a package's strategy cannot be used.
    """
    name = settings.tree.strategy
    extension = find("strategy", name, STRATEGIES)
    if extension is not None:
        made: Strategy = extension.load()(settings, language, chat, prompts, examples)
        return made
    if name not in STRATEGIES:
        known = known_names("strategy", STRATEGIES)
        raise SettingsError(f"[tree] strategy: no package registers {name!r}; known: {known}")
    parameters = tree_parameters(settings, language)
    if name == "direct":
        return direct_draws(chat, prompts, parameters, language)
    if name == "adaptllm":
        return MinedTasks(parameters, language)
    if settings.tree.answers_itself:
        prompt_name = settings.tree.prompt_name
        return question_answer_draws(chat, prompts, parameters, language, prompt_name, examples)
    return ContextSplitTree(chat, prompts, parameters, language)
