import io
import os
import socket
import tarfile
import zipfile
from pathlib import Path

import pytest

from augcon_lib.documents import list_store, read_documents
from augcon_lib.documents.links import LinkRule, open_regular
from augcon_lib.errors import DocumentError, StoreError
from augcon_lib.settings import SourceSettings
from tests.documents.samples import read_store, reason_of, text_of


@pytest.fixture
def store(tmp_path):
    (tmp_path / "store/sub").mkdir(parents=True)
    (tmp_path / "store/a.md").write_text("A.")
    (tmp_path / "store/sub/b.md").write_text("B.")
    (tmp_path / "secret.txt").write_text("sk-canary")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/c.md").write_text("C.")
    return tmp_path


def link(store, name, target):
    (store / "store" / name).symlink_to(target)


def texts(found):
    return {name: getattr(each, "text", None) for name, each in found.items()}


@pytest.mark.parametrize(
    "target", ["../secret.txt", "../elsewhere", "..", "sub/../../secret.txt", "/etc/passwd"]
)
def test_a_link_that_leaves_the_store_is_refused_by_name(store, target):
    link(store, "link.md", target)
    found = read_store(store, uri="store")
    assert reason_of(found["link.md"]) == "link_leaves_store"
    assert found.keys() == {"a.md", "link.md", "sub/b.md"}


def test_a_chain_of_links_is_refused_where_it_ends_outside(store):
    link(store, "one.md", "two.md")
    link(store, "two.md", "sub/three.md")
    link(store, "sub/three.md", "../../secret.txt")
    found = read_store(store, uri="store")
    names = ("one.md", "two.md", "sub/three.md")
    assert {reason_of(found[name]) for name in names} == {"link_leaves_store"}


def test_a_link_to_a_name_that_is_too_long_is_rejected_alone(store):
    link(store, "link.md", "x" * 300)
    found = read_store(store, uri="store")
    assert reason_of(found["link.md"]) == "read_error"
    assert texts(found)["a.md"] == "A."


def test_a_folder_that_is_refused_is_named_whatever_the_patterns_choose(store):
    link(store, "linked", "../elsewhere")
    found = read_store(store, uri="store", include=["**/*.md"])
    assert reason_of(found["linked"]) == "link_leaves_store"
    assert "linked" not in read_store(store, uri="store", exclude=["linked"])


def test_links_can_be_allowed_to_leave_the_store_or_be_refused_altogether(store):
    link(store, "out.txt", "../secret.txt")
    link(store, "linked", "../elsewhere")
    link(store, "in.md", "a.md")
    found = read_store(store, uri="store", links="all")
    assert text_of(found["out.txt"]) == "sk-canary"
    assert text_of(found["linked/c.md"]) == "C."
    found = read_store(store, uri="store", links="none")
    assert {reason_of(found[name]) for name in ("out.txt", "linked", "in.md")} == {"link"}
    assert text_of(found["a.md"]) == "A."


def test_an_allowed_link_is_read_again_and_a_forbidden_one_forgotten(store):
    link(store, "out.txt", "../secret.txt")
    stamps = {
        links: {e.document_id: e.stamp for e in list_store(
            SourceSettings(uri="store", links=links), store).entries}["out.txt"]
        for links in ("inside", "all")
    }  # fmt: skip
    assert stamps["inside"] != stamps["all"]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="the system has no /proc")
@pytest.mark.parametrize("links", ["inside", "none", "all"])
@pytest.mark.parametrize(
    "target", ["/proc/self/environ", "/proc/self/mem", "/proc/kmsg", "/dev/zero", "/dev/stdin",
               "/proc/self", "/proc/self/task", "/sys", "/dev"]
)  # fmt: skip
def test_what_the_system_shows_of_itself_is_never_read(store, links, target):
    link(store, "link.txt", target)
    found = read_store(store, uri="store", links=links)
    assert reason_of(found["link.txt"]) in (
        "system_file",
        "link",
        "link_leaves_store",
        "unreadable",
    )
    assert found.keys() == {"a.md", "link.txt", "sub/b.md"}


@pytest.mark.skipif(not Path("/proc").exists(), reason="the system has no /proc")
@pytest.mark.parametrize("uri", ["/proc/self/environ", "file:///proc/self", "/dev/null", "//sys"])
def test_a_store_is_never_what_the_system_shows_of_itself(tmp_path, uri):
    with pytest.raises(StoreError, match="no documents"):
        list_store(SourceSettings(uri=uri), tmp_path)


@pytest.mark.parametrize("prefix", ["file://", "FILE://", "local://"])
def test_a_folder_written_as_a_url_is_looked_at_like_a_folder(store, prefix):
    link(store, "link.txt", "../secret.txt")
    found = read_store(store, uri=f"{prefix}{store}/store")
    assert reason_of(found["link.txt"]) == "link_leaves_store"


def test_a_folder_behind_a_caching_protocol_is_refused(store):
    with pytest.raises(StoreError, match="set \\[source\\] uri to its path"):
        list_store(SourceSettings(uri=f"simplecache::file://{store}/store"), store)


def test_a_store_that_is_itself_a_link_is_where_it_leads(store):
    (store / "current").symlink_to("store")
    link(store, "in.md", "a.md")
    link(store, "out.txt", "../secret.txt")
    found = read_store(store, uri="current")
    assert text_of(found["in.md"]) == "A."
    assert reason_of(found["out.txt"]) == "link_leaves_store"
    (store / "one.md").symlink_to("secret.txt")
    assert text_of(read_store(store, uri="one.md")["one.md"]) == "sk-canary"


def test_a_link_into_the_folder_of_a_version_control_is_refused(store):
    (store / "store/.git").mkdir()
    (store / "store/.git/config").write_text("password")
    link(store, "config.txt", ".git/config")
    assert reason_of(read_store(store, uri="store")["config.txt"]) == "link_leaves_store"


def test_links_between_folders_multiply_nothing(tmp_path):
    for number in range(14):
        (tmp_path / f"d{number:02}").mkdir()
        (tmp_path / f"d{number:02}/f.md").write_text(f"Text {number}.")
    for number in range(13):
        for name in ("x", "y"):
            (tmp_path / f"d{number:02}" / name).symlink_to(f"../d{number + 1:02}")
    for include in (["**/*"], ["**/x/**"]):
        entries = list_store(SourceSettings(uri=".", include=include), tmp_path).entries
        assert len(entries) <= 14


def test_a_folder_that_the_patterns_leave_out_can_be_chosen_by_a_link(tmp_path):
    (tmp_path / "releases/v2/sub").mkdir(parents=True)
    (tmp_path / "releases/v2/sub/a.md").write_text("A.")
    (tmp_path / "current").symlink_to("releases/v2")
    (tmp_path / "stable").symlink_to("current")
    found = read_store(tmp_path, include=["current/**"])
    assert texts(found) == {"current/sub/a.md": "A."}


def test_a_pipe_a_socket_and_a_device_never_block(store, monkeypatch):
    os.mkfifo(store / "store/pipe.md")
    monkeypatch.chdir(store / "store")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.md")
        os.mkfifo(store / "pipe.zip")
        found = read_store(store, uri="store")
    assert {reason_of(found[name]) for name in ("pipe.md", "socket.md")} == {"unreadable"}
    with pytest.raises(StoreError, match="pipe"):
        list_store(SourceSettings(uri="pipe.zip"), store)


def test_a_link_that_replaces_a_file_between_check_and_opening_is_refused(store, monkeypatch):
    """Forced at the point itself: the file's folder becomes a link after it was looked at."""
    rule = LinkRule("inside", os.path.realpath(store / "store"))
    (store / "elsewhere/b.md").write_text("sk-canary")
    really_open = os.open

    def swapped(path, flags, *more):
        if str(path).endswith("sub/b.md"):
            (store / "store/sub").rename(store / "store/old")
            (store / "store/sub").symlink_to("../elsewhere")
        return really_open(path, flags, *more)

    monkeypatch.setattr(os, "open", swapped)
    with pytest.raises(DocumentError) as raised:
        open_regular("sub/b.md", store / "store/sub/b.md", rule)
    assert raised.value.reason == "link_leaves_store"


def tar_of(place, *members, text=b"Text of the member."):
    with tarfile.open(place, "w:gz") as archive:
        for name, kind, target in (("ok.md", tarfile.REGTYPE, ""), *members):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            if kind == tarfile.REGTYPE:
                member.size = len(text)
            archive.addfile(member, io.BytesIO(text))


@pytest.mark.parametrize(
    ("kind", "target", "reason"),
    [
        (tarfile.SYMTYPE, "gone.md", "not_found"),
        (tarfile.SYMTYPE, "/etc/passwd", "not_found"),
        (tarfile.SYMTYPE, "../../etc/passwd", "not_found"),
        (tarfile.SYMTYPE, "l.md", "not_found"),
        (tarfile.SYMTYPE, "sub", "unreadable"),
        (tarfile.LNKTYPE, "gone.md", "not_found"),
        (tarfile.LNKTYPE, "/etc/passwd", "not_found"),
        (tarfile.CHRTYPE, "", "unreadable"),
        (tarfile.BLKTYPE, "", "unreadable"),
        (tarfile.FIFOTYPE, "", "unreadable"),
    ],
)
def test_one_bad_member_of_a_tar_is_rejected_alone(tmp_path, kind, target, reason):
    tar_of(tmp_path / "s.tar.gz", ("sub", tarfile.DIRTYPE, ""), ("l.md", kind, target))
    found = read_store(tmp_path, uri="s.tar.gz")
    assert text_of(found["ok.md"]) == "Text of the member."
    assert reason_of(found["l.md"]) == reason


@pytest.mark.parametrize("attributes", [{"size": "9" * 14}, {"size": "9" * 30}])
def test_a_tar_whose_sizes_lead_nowhere_is_damaged(tmp_path, attributes):
    with tarfile.open(tmp_path / "s.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("a.md")
        member.pax_headers = attributes
        archive.addfile(member)
        archive.addfile(tarfile.TarInfo("b.md"))
    with pytest.raises(StoreError, match=r"the archive s\.tar is damaged"):
        read_store(tmp_path, uri="s.tar")


def test_a_tar_with_a_chain_of_headers_is_damaged(tmp_path):
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1
    block = header.tobuf(tarfile.GNU_FORMAT) + b"x".ljust(tarfile.BLOCKSIZE, b"\0")
    (tmp_path / "s.tar").write_bytes(block * 3000)
    with pytest.raises(StoreError, match=r"the archive s\.tar is damaged"):
        read_store(tmp_path, uri="s.tar")


def test_a_chain_of_links_in_a_tar_is_followed_as_far_as_a_file_system_does(tmp_path):
    chain = [(f"l{n}.md", tarfile.SYMTYPE, f"l{n + 1}.md") for n in range(100)]
    tar_of(tmp_path / "s.tar.gz", *chain, ("l100.md", tarfile.SYMTYPE, "ok.md"))
    found = read_store(tmp_path, uri="s.tar.gz")
    assert text_of(found["l61.md"]) == "Text of the member."
    assert reason_of(found["l60.md"]) == "not_found"


def test_a_link_to_another_member_of_a_tar_is_followed_unless_links_are_refused(tmp_path):
    links = [("sub/l.md", tarfile.SYMTYPE, "../ok.md"), ("h.md", tarfile.LNKTYPE, "ok.md")]
    tar_of(tmp_path / "s.tar.gz", *links)
    found = read_store(tmp_path, uri="s.tar.gz")
    assert text_of(found["sub/l.md"]) == text_of(found["h.md"]) == "Text of the member."
    found = read_store(tmp_path, uri="s.tar.gz", links="none")
    assert {reason_of(found[name]) for name in ("sub/l.md", "h.md")} == {"link"}


def test_a_link_in_a_zip_is_no_document(tmp_path):
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        member = zipfile.ZipInfo("link.md")
        member.external_attr = 0o120777 << 16
        archive.writestr(member, "/etc/passwd")
        archive.writestr("ok.md", "Text.")
    found = read_store(tmp_path, uri="s.zip")
    assert reason_of(found["link.md"]) == "link"
    assert text_of(found["ok.md"]) == "Text."


def test_a_compressed_tar_that_leaves_memory_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("augcon_lib.documents.archives.IN_MEMORY_BYTES", 1000)
    tar_of(tmp_path / "s.tar.gz", text=b"Text. " * 1000)
    assert text_of(read_store(tmp_path, uri="s.tar.gz")["ok.md"]) == "Text. " * 1000


def test_a_tar_that_unpacks_to_far_too_much_is_refused_by_name(tmp_path):
    tar_of(tmp_path / "s.tar.gz", text=bytes(3_000_000))
    with pytest.raises(StoreError, match="max_document_megabytes"):
        list_store(SourceSettings(uri="s.tar.gz", max_document_megabytes=0.01), tmp_path)


def test_a_tar_with_a_name_of_many_megabytes_is_refused(tmp_path):
    with tarfile.open(tmp_path / "s.tar", "w", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("n" * 2_000_000))
    with pytest.raises(StoreError, match="damaged"):
        list_store(SourceSettings(uri="s.tar"), tmp_path)


def test_documents_after_a_refused_one_are_read(store):
    link(store, "aa.md", "../secret.txt")
    settings = SourceSettings(uri="store")
    entries = list_store(settings, store).entries
    results = list(read_documents(settings, store, entries))
    assert [getattr(each, "text", "") for each in results] == ["A.", "", "B."]
