"""Downloads from a server of this machine that breaks, lies and refuses."""

import errno
import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from workbench.datasets import CARDS, Card, Download, DownloadStep, download_dataset, open_dataset
from workbench.datasets import _download as module
from workbench.datasets import _unpack as unpack_module
from workbench.datasets._unpack import unpack
from workbench.schema import InputError

CONTENT = bytes(range(256)) * 4000
PIECE = module.CHUNK_BYTES


@dataclass
class Server:
    """What the server holds, how it misbehaves, and what it was asked."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    breaks_after: list[int] = field(default_factory=list)
    """Bytes after which the next answers break off, one each."""
    headers: dict[str, str] = field(default_factory=lambda: {"ETag": '"v1"'})
    ranges: list[str] = field(default_factory=list)
    """The ranges it was asked for, "" for the whole."""

    def card(self, name: str, *, unpack_to: str = "", sha256: str | None = None) -> Card:
        known = hashlib.sha256(self.files.get(name, b"")).hexdigest() if sha256 is None else sha256
        download = Download(f"{self.address}/{name}", name, known, unpack_to)
        return replace(CARDS["stardist"], downloads=(download,))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A file server on this machine that understands ranges."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module, "WAIT_S", 0)
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.lstrip("/")
            asked = self.headers.get("Range", "")
            told.ranges.append(asked)
            status, content = told.statuses.get(name, 200), told.files.get(name, b"")
            if status == 200 and name not in told.files:
                status = 404
            extra = dict(told.headers)
            if status == 200 and asked and self.headers.get("If-Range") == told.headers.get("ETag"):
                start = int(asked.removeprefix("bytes=").rstrip("-"))
                status = 206 if start < len(content) else 416
                total = len(content)
                extra["Content-Range"] = (
                    f"bytes {start}-{total - 1}/{total}" if status == 206 else f"bytes */{total}"
                )
                content = content[start:]
            self.send_response(status)
            for key, value in extra.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(content) if status < 300 else 0))
            self.end_headers()
            if status < 300:
                end = told.breaks_after.pop(0) if told.breaks_after else len(content)
                self.wfile.write(content[:end])

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.address = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield told
    http.shutdown()
    http.server_close()
    thread.join()


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(members: dict[str, bytes], *, link: str = "", mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        if link:
            info = tarfile.TarInfo("innocent")
            info.type, info.linkname = tarfile.SYMTYPE, link
            archive.addfile(info)
    return buffer.getvalue()


def test_a_file_comes_whole_with_progress_and_is_not_fetched_again(
    server: Server, tmp_path: Path
) -> None:
    server.files["a.bin"] = CONTENT
    steps: list[DownloadStep] = []
    folder = download_dataset(server.card("a.bin"), tmp_path / "new", on_progress=steps.append)
    assert (folder / "a.bin").read_bytes() == CONTENT
    assert steps[-1] == DownloadStep("a.bin", len(CONTENT), len(CONTENT))
    said: list[str] = []
    download_dataset(server.card("a.bin"), folder, tell=said.append)
    assert server.ranges == [""]
    assert said == ["a.bin: is there already."]
    assert sorted(path.name for path in folder.iterdir()) == [".downloads", "a.bin"]


def test_a_broken_connection_is_taken_up_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.files["a.bin"] = CONTENT
    server.breaks_after = [4 * PIECE, 5 * PIECE]
    download_dataset(server.card("a.bin"), tmp_path)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert server.ranges == ["", f"bytes={4 * PIECE}-", f"bytes={9 * PIECE}-"]


def test_a_later_call_goes_on_where_an_earlier_one_gave_up(server: Server, tmp_path: Path) -> None:
    server.files["a.bin"] = CONTENT
    server.breaks_after = [4 * PIECE + 5] + [0] * module.ATTEMPTS
    with pytest.raises(InputError, match=r"broke \(.*\); 262,144 bytes are kept in .*a\.bin\.part"):
        download_dataset(server.card("a.bin"), tmp_path)
    server.ranges.clear()
    download_dataset(server.card("a.bin"), tmp_path)
    assert server.ranges == [f"bytes={4 * PIECE}-"]
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert not list(tmp_path.glob("*.part*"))


def test_pieces_of_two_versions_never_meet(server: Server, tmp_path: Path) -> None:
    server.files["a.bin"] = CONTENT
    server.breaks_after = [4 * PIECE + 5] + [0] * module.ATTEMPTS
    with pytest.raises(InputError, match="broke"):
        download_dataset(server.card("a.bin", sha256=""), tmp_path)
    server.files["a.bin"] = CONTENT[::-1]
    server.headers = {"ETag": '"v2"'}
    download_dataset(server.card("a.bin", sha256=""), tmp_path)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT[::-1]


def test_without_a_version_a_file_starts_anew(server: Server, tmp_path: Path) -> None:
    server.files["a.bin"] = CONTENT
    server.headers = {"ETag": 'W/"weak"'}
    server.breaks_after = [4 * PIECE + 5]
    download_dataset(server.card("a.bin"), tmp_path)
    assert server.ranges == ["", ""]
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_part_that_is_whole_already_is_used(server: Server, tmp_path: Path) -> None:
    server.files["a.bin"] = CONTENT
    (tmp_path / "a.bin.part").write_bytes(CONTENT)
    (tmp_path / "a.bin.part.version").write_text('"v1"')
    download_dataset(server.card("a.bin"), tmp_path)
    assert server.ranges == [f"bytes={len(CONTENT)}-"]
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_wrong_checksum_removes_the_file_and_says_what_came(
    server: Server, tmp_path: Path
) -> None:
    server.files["a.bin"] = CONTENT
    came = hashlib.sha256(CONTENT).hexdigest()
    with pytest.raises(InputError, match=f"a\\.bin: .*expected sha256:{'0' * 64} but got {came}"):
        download_dataset(server.card("a.bin", sha256="0" * 64), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".downloads"]


def test_without_a_checksum_it_is_said_that_nothing_was_compared(
    server: Server, tmp_path: Path
) -> None:
    server.files["a.bin"] = b"abc"
    said: list[str] = []
    download_dataset(server.card("a.bin", sha256=""), tmp_path, tell=said.append)
    assert said == [
        "a.bin: the publisher gives no checksum, so nothing was compared; 3 bytes came."
    ]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "has no such file any more"),
        (403, "may ask for an account or the acceptance of a licence"),
        (401, "asks for an account"),
        (429, "asks to wait"),
        (500, "has a fault of its own"),
    ],
)
def test_a_refusal_says_its_cure(server: Server, tmp_path: Path, status: int, message: str) -> None:
    server.files["a.bin"], server.statuses["a.bin"] = CONTENT, status
    with pytest.raises(InputError, match=f"a\\.bin: the server answers {status}: it .*{message}"):
        download_dataset(server.card("a.bin"), tmp_path)
    assert not (tmp_path / "a.bin").exists()


def test_no_network_says_where_to_put_a_file_fetched_by_hand(
    server: Server, tmp_path: Path
) -> None:
    card = replace(
        server.card("a.bin"), downloads=(Download("http://127.0.0.1:9/a.bin", "a.bin", ""),)
    )
    with pytest.raises(InputError, match=r"can't be reached .*HTTPS_PROXY.*put it at .*/a\.bin\."):
        download_dataset(card, tmp_path)
    (tmp_path / "a.bin").write_bytes(CONTENT)
    assert download_dataset(card, tmp_path) == tmp_path


def test_a_set_behind_a_licence_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Cellpose can't be downloaded.*Accept the terms.*https:"):
        download_dataset(CARDS["cellpose"], tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_full_disk_is_told_before_and_on_the_way(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["a.bin"] = CONTENT
    usage = type("usage", (), {"free": 10})
    with monkeypatch.context() as patch:
        patch.setattr(unpack_module.shutil, "disk_usage", lambda _: usage)
        with pytest.raises(InputError, match=r"a\.bin takes 0\.0 GiB, the disk has 0\.0 free"):
            download_dataset(server.card("a.bin"), tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.ResumingDownloader, "_save", full)
    with pytest.raises(InputError, match=r"the disk is full; make room and call again"):
        download_dataset(server.card("a.bin"), tmp_path)


def test_two_downloads_into_one_folder_are_refused(server: Server, tmp_path: Path) -> None:
    from filelock import FileLock

    (tmp_path / ".downloads").mkdir()
    with (
        FileLock(tmp_path / ".downloads" / "lock"),
        pytest.raises(InputError, match="another download into it is at work"),
    ):
        download_dataset(server.card("a.bin"), tmp_path)


def test_an_archive_becomes_a_data_set_and_is_removed(server: Server, tmp_path: Path) -> None:
    from tests.datasets.folder_sets import write_stardist

    source = write_stardist(tmp_path / "source")
    files = {
        f"dsb2018/{path.relative_to(source)}": path.read_bytes() for path in source.rglob("*.tif")
    }
    server.files["dsb2018.zip"] = zipped({**files, "__MACOSX/dsb2018/._a.tif": b"fork"})
    card = server.card("dsb2018.zip", unpack_to=".")
    folder = download_dataset(card, tmp_path / "sets")
    assert len(open_dataset(folder).records) == 2
    assert sorted(path.name for path in folder.iterdir()) == [".downloads", "dsb2018"]
    download_dataset(card, folder)
    assert len(server.ranges) == 1
    next(folder.rglob("b.tif")).unlink()
    download_dataset(card, folder)
    assert len(server.ranges) == 2
    assert len(open_dataset(folder).records) == 2


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_is_unpacked_whatever_packs_it(tmp_path: Path, mode: str) -> None:
    (tmp_path / "a.tar").write_bytes(tarred({"x/a.txt": b"1", "./b.txt": b"2"}, mode=mode))
    assert sorted(unpack(tmp_path / "a.tar", tmp_path / "out")) == ["./b.txt", "x/a.txt"]
    assert (tmp_path / "out" / "x" / "a.txt").read_bytes() == b"1"


def evil_link_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("innocent")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: zipped({"good": b"", "../evil": b"x"}), r"'\.\./evil', which would be written"),
        (lambda: zipped({"good": b"", "a/../../evil": b"x"}), "which would be written outside"),
        (lambda: zipped({"good": b"", "/tmp/evil": b"x"}), "which would be written outside"),
        (lambda: zipped({"good": b"", "..\\evil": b"x"}), "which would be written outside"),
        (lambda: zipped({"good": b"", "C:\\evil": b"x"}), "which would be written outside"),
        (lambda: tarred({"good": b"", "../evil": b"x"}), "which would be written outside"),
        (lambda: tarred({"good": b""}, link="/etc"), "the link or device 'innocent'"),
        (evil_link_zip, "the link or device 'innocent'"),
        (lambda: b"<html>please log in</html>", "is neither ZIP nor TAR"),
    ],
)
def test_an_unsafe_archive_writes_nothing(
    tmp_path: Path, make: Callable[[], bytes], message: str
) -> None:
    (tmp_path / "a.zip").write_bytes(make())
    with pytest.raises(InputError, match=rf"a\.zip: .*{message}"):
        unpack(tmp_path / "a.zip", tmp_path / "in" / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_bomb_is_refused_before_it_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[..., bytes]
) -> None:
    (tmp_path / "a.zip").write_bytes(pack({"zeros": bytes(5_000_000)}))
    assert unpack(tmp_path / "a.zip", tmp_path / "small") == ["zeros"]
    monkeypatch.setattr(unpack_module, "SMALL_BYTES", 1_000_000)
    with pytest.raises(InputError, match=r"would grow to 5,000,000 or more, which no images do"):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    content = zipped({"a": bytes(range(256)) * 100})
    (tmp_path / "a.zip").write_bytes(content[:60] + b"\x00" * 20 + content[80:])
    with pytest.raises(InputError, match=r"a\.zip: is damaged .*download again"):
        unpack(tmp_path / "a.zip", tmp_path / "out")
