"""Running coroutines together so that none outlives its siblings."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from augcon_lib.errors import BudgetExceeded, EndpointError

Result = TypeVar("Result")


async def run_together(coroutines: Iterable[Coroutine[Any, Any, Result]]) -> list[Result]:
    """The results in order; when one raises, the others are cancelled and its error is raised.

    Unlike ``asyncio.gather``, nothing goes on in the background after an error. Of several
    errors the one that stops a run (``EndpointError``, ``BudgetExceeded``) wins.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in coroutines]
    except BaseExceptionGroup as group_error:
        raise most_serious(group_error) from None
    return [task.result() for task in tasks]


def most_serious(error: BaseException) -> BaseException:
    """The error to tell out of a group of errors, which may be nested."""
    leaves = _leaves(error)
    stops = (leaf for leaf in leaves if isinstance(leaf, EndpointError | BudgetExceeded))
    return next(stops, leaves[0])


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]
