"""The library's alarms as asset checks: warnings with the finding, its place and a remedy."""

from collections.abc import Iterator

import dagster as dg

from augcon_assets.markdown import bullets
from augcon_lib.stages.alarms import ALARMS, Alarm, Finding
from augcon_lib.stages.stage_run import StageReport, StageRun


def specs(asset: str) -> list[dg.AssetCheckSpec]:
    """Return the checks for the alarms of *asset*."""
    return [
        dg.AssetCheckSpec(alarm.name, asset=asset, description=alarm.description)
        for alarm in ALARMS
        if alarm.stage == asset
    ]


def results(run: StageRun, report: StageReport) -> Iterator[dg.AssetCheckResult]:
    """Yield the result of every alarm of the report's asset, on the stored results."""
    for alarm in ALARMS:
        if alarm.stage == report.stage:
            yield _result(alarm, alarm.find(run, report))


def _result(alarm: Alarm, found: Finding) -> dg.AssetCheckResult:
    metadata: dict[str, dg.MetadataValue] = {"seen": dg.MetadataValue.text(found.seen)}
    description = None
    if found.raised:
        metadata["where"] = dg.MetadataValue.md(bullets(found.where) or "everywhere")
        metadata["try"] = dg.MetadataValue.text(alarm.advice)
        description = f"{alarm.description} {found.seen}. {alarm.advice}"
    return dg.AssetCheckResult(
        asset_key=alarm.stage,
        check_name=alarm.name,
        passed=not found.raised,
        severity=dg.AssetCheckSeverity.WARN,
        description=description,
        metadata=metadata,
    )
