"""Decoder settings chosen on validation images."""

from pathlib import Path

import numpy as np
import pytest

from workbench.datasets import open_dataset, read_labels
from workbench.inference import ENCODINGS
from workbench.metrics import match_instances
from workbench.training import TUNING_GRID, TUNING_IOU_THRESHOLDS, tune_decoder

ENCODING = ENCODINGS["three_class"]


def perfect_maps(labels: np.ndarray) -> np.ndarray:
    return ENCODING.perfect(ENCODING.encode(labels))


def square(side_px: int) -> np.ndarray:
    labels = np.zeros((60, 60), np.int32)
    labels[20 : 20 + side_px, 20 : 20 + side_px] = 1
    return labels


def mean_f1(reference: np.ndarray, predicted: np.ndarray) -> float:
    matches = [
        match_instances(reference, predicted, iou_threshold=t) for t in TUNING_IOU_THRESHOLDS
    ]
    return float(np.mean([2 * m.tp / (2 * m.tp + m.fp + m.fn) for m in matches]))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_decoder_has_a_grid_of_settings_that_it_takes(encoding: str) -> None:
    for kind in ENCODINGS[encoding].decoders:
        default = kind()
        for name, values in TUNING_GRID[default.kind].items():
            assert getattr(default, name) in values
            for value in values:
                assert getattr(kind(**{name: value}), name) == value


def test_where_all_settings_do_equally_well_the_default_is_chosen() -> None:
    labels = square(30)
    tuned = tune_decoder([perfect_maps(labels)], [labels], encoding="three_class")
    assert tuned.decoder == ENCODING.decoders[0]()
    assert tuned.table["f1"].iloc[0] == tuned.table["f1"].max() == 1


def test_the_threshold_follows_a_network_that_is_timid() -> None:
    labels = square(30)
    maps = perfect_maps(labels)
    timid = 0.45 * maps + 0.55 * perfect_maps(np.zeros_like(labels))
    tuned = tune_decoder([timid], [labels], encoding="three_class")
    assert tuned.decoder.foreground_threshold < 0.45
    assert tuned.table.set_index("chosen").loc[True, "f1"] == 1
    assert tuned.table["f1"].iloc[0] == 0


def test_the_table_holds_the_criterion_of_every_setting_once() -> None:
    rng = np.random.default_rng(0)
    references = [square(30), square(12)]
    maps = [
        (0.5 * perfect_maps(x) + 0.5 * rng.dirichlet((1, 1, 1), x.shape)).astype(np.float32)
        for x in references
    ]
    tuned = tune_decoder(maps, references, encoding="three_class")
    settings = tuned.table.drop(columns=["f1", "chosen"])
    assert not settings.duplicated().any()
    assert set(settings["kind"]) == {"watershed", "official"}
    assert tuned.table["chosen"].sum() == 1
    for row in (0, len(settings) - 1, int(tuned.table["chosen"].argmax())):
        values = settings.iloc[row].dropna().to_dict()
        (kind,) = (k for k in ENCODING.decoders if k().kind == values["kind"])
        predicted = [ENCODING.decode(one, kind(**values)) for one in maps]
        expected = np.mean([mean_f1(r, p) for r, p in zip(references, predicted, strict=True)])
        assert tuned.table["f1"].iloc[row] == pytest.approx(expected)
    chosen = tuned.table[tuned.table["chosen"]].drop(columns=["f1", "chosen"]).iloc[0].dropna()
    assert chosen.to_dict() == tuned.decoder.model_dump()
    assert tuned.table.loc[tuned.table["chosen"], "f1"].item() == tuned.table["f1"].max()


def test_images_without_any_cell_have_no_vote() -> None:
    cells, empty = square(30), np.zeros((60, 60), np.int32)
    references = [cells, empty]
    tuned = tune_decoder([perfect_maps(x) for x in references], references, encoding="three_class")
    assert tuned.table["f1"].iloc[0] == 1


@pytest.mark.parametrize("references", [[], [np.zeros((60, 60), np.int32)]])
def test_without_cells_the_default_is_chosen(references: list) -> None:
    tuned = tune_decoder([perfect_maps(x) for x in references], references, encoding="three_class")
    assert tuned.decoder == ENCODING.decoders[0]()
    assert tuned.table["f1"].isna().all()


def test_on_real_nuclei_tuning_never_loses_to_the_default(real_data: Path) -> None:
    records = open_dataset(real_data / "dsb2018").split("val")[:4]
    references = [read_labels(record.labels)[:256, :256] for record in records if record.labels]
    rng = np.random.default_rng(0)
    maps = [
        (0.6 * perfect_maps(x) + 0.4 * rng.dirichlet((2, 1, 1), x.shape)).astype(np.float32)
        for x in references
    ]
    table = tune_decoder(maps, references, encoding="three_class").table
    assert table.loc[table["chosen"], "f1"].item() > table["f1"].iloc[0]
