"""Content hashes of files, remembered by path, size and time of change."""

import hashlib
import json
from pathlib import Path

from workbench.store._atomic import write_text


class FileHashes:
    """Hashes files once; a file that has not changed since is not read again.

    Parameters
    ----------
    cache
        JSON file that remembers hashes between runs; None to remember nothing.
    """

    def __init__(self, cache: Path | None = None) -> None:
        self._cache = cache
        self._known: dict[str, list[int | str]] = {}
        self._changed = False
        if cache and cache.is_file():
            try:
                self._known = json.loads(cache.read_text(encoding="utf-8"))
            except ValueError:
                self._known = {}  # only a cache: computed again

    def of(self, path: Path) -> str:
        """Return the SHA-256 of a file's content, or of the names and contents in a folder."""
        if path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.is_file())
            inner = [(file.relative_to(path).as_posix(), self.of(file)) for file in files]
            return hashlib.sha256(json.dumps(inner).encode()).hexdigest()
        stat = path.stat()
        name = str(path.resolve())
        known = self._known.get(name)
        if known and known[:2] == [stat.st_size, stat.st_mtime_ns]:
            return str(known[2])
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._known[name] = [stat.st_size, stat.st_mtime_ns, digest]
        self._changed = True
        return digest

    def save(self) -> None:
        """Write what was learned to the cache file."""
        if self._cache and self._changed:
            write_text(self._cache, json.dumps(self._known))
            self._changed = False
