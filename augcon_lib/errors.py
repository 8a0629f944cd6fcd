"""The one family of exceptions.

Every message names the document, file or setting, says what is wrong with it, and what to do.
"""


class AugconError(Exception):
    """Base of every error that augcon raises on purpose."""


class SettingsError(AugconError):
    """A setting is unknown, of the wrong type, or contradicts another."""


class StoreError(AugconError):
    """The document store could not be listed: not the same thing as an empty store."""


class RetirementHeld(AugconError):
    """So many documents would leave the dataset that somebody has to agree first."""


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
    """The version was measured and is below the threshold of the settings."""


class WarehouseError(AugconError):
    """The DuckDB warehouse cannot be opened, or holds something that breaks its own rules."""


class LineageError(AugconError):
    """Dagster does not show what the warehouse holds, or cannot be made to."""


class ModelError(AugconError):
    """Base of everything that can go wrong between augcon and the model."""


class EndpointError(ModelError):
    """The endpoint cannot serve this workspace at all (key, host, model name, circuit open).

    Raised once for a run, not once for a call; nothing more is sent after it.
    """


class AnswerRejected(ModelError):
    """One request got no usable answer after all attempts; only its own subject is lost.

    ``reason`` is a short code (``unparsable``, ``refused``, ``length``, ``call_failed`` ...).
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    @property
    def is_transient(self) -> bool:
        """Did the endpoint fail, rather than the answer? Then another run is worth it."""
        return self.reason == "call_failed"


class BudgetExceeded(ModelError):
    """``[budget]`` allows no further call; what has been answered is kept and a run can resume."""
