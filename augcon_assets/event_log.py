"""The name that ``dagster.yaml`` of a workspace has for the event log; it stays."""

from augcon_assets.instance.event_log import BatchSqliteEventLogStorage

__all__ = ["BatchSqliteEventLogStorage"]
