"""The version of the whole conversion, which enters the fingerprint of every document."""

import hashlib
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

CONVERTERS = (
    "chardet",
    "html-to-markdown",
    "lxml",
    "mammoth",
    "markdown-it-py",
    "py3langid",
    "pypdfium2",
    "PyYAML",
)


@lru_cache(maxsize=1)
def converter_version() -> str:
    """Changes with the code that reads and converts documents, and with its libraries."""
    digest = hashlib.sha256()
    for name in CONVERTERS:
        digest.update(f"{name}={_installed(name)}\n".encode())
    folder = Path(__file__).parent
    for path in [*sorted(folder.glob("*.py")), folder.parent / "languages.py"]:
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:16]


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
