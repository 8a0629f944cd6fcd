"""Start a stand-in for a model server in a separate process, and read its counters.

The server is a program that takes ``--port --slots --latency --jitter --fault`` and serves
``/v1/chat/completions``, ``/stats``, ``/reset`` and ``/config``.
"""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODEL = "mock-llm"


@dataclass(frozen=True)
class MockEndpoint:
    """A running server; ``base_url`` ends in ``/v1``."""

    base_url: str

    def stats(self) -> dict[str, Any]:
        """Return the counters since the last reset."""
        with urllib.request.urlopen(self._at("/stats")) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def reset(self, *, forget_prompts: bool = False) -> None:
        """Zero the counters."""
        self._post("/reset?seen=1" if forget_prompts else "/reset", {})

    def configure(self, **settings: Any) -> None:
        """Change latency, slots or faults while it runs."""
        self._post("/config", settings)

    def environment(self, **more: str) -> dict[str, str]:
        """Return the settings that make augcon use this server."""
        return {
            "AUGCON_MODEL__PROVIDER": "openai",
            "AUGCON_MODEL__BASE_URL": self.base_url,
            "AUGCON_MODEL__NAME": MODEL,
            "OPENAI_API_KEY": "sk-none",
            **more,
        }

    def _post(self, path: str, body: Mapping[str, Any]) -> None:
        request = urllib.request.Request(self._at(path), json.dumps(body).encode(), method="POST")
        urllib.request.urlopen(request).close()

    def _at(self, path: str) -> str:
        return self.base_url.removesuffix("/v1") + path


@contextmanager
def mock_endpoint(program: Path, *arguments: str) -> Iterator[MockEndpoint]:
    """Start *program* on a free port; stop it at the end of the body."""
    server = subprocess.Popen(
        [sys.executable, str(program), "--port", "0", "--model", MODEL, *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        found = re.search(r"http://\S+/v1", server.stdout.readline())
        if found is None:
            sys.exit(f"{program} did not print its address (http://HOST:PORT/v1)")
        yield MockEndpoint(found[0])
    finally:
        server.kill()
        server.wait()
