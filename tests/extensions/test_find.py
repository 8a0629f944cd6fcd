"""What is found of packages, and what is said of those that cannot be used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from augcon_lib.documents.conversion import convert
from augcon_lib.documents.stores import open_store
from augcon_lib.errors import SettingsError
from augcon_lib.extensions import GROUPS, find, known_names, scheme_of, suffix_of
from augcon_lib.settings import Settings, SourceSettings, load_settings
from augcon_lib.strategies import strategy_for
from tests.extensions.conftest import Install
from tests.support.packages import install


@pytest.mark.parametrize("kind", GROUPS)
def test_a_registered_part_is_found_with_its_package_and_imported_when_it_is_used(
    installed: Install, kind: str
) -> None:
    installed("pkg-a", {GROUPS[kind]: {"mine": "pkg_a:part"}}, "def part(): return 7")
    found = find(kind, "mine")
    assert found is not None
    assert found.origin == "pkg-a 1.0"
    assert "pkg_a" not in sys.modules
    assert found.load()() == 7
    assert find(kind, "other") is None
    assert [k for k in GROUPS if find(k, "mine")] == [kind]


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (None, "pkg_b:part", "cannot be imported"),
        ("import no_such_module", "pkg_b:part", "No module named 'no_such_module'"),
        ("raise OSError('no disk')", "pkg_b:part", "OSError: no disk"),
        ("", "pkg_b:part", "has no attribute 'part'"),
        ("part = 7", "pkg_b:part", "is not callable but int"),
        ("", "pkg_b", "is not callable but module"),
    ],
)
def test_a_part_that_cannot_be_used_names_package_group_name_and_the_way_out(
    installed: Install, text: str | None, place: str, said: str
) -> None:
    installed("pkg-b", {"augcon.gates": {"mine": place}}, text)
    found = find("gate", "mine")
    assert found is not None
    with pytest.raises(SettingsError) as caught:
        found.load()
    for part in ("pkg-b 1.0", f"augcon.gates: mine = {place}", said, "uninstall the package"):
        assert part in str(caught.value)


def test_two_packages_with_one_name_are_both_named(installed: Install) -> None:
    installed("pkg-c", {"augcon.gates": {"mine": "pkg_c:part"}})
    installed("pkg-d", {"augcon.gates": {"mine": "pkg_d:part", "other": "pkg_d:part"}})
    with pytest.raises(SettingsError, match=r"'mine' is registered twice.*pkg-c and pkg-d"):
        find("gate", "mine")
    assert find("gate", "other") is not None


def test_what_augcon_has_itself_cannot_be_replaced(installed: Install, tmp_path: Path) -> None:
    groups = {
        "augcon.converters": {"md": "pkg_e:part"},
        "augcon.stores": {"memory": "pkg_e:part"},
        "augcon.strategies": {"cst": "pkg_e:part"},
    }
    installed("pkg-e", groups, "def part(*given): raise AssertionError")
    refused = r"package pkg-e registers the {} '{}' .* cannot be replaced"
    with pytest.raises(SettingsError, match=refused.format("converter", "md")):
        convert("a.md", b"text")
    with (
        pytest.raises(SettingsError, match=refused.format("store", "memory")),
        open_store(SourceSettings(uri="memory://x"), tmp_path),
    ):
        pass
    with pytest.raises(SettingsError, match=refused.format("strategy", "cst")):
        strategy_for(Settings(), "en", None, None, ())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[tree]\nstrategy = "Mien"', "tree.strategy: unknown strategy 'Mien'; known: cst, direct"),
        ('[responses]\ngates = ["Mien"]', "responses.gates.0: unknown gate 'Mien'; known: none"),
    ],
)
def test_settings_reject_a_name_that_nobody_registers_and_list_those_there_are(
    installed: Install, tmp_path: Path, text: str, said: str
) -> None:
    installed("pkg-f", {"augcon.strategies": {"Mine": "pkg_f:part"}})
    path = tmp_path / "augcon.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert said in str(caught.value)
    assert ("etrc, adaptllm, Mine" in str(caught.value)) == ("strategy" in text)
    path.write_text('[tree]\nstrategy = "Mine"')
    assert load_settings(path).tree.strategy == "Mine"


def test_names_are_listed_after_those_of_augcon(installed: Install) -> None:
    assert known_names("exporter", ("chat",)) == "chat"
    installed("pkg-g", {"augcon.exporters": {"z": "pkg_g:part", "a": "pkg_g:part"}})
    assert known_names("exporter", ("chat",)) == "chat, a, z"


@pytest.mark.parametrize(
    ("uri", "scheme"),
    [("Wiki://x/y", "wiki"), ("folder/x", ""), ("zip://a::wiki://x", ""), ("a:b", "")],
)
def test_the_scheme_of_a_uri(uri: str, scheme: str) -> None:
    assert scheme_of(uri) == scheme


@pytest.mark.parametrize(
    ("name", "suffix"), [("a/b.EPUB", "epub"), ("a.b/c", ""), (".epub", ""), ("a.tar.gz", "gz")]
)
def test_the_suffix_of_a_name(name: str, suffix: str) -> None:
    assert suffix_of(name) == suffix


def test_help_imports_no_package(tmp_path: Path) -> None:
    parts = {group: {"mine": "pkg_h:part"} for group in GROUPS.values()}
    install(tmp_path, "pkg-h", "1.0", parts)
    (tmp_path / "pkg_h.py").write_text("raise SystemExit(9)")
    program = (
        "import sys; from augcon_assets.cli import main; from augcon_lib.extensions import find\n"
        "sys.argv = ['augcon', '--help']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end\n"
        "assert find('gate', 'mine') and 'pkg_h' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "export" in done.stdout
