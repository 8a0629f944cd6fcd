"""Calls to a model: requests and replies, the engine, the journal, and the endpoints."""

from augcon_lib.model.health import (
    EndpointReport,
    check_connection,
    check_embeddings,
    check_endpoint,
)
from augcon_lib.model.journal_key import model_identity
from augcon_lib.model.opening import check_open_batches, open_engine, validate_model_settings

__all__ = [
    "EndpointReport",
    "check_connection",
    "check_embeddings",
    "check_endpoint",
    "check_open_batches",
    "model_identity",
    "open_engine",
    "validate_model_settings",
]
