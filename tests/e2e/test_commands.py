"""The command line from an empty folder to an export, with the offline provider."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from augcon_lib.warehouse import Warehouse
from tests.e2e.command_line import BROKEN, EGGS, ODD, augcon, augcon_json, copy_workspace, exported


def corpus(workspace: Path) -> dict[str, str]:
    with Warehouse(workspace / "state" / "augcon.duckdb").read() as connection:
        rows = connection.execute("SELECT document_id, text FROM raw_corpus").fetchall()
    return dict(rows)


def test_doctor_finds_a_new_workspace_in_order(fresh: Path) -> None:
    found = augcon_json(fresh, "doctor")
    assert found["ok"]
    assert {"store", "prompts", "model"} <= {check["subject"] for check in found["checks"]}


def test_a_plan_names_what_would_run_and_calls_nothing(fresh: Path, tmp_path: Path) -> None:
    workspace = copy_workspace(fresh, tmp_path / "workspace")
    plan = augcon_json(workspace, "plan")
    assert set(plan["stale"]) == {ODD, EGGS, BROKEN}
    assert plan["reasons"] == {"new document": 3}
    assert set(plan["unpartitioned"]) == {"query_scorer", "few_shot_examples", "sft_dataset"}
    total = plan["stages"]["total"]
    assert 0 < total["model_calls"]["low"] <= total["model_calls"]["high"]
    assert augcon_json(workspace, "status")["spend"]["calls"] == 0


def test_the_first_run_names_the_broken_document_and_does_the_rest(
    first_run: tuple[Path, dict[str, Any]],
) -> None:
    summary = first_run[1]
    expected = {
        "documents": {"added", "changed", "deleted", "unchanged", "failed"},
        "model_calls": {"issued", "from_journal", "repeated_within_run", "failed"},
        "tokens": {"input", "output"},
        "rows": {"added", "kept", "removed", "total"},
    }
    assert {name: set(summary[name]) for name in expected} == expected
    assert summary["documents"] == {
        "added": 3, "changed": 0, "deleted": 0, "unchanged": 0, "failed": 1
    }  # fmt: skip
    (failure,) = summary["failures"]
    assert set(failure) == {"document_id", "reason", "message"}
    assert failure["document_id"] == BROKEN
    assert failure["reason"]
    assert failure["message"]
    assert summary["rows"]["added"] == summary["rows"]["total"] > 0
    assert summary["model_calls"]["issued"] > 0
    assert summary["model_calls"]["from_journal"] == 0
    assert summary["tokens"]["input"] > 0
    assert summary["cost_usd"] == 0
    assert summary["dataset_version"]
    assert summary["seconds"] > 0
    assert len(summary["run_ids"]) == 4


def test_a_second_run_issues_no_call_and_starts_no_run(made: Path) -> None:
    summary = augcon_json(made, "run", code=1)
    assert summary["run_ids"] == []
    assert summary["model_calls"] == {
        "issued": 0,
        "from_journal": 0,
        "repeated_within_run": 0,
        "failed": 0,
    }
    assert summary["documents"]["unchanged"] == 3
    assert summary["rows"]["kept"] == summary["rows"]["total"]
    assert [failure["document_id"] for failure in summary["failures"]] == [BROKEN]


def test_status_counts_what_is_there(first_run: tuple[Path, dict[str, Any]]) -> None:
    made, summary = first_run
    status = augcon_json(made, "status")
    assert status["documents"] == {"fresh": 2, "stale": 0, "failed": 1}
    assert status["counts"]["rows"] == summary["rows"]["total"]
    assert status["dataset_version"] == summary["dataset_version"]
    assert status["spend"]["calls"] == summary["model_calls"]["issued"]
    assert [failure["document_id"] for failure in status["failures"]] == [BROKEN]


def test_explain_quotes_the_stored_text_at_the_span(made: Path, tmp_path: Path) -> None:
    texts = corpus(made)
    lines = exported(made, tmp_path / "chat", "chat")["lineage.jsonl"].decode().splitlines()
    rows = [json.loads(line) for line in lines]
    for row in rows:
        assert 0 <= row["start_char"] < row["end_char"] <= len(texts[row["document_id"]])
    by_document = {row["document_id"]: row for row in rows}
    assert set(by_document) == {ODD, EGGS}
    for document, row in by_document.items():
        found = augcon_json(made, "explain", row["row_id"])
        start, end = found["start_char"], found["end_char"]
        assert (found["document_id"], start, end) == (document, row["start_char"], row["end_char"])
        assert found["quoted"] == texts[document][start:end]
        assert found["quoted"]
        assert (found["question"], found["answer"]) == (row["question"], row["answer"])
        shown = augcon(made, "explain", row["row_id"]).stdout
        assert f"journal key {row['answer']['journal_key']}" in shown
        assert ", modified 20" in shown
        for parent in found["parents"]:
            assert parent["start_char"] <= start <= end <= parent["end_char"]


@pytest.mark.parametrize("format_name", ["chat", "parquet"])
def test_an_export_is_the_same_bytes_each_time(
    made: Path, tmp_path: Path, format_name: str
) -> None:
    once = exported(made, tmp_path / "once", format_name)
    assert once == exported(made, tmp_path / "twice", format_name)
    assert len(once) >= 2


def test_an_export_is_verified_and_what_differs_is_named(made: Path, tmp_path: Path) -> None:
    exported(made, tmp_path / "chat", "chat")
    whole = augcon(tmp_path, "export", "chat", "--verify")
    assert whole.returncode == 0
    assert "chat is complete" in whole.stdout
    (tmp_path / "chat" / "train.jsonl").write_text("")
    cut = augcon(tmp_path, "export", "chat", "--verify")
    assert cut.returncode == 2
    assert "train.jsonl has 0 of " in cut.stderr


def test_the_version_is_the_packages(tmp_path: Path) -> None:
    done = augcon(tmp_path, "--version")
    assert (done.returncode, done.stdout) == (0, f"augcon {version('augcon')}\n")


def test_spend_names_calls_that_belong_to_no_document(made: Path) -> None:
    rows = {
        row["name"]: row["calls"] for row in augcon_json(made, "spend", "--by", "document")["spend"]
    }
    assert "" not in rows
    assert rows["(few-shot search)"] > 0


def test_chat_and_parquet_hold_the_same_pairs(made: Path, tmp_path: Path) -> None:
    lines = exported(made, tmp_path / "chat", "chat")["train.jsonl"].decode().splitlines()
    chat = [json.loads(line)["messages"] for line in lines]
    exported(made, tmp_path / "parquet", "parquet")
    table = pl.read_parquet(tmp_path / "parquet" / "train.parquet")
    assert [[m["role"] for m in messages] for messages in chat] == [["user", "assistant"]] * len(
        chat
    )
    assert [tuple(m["content"] for m in messages) for messages in chat] == table.select(
        "query", "response"
    ).rows()


def test_a_glob_and_until_restrict_what_is_run(fresh: Path, tmp_path: Path) -> None:
    workspace = copy_workspace(fresh, tmp_path / "workspace")
    options = ("--documents", "*.md", "--documents", "none*", "--until", "raw_corpus")
    summary = augcon_json(workspace, "run", *options)
    assert summary["model_calls"]["issued"] == 0
    assert len(summary["run_ids"]) == 1
    assert set(corpus(workspace)) == {ODD, EGGS}


class TestWrongInput:
    """Exit code 2, one line that names the culprit and the way out, nothing done."""

    def test_an_unknown_key_names_file_key_and_the_nearest_valid_key(
        self, fresh: Path, tmp_path: Path
    ) -> None:
        workspace = copy_workspace(fresh, tmp_path / "workspace")
        path = workspace / "augcon.toml"
        path.write_text(path.read_text("utf-8").replace("max_rounds", "max_round"), "utf-8")
        done = augcon(workspace, "run")
        assert done.returncode == 2
        assert "augcon.toml" in done.stderr
        assert "max_round" in done.stderr
        assert "max_rounds" in done.stderr
        assert "Traceback" not in done.stderr

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("run", "--until", "sft_datasets"), "sft_dataset"),
            (("run", "--documents", "absent*"), "absent*"),
            (("explain", "nothing"), "nothing"),
        ],
    )
    def test_an_unknown_name_is_refused(
        self, made: Path, arguments: tuple[str, ...], said: str
    ) -> None:
        done = augcon(made, *arguments)
        assert done.returncode == 2
        assert said in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_folder_without_a_workspace_is_told_to_make_one(self, tmp_path: Path) -> None:
        done = augcon(tmp_path, "status")
        assert done.returncode == 2
        assert "augcon init" in done.stderr

    def test_a_workspace_is_not_made_over_another(self, fresh: Path) -> None:
        before = (fresh / "augcon.toml").read_bytes()
        done = augcon(fresh, "init", str(fresh))
        assert done.returncode == 2
        assert (fresh / "augcon.toml").read_bytes() == before
