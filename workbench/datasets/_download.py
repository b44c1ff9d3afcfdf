"""Public data sets onto the disk: resumed, checked, unpacked safely, and never twice."""

import errno
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from workbench.datasets._card_values import Card, Download
from workbench.datasets._unpack import refuse_full_disk, unpack
from workbench.schema import InputError

CHUNK_BYTES: Final = 2**16
"""Of the piece in which a connection breaks nothing is kept, so pieces are small."""

ATTEMPTS: Final = 4
"""So often in a row a connection may break without a byte having come."""

WAIT_S: float = 2

CONNECT_S: Final = 20
STALL_S: Final = 60
_STATE_FOLDER: Final = ".downloads"


@dataclass(frozen=True)
class DownloadStep:
    """How far a file has come.

    Attributes
    ----------
    file_name
        As it is stored.
    n_bytes
        On the disk by now.
    total_bytes
        As the server announces; None if it doesn't.
    """

    file_name: str
    n_bytes: int
    total_bytes: int | None


ProgressListener = Callable[[DownloadStep], None]


def download_dataset(
    card: Card,
    folder: Path,
    *,
    on_progress: ProgressListener = lambda _: None,
    tell: Callable[[str], None] = lambda _: None,
) -> Path:
    """Download a public data set, go on where an earlier call stopped, or find that all is there.

    Parameters
    ----------
    card
        Which.
    folder
        Where to; made if it isn't there.
    on_progress
        Is told after every piece of a file.
    tell
        Is told what is worth knowing, in sentences.

    Returns
    -------
    Path
        The folder, for :func:`open_dataset`.

    Raises
    ------
    InputError
        If the set must be fetched by hand, the server can't be reached or refuses, the checksum is
        another (the file is removed), the disk is full, an archive is not safe, or another
        download into this folder is at work.

    Examples
    --------
    >>> from workbench.datasets import find_card
    >>> download_dataset(find_card("cellpose"), Path("sets"))
    Traceback (most recent call last):
    workbench.schema.InputError: Cellpose can't be downloaded by a program. Accept the terms on ...
    """
    from filelock import FileLock, Timeout

    if not card.downloads:
        msg = f"{card.title} can't be downloaded by a program. {card.how_to_obtain} {card.address}"
        raise InputError(msg)
    try:
        (folder / _STATE_FOLDER).mkdir(parents=True, exist_ok=True)
        with FileLock(folder / _STATE_FOLDER / "lock", timeout=0):
            for download in card.downloads:
                _obtain(download, folder, on_progress, tell)
    except Timeout:
        msg = f"{folder}: another download into it is at work; wait for it, or stop it."
        raise InputError(msg) from None
    except OSError as error:
        if error.errno == errno.ENOSPC:
            msg = f"{folder}: the disk is full; make room and call again, what has come is kept."
        else:
            msg = f"{folder}: can't be written ({error.strerror or error}); choose another folder."
        raise InputError(msg) from error
    return folder


def _obtain(
    download: Download,
    folder: Path,
    on_progress: ProgressListener,
    tell: Callable[[str], None],
) -> None:
    receipt = folder / _STATE_FOLDER / f"{download.file_name}.json"
    if _is_there(download, folder, receipt):
        tell(f"{download.file_name}: is there already.")
        return
    file = _fetch(download, folder, on_progress)
    if not download.sha256:
        tell(
            f"{download.file_name}: the publisher gives no checksum, so nothing was compared; "
            f"{file.stat().st_size:,} bytes came."
        )
    names = [download.file_name]
    if download.unpack_to:
        tell(f"{download.file_name}: unpacking.")
        target = folder / download.unpack_to
        names = [str(Path(download.unpack_to) / name) for name in unpack(file, target)]
    # The receipt comes before the archive goes, so that a kill in between costs no download.
    content = {"url": download.url, "sha256": download.sha256, "files": names}
    _write_whole(receipt, json.dumps(content))
    if download.unpack_to:
        file.unlink()


def _is_there(download: Download, folder: Path, receipt: Path) -> bool:
    try:
        content = json.loads(receipt.read_text(encoding="utf-8"))
        same = (content["url"], content["sha256"]) == (download.url, download.sha256)
        return same and all((folder / name).is_file() for name in content["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _write_whole(path: Path, text: str) -> None:
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _fetch(download: Download, folder: Path, on_progress: ProgressListener) -> Path:
    import pooch

    # Its messages would stand amid the progress; whoever listens is told by us.
    pooch.get_logger().setLevel("WARNING")
    file = folder / download.file_name
    try:
        pooch.retrieve(
            download.url,
            known_hash=f"sha256:{download.sha256}" if download.sha256 else None,
            fname=download.file_name,
            path=folder,
            downloader=ResumingDownloader(file.with_name(f"{file.name}.part"), on_progress),
        )
    except InputError:
        raise
    except ValueError as error:
        # What pooch raises on another checksum, after it has deleted the file.
        msg = (
            f"{file}: {str(error).split('. Deleted')[0]}. The file was removed; download again, "
            "and if it comes again so, the publisher has changed it."
        )
        raise InputError(msg) from error
    return file


@dataclass(frozen=True)
class ResumingDownloader:
    """A downloader for pooch that goes on where an earlier one stopped.

    Attributes
    ----------
    part
        Where the file grows; beside it lies what the server calls this version of the file, so
        that pieces of two versions never meet.
    on_progress
        Is told after every piece.
    """

    part: Path
    on_progress: ProgressListener

    def __call__(self, url: str, output_file: str, _pooch: object) -> None:
        """Download a file, or its rest."""
        from requests.exceptions import RequestException

        best, failures = self._n_bytes(), 0
        while True:
            problem = "the file on the server keeps changing"
            try:
                if self._receive(url):
                    break
            except RequestException as error:
                problem = type(error).__name__
            # A long file may break many times, as long as each time more of it has come.
            failures = 0 if self._n_bytes() > best else failures + 1
            best = max(best, self._n_bytes())
            if failures == ATTEMPTS or not best:
                raise InputError(self._broken(url, problem))
            time.sleep(WAIT_S)
        self._version_file().unlink(missing_ok=True)
        self.part.replace(output_file)

    def _receive(self, url: str) -> bool:
        """Receive what lacks; return whether the file is whole."""
        import requests

        start, version = self._n_bytes(), self._version()
        headers = {"Accept-Encoding": "identity", "User-Agent": "cell-segmentation-workbench"}
        if start and version:
            headers |= {"Range": f"bytes={start}-", "If-Range": version}
        else:
            start = 0
        timeout = (CONNECT_S, STALL_S)
        with requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
            if response.status_code == 416:
                # There is no rest: either all has come, or it was another file.
                if response.headers.get("Content-Range", "") == f"bytes */{start}":
                    return True
                self.part.unlink(missing_ok=True)
                return False
            _refuse_status(url, response.status_code)
            if response.status_code != 206:
                start = 0
            elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                self.part.unlink(missing_ok=True)
                return False
            self._save(response, start)
            return True

    def _save(self, response: Any, start: int) -> None:
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdecimal() else None
        if total is not None:
            refuse_full_disk(self.part.parent, total - start, what=self.part.stem)
        if not start:
            _write_whole(self._version_file(), _version_of(response.headers))
        done = start
        with self.part.open("ab" if start else "wb") as file:
            for chunk in response.iter_content(CHUNK_BYTES):
                file.write(chunk)
                done += len(chunk)
                self.on_progress(DownloadStep(self.part.stem, done, total))

    def _n_bytes(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0

    def _version_file(self) -> Path:
        return self.part.with_name(f"{self.part.name}.version")

    def _version(self) -> str:
        path = self._version_file()
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def _broken(self, url: str, problem: str) -> str:
        n_bytes = self._n_bytes()
        if n_bytes:
            return (
                f"{url}: the connection broke ({problem}); {n_bytes:,} bytes are kept in "
                f"{self.part}, call again to go on."
            )
        return (
            f"{url}: can't be reached ({problem}); check the network and the proxy (HTTPS_PROXY), "
            f"or download it by a browser and put it at {self.part.with_suffix('')}."
        )


def _version_of(headers: Any) -> str:
    """Return what names this version of a file for certain: a strong ETag, or when it changed."""
    etag = str(headers.get("ETag", ""))
    if etag.startswith('"'):
        return etag
    return str(headers.get("Last-Modified", ""))


def _refuse_status(url: str, status: int) -> None:
    if status < 400:
        return
    reasons = {
        401: "asks for an account; log in by a browser and download it there",
        403: "refuses; it may ask for an account or the acceptance of a licence: use a browser",
        404: "has no such file any more; the publisher has moved it, look on the set's page",
        410: "has removed the file; look on the set's page",
        429: "asks to wait, too many have called; try again later",
    }
    reason = reasons.get(status, "has a fault of its own; try again later")
    msg = f"{url}: the server answers {status}: it {reason}."
    raise InputError(msg)
