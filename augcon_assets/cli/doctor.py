"""``augcon doctor``: check a workspace and report how to fix what is wrong."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from augcon_assets.cli.console import (
    EXIT_BAD_INPUT,
    EXIT_DONE,
    console,
    print_json,
    workspace_at,
)
from augcon_assets.cli.plan import no_documents
from augcon_assets.instance.lineage import differences
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_lib.errors import AugconError, LineageError, RetirementHeld, SettingsError
from augcon_lib.model import (
    check_embeddings,
    check_endpoint,
    check_open_batches,
    model_identity,
    validate_model_settings,
)
from augcon_lib.model.journal import Journal
from augcon_lib.settings import ModelSettings, api_key, key_of
from augcon_lib.stages.sources import held_back, list_sources
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.workspace import Workspace

LINEAGE = "dagster"
MAX_DIFFERENCES = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    subject: str
    ok: bool
    message: str


def run_doctor(folder: Path | None, *, as_json: bool) -> int:
    """Check everything, print the findings, and return the exit code."""
    workspace = workspace_at(folder)
    findings = examine(workspace)
    if as_json:
        checks = [{"subject": f.subject, "ok": f.ok, "message": f.message} for f in findings]
        matches = all(f.ok for f in findings if f.subject == LINEAGE)
        print_json(
            {
                "ok": all(f.ok for f in findings),
                "dagster_matches_warehouse": matches,
                "checks": checks,
            }
        )
    else:
        for finding in findings:
            mark = "ok  " if finding.ok else "FAIL"
            console().print(f"{mark} {finding.subject}: {finding.message}", markup=False)
    return EXIT_DONE if all(f.ok for f in findings) else EXIT_BAD_INPUT


def examine(workspace: Workspace) -> list[Finding]:
    """Check settings, store, prompts, examples, model, open batches and Dagster's records."""
    run = StageRun(workspace)

    def store() -> str:
        return _store(run)

    def prompts() -> str:
        run.versions()
        return f"prompts read, {len(run.examples)} few-shot examples, principles read"

    model = workspace.settings.model

    def valid() -> str:
        validate_model_settings(workspace.settings)
        return model_identity(model)

    settings = _check("model", valid)
    if not settings.ok:
        models = [settings]
    elif len(model.servers) == 1:
        models = [_check("model", partial(_ask, model, model))]
    else:
        models = [
            _check(f"model at {server.base_url}", partial(_ask, server, model))
            for server in model.servers
        ]
    return [
        Finding("settings", True, f"{workspace.root} is a workspace"),
        _check("store", store),
        _check("prompts", prompts),
        *models,
        *_embeddings(workspace, ask=settings.ok),
        *_open_batches(workspace),
        _check(LINEAGE, partial(_compare, run)),
    ]


def _store(run: StageRun) -> str:
    """Return the number of documents; raise if the store is empty or has lost documents."""
    listing, uri = list_sources(run), run.settings.source.uri
    held = held_back(run, listing)
    if held:
        raise RetirementHeld(f"{held.what}. {held.way_out}")
    if not listing.entries:
        raise SettingsError(no_documents(uri))
    unmatched = [f"; include: {each} matches no file" for each in listing.unmatched_patterns]
    return f"{len(listing.entries):,} documents in {uri}{''.join(unmatched)}"


def _embeddings(workspace: Workspace, *, ask: bool) -> list[Finding]:
    """Check that the endpoint returns embeddings, if the scorer uses them."""
    settings = workspace.settings
    if not ask or not settings.uses_endpoint_embeddings:
        return []

    def embedded() -> str:
        numbers = asyncio.run(check_embeddings(settings, api_key(settings.model)))
        return f"{settings.scorer.embedding_model} returns vectors of {numbers:,} numbers"

    return [_check("embeddings", embedded)]


def _open_batches(workspace: Workspace) -> list[Finding]:
    """Report the requests in open batches, if there are any."""
    if not workspace.journal_path.exists():
        return []
    try:
        with closing(Journal(workspace.journal_path)) as journal:
            count = check_open_batches(workspace.settings.model, journal)
    except AugconError as error:
        return [Finding("batches", False, str(error))]
    message = f"{count:,} requests are in open batches; the next run fetches their answers"
    return [Finding("batches", True, message)] if count else []


def _compare(run: StageRun) -> str:
    """Raise ``LineageError`` if Dagster's records differ from the warehouse."""
    with workspace_instance(run.workspace) as instance:
        found = differences(run, instance)
    if found:
        first = "; ".join(map(str, found[:MAX_DIFFERENCES]))
        raise LineageError(
            f"Dagster and the warehouse differ in {len(found):,} places ({first}). To record what "
            "is stored, without a model call: augcon run, or wait for the next tick of the sensor"
        )
    return "matches the warehouse"


def _ask(server: ModelSettings, model: ModelSettings) -> str:
    key = key_of(server, model, api_key(model))
    report = asyncio.run(check_endpoint(server, key))
    omitted = ", ".join(sorted(report.omitted_fields))
    without = f", sent without {omitted}" if omitted else ""
    batches = "accepts batches" if report.takes_batches else "does not accept batches"
    return f"{model_identity(server)} answers as {report.wire_form}{without}; {batches}"


def _check(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, look())
    except AugconError as error:
        return Finding(subject, False, str(error))
