"""Asset checks of the current state: each sync records an evaluation if something has changed."""

import dagster as dg


def report_on_change(
    instance: dg.DagsterInstance, evaluation: dg.AssetCheckEvaluation, compared: str
) -> None:
    """Record *evaluation*, unless the last one has the same value of the metadata *compared*."""
    key = dg.AssetCheckKey(evaluation.asset_key, evaluation.check_name)
    last = instance.event_log_storage.get_latest_asset_check_execution_by_key([key]).get(key)
    shown = last.evaluation if last else None
    # A run that only planned the check has not evaluated it.
    recorded = shown.metadata.get(compared) if isinstance(shown, dg.AssetCheckEvaluation) else None
    if recorded is None or recorded.value != evaluation.metadata[compared].value:
        instance.report_runless_asset_event(evaluation)
