"""The page docs/benchmarks.md, of which each benchmark writes its own section."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = DOCS / "benchmarks.md"
SECTIONS = (
    "One pair of label images",
    "Errors of cells",
    "Growth",
    "Many images, from disk to tables",
    "Shapes of cells",
    "Inference",
    "Decoding",
    "Training",
    "A study",
    "Bootstrap",
    "Panels",
)
INTRODUCTION = """# Speed

Written by `make bench`, not by hand. Peers and ours take turns in one run, so what counts is the
ratio; the times are those of one machine.
"""


def write_section(title: str, text: str) -> None:
    """Replace one section of the page by this text, and print it."""
    assert title in SECTIONS, title
    sections = _sections() | {title: text.strip() + "\n"}
    body = [f"## {name}\n\n{sections[name]}" for name in SECTIONS if name in sections]
    PAGE.write_text("\n".join([INTRODUCTION, *body]), encoding="utf-8")
    print(f"{title}\n\n{text.strip()}\n")


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose first column is text and whose others are numbers."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine(*packages: str) -> str:
    """Return a sentence on what this runs on, with the versions of these packages."""
    cpu = platform.processor() or platform.machine()
    if (facts := Path("/proc/cpuinfo")).is_file():
        lines = facts.read_text(encoding="utf-8").splitlines()
        cpu = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), cpu)
    versions = ", ".join(f"{package} {installed(package)}" for package in packages)
    python = f"Python {platform.python_version()}"
    return f"Machine: {cpu}, {os.cpu_count()} cores, {platform.system()}; {python}, {versions}."


def installed(package: str) -> str:
    """Return the version of a package, or that there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def rounded(number: float) -> str:
    """Return a number with three digits that count."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _sections() -> dict[str, str]:
    if not PAGE.is_file():
        return {}
    parts = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    return {part.split("\n", 1)[0]: part.split("\n", 1)[1].strip() + "\n" for part in parts}
