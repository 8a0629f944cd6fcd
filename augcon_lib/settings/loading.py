"""All of ``augcon.toml``, and how it is loaded; only this module reads the environment.

Every key can be overridden by ``AUGCON_<SECTION>__<KEY>``. An unknown key, a wrong type or an
impossible value is a :class:`~augcon_lib.errors.SettingsError` that names the file, the key and
the fix.
"""

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as UnreadableVariable

from augcon_lib.errors import SettingsError
from augcon_lib.settings.method import (
    ResponsesSettings,
    ScorerSettings,
    SelectionSettings,
    TreeSettings,
)
from augcon_lib.settings.model import ModelSettings
from augcon_lib.settings.section import UNKNOWN_NAME
from augcon_lib.settings.workspace import (
    AlarmSettings,
    AutomationSettings,
    BudgetSettings,
    DatasetSettings,
    SourceSettings,
    StorageSettings,
)

SETTINGS_FILE_NAME = "augcon.toml"
# Variables that a program needs to run and that never contain a key.
HARMLESS_VARIABLES = (
    "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH",
)  # fmt: skip


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
    automation: AutomationSettings = AutomationSettings()
    budget: BudgetSettings = BudgetSettings()
    storage: StorageSettings = StorageSettings()

    @property
    def uses_scorer(self) -> bool:
        """Whether a trained scorer ranks the queries; otherwise the choice is random."""
        return self.scorer.kind != "none" and not self.tree.answers_itself

    @property
    def uses_endpoint_embeddings(self) -> bool:
        """Whether the scorer is trained on embeddings from the endpoint."""
        linear = self.uses_scorer and self.scorer.kind == "linear"
        return linear and self.scorer.embedding_source == "endpoint"

    @property
    def searches_examples(self) -> bool:
        """Whether few-shot examples are searched for; otherwise the first ones are used."""
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
    """Load the settings in the file at *path*, overridden by the environment.

    Raises ``SettingsError`` if the file is missing or malformed, a key is unknown or a value wrong.
    """

    class FileSettings(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        with path.open("rb") as file:
            tomllib.load(file)
        _check_sections()
        return FileSettings()
    except FileNotFoundError:
        raise SettingsError(
            f"{path} does not exist; create a workspace with: augcon init"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None
    except ValidationError as error:
        raise SettingsError(_explain(path, error)) from None
    except UnreadableVariable as error:
        raise SettingsError(
            f"an environment variable AUGCON_<SECTION>__<KEY> cannot be read ({error}); "
            """write lists as JSON, for example AUGCON_SOURCE__INCLUDE='["**/*.md"]'"""
        ) from None


def api_key(model: ModelSettings) -> SecretStr:
    """Return the key in the variable that ``[model] api_key_env`` names; empty if it is not set.

    The embedded provider needs none. Raises ``SettingsError`` if an HTTP header cannot carry it.
    """
    if model.provider == "offline":
        return SecretStr("")
    key = os.environ.get(model.api_key_env, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise SettingsError(
            f"the environment variable {model.api_key_env} contains characters that no key has, "
            "such as typographic quotes or a line break; set it to the bare key"
        )
    return SecretStr(key)


def key_of(server: ModelSettings, model: ModelSettings, given: SecretStr) -> SecretStr:
    """Return the key of *server*, one of *model*'s servers; *given* is the key of *model*."""
    return given if server.api_key_env == model.api_key_env else api_key(server)


def workspace_folder() -> Path:
    """Return the workspace folder: ``AUGCON_WORKSPACE``, otherwise the working directory."""
    return Path(os.environ.get("AUGCON_WORKSPACE") or Path.cwd())


def environment_without_secrets() -> dict[str, str]:
    """Return the variables that a child process gets: a short list that contains no key."""
    return {name: os.environ[name] for name in HARMLESS_VARIABLES if name in os.environ}


def _check_sections() -> None:
    """Raise ``SettingsError`` if a variable overrides a key of an unknown section."""
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
        # Names are reported as they are spelled.
        cause = problem["msg"] if problem["type"] == UNKNOWN_NAME else problem["msg"].lower()
        message = f"{path}: {key}: {cause}"
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
