"""The strategy ``adaptllm``: mined tasks as nodes (section 4.1)."""

from dataclasses import replace

from augcon_lib.records import Context, Node, content_id
from augcon_lib.strategies.mined_tasks import MinedTask, mine_tasks
from augcon_lib.strategies.root_draws import root_node
from augcon_lib.tree.context_split_tree import GrownTrees, TreeParameters


class MinedTasks:
    """Mines root contexts in one language; calls no model."""

    def __init__(self, parameters: TreeParameters, language: str) -> None:
        self._parameters = parameters
        self._language = language

    async def grow(self, context: Context) -> GrownTrees:
        """Return the root context, without a query, and each task as a node over its own span."""
        tasks = [
            task
            for task in mine_tasks(context.text, self._language)
            if len(task.query) >= self._parameters.min_query_chars
        ]
        root = root_node(context, 0, stop_reason="mined" if tasks else "nothing_to_mine")
        nodes = [_node(context, number, task) for number, task in enumerate(tasks, start=1)]
        return GrownTrees((root, *nodes), ())


def _node(context: Context, number: int, task: MinedTask) -> Node:
    text = context.text[task.start_char : task.end_char]
    node_id = content_id("node", context.context_id, number, task.kind, text)
    node = root_node(
        context, number, query=task.query, answer=task.answer, stop_reason=f"mined_{task.kind}"
    )
    return replace(
        node,
        node_id=node_id,
        text=text,
        start_char=context.start_char + task.start_char,
        end_char=context.start_char + task.end_char,
        path=(node_id,),
    )
