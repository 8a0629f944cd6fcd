"""The Dagster resource ``workspace``: the workspace that a run works on."""

from pathlib import Path

import dagster as dg
from pydantic import Field

from augcon_assets.session import current_session
from augcon_lib.settings import workspace_folder
from augcon_lib.stages.stage_run import StageRun, no_progress
from augcon_lib.workspace import Workspace, find_workspace, open_workspace

# Tag of runs that augcon plans itself: its value groups the runs of one command or tick, and they
# work on stale documents only. A run without it materializes all partitions it was launched for.
SESSION_TAG = "augcon/session"


class WorkspaceResource(dg.ConfigurableResource["WorkspaceResource"]):
    """The workspace of a run; each run reads the settings again."""

    root: str = Field(
        default="",
        description="Folder with augcon.toml. Empty: AUGCON_WORKSPACE, else the nearest folder "
        "upwards from the working directory.",
    )

    def open(self) -> Workspace:
        """Open the workspace; raises ``SettingsError``."""
        return open_workspace(find_workspace(Path(self.root) if self.root else workspace_folder()))

    def stage_run(self, context: dg.AssetExecutionContext) -> StageRun:
        """Return the library's ``StageRun`` for the run of *context*."""
        session = current_session()
        run = context.op_execution_context
        return StageRun(
            workspace=self.open(),
            run_id=run.run_id,
            session_id=run.run_tags.get(SESSION_TAG, run.run_id),
            progress=session.progress if session else no_progress,
        )
