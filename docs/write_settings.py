"""Writes docs/settings.md from the settings themselves: ``python docs/write_settings.py``."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from augcon_lib.settings import EndpointSettings, Settings

PAGE = Path(__file__).parent / "settings.md"
INTRODUCTION = """# Settings

Every key of `augcon.toml`, its default, what it may be and what it means; units are in the names.
This page is written by `python docs/write_settings.py` from the program itself, and a test holds it
to that. Each key can be overridden by a variable, `AUGCON_MODEL__BASE_URL` for `[model] base_url`
(lists are JSON), and relative paths are relative to the file. What a changed key makes stale,
`augcon plan` says.
"""
BOUNDS = {
    "minimum": "from {}",
    "exclusiveMinimum": "above {}",
    "maximum": "to {}",
    "exclusiveMaximum": "below {}",
}
TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
}


def settings_page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for name, field in Settings.model_fields.items():
        section: Any = field.annotation
        parts.append(_section(f"[{name}]", section))
        if name == "model":
            parts.append(_section("[[model.endpoints]]", EndpointSettings))
    return "\n".join(parts)


def _section(title: str, section: type[BaseModel]) -> str:
    said = " ".join(str(section.__doc__).split()).replace("``", "`").removeprefix(f"`{title}`: ")
    lines = [f"## `{title}`", "", said[0].upper() + said[1:], ""]
    lines += ["| key | default | may be | what it means |", "|---|---|---|---|"]
    schema = section.model_json_schema()
    for name, key in schema["properties"].items():
        default = _default(key) if name not in schema.get("required", []) else "to be set"
        cells = [f"`{name}`", default, _values(key), key["description"]]
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join([*lines, ""])


def _default(key: dict[str, Any]) -> str:
    return "as in `[model]`" if key["default"] is None else f"`{json.dumps(key['default'])}`"


def _values(key: dict[str, Any]) -> str:
    kind = next((each for each in key.get("anyOf", []) if each["type"] != "null"), key)
    if "enum" in kind:
        return ", ".join(f"`{json.dumps(value)}`" for value in kind["enum"])
    bounds = [words.format(f"{kind[name]:g}") for name, words in BOUNDS.items() if name in kind]
    return " ".join([TYPES[kind["type"]], *bounds])


if __name__ == "__main__":
    PAGE.write_text(settings_page(), encoding="utf-8")
