"""What is told of a data set before it is read whole."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from workbench.analysis import fingerprint
from workbench.datasets import ImageRead, Record, open_dataset, write_image
from workbench.studies import axes_rows, dataset_lines, fingerprint_rows, survey_dataset


def test_a_data_set_is_told_in_sentences(small_dataset: Callable[..., Path]) -> None:
    folder = small_dataset()
    text = (folder / "manifest.csv").read_text().replace("labels/im4.tif", "")
    (folder / "manifest.csv").write_text(text)
    assert dataset_lines(open_dataset(folder)) == [
        "discs: a table of images, manifest.csv (layout manifest)",
        "Images: 5, 4 of them annotated",
        "Splits: train 1, val 1, test 3",
        "Metadata: modality",
    ]


def test_what_is_not_there_is_told_too(small_dataset: Callable[..., Path]) -> None:
    folder = small_dataset(splits=("test",))
    (folder / "manifest.csv").write_text("image_id,image\na,images/im0.tif\n")
    lines = dataset_lines(open_dataset(folder))
    assert lines[1:] == ["Images: 1, 0 of them annotated", "Splits: test 1", "Metadata: none"]


@pytest.mark.parametrize(("n", "told"), [(1, 1), (10, 10), (12, 11)])
def test_of_many_notes_the_first_ten_are_told(
    small_dataset: Callable[..., Path], n: int, told: int
) -> None:
    dataset = open_dataset(small_dataset(splits=("test",)))
    lines = dataset_lines(replace(dataset, notes=tuple(f"note {place}" for place in range(n))))
    notes = [line for line in lines if line.startswith("Note: ")]
    assert len(notes) == told
    assert notes[0] == "Note: note 0"
    if n > 10:
        assert notes[-2:] == ["Note: note 9", "Note: ... and 2 more notes."]


def table_of(folder: Path, **options: int) -> tuple[str, pd.DataFrame]:
    table = axes_rows(open_dataset(folder), **options)
    return table.caption, table.frame.set_index("Image")


def test_axes_are_told_with_who_says_so(small_dataset: Callable[..., Path]) -> None:
    folder = small_dataset(splits=("test",) * 3)
    pixels = np.zeros((96, 96, 2), np.uint16)
    write_image(folder / "images" / "im0.ome.tif", ImageRead(pixels, ("DAPI", "actin"), 0.325))
    tifffile.imwrite(folder / "images" / "im1.tif", np.zeros((96, 96, 3), np.uint8))
    text = (folder / "manifest.csv").read_text().replace("im0.tif,labels", "im0.ome.tif,labels")
    (folder / "manifest.csv").write_text(text)
    _, rows = table_of(folder)
    assert rows.loc["im0"].to_dict() == {
        "Axes": "CYX", "Told by": "OME-XML", "Shape": "2 x 96 x 96", "Read as": "96 x 96, uint16",
        "Channels": "DAPI, actin", "Pixel, µm": "0.325",
    }  # fmt: skip
    assert rows.loc["im1", ["Axes", "Channels"]].tolist() == ["YXS", "3, not named"]
    assert rows.loc["im2", ["Axes", "Told by", "Shape", "Read as"]].tolist() == [
        "YX", "TIFF tags", "96 x 96", "96 x 96, uint8",
    ]  # fmt: skip
    assert rows.loc["im2", ["Channels", "Pixel, µm"]].tolist() == ["1", "not told"]


def test_an_image_that_can_not_be_read_shows_why(small_dataset: Callable[..., Path]) -> None:
    folder = small_dataset(splits=("test",) * 2)
    (folder / "images" / "im0.tif").write_bytes(b"broken")
    table = axes_rows(open_dataset(folder))
    broken, whole = (dict(zip(table.header(), row, strict=True)) for row in table.rows())
    assert "im0.tif" in broken["Read as"]
    assert "can't be read" in broken["Read as"]
    assert whole["Read as"] == "96 x 96, uint8"
    assert {broken[name] for name in ("Axes", "Told by", "Shape", "Channels", "Pixel, µm")} == {""}


def test_the_first_images_alone_are_read(small_dataset: Callable[..., Path]) -> None:
    folder = small_dataset(splits=("test",) * 7)
    (folder / "images" / "im5.tif").write_bytes(b"never looked at")
    caption, rows = table_of(folder)
    assert list(rows.index) == [f"im{place}" for place in range(5)]
    assert "the first 5 of 7." in caption
    caption, rows = table_of(folder, n=9)
    assert len(rows) == 7
    assert "the first 7." in caption


def test_an_image_of_a_reader_of_its_own_is_told_as_it_is_read(
    small_dataset: Callable[..., Path],
) -> None:
    dataset = open_dataset(small_dataset(splits=("test",)))
    record = Record(
        "made", dataset.records[0].image, None, "test",
        image_reader=lambda: ImageRead(np.zeros((4, 6, 2), np.float32)),
    )  # fmt: skip
    (row,) = axes_rows(replace(dataset, records=(record,))).frame.to_dict("records")
    assert row["Read as"] == "4 x 6, float32"
    assert row["Channels"] == "2, not named"


def test_a_fingerprint_is_read_as_spreads(small_dataset: Callable[..., Path]) -> None:
    survey = survey_dataset(open_dataset(small_dataset()), workers=1)
    table = fingerprint_rows(fingerprint(survey.images, survey.cells))
    foreground = survey.images["foreground"].mean()
    assert table.caption == (
        "5 images, 5 annotated, 80 cells; pixels: "
        f"background {1 - foreground:.1%}, foreground {foreground:.1%}; pixel size not told."
    )
    rows = {row[0]: dict(zip(table.header(), row, strict=True)) for row in table.rows()}
    assert rows["Height, px"]["median"] == "96"
    assert rows["Cells per image"]["n"] == "5"
    assert rows["Cell area, px"]["median"] == f"{survey.cells['area_px'].median():.4g}"
    assert rows["Cell diameter, µm"]["n"] == "0"
    assert rows["Cell diameter, µm"]["median"] == "–"
    high = rows["Intensity, 99th percentile (1 x uint8)"]
    assert high["maximum"] == f"{survey.images['intensity_p99'].max():.4g}"


def test_a_fingerprint_tells_the_pixel_size_and_the_lack_of_labels(
    small_dataset: Callable[..., Path],
) -> None:
    folder = small_dataset(splits=("test",))
    (folder / "manifest.csv").write_text("image_id,image,pixel_size_um\na,images/im0.tif,0.325\n")
    survey = survey_dataset(open_dataset(folder), workers=1)
    caption = fingerprint_rows(fingerprint(survey.images, survey.cells)).caption
    assert caption == "1 images, 0 annotated, 0 cells; pixels: no labels; pixel size 0.325 µm."
