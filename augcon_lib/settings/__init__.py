"""The typed settings of ``augcon.toml``; nothing else reads the environment."""

from augcon_lib.settings.loading import (
    SETTINGS_FILE_NAME,
    Settings,
    api_key,
    environment_without_secrets,
    key_of,
    load_settings,
    workspace_folder,
)
from augcon_lib.settings.method import (
    STRATEGIES,
    ResponsesSettings,
    ScorerSettings,
    SelectionSettings,
    TreeSettings,
)
from augcon_lib.settings.model import EndpointSettings, ModelSettings
from augcon_lib.settings.workspace import (
    AlarmSettings,
    AutomationSettings,
    BudgetSettings,
    DatasetSettings,
    SourceSettings,
    StorageSettings,
)

__all__ = [
    "SETTINGS_FILE_NAME",
    "STRATEGIES",
    "AlarmSettings",
    "AutomationSettings",
    "BudgetSettings",
    "DatasetSettings",
    "EndpointSettings",
    "ModelSettings",
    "ResponsesSettings",
    "ScorerSettings",
    "SelectionSettings",
    "Settings",
    "SourceSettings",
    "StorageSettings",
    "TreeSettings",
    "api_key",
    "environment_without_secrets",
    "key_of",
    "load_settings",
    "workspace_folder",
]
