import socket
from pathlib import Path

import pytest

from augcon_lib.model.batch import batches
from augcon_lib.model.endpoints import calls as caller


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come back at once; that they wait is tested by itself."""
    monkeypatch.setattr(caller, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(caller, "MAX_PAUSE_SECONDS", 0.002)
    monkeypatch.setattr(batches, "LOOK_SECONDS", 0.001)


@pytest.fixture
def journal_path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
