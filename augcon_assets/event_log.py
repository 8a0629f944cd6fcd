"""The import path of the event log in the ``dagster.yaml`` of existing workspaces; keep it."""

from augcon_assets.instance.event_log import BatchSqliteEventLogStorage

__all__ = ["BatchSqliteEventLogStorage"]
