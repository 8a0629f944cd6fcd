import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from augcon_lib import extensions
from tests.support.packages import install

Install = Callable[..., None]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a package for this process: its entry points, and the text of its one module."""
    folder = tmp_path / "site"
    folder.mkdir()
    modules = set(sys.modules)

    def install_it(
        package: str,
        parts: Mapping[str, Mapping[str, str]],
        text: str | None = None,
        version: str = "1.0",
    ) -> None:
        install(folder, package, version, parts)
        if text is not None:
            (folder / f"{package.replace('-', '_')}.py").write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(str(folder))  # looks at the folder again, too
        extensions._all_registered.cache_clear()

    yield install_it
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]
    monkeypatch.undo()
    extensions._all_registered.cache_clear()
