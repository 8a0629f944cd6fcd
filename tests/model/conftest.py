import pytest

from augcon_lib.model import caller


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come back at once; that they wait is tested by itself."""
    monkeypatch.setattr(caller, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(caller, "MAX_PAUSE_SECONDS", 0.002)
