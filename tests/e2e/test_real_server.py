"""Against a server that nobody here wrote: ``transformers serve`` with a tiny random model.

Skipped where torch and ``transformers[serving]`` are not installed, here or in the environment
whose interpreter ``REAL_SERVER_PYTHON`` names.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from augcon_lib.chat import reply_formats as replies
from augcon_lib.errors import AnswerRejected
from augcon_lib.model import check_endpoint, open_engine
from augcon_lib.settings import ModelSettings
from tests.model.engine_fixtures import rewrite_request, settings_for
from tests.support import whole_run

PYTHON = os.environ.get("REAL_SERVER_PYTHON", sys.executable)
MAKE_MODEL = Path(__file__).parents[1] / "support" / "tiny_model.py"
NEEDED = ("torch", "transformers", "fastapi", "uvicorn")
START_SECONDS = 120
GIBBERISH = {"unparsable", "length", "empty"}


def missing() -> list[str]:
    find = (
        "import importlib.util as u, sys; print(*(n for n in sys.argv[1:] if not u.find_spec(n)))"
    )
    found = subprocess.run(
        [PYTHON, "-c", find, *NEEDED], capture_output=True, text=True, check=True
    )
    return found.stdout.split()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelSettings]:
    """Settings of a running server."""
    if missing():
        pytest.skip(f"not installed for {PYTHON}: {', '.join(missing())}")
    folder = tmp_path_factory.mktemp("tiny")
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "home")}
    subprocess.run([PYTHON, str(MAKE_MODEL), str(folder)], env=offline, check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve = ["-m", "transformers.cli.transformers", "serve", str(folder), "--device", "cpu"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [PYTHON, *serve, "--host", "127.0.0.1", "--port", str(port)],
            env=offline,
            stdout=log,
            stderr=log,
        )
    try:
        wait_until_up(f"http://127.0.0.1:{port}/health", process, folder / "log")
        url = f"http://127.0.0.1:{port}/v1"
        yield settings_for(url, name=str(folder), max_concurrency=2, timeout_seconds=60).model
    finally:
        process.terminate()
        process.wait(30)


def wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.URLError:
            time.sleep(0.2)  # starts up
    pytest.fail(f"the server did not start:\n{log.read_text()[-2000:]}")


def test_the_protocol_holds_and_gibberish_is_rejected_by_name(
    model: ModelSettings, tmp_path: Path
) -> None:
    async def scenario() -> None:
        report = await check_endpoint(model, SecretStr(""))
        assert report.wire_form in ("json_schema", "text")
        assert report.input_tokens > 0
        assert not report.takes_batches
        settings = settings_for("").model_copy(update={"model": model})
        formats = (replies.CST_REWRITE, replies.CST_BOUNDARY, replies.ANSWER, replies.JUDGEMENT)
        async with open_engine(
            settings, tmp_path / "journal.sqlite", api_key=SecretStr("")
        ) as engine:
            asks = (engine.ask(rewrite_request(reply_format=each, sample=1)) for each in formats)
            outcomes = await asyncio.gather(*asks, return_exceptions=True)
            assert all(isinstance(outcome, AnswerRejected) for outcome in outcomes), outcomes
            assert set(engine.stats.rejected) <= GIBBERISH
            assert engine.stats.issued == engine.stats.failed.total() + 1  # the probe
            assert engine.stats.output_tokens > 0

    asyncio.run(scenario())


def test_a_whole_run_of_gibberish_ends_with_named_rejections(
    model: ModelSettings, tmp_path: Path
) -> None:
    settings = whole_run.SETTINGS.model_copy(update={"model": model})
    workspace = whole_run.make_workspace(tmp_path, {"mill.md": whole_run.MILL}, settings)
    reports = whole_run.run_all(workspace)
    trees = reports["cst_nodes"]
    assert [partition.document_id for partition in trees.partitions] == ["mill.md"]
    assert trees.calls is not None
    assert set(trees.calls.rejected) <= GIBBERISH
    assert trees.rejected
