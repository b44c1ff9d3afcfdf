"""Ceilings of encodings, without a network."""

from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.cli_data import ceilings
from workbench.inference import ENCODINGS
from workbench.schema import InputError
from workbench.studies import encoding_ceilings


def test_every_encoding_has_a_row_for_each_of_its_decoders(
    small_dataset: Callable[..., Path],
) -> None:
    table = encoding_ceilings(small_dataset())
    ways = [(name, kind().kind) for name, coder in ENCODINGS.items() for kind in coder.decoders]
    assert list(zip(table["encoding"], table["decoder"], strict=True)) == ways
    assert set(table["n_images"]) == {3}
    # Discs that don't touch come back whole, save for what rays and the official rule lose.
    f1 = table.set_index("decoder")["f1@0.9"]
    assert (f1[["watershed", "distance", "flows"]] == 1).all()
    assert f1["star_convex"] > 0.9
    assert f1["official"] < 0.2


def test_a_least_area_is_used_for_all(small_dataset: Callable[..., Path]) -> None:
    table = encoding_ceilings(small_dataset(), encodings=["flows"], min_area_px=10_000)
    assert table["f1@0.5"].tolist() == [0]


def test_a_misspelt_encoding_is_refused(small_dataset: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="no encoding is called 'flow'"):
        encoding_ceilings(small_dataset(), encodings=["flow"])


def test_the_command_prints_every_encoding_of_a_split(
    small_dataset: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    ceilings(small_dataset(), split="val", workers=1)
    told = capsys.readouterr().out
    rows = [line.split() for line in told.splitlines() if line.startswith(tuple(ENCODINGS))]
    assert [row[0] for row in rows] == [n for n, coder in ENCODINGS.items() for _ in coder.decoders]
    assert ["flows", "flows", "1", "1.000", "1.000", "1.000"] in rows
