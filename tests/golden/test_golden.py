"""A stage that makes another output of the same input has a new code version."""

from pathlib import Path

import pytest

from augcon_lib.fingerprints import CODE_VERSIONS
from augcon_lib.tree import text_units
from tests.golden.record import Golden, fault, record, recorded
from tests.golden.stages import CASES, output_sha256

RECORDED = recorded()


def test_every_stage_is_held_to_its_output() -> None:
    assert {stage for stage, _ in CASES.values()} == CODE_VERSIONS.keys()
    assert RECORDED.keys() == CASES.keys()


@pytest.mark.parametrize("case", CASES)
def test_the_output_changes_with_the_code_version_alone(case: str, tmp_path: Path) -> None:
    stage, _ = CASES[case]
    now = Golden(CODE_VERSIONS[stage], output_sha256(case, tmp_path))
    assert fault(case, RECORDED[case], now) == ""


def test_code_that_cuts_elsewhere_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_units, "split_sentences", lambda text, language: [(0, len(text))])
    now = Golden(CODE_VERSIONS["cst_nodes"], output_sha256("cst_nodes", tmp_path))
    assert "CODE_VERSIONS['cst_nodes']" in fault("cst_nodes", RECORDED["cst_nodes"], now)
    with pytest.raises(SystemExit, match="CODE_VERSIONS"):
        record(RECORDED, {**RECORDED, "cst_nodes": now})


def test_a_new_code_version_is_to_be_recorded_and_can_be() -> None:
    now = Golden("raised", "0" * 64)
    assert "tests.golden.record" in fault("cst_nodes", RECORDED["cst_nodes"], now)
    assert record(RECORDED, {**RECORDED, "cst_nodes": now})["cst_nodes"] == now
