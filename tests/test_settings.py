import re
from pathlib import Path

import pytest

from augcon_lib.errors import SettingsError
from augcon_lib.settings import load_settings
from augcon_lib.workspace import find_workspace

REPOSITORY = Path(__file__).parent.parent


def write(folder: Path, text: str) -> Path:
    path = folder / "augcon.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_unknown_key_names_file_key_and_nearest(tmp_path: Path) -> None:
    path = write(tmp_path, '[model]\nbaseurl = "http://localhost"\n')
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert str(caught.value) == (f"{path}: unknown key model.baseurl; did you mean model.base_url?")


def test_unknown_section_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="unknown key modell; did you mean model"):
        load_settings(write(tmp_path, '[modell]\nname = "x"\n'))


def test_wrong_type_names_the_key(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"model\.max_concurrency"):
        load_settings(write(tmp_path, '[model]\nmax_concurrency = "many"\n'))


def test_broken_toml_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="not valid TOML"):
        load_settings(write(tmp_path, "[model\n"))


def test_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="augcon init"):
        load_settings(tmp_path / "augcon.toml")


def test_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUGCON_MODEL__BASE_URL", "http://other/v1")
    monkeypatch.setenv("AUGCON_TREE__MIN_CONTEXT_CHARS", "33")
    settings = load_settings(write(tmp_path, '[model]\nbase_url = "http://file/v1"\n'))
    assert settings.model.base_url == "http://other/v1"
    assert settings.tree.min_context_chars == 33


def test_mistake_in_the_environment_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUGCON_MODEL__BASE_URLL", "http://other/v1")
    with pytest.raises(SettingsError, match="environment variable AUGCON_MODEL__BASE_URLL"):
        load_settings(write(tmp_path, ""))


@pytest.mark.parametrize("variable", ["AUGCON_SOURCE__INCLUDE", "AUGCON_MODEL"])
def test_a_variable_that_is_no_json_where_json_is_wanted_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "*.md")
    with pytest.raises(SettingsError, match=r"variable.*JSON"):
        load_settings(write(tmp_path, ""))


@pytest.mark.parametrize("text", ['[source]\nuri = ""', '[storage]\nwarehouse = ""'])
def test_an_empty_path_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="at least 1 character"):
        load_settings(write(tmp_path, text))


def test_a_workspace_that_is_not_there_is_no_workspace_above_it(tmp_path: Path) -> None:
    write(tmp_path, "")
    with pytest.raises(SettingsError, match="mispelled is not a folder"):
        find_workspace(tmp_path / "mispelled")


def test_workspace_is_found_upwards(tmp_path: Path) -> None:
    write(tmp_path, "")
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert find_workspace(deep) == tmp_path.resolve()


def test_template_of_init_is_the_repositorys_own_workspace() -> None:
    template = REPOSITORY / "augcon_assets" / "template"
    names = [p.relative_to(template) for p in template.rglob("*") if p.is_file()]
    assert len(names) == 5
    for name in names:
        assert (template / name).read_bytes() == (REPOSITORY / name).read_bytes(), name


def test_every_key_of_the_template_is_at_its_default() -> None:
    assert load_settings(REPOSITORY / "augcon.toml").model_dump() == (
        load_settings(REPOSITORY / "augcon.toml").__class__.model_construct().model_dump()
    )


def test_a_variable_of_no_section_names_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUGCON_MODLE__NAME", "x")
    with pytest.raises(SettingsError, match=r"AUGCON_MODLE__NAME .* did you mean \[model\]"):
        load_settings(write(tmp_path, ""))


def test_a_language_is_auto_or_a_code(tmp_path: Path) -> None:
    assert load_settings(write(tmp_path, '[tree]\nlanguage = "zh-Hant"\n')).tree.language
    with pytest.raises(SettingsError, match=r"tree\.language"):
        load_settings(write(tmp_path, '[tree]\nlanguage = "klingon"\n'))


def test_an_endpoint_takes_what_it_does_not_set_from_the_model(tmp_path: Path) -> None:
    text = """
[model]
name = "m"
max_concurrency = 8
[[model.endpoints]]
base_url = "http://a/v1"
[[model.endpoints]]
base_url = "http://b/v1"
name = "m-q4"
max_concurrency = 2
"""
    model = load_settings(write(tmp_path, text)).model
    servers = [(s.base_url, s.name, s.max_concurrency) for s in model.servers]
    assert servers == [("http://a/v1", "m", 8), ("http://b/v1", "m-q4", 2)]
    assert model.calls_at_once == 10


def test_an_unknown_key_of_an_endpoint_names_the_nearest(tmp_path: Path) -> None:
    path = write(tmp_path, '[[model.endpoints]]\nbase_ur = "http://a/v1"\n')
    with pytest.raises(SettingsError, match=r"did you mean model\.endpoints\.0\.base_url"):
        load_settings(path)


def test_endpoints_can_be_given_by_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUGCON_MODEL__ENDPOINTS", '[{"base_url": "http://a/v1"}]')
    model = load_settings(write(tmp_path, "")).model
    assert [server.base_url for server in model.servers] == ["http://a/v1"]


def test_the_library_reads_the_environment_in_its_settings_alone() -> None:
    library = REPOSITORY / "augcon_lib"
    readers = {
        path.relative_to(library).parts[0]
        for path in library.rglob("*.py")
        if re.search(r"\bos\.(environ|getenv)|from os import", path.read_text(encoding="utf-8"))
    }
    assert readers == {"settings"}
