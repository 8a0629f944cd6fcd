"""Record what the stages make of their frozen input: python -m tests.golden.record.

A stage whose output changed is recorded under a new code version alone
(``augcon_lib.fingerprints.CODE_VERSIONS``). ``--freeze`` writes the frozen input as well; it is for
new kinds of documents, and changes what every stage is held to.
"""

import gzip
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from augcon_lib.fingerprints import CODE_VERSIONS
from augcon_lib.stages.run_all import run_stale_stages
from augcon_lib.stages.stage_run import StageRun
from tests.golden.stages import CASES, FROZEN, READ, golden_workspace, output_sha256

RECORDED = Path(__file__).with_name("outputs.json")


class Golden(NamedTuple):
    """The output of a stage under a version of its code."""

    code_version: str
    sha256: str


def recorded() -> dict[str, Golden]:
    """What the stages gave when they were last recorded, by case."""
    found = json.loads(RECORDED.read_text(encoding="utf-8")) if RECORDED.exists() else {}
    return {case: Golden(**values) for case, values in found.items()}


def fault(case: str, before: Golden, now: Golden) -> str:
    """What speaks against *now* after *before*, and what to do; empty: all is well."""
    stage, _ = CASES[case]
    if before == now:
        return ""
    if before.code_version == now.code_version:
        return (
            f"{stage} gives another output for the same input ({case}). If the code changed, raise "
            f"fingerprints.CODE_VERSIONS[{stage!r}] and run: python -m tests.golden.record. If a "
            f"library did, {stage} must name it (augcon_lib/libraries.py), too"
        )
    return f"{stage} has a new code version; run: python -m tests.golden.record"


def record(before: Mapping[str, Golden], now: Mapping[str, Golden]) -> dict[str, Golden]:
    """*now*; raises ``SystemExit`` where an output changed and the code version did not."""
    for case, golden in now.items():
        old = before.get(case, golden)
        if old.code_version == golden.code_version and old != golden:
            raise SystemExit(fault(case, old, golden))
    return dict(now)


def freeze() -> None:
    """Write the tables that the stages read, from a run of all of them."""
    with tempfile.TemporaryDirectory() as folder:
        run = StageRun(golden_workspace(Path(folder)), run_id="golden")
        run_stale_stages(run)
        tables = {table for read in READ.values() for table in read} | {"partition_state"}
        with run.warehouse.read() as connection:
            found = {
                table: [
                    dict(zip([c[0] for c in cursor.description or ()], row, strict=True))
                    for row in cursor.fetchall()
                ]
                for table in sorted(tables)
                for cursor in [connection.execute(f"FROM {table} ORDER BY ALL")]
            }
    text = json.dumps(found, ensure_ascii=False, default=str)
    FROZEN.write_bytes(gzip.compress(text.encode(), mtime=0))


def main() -> None:
    """Record all stages."""
    before = {} if "--freeze" in sys.argv else recorded()
    if "--freeze" in sys.argv:
        freeze()
    with tempfile.TemporaryDirectory() as folder:
        now = {
            case: Golden(CODE_VERSIONS[stage], output_sha256(case, Path(folder) / case))
            for case, (stage, _) in CASES.items()
        }
    values = {case: golden._asdict() for case, golden in record(before, now).items()}
    RECORDED.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
