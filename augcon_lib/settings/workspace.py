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
    id_column: str = Field("id", description="id column of tables; absent: the row number")
    max_retired_share: Fraction = Field(
        0.2,
        description="share of the documents: a sync that would retire more than it (and more than "
        "ten documents within a day), or all of them, needs consent",
    )
    links: Literal["inside", "none", "all"] = Field(
        "inside",
        description="links to follow: those that stay in the store, none, or all; never to what "
        "the system shows of itself (/proc, /sys, /dev)",
    )
    max_document_megabytes: Positive = Field(
        50.0,
        description="of a file, unpacked, and of what is read from it; for each of them a table "
        "may have 10,000 rows and 100,000 cells, and reading may take 10 MB of memory",
    )
    max_document_seconds: Positive = Field(60.0, description="to read one file")
    max_contexts_per_document: PositiveCount = Field(
        5000, description="root contexts; a document with more is rejected before any is paid for"
    )

    @property
    def max_document_bytes(self) -> int:
        """``max_document_megabytes`` in bytes."""
        return int(self.max_document_megabytes * 1_000_000)


class DatasetSettings(Section):
    """``[dataset]``: the exported rows."""

    test_fraction: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0,
        description="of the documents, near-duplicates together: all their rows are for testing",
    )
    failed_documents: Literal["leave_out", "keep"] = Field(
        "leave_out",
        description="rows of a document that failed: none, or its last good ones, marked stale",
    )
    keep_versions: Count = Field(30, description="older versions are pruned; 0: none is")


class AlarmSettings(Section):
    """``[alarms]``: from where on an asset check warns; nothing is stopped by one."""

    max_sibling_overlap: Fraction = Field(
        0.6, description="ROUGE-L precision of the shorter half of a split against the other"
    )
    max_redundant_split_share: Fraction = Field(
        0.1, description="splits whose halves overlap by more"
    )
    max_too_long_share: Fraction = Field(
        0.05, description="passages that the model refused as too long"
    )
    max_split_seconds: Positive = Field(
        60.0, description="of a call that splits a passage, the 95th percentile"
    )
    min_search_margin: Annotated[float, Field(ge=-1, le=1)] = Field(
        0.0, description="of the chosen few-shot examples over random ones, on unseen examples"
    )
    max_no_verdict_share: Fraction = Field(
        0.5, description="verdicts of the few-shot search that are no"
    )
    max_ungrounded_share: Fraction = Field(
        0.1, description="answers that did not keep to their passage"
    )
    max_repeated_query_share: Fraction = Field(
        0.1, description="rows whose query is that of another document, too"
    )


class AutomationSettings(Section):
    """``[automation]``: whether Dagster's sensor and schedules may ask the model by themselves."""

    follow: Literal["on", "ask", "off"] = Field(
        "ask",
        description="sensor and schedules: on: they run; ask: they are paused until somebody turns "
        "them on in the UI; off: they request nothing, turned on or not",
    )


class BudgetSettings(Section):
    """``[budget]``: 0 means no limit; reaching a limit stops cleanly and can be resumed.

    Limits of a day and a month hold over all commands, the sensor and schedules of the workspace
    together, also at the same time. Days and months are those of UTC. Every HTTP call counts,
    one that failed, too.
    """

    max_calls: Count = Field(0, description="HTTP calls of one command")
    max_usd: NotNegative = Field(0.0, description="US dollars of one command")
    max_calls_per_day: Count = Field(0, description="HTTP calls of a day (UTC)")
    max_usd_per_day: NotNegative = Field(0.0, description="US dollars of a day (UTC)")
    max_usd_per_month: NotNegative = Field(0.0, description="US dollars of a month (UTC)")


class StorageSettings(Section):
    """``[storage]``: where the program keeps its own state."""

    warehouse: str = Field(
        "state/augcon.duckdb", min_length=1, description="the DuckDB file; the journal is beside it"
    )
    memory_megabytes: Count = Field(
        0, description="the most that DuckDB takes; 0 = a quarter of the machine's, at least 512"
    )
    threads: Count = Field(0, description="of DuckDB; 0 = one per core, up to 8")
