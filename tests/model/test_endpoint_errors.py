import asyncio
import logging
import traceback
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import SecretStr

from augcon_lib.errors import EndpointError, SettingsError
from augcon_lib.model import check_endpoint, open_engine, validate_model_settings
from augcon_lib.model.endpoints.calls import CALL_ATTEMPTS
from augcon_lib.settings import api_key
from tests.model.engine_fixtures import rewrite_request, settings_for
from tests.support.batch_routes import BatchRoutes
from tests.support.fault_server import KEY, always, fault_server

WRONG_KEY = SecretStr("sk-wrong-key-123")


def test_a_wrong_key_costs_one_call_and_is_never_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "journal.sqlite"

    async def scenario() -> list[BaseException]:
        async with (
            fault_server() as server,
            open_engine(settings_for(server.url), path, api_key=WRONG_KEY) as engine,
        ):
            asks = (engine.ask(rewrite_request(f"river {number}")) for number in range(50))
            outcomes = await asyncio.gather(*asks, return_exceptions=True)
            assert server.calls == 1
            assert all(isinstance(one, EndpointError) for one in outcomes)
            return [one for one in outcomes if isinstance(one, BaseException)]

    errors = asyncio.run(scenario())
    shown = "".join("".join(traceback.format_exception(error)) for error in errors)
    assert "OPENAI_API_KEY" in shown
    for text in (shown, caplog.text, path.read_bytes().decode("latin-1")):
        assert WRONG_KEY.get_secret_value() not in text


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"name": "absent"}, "[model] name"), ({"path": "/v2"}, "[model] base_url")],
)
def test_a_wrong_model_or_path_names_the_setting(changes: dict[str, str], named: str) -> None:
    async def scenario() -> None:
        async with fault_server() as server:
            url = server.url.replace("/v1", changes.pop("path", "/v1"))
            with pytest.raises(EndpointError) as caught:
                await check_endpoint(settings_for(url, **changes).model, SecretStr(KEY))
            assert named in str(caught.value)

    asyncio.run(scenario())


def test_a_server_that_is_not_there_is_named(closed_port: int) -> None:
    url = f"http://127.0.0.1:{closed_port}/v1"
    with pytest.raises(EndpointError) as caught:
        asyncio.run(check_endpoint(settings_for(url).model, SecretStr(KEY)))
    assert f"127.0.0.1:{closed_port}" in str(caught.value)
    assert "base_url" in str(caught.value)


def test_a_check_reports_what_the_endpoint_can_do() -> None:
    async def scenario() -> None:
        async with fault_server(schema_status=400, refused_fields=("temperature",)) as server:
            report = await check_endpoint(settings_for(server.url).model, SecretStr(KEY))
            assert report.wire_form == "text"
            assert report.omitted_fields == {"temperature"}
            assert not report.takes_batches

    asyncio.run(scenario())


def test_a_forced_schema_that_is_refused_names_the_setting() -> None:
    async def scenario() -> None:
        async with fault_server(schema_status=400) as server:
            settings = settings_for(server.url, structured_output="json_schema")
            with pytest.raises(EndpointError, match="structured_output"):
                await check_endpoint(settings.model, SecretStr(KEY))

    asyncio.run(scenario())


def test_an_endpoint_that_dies_for_good_stops_the_run(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            fault_server() as server,
            open_engine(
                settings_for(server.url), tmp_path / "journal.sqlite", api_key=SecretStr(KEY)
            ) as engine,
        ):
            await engine.ask(rewrite_request("the last good one"))
            server.fault = always("503")
            asks = (engine.ask(rewrite_request(f"river {number}")) for number in range(60))
            outcomes = await asyncio.gather(*asks, return_exceptions=True)
            assert all(isinstance(one, EndpointError) for one in outcomes)
            assert "HTTP 503" in str(outcomes[0])
            assert server.calls <= 2 + 60 * CALL_ATTEMPTS

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"name": ""}, "name"),
        ({"base_url": ""}, "base_url"),
        ({"base_url": "localhost"}, "http"),
        ({"base_url": "http://user:pass@localhost/v1"}, "password"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        validate_model_settings(settings_for(**{"base_url": "http://localhost/v1", **changes}))


def test_a_check_says_whether_there_are_batches() -> None:
    async def scenario() -> None:
        async with fault_server(BatchRoutes()) as server, fault_server() as without:
            for mode in ("online", "batch"):
                model = settings_for(server.url, mode=mode).model
                assert (await check_endpoint(model, SecretStr(KEY))).takes_batches
            model = settings_for(without.url, mode="batch").model
            with pytest.raises(EndpointError, match="does not support batches"):
                await check_endpoint(model, SecretStr(KEY))

    asyncio.run(scenario())


@pytest.mark.parametrize("answer", ["html", "redirect"])
def test_a_service_that_is_none_of_this_protocol_is_told_after_a_few_calls(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    async def handle(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        if answer == "redirect":
            return web.Response(status=302, headers={"Location": "http://127.0.0.1:9/elsewhere"})
        return web.Response(text="<html>welcome</html>", content_type="text/html")

    async def scenario() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        try:
            model = settings_for(f"http://{host}:{port}/v2").model
            with pytest.raises(EndpointError, match="usually ends in /v1") as caught:
                await check_endpoint(model, SecretStr(KEY))
            assert ("/elsewhere" in str(caught.value)) == (answer == "redirect")
        finally:
            await runner.cleanup()

    asyncio.run(scenario())
    assert calls <= 4


@pytest.mark.parametrize("port", ["99999", "8000v1"])
def test_an_address_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(SettingsError, match="is not a valid address"):
        validate_model_settings(settings_for(f"http://127.0.0.1:{port}"))


def test_a_key_is_stripped_and_what_no_key_can_be_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = settings_for("http://127.0.0.1:9/v1").model
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1\n")
    assert api_key(model).get_secret_value() == "sk-1"
    for key in ("“sk-secret”", "sk-secret\nX: 1"):
        monkeypatch.setenv("OPENAI_API_KEY", key)
        with pytest.raises(SettingsError, match="OPENAI_API_KEY") as caught:
            api_key(model)
        assert "secret" not in str(caught.value)
    with pytest.raises(ValueError, match="api_key_env"):
        settings_for("http://127.0.0.1:9/v1", api_key_env="sk-pasted-by-mistake")
