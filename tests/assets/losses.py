"""Ways to lose a store: each is done to a workspace that was in step with it."""

import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_lib.workspace import Workspace
from tests.support.workspaces import bring_up_to_date, make_workspace, put, toml

TOWNS = ("Bath", "Bude", "Deal", "Dover", "Ely", "Hull", "Looe", "Lydd", "Oban", "Rye", "Wick",
         "York")  # fmt: skip
METHOD: dict[str, dict[str, object]] = {
    "tree": {"strategy": "direct", "max_rounds": 1},
    "scorer": {"kind": "none"},
    "responses": {"few_shot_count": 1, "search_trials": 1},
}


def text(town: str, subject: str) -> str:
    return (
        f"The {subject} of {town} was built by the sea in the year of the great flood. It stands "
        f"beside the harbour of {town}, where boats bring salt and herring before the winter."
    )


FILES = {f"guide/{town}.md": text(town, "mill") for town in TOWNS} | {
    f"notes/{town}.txt": text(town, "bridge") for town in TOWNS[:3]
}
TABLE = "id,ref,text\n" + "".join(
    f't{n},r{n},"{text(town, "school")}"\n' for n, town in enumerate(TOWNS)
)


def archive(path: Path, files: dict[str, str]) -> None:
    with zipfile.ZipFile(path, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)


def set_source(root: Path, source: str) -> None:
    (root / "augcon.toml").write_text(f"[source]\n{source}\n{toml(METHOD)}", encoding="utf-8")


def synced(root: Path, kind: str) -> Workspace:
    """A workspace whose store is a folder, a table or an archive, brought up to date."""
    workspace = make_workspace(root, FILES if kind == "folder" else {}, METHOD)
    if kind == "table":
        put(root, "faq.csv", TABLE)
        set_source(root, 'uri = "documents/faq.csv"')
    if kind == "archive":
        (root / "documents").mkdir(exist_ok=True)
        archive(root / "documents" / "docs.zip", FILES)
        set_source(root, 'uri = "documents/docs.zip"')
    workspace = Workspace(root, reopened(root))
    with workspace_instance(workspace) as instance:
        bring_up_to_date(workspace, instance)
    return workspace


def reopened(root: Path) -> Any:
    from augcon_lib.workspace import open_workspace

    return open_workspace(root).settings


@dataclass(frozen=True)
class Loss:
    """*lose* does it to the workspace's folder; *store* is the kind of store it is done to."""

    name: str
    store: str
    lose: Callable[[Path, pytest.MonkeyPatch], None]


LOSSES: list[Loss] = []


def loss(store: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def known(function: Callable[..., None]) -> Callable[..., None]:
        LOSSES.append(Loss(function.__name__, store, function))
        return function

    return known


def guide(root: Path) -> Iterator[Path]:
    return iter(sorted((root / "documents" / "guide").iterdir()))


@loss("folder")
def empty_mount(root: Path, patch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(root / "documents")
    (root / "documents").mkdir()


@loss("folder")
def mount_with_what_systems_drop(root: Path, patch: pytest.MonkeyPatch) -> None:
    empty_mount(root, patch)
    put(root, ".DS_Store", "x")


@loss("folder")
def wrong_pattern(root: Path, patch: pytest.MonkeyPatch) -> None:
    set_source(root, 'include = ["**/*.mdx"]')


@loss("folder")
def glob_typo_among_several(root: Path, patch: pytest.MonkeyPatch) -> None:
    set_source(root, 'include = ["giude/*.md", "notes/*.txt"]')


@loss("folder")
def exclude_everything(root: Path, patch: pytest.MonkeyPatch) -> None:
    set_source(root, 'exclude = ["**/*"]')


@loss("folder")
def exclude_too_much(root: Path, patch: pytest.MonkeyPatch) -> None:
    set_source(root, 'exclude = ["guide"]')


@loss("folder")
def renamed_root(root: Path, patch: pytest.MonkeyPatch) -> None:
    (root / "documents").rename(root / "docs")


@loss("folder")
def root_is_a_link_to_nothing(root: Path, patch: pytest.MonkeyPatch) -> None:
    renamed_root(root, patch)
    (root / "documents").symlink_to(root / "unmounted")


@loss("folder")
def uri_of_another_folder(root: Path, patch: pytest.MonkeyPatch) -> None:
    for town in TOWNS:
        path = root / "other" / f"{town}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text(town, "castle"), encoding="utf-8")
    set_source(root, 'uri = "other"')


@loss("folder")
def uri_of_a_folder_below(root: Path, patch: pytest.MonkeyPatch) -> None:
    set_source(root, 'uri = "documents/guide"')


@loss("folder")
def half_a_listing(root: Path, patch: pytest.MonkeyPatch) -> None:
    """A network share that fails in the middle."""
    real = os.scandir

    class Half:
        def __init__(self, path: str) -> None:
            self._real = real(path)

        def __enter__(self) -> "Half":
            return self

        def __exit__(self, *error: object) -> None:
            self._real.close()

        def __iter__(self) -> Iterator[os.DirEntry[str]]:
            for number, entry in enumerate(self._real):
                if number == 6:
                    raise OSError(5, "Input/output error")
                yield entry

    patch.setattr(os, "scandir", lambda path: Half(path) if "guide" in str(path) else real(path))


@loss("folder")
def lost_subfolder(root: Path, patch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(root / "documents" / "guide")


@loss("folder")
def checkout_in_the_middle(root: Path, patch: pytest.MonkeyPatch) -> None:
    for path in list(guide(root))[1:]:
        path.unlink()
    put(root, ".git/index.lock", "")


@loss("folder")
def names_in_another_case(root: Path, patch: pytest.MonkeyPatch) -> None:
    for path in list(guide(root)):
        path.rename(path.with_name(path.name.upper()))


@loss("folder")
def permissions_lost_on_a_subfolder(root: Path, patch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def refuse(path: str) -> Any:
        if "guide" in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    patch.setattr(os, "scandir", refuse)


@loss("folder")
def files_that_became_links_to_nothing(root: Path, patch: pytest.MonkeyPatch) -> None:
    for path in list(guide(root)):
        path.unlink()
        path.symlink_to("../.annex/objects/gone")


@loss("folder")
def files_cut_to_nothing(root: Path, patch: pytest.MonkeyPatch) -> None:
    for path in guide(root):
        path.write_bytes(b"")


@loss("folder")
def files_of_garbage(root: Path, patch: pytest.MonkeyPatch) -> None:
    for path in guide(root):
        path.write_bytes(bytes(range(256)) * 20)


@loss("folder")
def expired_credentials(root: Path, patch: pytest.MonkeyPatch) -> None:
    class Vault(MemoryFileSystem):
        protocol = "vault"

        def _refuse(self, *args: object, **options: object) -> Any:
            raise PermissionError("ExpiredToken: the provided token has expired")

        ls = info = find = walk = glob = _refuse

    fsspec.register_implementation("vault", Vault, clobber=True)
    set_source(root, 'uri = "vault://bucket/documents"')


@loss("table")
def another_id_column(root: Path, patch: pytest.MonkeyPatch) -> None:
    set_source(root, 'uri = "documents/faq.csv"\nid_column = "ref"')


@loss("table")
def no_id_column_any_more(root: Path, patch: pytest.MonkeyPatch) -> None:
    put(root, "faq.csv", TABLE.replace("id,ref", "key,ref", 1))


@loss("table")
def empty_text_column(root: Path, patch: pytest.MonkeyPatch) -> None:
    put(root, "faq.csv", "id,ref,text\n" + "".join(f"t{n},r{n},\n" for n in range(len(TOWNS))))


@loss("table")
def renamed_text_column(root: Path, patch: pytest.MonkeyPatch) -> None:
    put(root, "faq.csv", TABLE.replace("ref,text", "ref,body", 1))


@loss("table")
def table_of_a_header_alone(root: Path, patch: pytest.MonkeyPatch) -> None:
    put(root, "faq.csv", "id,ref,text\n")


@loss("table")
def table_of_garbage(root: Path, patch: pytest.MonkeyPatch) -> None:
    put(root, "faq.csv", bytes(range(256)) * 20)


@loss("archive")
def empty_archive(root: Path, patch: pytest.MonkeyPatch) -> None:
    archive(root / "documents" / "docs.zip", {})


@loss("archive")
def archive_with_a_folder_above(root: Path, patch: pytest.MonkeyPatch) -> None:
    moved = {f"docs-main/{name}": content for name, content in FILES.items()}
    archive(root / "documents" / "docs.zip", moved)


@loss("archive")
def archive_cut_in_half(root: Path, patch: pytest.MonkeyPatch) -> None:
    path = root / "documents" / "docs.zip"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
