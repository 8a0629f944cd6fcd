"""Private names of Dagster are used in one folder, each for a reason that is written down here."""

import ast
from collections.abc import Iterator
from pathlib import Path

import augcon_assets
import augcon_lab

ROOM = "instance"
RANGES = (
    "a run over a range has one data version for all partitions (dagster #34013, #21072, #34015)"
)
BATCHES = "events are written one by one, 28 ms each (dagster #19829, #18149)"
WIPES = "partitions cannot be wiped with SQLite (dagster #14749)"
LOCKS = "SQLite gives up after 5 seconds: database is locked (dagster #2884)"
WEB = "no public way to serve the web app behind a guard"
TAGS = "the tags of a run over a range have no public name"
RUNLESS = "an evaluation without a run has no public constructor for what it was made on"

# By reason, then by module: the names.
REASONS = {
    RUNLESS: {
        "_core.definitions.asset_checks.asset_check_evaluation": [
            "AssetCheckEvaluationTargetMaterializationData"
        ],
    },
    RANGES: {
        "_core.definitions.data_version": [
            "CODE_VERSION_TAG",
            "DATA_VERSION_IS_USER_PROVIDED_TAG",
            "DATA_VERSION_TAG",
            "NULL_EVENT_POINTER",
            "get_input_data_version_tag",
            "get_input_event_pointer_tag",
        ],
        "_core.definitions.source_asset": ["SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION"],
    },
    BATCHES: {
        "_core.events": [
            "AssetMaterializationPlannedData",
            "DagsterEventBatchMetadata",
            "StepMaterializationData",
            "generate_event_batch_id",
        ],
        "_core.instance.utils": ["RUNLESS_JOB_NAME", "RUNLESS_RUN_ID"],
        "_core.storage.asset_check_execution_record": ["AssetCheckExecutionRecordStatus"],
        "_core.storage.event_log": ["SqliteEventLogStorage"],
        "_core.storage.event_log.schema": [
            "AssetCheckExecutionsTable",
            "AssetEventTagsTable",
            "SqlEventLogStorageTable",
        ],
        "_core.storage.event_log.sqlite.sqlite_event_log": ["INDEX_SHARD_NAME"],
    },
    WIPES: {
        "_core.storage.event_log": ["SqlEventLogStorage"],
        "_core.storage.event_log.schema": ["DynamicPartitionsTable"],
    },
    LOCKS: {
        "_core.storage.runs": ["SqliteRunStorage"],
        "_core.storage.schedules": ["SqliteScheduleStorage"],
        "_core.storage.sqlite": ["SQLITE_BUSY_TIMEOUT_SECONDS"],
        "_serdes": ["ConfigurableClassData"],
    },
    TAGS: {
        "_core.storage.tags": ["ASSET_PARTITION_RANGE_END_TAG", "ASSET_PARTITION_RANGE_START_TAG"],
    },
    WEB: {
        "_cli.proxy_server_manager": ["ProxyServerManager"],
        "_core.workspace.context": ["WorkspaceProcessContext"],
        "_core.workspace.load_target": ["WorkspaceFileTarget"],
        "dagster_shared.ipc": [
            "get_ipc_shutdown_pipe",
            "open_ipc_subprocess",
            "send_ipc_shutdown_message",
        ],
        "dagster_webserver.app": ["create_app_from_workspace_process_context"],
        "dagster_webserver.version": ["__version__"],
    },
}


def private_names(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each name of a private module of Dagster, or of a package that is not its public face."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                top, _, rest = node.module.partition(".")
                if top == "dagster" and rest.startswith("_"):
                    yield from ((path, f"{rest}.{each.name}") for each in node.names)
                elif top.startswith("dagster_"):
                    yield from ((path, f"{node.module}.{each.name}") for each in node.names)
            elif isinstance(node, ast.Import):
                for each in node.names:
                    if each.name.startswith(("dagster.", "dagster_")):
                        yield path, each.name


def test_private_names_are_used_in_one_folder_and_each_has_a_reason() -> None:
    product = Path(augcon_assets.__file__).parent
    found = [*private_names(product), *private_names(Path(augcon_lab.__file__).parent)]
    outside = [f"{path}: {name}" for path, name in found if path.parent != product / ROOM]
    assert not outside
    written = {
        f"{module}.{name}"
        for modules in REASONS.values()
        for module, names in modules.items()
        for name in names
    }
    assert {name for _, name in found} == written
