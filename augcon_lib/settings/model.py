"""``[model]``: the endpoint or endpoints to call, their limits and prices."""

from typing import Literal

from pydantic import Field

from augcon_lib.settings.section import (
    Count,
    Fraction,
    NotNegative,
    Positive,
    PositiveCount,
    Section,
    VariableName,
)


class EndpointSettings(Section):
    """``[[model.endpoints]]``: one of several servers of the same model.

    Keys that are not set here are taken from ``[model]``.
    """

    base_url: str = Field(min_length=1, description="e.g. http://gpu-1:8000/v1")
    name: str | None = Field(None, description="name of the model on this server, if it differs")
    api_key_env: VariableName | None = Field(
        None, description="name of the environment variable with its key"
    )
    structured_output: Literal["auto", "json_schema", "text"] | None = Field(
        None, description="how to ask it for fields"
    )
    max_concurrency: PositiveCount | None = Field(None, description="concurrent calls to it")
    timeout_seconds: Positive | None = Field(None, description="of one call")
    requests_per_minute: Count | None = Field(None, description="0: no limit")
    tokens_per_minute: Count | None = Field(None, description="0: no limit")
    input_usd_per_million_tokens: NotNegative | None = Field(None, description="its price")
    output_usd_per_million_tokens: NotNegative | None = Field(None, description="its price")


class ModelSettings(Section):
    """``[model]``: the endpoint, its limits and its prices."""

    # "model_" is a protected prefix of pydantic; none of these fields starts with it.
    provider: Literal["offline", "openai"] = Field(
        "offline",
        description="offline: embedded and extractive, for trials and tests only; openai: any "
        "endpoint with that API",
    )
    base_url: str = Field("", description="e.g. http://localhost:8000/v1")
    name: str = Field("", description="name of the model, e.g. Qwen/Qwen3-32B")
    mode: Literal["online", "batch"] = Field(
        "online", description="batch: send all calls through the endpoint's /batches, within a day"
    )
    api_key_env: VariableName = Field(
        "OPENAI_API_KEY", description="name of the environment variable with the key, never the key"
    )
    structured_output: Literal["auto", "json_schema", "text"] = Field(
        "auto",
        description="how to ask the model for fields: by a JSON schema, or by labels in text; "
        "auto: send one small call to find out what the endpoint supports",
    )
    max_concurrency: PositiveCount = Field(64, description="concurrent calls, over all documents")
    timeout_seconds: Positive = Field(120.0, description="of one call")
    requests_per_minute: Count = Field(0, description="0: no limit")
    tokens_per_minute: Count = Field(0, description="input and output together; 0: no limit")
    input_usd_per_million_tokens: NotNegative = Field(0.0, description="price, for plan and budget")
    output_usd_per_million_tokens: NotNegative = Field(
        0.0, description="price, for plan and budget"
    )
    batch_discount: Fraction = Field(0.5, description="share of the price that batches save")
    batch_poll_seconds: Positive = Field(
        60.0, description="how often to poll the endpoint for the state of its batches"
    )
    batch_max_requests: PositiveCount = Field(50_000, description="requests in one batch")
    batch_max_megabytes: Positive = Field(100.0, description="size of one batch's file")
    endpoints: tuple[EndpointSettings, ...] = Field(
        (), description="several servers of the same model, instead of base_url"
    )

    @property
    def servers(self) -> tuple["ModelSettings", ...]:
        """The settings of each server to call: one for each endpoint, or only these."""
        if not self.endpoints:
            return (self,)
        own = (endpoint.model_dump(exclude_none=True) for endpoint in self.endpoints)
        return tuple(self.model_copy(update={**values, "endpoints": ()}) for values in own)

    @property
    def calls_at_once(self) -> int:
        """How many calls may be in flight, over all servers, or in one batch."""
        if self.mode == "batch":
            return self.batch_max_requests
        return sum(server.max_concurrency for server in self.servers)

    def cost_usd(self, input_tokens: int, output_tokens: int) -> float:
        """Return the price of the tokens in US dollars; with the discount in batch mode."""
        share = 1.0 - self.batch_discount if self.mode == "batch" else 1.0
        return (
            share
            * (
                input_tokens * self.input_usd_per_million_tokens
                + output_tokens * self.output_usd_per_million_tokens
            )
            / 1e6
        )
