"""The commands compare, audit and claim, as a user types them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.conftest import run_workbench
from workbench.cli import app
from workbench.schema import InputError

SCORES = "image;UNet;Otsu\n" + "\n".join(f"i{k};0,{60 + k};0,{40 + k + k % 3}" for k in range(12))
REPORT = (
    "Model\tMean F1\tTotal Samples\nunet\t0.50\t101\nsac\t0.45\t101\n\n"
    "Comparison\tT-test p-value\nunet vs sac\t0.03\n"
)
"""Scores on the same images, tested as if the images were different ones."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    (tmp_path / "scores.csv").write_text(SCORES)
    return tmp_path


def workbench(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.mark.parametrize("command", ["compare", "audit", "claim", "experts"])
def test_every_command_explains_itself(command: str) -> None:
    text = run_workbench(command, "--help").stdout
    assert f"Usage: -c {command}" in text
    assert len(text) > 300


def test_two_columns_of_a_european_table_are_compared(here: Path) -> None:
    status, told = workbench("compare", "scores.csv", "--metric", "f1")
    assert status == 0
    assert "scores: F1 at IoU 0.5 of 2 models on the same 12 images" in told
    assert "decimal commas are read as points" in told
    assert "UNet − Otsu" in told
    assert "a difference that the data support" in told


def test_a_threshold_that_the_table_does_not_say_may_be_given(here: Path) -> None:
    _, told = workbench("compare", "scores.csv", "--metric", "f1", "--threshold", "0.7")
    assert "F1 at IoU 0.7 of 2 models" in told


def test_a_claim_ends_with_status_0_only_if_it_is_supported(here: Path) -> None:
    status, told = workbench("claim", "UNet better than Otsu", "scores.csv", "--metric", "f1")
    assert (status, "The claim is supported." in told) == (0, True)
    status, told = workbench("claim", "Otsu better than UNet", "scores.csv", "--metric", "f1")
    assert (status, "the data support the opposite" in told) == (1, True)


def test_an_audit_ends_with_status_1_only_if_something_serious_was_found(here: Path) -> None:
    status, told = workbench("audit", "scores.csv", "--metric", "f1")
    assert status == 0
    (here / "report.txt").write_text(REPORT)
    status, told = workbench("audit", "report.txt")
    assert status == 1
    assert "error: " in told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["compare"], "give run folders or tables of scores, or `--summary FILE` alone"),
        (["compare", "scores.csv", "--summary", "scores.csv"], "or `--summary FILE` alone"),
        (["experts", "--first", "none", "--second", "scores.csv"], "none: no such file or folder"),
        (["experts", "--first", "scores.csv", "--second", "./scores.csv"], "both experts are"),
        (["compare", "none.csv"], "none.csv: no such file or folder"),
        (["compare", "scores.csv"], "no column says what the values measure"),
        (["compare", "scores.csv", "--metric", "f1", "--reference", "Unet"], "mean 'UNet'?"),
        (["compare", ".", "--metric", "f1"], "neither a run"),
        (["compare", "scores.csv", "--metric", "f1", "--split", "test"], "leave it away"),
        (["compare", "--summary", "scores.csv"], "expected one column model"),
        (["audit", "none.txt"], "none.txt: no such file or folder"),
        (["claim", "UNet is nice", "scores.csv", "--metric", "f1"], "is not understood"),
        (["claim", "UNet beats Foo", "scores.csv", "--metric", "f1"], "Foo"),
    ],
)
def test_a_mistake_is_told_with_its_cure(here: Path, arguments: list[str], says: str) -> None:
    with pytest.raises(InputError) as told:
        workbench(*arguments)
    assert says in str(told.value)


def test_a_mistake_leaves_no_traceback(here: Path) -> None:
    (here / "bad.csv").write_text("image,UNet\na,zzz\nb,0.5\n")
    result = run_workbench("compare", "bad.csv", "--metric", "f1", cwd=here, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("error: bad.csv, line 2: column 'UNet' holds 'zzz'")
    assert "Traceback" not in result.stderr
