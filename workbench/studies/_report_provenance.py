"""What the report says of the run itself: what went wrong, and what it was made with."""

from __future__ import annotations

import json

import pandas as pd

from workbench.report import ReportTable, Section
from workbench.schema import STATUSES, InputError
from workbench.store import latest_entries
from workbench.studies._evaluate import failed_images
from workbench.studies._view import RunView


def troubles_section(view: RunView) -> Section:
    """Return what went wrong: predictions that can't be used, jobs that failed."""
    items = []
    failed = failed_images(view.scores)
    if len(failed):
        items.append(
            ReportTable(
                "unusable_predictions",
                "Predictions that were missing or unusable; each was scored as an empty one.",
                failed.assign(status=failed["status"].map(STATUSES)),
            )
        )
    broken = [
        {"Job": entry.job, "State": entry.state, "Reason": entry.detail}
        for entry in latest_entries(view.run.ledger_file).values()
        if entry.state in ("failed", "blocked")
    ]
    if broken:
        items.append(
            ReportTable(
                "failed_jobs", "Jobs that failed or were not started.", pd.DataFrame(broken)
            )
        )
    return Section("What went wrong", items=items)


def provenance_section(view: RunView) -> Section:
    """Return what the run was made with: data, code, machine, jobs."""
    facts = _provenance_facts(view)
    jobs = [
        {
            "Job": entry.job,
            "Key": entry.key,
            "State": entry.state,
            "Seconds": entry.seconds,
            "Peak memory, MB": entry.peak_memory_mb,
        }
        for entry in latest_entries(view.run.ledger_file).values()
    ]
    return Section(
        "Provenance",
        items=[
            ReportTable(
                "provenance",
                "What this run was made with.",
                pd.DataFrame(facts, columns=["What", "Value"]),
            ),
            ReportTable(
                "jobs",
                "Jobs; each is a notebook in the run's folder notebooks/.",
                pd.DataFrame(jobs),
                formats={
                    "Seconds": lambda value: f"{value:.1f}",
                    "Peak memory, MB": lambda value: f"{value:.0f}",
                },
            ),
        ],
    )


def _provenance_facts(view: RunView) -> list[tuple[str, str]]:
    try:
        facts = json.loads(view.run.provenance_file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{view.run.provenance_file}: can't be read ({error}); run the study again."
        raise InputError(msg) from error
    machine = facts["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in facts["packages"].items())
    hardware = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB"
    return [
        ("Run started", facts["written"]),
        ("Workbench", f"{facts['workbench']}, commit {facts['commit'] or 'unknown'}"),
        ("Machine", f"{machine['system']}, {hardware}"),
        ("Data set", f"{view.dataset.root}, SHA-256 {facts['data_sha256']}"),
        ("Python", facts["python"]),
        ("Packages", packages),
    ]
