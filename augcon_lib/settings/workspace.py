"""The sections around the method: the store, the dataset, alarms, the budget and the state."""

from typing import Annotated, Literal

from pydantic import Field

from augcon_lib.settings.section import (
    Count,
    Fraction,
    NotNegative,
    Positive,
    PositiveCount,
    Section,
)


class SourceSettings(Section):
    """``[source]``: the document store."""

    uri: str = Field(
        "documents", min_length=1, description="folder, file, archive or any fsspec URL"
    )
    include: tuple[str, ...] = Field(("**/*",), description="glob patterns below the uri")
    exclude: tuple[str, ...] = Field((), description="glob patterns below the uri")
    text_column: str = Field("text", description="text column of tables (one document per row)")
    id_column: str = Field(
        "id", description="id column of tables; if it is missing: the row number"
    )
    max_retired_share: Fraction = Field(
        0.2,
        description="share of the documents; a sync that would retire more than it (and more than "
        "ten documents within a day), or all of them, needs consent",
    )
    links: Literal["inside", "none", "all"] = Field(
        "inside",
        description="links to follow: those that stay in the store, none, or all; links into the "
        "system's own folders (/proc, /sys, /dev) are never followed",
    )
    max_document_megabytes: Positive = Field(
        50.0,
        description="size of a file, unpacked, and of its text; each MB allows a table 10,000 rows "
        "and 100,000 cells, and reading 10 MB of memory",
    )
    max_document_seconds: Positive = Field(60.0, description="time to read one file")
    max_contexts_per_document: PositiveCount = Field(
        5000, description="reject a document with more root contexts, before any call is paid for"
    )

    @property
    def max_document_bytes(self) -> int:
        """``max_document_megabytes`` in bytes."""
        return int(self.max_document_megabytes * 1_000_000)


class DatasetSettings(Section):
    """``[dataset]``: the exported rows."""

    test_fraction: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0,
        description="share of the documents whose rows are for testing; near-duplicates stay "
        "together",
    )
    failed_documents: Literal["leave_out", "keep"] = Field(
        "leave_out",
        description="rows of a document that failed: leave_out: none; keep: its last good rows, "
        "marked stale",
    )
    keep_versions: Count = Field(30, description="prune older versions; 0: keep all")


class AlarmSettings(Section):
    """``[alarms]``: the thresholds at which an asset check warns; a warning stops nothing."""

    max_sibling_overlap: Fraction = Field(
        0.6, description="ROUGE-L precision of the shorter half of a split against the other"
    )
    max_redundant_split_share: Fraction = Field(
        0.1, description="splits whose halves overlap by more than max_sibling_overlap"
    )
    max_too_long_share: Fraction = Field(
        0.05, description="passages that the model refused as too long"
    )
    max_split_seconds: Positive = Field(
        60.0, description="95th percentile of the calls that split a passage"
    )
    min_search_margin: Annotated[float, Field(ge=-1, le=1)] = Field(
        0.0, description="lead of the chosen few-shot examples over random ones, on unseen examples"
    )
    max_no_verdict_share: Fraction = Field(
        0.5, description="verdicts of the few-shot search that are no"
    )
    max_ungrounded_share: Fraction = Field(
        0.1, description="answers that did not keep to their passage"
    )
    max_repeated_query_share: Fraction = Field(
        0.1, description="rows whose query also occurs in another document"
    )


class AutomationSettings(Section):
    """``[automation]``: whether Dagster's sensor and schedules may call the model unattended."""

    follow: Literal["on", "ask", "off"] = Field(
        "ask",
        description="sensor and schedules: on: they run; ask: they are paused until somebody turns "
        "them on in the UI; off: they request no runs, even when turned on",
    )


class BudgetSettings(Section):
    """``[budget]``: 0 means no limit; a run that reaches a limit stops cleanly and can be resumed.

    Limits of a day and a month apply to all commands, the sensor and the schedules of the
    workspace together, even when they run in parallel. Days and months are in UTC. Every HTTP call
    counts, including failed ones.
    """

    max_calls: Count = Field(0, description="HTTP calls of one command")
    max_usd: NotNegative = Field(0.0, description="US dollars of one command")
    max_calls_per_day: Count = Field(0, description="HTTP calls of a day (UTC)")
    max_usd_per_day: NotNegative = Field(0.0, description="US dollars of a day (UTC)")
    max_usd_per_month: NotNegative = Field(0.0, description="US dollars of a month (UTC)")


class StorageSettings(Section):
    """``[storage]``: where augcon keeps its own state."""

    warehouse: str = Field(
        "state/augcon.duckdb",
        min_length=1,
        description="the DuckDB file; the journal is next to it",
    )
    memory_megabytes: Count = Field(
        0, description="memory limit of DuckDB; 0: a quarter of the machine's, at least 512"
    )
    threads: Count = Field(0, description="threads of DuckDB; 0: one per core, up to 8")
