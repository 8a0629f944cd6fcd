"""The typed settings of ``augcon.toml``; the only module that reads the environment.

Every key can be overridden by ``AUGCON_<SECTION>__<KEY>``. An unknown key, a wrong type or an
impossible value is a :class:`~augcon_lib.errors.SettingsError` that names file, key and way out.
"""

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as UnreadableVariable

from augcon_lib.errors import SettingsError

SETTINGS_FILE_NAME = "augcon.toml"

Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
PositiveCount = Annotated[int, Field(ge=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceSettings(_Section):
    """``[source]``: the document store."""

    uri: str = Field(
        "documents", min_length=1, description="folder, file, archive or any fsspec URL"
    )
    include: tuple[str, ...] = Field(("**/*",), description="glob patterns below the uri")
    exclude: tuple[str, ...] = Field((), description="glob patterns below the uri")
    text_column: str = Field("text", description="text column of tables (one document per row)")
    id_column: str = Field("id", description="id column of tables; absent: the row number")


class EndpointSettings(_Section):
    """``[[model.endpoints]]``: one of several servers of the same model.

    What is not set here is as in ``[model]``.
    """

    base_url: str = Field(min_length=1, description="e.g. http://gpu-1:8000/v1")
    name: str | None = Field(None, description="the model's name there, if it differs")
    api_key_env: str | None = None
    structured_output: Literal["auto", "json_schema", "text"] | None = None
    max_concurrency: PositiveCount | None = None
    timeout_seconds: Annotated[float, Field(gt=0)] | None = None
    requests_per_minute: Count | None = None
    tokens_per_minute: Count | None = None
    input_usd_per_million_tokens: Annotated[float, Field(ge=0)] | None = None
    output_usd_per_million_tokens: Annotated[float, Field(ge=0)] | None = None


class ModelSettings(_Section):
    """``[model]``: the endpoint, its limits and its prices."""

    # "model_" is a protected prefix of pydantic; none of these fields starts with it.
    provider: Literal["offline", "openai"] = "offline"
    base_url: str = Field("", description="e.g. http://localhost:8000/v1")
    name: str = ""
    mode: Literal["online", "batch"] = Field(
        "online", description="batch: all calls through the endpoint's /batches, within a day"
    )
    api_key_env: str = Field("OPENAI_API_KEY", description="name of the variable, not the key")
    structured_output: Literal["auto", "json_schema", "text"] = "auto"
    max_concurrency: PositiveCount = 64
    timeout_seconds: Annotated[float, Field(gt=0)] = 120.0
    requests_per_minute: Count = 0
    tokens_per_minute: Count = 0
    input_usd_per_million_tokens: Annotated[float, Field(ge=0)] = 0.0
    output_usd_per_million_tokens: Annotated[float, Field(ge=0)] = 0.0
    batch_discount: Fraction = Field(0.5, description="share of the price that batches save")
    batch_poll_seconds: Annotated[float, Field(gt=0)] = Field(
        60.0, description="how often the endpoint is asked how far its batches are"
    )
    batch_max_requests: PositiveCount = Field(50_000, description="requests in one batch")
    batch_max_megabytes: Annotated[float, Field(gt=0)] = Field(
        100.0, description="size of one batch's file"
    )
    endpoints: tuple[EndpointSettings, ...] = Field(
        (), description="several servers of the same model, in place of base_url"
    )

    @property
    def servers(self) -> tuple["ModelSettings", ...]:
        """The settings of each server that is asked: one for each endpoint, or just these."""
        if not self.endpoints:
            return (self,)
        own = (endpoint.model_dump(exclude_none=True) for endpoint in self.endpoints)
        return tuple(self.model_copy(update={**values, "endpoints": ()}) for values in own)

    @property
    def calls_at_once(self) -> int:
        """How many calls may be on the wire, over all servers, or in one batch."""
        if self.mode == "batch":
            return self.batch_max_requests
        return sum(server.max_concurrency for server in self.servers)

    def cost_usd(self, input_tokens: int, output_tokens: int) -> float:
        """Price of so many tokens, in US dollars; with the discount in batch mode."""
        share = 1.0 - self.batch_discount if self.mode == "batch" else 1.0
        return (
            share
            * (
                input_tokens * self.input_usd_per_million_tokens
                + output_tokens * self.output_usd_per_million_tokens
            )
            / 1e6
        )


class TreeSettings(_Section):
    """``[tree]``: the Context-Split-Tree (paper, section 3.2)."""

    strategy: Literal["cst", "direct", "middle", "context_instruct", "etrc", "adaptllm"] = Field(
        "cst", description="for comparison: ablations of section 4.4, baselines of section 4.1"
    )
    language: str = Field(
        "auto",
        pattern="^(auto|[a-z]{2,3}(-[A-Za-z]+)?)$",
        description="preset of lengths by language code; auto: by the text's script",
    )
    max_context_chars: Count = Field(0, description="l, the initial context length; 0: preset")
    min_context_chars: Count = Field(0, description="lambda; 0: preset")
    split: Literal["rewrite", "boundary"] = "rewrite"
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.85
    min_split_rouge_l: Fraction = Field(0.7, description="Algorithm 1, line 7")
    max_rounds: PositiveCount = Field(6, description="how often a tree is drawn to fill its quota")

    @property
    def parts(self) -> str:
        """How a passage is split: ``rewrite``, ``boundary``, ``middle``; ``none``: not at all."""
        if self.strategy == "cst":
            return self.split
        return "middle" if self.strategy == "middle" else "none"

    @property
    def prompt_name(self) -> str:
        """The prompt that asks for queries; empty where no model is asked."""
        prompts = {
            "cst": f"cst_{self.split}",
            "context_instruct": "question_answer_confidence",
            "etrc": "question_answer",
            "adaptllm": "",
        }
        return prompts.get(self.strategy, "question")

    @property
    def answers_itself(self) -> bool:
        """Whether the strategy brings answers along with its queries."""
        return self.strategy in ("context_instruct", "etrc", "adaptllm")


class ScorerSettings(_Section):
    """``[scorer]``: contrastive pairs and the scorer (section 3.3)."""

    kind: Literal["linear", "transformer", "none"] = Field(
        "linear", description="none: a random choice among the queries, for comparison"
    )
    embedding_model: str = Field(
        "", description="linear: name or folder of a sentence-transformers model, as a feature"
    )
    base_model: str = Field("", description="transformer: name or folder of the base model")
    max_tokens: Annotated[int, Field(ge=16)] = Field(
        1024, description="transformer: of context and query together; a longer context is cut"
    )
    epochs: PositiveCount = Field(4, description="transformer: passes over the pairs")
    pairs_per_negative_kind: PositiveCount = 500
    min_pair_accuracy: Fraction = Field(
        0.6, description="a scorer below it on held-out pairs is refused; half is chance"
    )
    retrain_drift: Fraction = Field(
        0.5,
        description="share of documents whose trees are newer than the scorer from which it is "
        "trained again; 0: never",
    )


class SelectionSettings(_Section):
    """``[selection]``: quota and greedy ROUGE-L filter (section 3.3)."""

    chars_per_query: Count = Field(0, description="one query per so many characters; 0: preset")
    max_rouge_l: Fraction = 0.7
    rouge_l: Literal["precision", "f1"] = Field(
        "precision", description="the paper's, or that of its authors' code"
    )
    whole_corpus: bool = Field(
        False, description="also leave out rows that repeat one of another document"
    )
    oversample: Annotated[float, Field(ge=1)] = Field(
        1.15, description="trees are drawn until they hold this many times the quota"
    )


class ResponsesSettings(_Section):
    """``[responses]``: principles and few-shot search (section 3.4)."""

    few_shot_count: Count = 3
    search_trials: PositiveCount = 16
    plain: bool = Field(
        False,
        description="for comparison: no principles, and the first examples instead of a search",
    )
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.2
    reasoning: bool = Field(
        False, description="the model reasons before it answers; that never reaches the dataset"
    )
    check_grounding: bool = Field(
        True, description="reject refusals, and names, numbers and dates not in the passage"
    )
    judge_faithfulness: bool = Field(
        False, description="one more call for each answer: does the passage bear all of it?"
    )


class DatasetSettings(_Section):
    """``[dataset]``: the exported rows."""

    test_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.0
    failed_documents: Literal["leave_out", "keep"] = Field(
        "leave_out",
        description="rows of a document that failed: none, or its last good ones, marked stale",
    )
    keep_versions: Count = Field(30, description="older versions are pruned; 0: none is")


class AlarmSettings(_Section):
    """``[alarms]``: from where on an asset check warns; nothing is stopped by one."""

    max_sibling_overlap: Fraction = Field(
        0.6, description="ROUGE-L precision of the shorter half of a split against the other"
    )
    max_redundant_split_share: Fraction = Field(
        0.1, description="splits whose halves overlap by more"
    )
    max_too_long_share: Fraction = Field(
        0.05, description="passages that the model refused as too long"
    )
    max_split_seconds: Annotated[float, Field(gt=0)] = Field(
        60.0, description="of a call that splits a passage, the 95th percentile"
    )
    min_search_margin: Annotated[float, Field(ge=-1, le=1)] = Field(
        0.0, description="of the chosen few-shot examples over random ones, on unseen examples"
    )
    max_no_verdict_share: Fraction = Field(
        0.5, description="verdicts of the few-shot search that are no"
    )
    max_ungrounded_share: Fraction = Field(
        0.1, description="answers that did not keep to their passage"
    )
    max_repeated_query_share: Fraction = Field(
        0.1, description="rows whose query is that of another document, too"
    )


class BudgetSettings(_Section):
    """``[budget]``: 0 means no limit; reaching a limit stops cleanly and can be resumed."""

    max_calls: Count = 0
    max_usd: Annotated[float, Field(ge=0)] = 0.0


class StorageSettings(_Section):
    """``[storage]``: where the program keeps its own state."""

    warehouse: str = Field("state/augcon.duckdb", min_length=1)


class Settings(BaseSettings):
    """All of ``augcon.toml``, overridden by the environment."""

    model_config = SettingsConfigDict(
        env_prefix="AUGCON_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    source: SourceSettings = SourceSettings()
    model: ModelSettings = ModelSettings()
    tree: TreeSettings = TreeSettings()
    scorer: ScorerSettings = ScorerSettings()
    selection: SelectionSettings = SelectionSettings()
    responses: ResponsesSettings = ResponsesSettings()
    dataset: DatasetSettings = DatasetSettings()
    alarms: AlarmSettings = AlarmSettings()
    budget: BudgetSettings = BudgetSettings()
    storage: StorageSettings = StorageSettings()

    @property
    def uses_scorer(self) -> bool:
        """Whether queries are ranked by a trained scorer; else the choice is random."""
        return self.scorer.kind != "none" and not self.tree.answers_itself

    @property
    def searches_examples(self) -> bool:
        """Whether few-shot examples are searched for; else the first ones are taken."""
        return not self.responses.plain and not self.tree.answers_itself

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments over environment over the file, whose path :func:`load_settings` sets."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))


def load_settings(path: Path) -> Settings:
    """Settings of the file at *path* with the environment's overrides.

    Raises ``SettingsError`` for a missing or malformed file, an unknown key or a wrong value.
    """

    class FileSettings(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        with path.open("rb") as file:
            tomllib.load(file)
        _check_sections()
        return FileSettings()
    except FileNotFoundError:
        raise SettingsError(f"{path} does not exist; make a workspace with: augcon init") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None
    except ValidationError as error:
        raise SettingsError(_explain(path, error)) from None
    except UnreadableVariable as error:
        raise SettingsError(
            f"a variable of the environment, AUGCON_<SECTION>__<KEY>, cannot be read ({error}): "
            """lists are written as JSON, AUGCON_SOURCE__INCLUDE='["**/*.md"]'"""
        ) from None


def api_key(model: ModelSettings) -> SecretStr:
    """The key from the variable that ``[model] api_key_env`` names; empty where it is not set."""
    return SecretStr(os.environ.get(model.api_key_env, ""))


def key_of(server: ModelSettings, model: ModelSettings, given: SecretStr) -> SecretStr:
    """The key of one of *model*'s servers: *given* is that of *model* itself."""
    return given if server.api_key_env == model.api_key_env else api_key(server)


def workspace_folder() -> Path:
    """Where to look for the workspace: ``AUGCON_WORKSPACE``, else the working directory."""
    return Path(os.environ.get("AUGCON_WORKSPACE") or Path.cwd())


def _check_sections() -> None:
    """Raise ``SettingsError`` for a variable that overrides a key of no known section."""
    for name in os.environ:
        match = re.fullmatch(r"AUGCON_(\w+?)__\w+", name.upper())
        if match and match[1].lower() not in Settings.model_fields:
            near = difflib.get_close_matches(match[1].lower(), Settings.model_fields, n=1)
            hint = f"; did you mean [{near[0]}]?" if near else ""
            raise SettingsError(
                f"the environment variable {name} names no section of augcon.toml{hint}"
            )


def _explain(path: Path, error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        location = [str(part) for part in problem["loc"]]
        key = ".".join(location)
        message = f"{path}: {key}: {problem['msg'].lower()}"
        if problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(location[-1], _known_keys(location[:-1]), n=1)
            hint = f"; did you mean {'.'.join([*location[:-1], near[0]])}?" if near else ""
            message = f"{path}: unknown key {key}{hint}"
        variable = "AUGCON_" + "__".join(location).upper()
        if variable in {name.upper() for name in os.environ}:
            message += f" (set by the environment variable {variable})"
        lines.append(message)
    return "\n".join(lines)


def _known_keys(parents: list[str]) -> list[str]:
    model: Any = Settings
    for part in parents:
        if part.isdecimal():  # an item of a list
            model = get_args(model)[0]
            continue
        field = model.model_fields.get(part)
        if field is None:
            return []
        model = field.annotation
    return list(getattr(model, "model_fields", {}))
