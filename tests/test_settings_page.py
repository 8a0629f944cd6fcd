import runpy
import tomllib
from pathlib import Path

from augcon_lib.settings import EndpointSettings, Settings

REPOSITORY = Path(__file__).parent.parent
SECTIONS = {name: field.annotation for name, field in Settings.model_fields.items()}


def keys(section: type | None) -> set[str]:
    return set(getattr(section, "model_fields", {}))


def test_the_page_of_settings_is_what_the_program_says() -> None:
    script = runpy.run_path(str(REPOSITORY / "docs" / "write_settings.py"))
    page = (REPOSITORY / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == script["settings_page"](), "run: python docs/write_settings.py"
    for section in (*SECTIONS.values(), EndpointSettings):
        for key in keys(section):
            assert f"\n| `{key}` | " in page


def test_the_template_shows_every_key() -> None:
    shown = tomllib.loads((REPOSITORY / "augcon.toml").read_text(encoding="utf-8"))
    assert set(shown) == set(SECTIONS)
    hidden = {"model": {"endpoints"}}  # an example of them is there, commented out
    for name, section in SECTIONS.items():
        assert set(shown[name]) == keys(section) - hidden.get(name, set()), name
