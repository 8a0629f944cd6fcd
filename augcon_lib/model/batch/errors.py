"""What goes wrong with batches, in words for the user."""

from augcon_lib.model.batch.api import BatchState
from augcon_lib.model.batch.files import ResultLine
from augcon_lib.model.endpoints.breaker import describe, public_url
from augcon_lib.model.wire.transport import CallError
from augcon_lib.settings import ModelSettings

NO_SUCH_PATH = frozenset({404, 405, 501})
TOO_MUCH_CODE = "token_limit_exceeded"  # in all batches of an account, not in one
KEY_OR_ACCOUNT = frozenset({401, 402, 403})


def describe_batches(
    failure: CallError, model: ModelSettings, batch_id: str = "", *, has_key: bool
) -> str:
    """Why ``/files`` or ``/batches`` cannot be used, and the way out; never holds the key.

    *batch_id* names the batch that was asked about; without one it is the endpoint as a whole.
    """
    host = public_url(model.base_url)
    said = f"HTTP {failure.status}: {failure.detail}" if failure.status else failure.detail
    if failure.status in KEY_OR_ACCOUNT or failure.kind == "connect":
        return describe(failure, model, has_key=has_key)
    if failure.status in NO_SUCH_PATH and batch_id:
        return (
            f"{host} does not know the batch {batch_id} or its results any more ({said}); use the "
            "key it was sent with, or give it up: augcon journal forget-batches"
        )
    if failure.status in NO_SUCH_PATH:
        return f'{host} takes no batches ({said}); set [model] mode = "online"'
    return (
        f"{host} fails at its /files or /batches ({said}); what was sent is kept: see to the "
        "endpoint, and run again"
    )


def is_too_much_at_once(state: BatchState) -> bool:
    """Whether a batch was refused because of all that the account has with the endpoint."""
    return state.status == "failed" and TOO_MUCH_CODE in state.problem


def ended_badly(state: BatchState, answered: int, model: ModelSettings) -> str:
    """Why a batch's end stops the run; empty where what it left unanswered can be sent again."""
    batch = f"{public_url(model.base_url)}: batch {state.batch_id}"
    if state.status == "failed":
        said = state.problem or "no reason is given"
        return (
            f"{batch} was refused as a whole ({said}); mend that, lower [model] "
            "batch_max_requests or batch_max_megabytes if it is a limit, and run again"
        )
    kept = f"its {answered} answers are kept; run again to send the rest"
    if state.status == "cancelled":
        return f"{batch} was cancelled; {kept}"
    if state.status == "expired" and not answered:
        return f"{batch} expired before one request was answered; run again to send it again"
    return ""


def nothing_answered(state: BatchState) -> ResultLine:
    """The result of a request that its batch ended without."""
    return ResultLine(0, None, f"batch_{state.status}", f"the batch is {state.status} without it")
