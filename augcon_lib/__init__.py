"""AugCon as a library: from documents to supervised-fine-tuning rows, without Dagster.

The folders follow the paper (Quan, arXiv 2405.16579): ``documents``, then ``tree`` (section 3.2),
``queries`` (3.3), ``answers`` (3.4) and ``dataset``. ``pipeline`` names the stages, ``stages`` runs
them over a workspace. A folder imports only those below it (``.importlinter``).

The names below are the public interface; ``docs/library.md`` shows how they go together. What the
library logs goes where the application sends it, and nowhere else.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from augcon_lib.dataset.exports import export_dataset
    from augcon_lib.errors import AugconError
    from augcon_lib.settings import Settings
    from augcon_lib.stages.run_all import run_stale_stages
    from augcon_lib.stages.stage_run import StageRun
    from augcon_lib.warehouse.datasets import read_dataset
    from augcon_lib.workspace import Workspace, open_workspace

__all__ = [
    "AugconError",
    "Settings",
    "StageRun",
    "Workspace",
    "export_dataset",
    "open_workspace",
    "read_dataset",
    "run_stale_stages",
]

_MODULES = {
    "AugconError": "errors",
    "Settings": "settings",
    "StageRun": "stages.stage_run",
    "Workspace": "workspace",
    "export_dataset": "dataset.exports",
    "open_workspace": "workspace",
    "read_dataset": "warehouse.datasets",
    "run_stale_stages": "stages.run_all",
}

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    # Loaded when they are used: one module of the library does not load all of it.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
