"""Write docs/settings.md from the settings themselves: ``python docs/write_settings.py``."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from augcon_lib.settings import EndpointSettings, Settings

PAGE = Path(__file__).parent / "settings.md"
INTRODUCTION = """# Settings

This page lists every key of `augcon.toml`: its default, its values and its meaning. Units are in
the names. `python docs/write_settings.py` writes the page from the code, and a test compares both.
To override a key, set a variable: `AUGCON_MODEL__BASE_URL` for `[model] base_url` (lists are JSON).
Relative paths are relative to the file. After a change, run `augcon plan` to see what became stale.
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
    """Return the whole page."""
    parts = [INTRODUCTION]
    for name, field in Settings.model_fields.items():
        section: Any = field.annotation
        parts.append(_section(f"[{name}]", section))
        if name == "model":
            parts.append(_section("[[model.endpoints]]", EndpointSettings))
    return "\n".join(parts)


def _section(title: str, section: type[BaseModel]) -> str:
    text = " ".join(str(section.__doc__).split()).replace("``", "`").removeprefix(f"`{title}`: ")
    lines = [f"## `{title}`", "", text[0].upper() + text[1:], ""]
    lines += ["| key | default | values | meaning |", "|---|---|---|---|"]
    schema = section.model_json_schema()
    for name, key in schema["properties"].items():
        default = _default(key) if name not in schema.get("required", []) else "required"
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
