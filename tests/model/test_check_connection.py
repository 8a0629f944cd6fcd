import asyncio
import socket

import pytest

from augcon_lib.errors import EndpointError
from augcon_lib.model import check_connection
from augcon_lib.model import health as checking
from augcon_lib.settings import Settings
from tests.model.engine_fixtures import settings_for


def test_the_offline_provider_needs_no_connection() -> None:
    asyncio.run(check_connection(Settings()))


def test_a_server_that_listens_is_enough() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        asyncio.run(check_connection(settings_for(url)))


def test_nobody_listening_is_told_with_address_and_setting() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound but not listening: refuses connections
        url = f"http://127.0.0.1:{held.getsockname()[1]}/v1"
        with pytest.raises(EndpointError, match=r"no connection to http://127.*base_url"):
            asyncio.run(check_connection(settings_for(url)))


def test_a_host_that_swallows_everything_is_told_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(host: str, port: int) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(checking.asyncio, "open_connection", never)
    monkeypatch.setattr(checking, "CHECK_CONNECT_TIMEOUT_SECONDS", 0.05)
    with pytest.raises(EndpointError, match="no answer in"):
        asyncio.run(check_connection(settings_for("http://10.0.0.1/v1")))
