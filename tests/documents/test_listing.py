import errno
import os
import tarfile
import uuid

import fsspec
import pytest

from augcon_lib.documents import KnownSource, list_store, read_documents
from augcon_lib.documents.entries import printable_id, unique_ids
from augcon_lib.documents.stores import LocalFiles
from augcon_lib.errors import StoreError
from augcon_lib.records import Document
from augcon_lib.settings import SourceSettings
from tests.documents.samples import read_store, reason_of, text_of, zip_of

LONG_AGO = (1_600_000_000, 1_600_000_000)


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, LONG_AGO)


def ids(folder, **source):
    listing = list_store(SourceSettings(**{"uri": "store", **source}), folder)
    return [entry.document_id for entry in listing.entries]


@pytest.fixture
def store(tmp_path):
    write(tmp_path / "store", {"a.md": "A.", "sub/b.txt": "B.", "sub/deep/c": "C."})
    return tmp_path


def test_every_file_is_listed_by_its_path_in_order(store):
    assert ids(store) == ["a.md", "sub/b.txt", "sub/deep/c"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"include": ["*.md"]}, ["a.md"]),
        ({"include": ["**/*.txt"]}, ["sub/b.txt"]),
        ({"include": ["sub/*"]}, ["sub/b.txt"]),
        ({"exclude": ["sub"]}, ["a.md"]),
        ({"exclude": ["sub/"]}, ["a.md"]),
        ({"exclude": ["**/deep"]}, ["a.md", "sub/b.txt"]),
    ],
)
def test_globs_choose_among_the_paths(store, source, expected):
    assert ids(store, **source) == expected


def test_what_systems_drop_is_no_document(store):
    dropped = [".DS_Store", "sub/Thumbs.db", "~$a.docx", "desktop.ini", ".git/config", "._a.md"]
    write(store / "store", dict.fromkeys(dropped, "x"))
    write(store / "store", {".hidden.md": "kept", ".git_like/d.md": "kept", "e.md~": "kept"})
    assert ids(store) == [
        ".git_like/d.md", ".hidden.md", "a.md", "e.md~", "sub/b.txt", "sub/deep/c"
    ]  # fmt: skip


def test_an_empty_folder_is_an_empty_store(tmp_path):
    (tmp_path / "store").mkdir()
    assert ids(tmp_path) == []


@pytest.mark.parametrize(
    "uri", ["missing", "missing.zip", "memory://nothing-here", "nosuchprotocol://x/y"]
)
def test_a_store_that_cannot_be_listed_is_an_error_and_never_empty(tmp_path, uri):
    with pytest.raises(StoreError, match=uri.split(":")[0]):
        ids(tmp_path, uri=uri)


@pytest.mark.parametrize("name", ["broken.zip", "broken.tar.gz", "broken.tar"])
def test_a_damaged_archive_is_an_error(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK no archive" * 100)
    with pytest.raises(StoreError, match="damaged"):
        ids(tmp_path, uri=name)


def test_a_folder_that_may_not_be_read_fails_the_whole_listing(store, monkeypatch):
    scandir = os.scandir

    def guarded(folder):
        if str(folder).endswith("deep"):
            raise PermissionError(13, "Permission denied", folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", guarded)
    with pytest.raises(StoreError, match="permission to read"):
        ids(store)


def test_an_unchanged_file_is_not_read_again(store):
    settings = SourceSettings(uri="store")
    first = list_store(settings, store).entries
    known = {e.document_id: KnownSource(e.stamp, "remembered") for e in first}
    (store / "store/a.md").write_text("Changed.")
    second = {e.document_id: e for e in list_store(settings, store, known).entries}
    assert second["sub/b.txt"].source_sha256 == "remembered"
    assert second["a.md"].source_sha256 not in ("remembered", first[0].source_sha256)


def test_a_file_that_has_just_changed_is_not_trusted_to_be_settled(store):
    file = store / "store/a.md"
    file.write_text("New.")
    settings = SourceSettings(uri="store", include=("a.md",))
    (first,) = list_store(settings, store).entries
    (second,) = list_store(
        settings, store, {"a.md": KnownSource(first.stamp, "remembered")}
    ).entries
    assert second.source_sha256 == first.source_sha256


def test_an_unchanged_table_is_not_parsed_again(tmp_path):
    write(tmp_path, {"t.jsonl": '{"id": "a", "text": "A."}\n{"id": "b", "text": "B."}\n'})
    settings = SourceSettings(uri="t.jsonl")
    first = list_store(settings, tmp_path).entries
    known = {e.document_id: KnownSource(e.stamp, "remembered") for e in first}
    again = list_store(settings, tmp_path, known).entries
    assert [(e.document_id, e.row_id) for e in again] == [("t.jsonl#a", "a"), ("t.jsonl#b", "b")]
    assert {e.source_sha256 for e in again} == {"remembered"}


@pytest.mark.parametrize("change", ["one row unknown", "other id column"])
def test_a_table_is_parsed_again_where_its_rows_are_not_all_known(tmp_path, change):
    write(tmp_path, {"t.jsonl": '{"id": "a", "text": "A."}\n{"id": "b", "text": "B."}\n'})
    first = list_store(SourceSettings(uri="t.jsonl"), tmp_path).entries
    known = {e.document_id: KnownSource(e.stamp, "remembered") for e in first}
    column = "id"
    if change == "one row unknown":
        del known["t.jsonl#a"]
    else:
        column = "text"
    again = list_store(SourceSettings(uri="t.jsonl", id_column=column), tmp_path, known).entries
    assert len(again) == 2
    assert "remembered" not in {e.source_sha256 for e in again}


def test_a_table_is_parsed_once_for_all_its_rows(tmp_path, monkeypatch):
    from augcon_lib.documents import reading

    write(tmp_path, {"t.jsonl": "".join(f'{{"id": {n}, "text": "T."}}\n' for n in range(50))})
    settings = SourceSettings(uri="t.jsonl")
    entries = list_store(settings, tmp_path).entries
    calls = []
    run = reading.run_confined
    monkeypatch.setattr(reading, "run_confined", lambda *a: calls.append(a[1]) or run(*a))
    results = list(read_documents(settings, tmp_path, entries))
    assert calls == ["augcon_lib.documents.tasks:convert_rows"]
    assert all(isinstance(result, Document) for result in results)


def test_zip_and_tar_archives_are_folders(tmp_path):
    (tmp_path / "s.zip").write_bytes(zip_of({"a.md": "A.", "sub/b.md": "B."}))
    write(tmp_path / "plain", {"a.md": "A.", "sub/b.md": "B."})
    with tarfile.open(tmp_path / "s.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "plain", arcname=".")
    for name in ("s.zip", "s.tar.gz"):
        found = read_store(tmp_path, uri=name)
        texts = {key.removeprefix("./"): text_of(value) for key, value in found.items()}
        assert texts == {"a.md": "A.", "sub/b.md": "B."}


def test_a_memory_url_is_a_store():
    root = f"memory://{uuid.uuid4().hex}"
    with fsspec.open(f"{root}/sub/a.md", "w") as file:
        file.write("A.")
    with fsspec.open(f"{root}/rows.csv", "w") as file:
        file.write("id,text\n1,B.\n")
    settings = SourceSettings(uri=root)
    entries = list_store(settings, "/").entries
    assert [e.document_id for e in entries] == ["rows.csv#1", "sub/a.md"]
    assert [text_of(r) for r in read_documents(settings, "/", entries)] == ["B.", "A."]


def test_a_name_that_is_no_utf8_is_escaped_and_can_be_read(tmp_path):
    (tmp_path / "store").mkdir()
    try:
        (tmp_path / "store" / os.fsdecode(b"caf\xe9.md")).write_text("Coffee.")
    except OSError:
        pytest.skip("this file system allows no such name")
    found = read_store(tmp_path, uri="store")
    assert text_of(found["caf\\xe9.md"]) == "Coffee."
    assert found["caf\\xe9.md"].title == "caf\\xe9"


def test_ids_are_printable_and_unique():
    assert printable_id("cafe\u0301\n.md") == "café\\x0a.md"
    assert unique_ids(["a", "b", "a", "a~2", "a"]) == ["a", "b", "a~3", "a~2", "a~4"]


def test_a_link_to_nothing_is_an_entry_that_is_not_found(tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store/link.md").symlink_to(tmp_path / "store/nowhere")
    assert reason_of(read_store(tmp_path, uri="store")["link.md"]) == "not_found"


def test_a_link_to_itself_spoils_nothing_but_itself(tmp_path):
    (tmp_path / "good.md").write_text("Good text.", encoding="utf-8")
    (tmp_path / "loop.md").symlink_to("loop.md")
    results = read_store(tmp_path)
    assert text_of(results["good.md"]) == "Good text."
    assert reason_of(results["loop.md"]) == "not_found"


def test_links_are_followed_once(store):
    (store / "store/loop").symlink_to(store / "store")
    (store / "store/copy.md").symlink_to(store / "store/a.md")
    assert ids(store) == ["a.md", "copy.md", "sub/b.txt", "sub/deep/c"]


def test_a_document_that_has_gone_since_the_listing_is_rejected(store):
    settings = SourceSettings(uri="store")
    entries = list_store(settings, store).entries
    (store / "store/a.md").unlink()
    results = list(read_documents(settings, store, entries))
    assert [reason_of(results[0]), *map(text_of, results[1:])] == ["not_found", "B.", "C."]


def test_a_pipe_does_not_hang_the_listing(store):
    os.mkfifo(store / "store/pipe")
    assert reason_of(read_store(store, uri="store")["pipe"]) == "unreadable"


def test_a_document_knows_where_it_came_from(store):
    document = read_store(store, uri="store")["sub/b.txt"]
    assert document.uri == "store/sub/b.txt"
    assert document.modified_at.timestamp() == LONG_AGO[1]
    assert document.media_type == "text/plain"


def broken_for(names, number):
    open_file = LocalFiles.open

    def broken(self, path):
        if path in names:
            raise OSError(number, os.strerror(number))
        return open_file(self, path)

    return broken


@pytest.mark.parametrize("name", ["a.md", "rows.csv"])
def test_an_outage_while_files_are_read_fails_the_listing_and_looks_like_no_change(
    store, monkeypatch, name
):
    write(store / "store", {"rows.csv": "id,text\n1,One.\n"})
    settings = SourceSettings(uri="store")
    entries = list_store(settings, store).entries
    monkeypatch.setattr(LocalFiles, "open", broken_for([name], errno.ENOTCONN))
    with pytest.raises(StoreError, match="not connected"):
        ids(store)
    with pytest.raises(StoreError, match="not connected"):
        list(read_documents(settings, store, entries))


@pytest.mark.parametrize("number", [errno.EIO, errno.ENAMETOOLONG, errno.EOVERFLOW])
def test_a_fault_of_one_file_is_a_rejection_of_that_file(store, monkeypatch, number):
    monkeypatch.setattr(LocalFiles, "open", broken_for(["a.md"], number))
    found = read_store(store, uri="store")
    assert reason_of(found["a.md"]) == "read_error"
    assert "network" not in found["a.md"].detail
    assert text_of(found["sub/b.txt"]) == "B."


def test_a_faulty_file_is_looked_at_again_in_the_next_listing(store, monkeypatch):
    settings = SourceSettings(uri="store")
    good = {e.document_id: e for e in list_store(settings, store).entries}
    with monkeypatch.context() as faulty:
        faulty.setattr(LocalFiles, "open", broken_for(["a.md"], errno.EIO))
        bad = {e.document_id: e for e in list_store(settings, store).entries}
    known = {d: KnownSource(e.stamp, e.source_sha256) for d, e in bad.items()}
    again = {e.document_id: e for e in list_store(settings, store, known).entries}
    assert bad["a.md"].source_sha256 != good["a.md"].source_sha256
    assert again == good


def test_many_faulty_files_are_an_outage_of_the_disk(store, monkeypatch):
    names = [f"f{number}.md" for number in range(20)]
    write(store / "store", dict.fromkeys(names, "Text."))
    monkeypatch.setattr(LocalFiles, "open", broken_for(names, errno.EIO))
    with pytest.raises(StoreError, match="check the disk"):
        ids(store)


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES])
def test_rows_of_a_table_that_cannot_be_read_now_are_not_gone(store, monkeypatch, number):
    write(store / "store", {"rows.csv": "id,text\n1,One.\n"})
    settings = SourceSettings(uri="store")
    known = {
        e.document_id: KnownSource(e.stamp, e.source_sha256)
        for e in list_store(settings, store).entries
    }
    write(store / "store", {"rows.csv": "id,text\n1,Another.\n"})
    monkeypatch.setattr(LocalFiles, "open", broken_for(["rows.csv"], number))
    listed = list_store(settings, store, known).entries
    assert {"rows.csv", "rows.csv#1"} <= {entry.document_id for entry in listed}


def test_a_file_without_the_right_to_read_it_is_rejected_alone(store, monkeypatch):
    open_file = LocalFiles.open

    def guarded(self, path):
        if path == "a.md":
            raise PermissionError(13, "Permission denied")
        return open_file(self, path)

    monkeypatch.setattr(LocalFiles, "open", guarded)
    found = read_store(store, uri="store")
    assert reason_of(found["a.md"]) == "not_permitted"
    assert text_of(found["sub/b.txt"]) == "B."
