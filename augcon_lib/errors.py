"""The one family of exceptions.

Every message names the document, file or setting, says what is wrong with it, and what to do.
"""


class AugconError(Exception):
    """Base of every error that augcon raises on purpose."""


class SettingsError(AugconError):
    """A setting is unknown, of the wrong type, or contradicts another."""


class StoreError(AugconError):
    """The document store could not be listed; an empty store is something else."""


class RetirementHeld(AugconError):
    """A sync would retire so many documents that somebody has to consent first."""


class DocumentError(AugconError):
    """One document cannot be read; the rest of the store is unaffected.

    ``reason`` is a short code (``snake_case``) that is stored and counted.
    """

    def __init__(self, document_id: str, reason: str, message: str) -> None:
        super().__init__(f"{document_id}: {message}")
        self.document_id = document_id
        self.reason = reason
        self.message = message


class PromptError(AugconError):
    """A prompt file is missing, or uses a variable that does not exist."""


class PromotionRefused(AugconError):
    """The version was measured and is below the threshold in the settings."""


class WarehouseError(AugconError):
    """The DuckDB warehouse cannot be opened, or contains rows that break its own rules."""


class LineageError(AugconError):
    """Dagster does not show what the warehouse contains, and cannot be updated to show it."""


class ModelError(AugconError):
    """Base of all errors between augcon and the model."""


class EndpointError(ModelError):
    """The endpoint cannot serve this workspace at all (key, host, model name, circuit open).

    Raised once per run, not once per call; nothing is sent after it.
    """


class AnswerRejected(ModelError):
    """One request got no usable answer after all attempts; other requests are unaffected.

    ``reason`` is a short code (``unparsable``, ``refused``, ``length``, ``call_failed`` ...).
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    @property
    def is_transient(self) -> bool:
        """Whether the endpoint failed rather than the answer, so that another run may succeed."""
        return self.reason == "call_failed"


class BudgetExceeded(ModelError):
    """``[budget]`` allows no further call; stored answers are kept and a later run can resume."""
