"""Where a run comes from: versions, commit, machine, hashes."""

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any, Final

import psutil

import workbench
from workbench.studies._graph import Job

DISTRIBUTION: Final = "cell-segmentation-workbench"


def provenance(jobs: list[Job], data_digest: str) -> dict[str, Any]:
    """Describe what a run is made with.

    Returns
    -------
    dict
        Versions of the workbench, Python and its direct dependencies; git commit and whether the
        working tree differs from it; machine; hash of the data; keys of the jobs.
    """
    return {
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "workbench": workbench.__version__,
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": _package_versions(),
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        },
        "data_sha256": data_digest,
        "jobs": {job.name: job.key for job in jobs},
    }


def _package_versions() -> dict[str, str]:
    try:
        needed = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return {}
    names = [re.split(r"[\s;<>=!~\[]", text)[0] for text in needed if "extra ==" not in text]
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _commit() -> str:
    """Return the commit of the workbench's own repository, "" outside one."""
    folder = Path(workbench.__file__).parent

    def git(*arguments: str) -> str:
        result = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
        return result.stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "__init__.py")  # not some other repository around us
        commit = git("rev-parse", "HEAD")
        return f"{commit} with changes" if git("status", "--porcelain", "--", ".") else commit
    except (OSError, subprocess.SubprocessError):
        return ""


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return re.search(r"model name\s*:\s*(.+)", text)[1]  # type: ignore[index]
    except (OSError, TypeError):
        return platform.processor()
