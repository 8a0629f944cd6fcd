"""Messages for users about failures of batches."""

from augcon_lib.model.batch.api import BatchState
from augcon_lib.model.batch.files import ResultLine
from augcon_lib.model.endpoints.breaker import describe, public_url
from augcon_lib.model.wire.transport import CallError
from augcon_lib.settings import ModelSettings

NO_SUCH_PATH = frozenset({404, 405, 501})
TOO_MUCH_CODE = "token_limit_exceeded"  # for all batches of an account, not for one
KEY_OR_ACCOUNT = frozenset({401, 402, 403})


def describe_batches(
    failure: CallError, model: ModelSettings, batch_id: str = "", *, has_key: bool
) -> str:
    """Describe why ``/files`` or ``/batches`` fails, and the fix; never contains the key.

    *batch_id* names the batch of the failed call; without one it is the endpoint as a whole.
    """
    host = public_url(model.base_url)
    cause = f"HTTP {failure.status}: {failure.detail}" if failure.status else failure.detail
    if failure.status in KEY_OR_ACCOUNT or failure.kind == "connect":
        return describe(failure, model, has_key=has_key)
    if failure.status in NO_SUCH_PATH and batch_id:
        return (
            f"{host} no longer knows the batch {batch_id} or its results ({cause}); use the key "
            "that the batch was sent with, or drop the batch: augcon journal forget-batches"
        )
    if failure.status in NO_SUCH_PATH:
        return f'{host} does not support batches ({cause}); set [model] mode = "online"'
    return (
        f"{host} fails at /files or /batches ({cause}); batches that were sent are kept: check the "
        "endpoint, and run again"
    )


def is_too_much_at_once(state: BatchState) -> bool:
    """Whether a batch was refused because the account has too much queued at the endpoint."""
    return state.status == "failed" and TOO_MUCH_CODE in state.problem


def ended_badly(state: BatchState, answered: int, model: ModelSettings) -> str:
    """Describe why a batch's end stops the run; empty if its open requests can be sent again."""
    batch = f"{public_url(model.base_url)}: batch {state.batch_id}"
    if state.status == "failed":
        cause = state.problem or "no reason given"
        return (
            f"{batch} was refused as a whole ({cause}); fix that, lower [model] batch_max_requests "
            "or batch_max_megabytes if it is a limit, and run again"
        )
    kept = f"its {answered} answers are kept; run again to send the rest"
    if state.status == "cancelled":
        return f"{batch} was cancelled; {kept}"
    if state.status == "expired" and not answered:
        return f"{batch} expired before any request was answered; run again to send it again"
    return ""


def nothing_answered(state: BatchState) -> ResultLine:
    """Return the result of a request that its batch ended without."""
    return ResultLine(0, None, f"batch_{state.status}", f"the batch is {state.status} without it")
