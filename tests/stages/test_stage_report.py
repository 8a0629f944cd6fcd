from dataclasses import replace

from augcon_lib.stages.stage_run import SAMPLE_CHARS, SAMPLE_ROWS, StageReport
from tests.support.rows import nodes, output


def test_what_a_report_keeps_of_a_document_does_not_grow_with_the_document() -> None:
    [node, *_] = nodes("a.md")
    long = replace(node, text="x" * 100_000)
    report = StageReport("cst_nodes")
    report.add([output("a.md", [long] * 100)])
    [summary] = report.partitions
    assert summary.rows == 100
    assert summary.sample == (replace(node, text="x" * SAMPLE_CHARS),) * SAMPLE_ROWS
