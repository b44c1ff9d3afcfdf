"""Predictions of other tools: their card, and their labels in our form."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from workbench.schema import InputError
from workbench.studies import PredictionCard, adopt_predictions, read_prediction_card

CARD = "name: Cellpose cyto3\nmethod: cellpose\nversion: 3.1\nseconds_per_image: 1.5\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two label images as Cellpose writes them, with a card."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    tifffile.imwrite(theirs / "a_cp_masks.tif", np.array([[0, 3], [9, 9]], np.uint16))
    tifffile.imwrite(theirs / "b_cp_masks.tif", np.zeros((2, 2), np.uint16))
    (theirs / "predictions.yaml").write_text(CARD)
    return theirs


def box(image: int, score: float | None, column: int) -> dict[str, object]:
    corners = [column, 1, column + 2, 1, column + 2, 4, column, 4]
    scored = {} if score is None else {"score": score}
    return {"id": column, "image_id": image, "category_id": 1, "segmentation": [corners], **scored}


def write_coco(path: Path, *annotations: dict[str, object]) -> None:
    images = [
        {"id": number, "file_name": f"{name}.png", "height": 8, "width": 12}
        for number, name in enumerate("ab", start=1)
    ]
    path.write_text(json.dumps({"images": images, "annotations": list(annotations)}))


def test_labels_keep_their_numbers_and_get_the_name_of_their_image(
    folder: Path, tmp_path: Path
) -> None:
    card, table = adopt_predictions(folder, ["a", "b"], tmp_path / "ours")
    assert card == PredictionCard(
        name="Cellpose cyto3", method="cellpose", version="3.1", seconds_per_image=1.5
    )
    assert table.to_dict("list") == {"image_id": ["a", "b"], "n_cells": [2, 0], "problem": ["", ""]}
    assert tifffile.imread(tmp_path / "ours" / "a.tif").tolist() == [[0, 3], [9, 9]]
    assert not (tmp_path / "ours" / "confidences.parquet").exists()


def test_adopted_predictions_can_be_adopted_again(folder: Path, tmp_path: Path) -> None:
    card, _ = adopt_predictions(folder, ["a", "b"], tmp_path / "ours")
    again, table = adopt_predictions(tmp_path / "ours", ["b", "a"], tmp_path / "again")
    assert again == card
    assert table["image_id"].tolist() == ["b", "a"]


def test_an_image_without_a_usable_prediction_is_named_and_not_written(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "b_cp_masks.tif").write_bytes(b"no tiff")
    _, table = adopt_predictions(folder, ["a", "b", "c"], tmp_path / "ours")
    assert table["n_cells"].tolist() == [2, -1, -1]
    assert "b_cp_masks.tif" in table["problem"][1]
    assert "holds no prediction of 'c'" in table["problem"][2]
    assert sorted(path.name for path in (tmp_path / "ours").glob("*.tif")) == ["a.tif"]


def test_scores_of_detections_become_confidences_of_cells(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    write_coco(theirs / "results.json", box(1, 0.25, 1), box(1, 0.75, 6), box(2, 0.5, 3))
    (theirs / "predictions.yaml").write_text("name: Mask R-CNN\nlabels: results.json\n")
    _, table = adopt_predictions(theirs, ["a", "b"], tmp_path / "ours")
    confidences = pd.read_parquet(tmp_path / "ours" / "confidences.parquet")
    assert table["n_cells"].tolist() == [2, 1]
    assert confidences.to_numpy().tolist() == [["a", 1, 0.25], ["a", 2, 0.75], ["b", 1, 0.5]]
    labels = tifffile.imread(tmp_path / "ours" / "a.tif")
    assert (labels[2, 2], labels[2, 7]) == (1, 2)


def test_confidences_of_some_images_alone_are_not_kept(tmp_path: Path) -> None:
    write_coco(tmp_path / "results.json", box(1, 0.25, 1), box(2, None, 3))
    adopt_predictions(tmp_path / "results.json", ["a", "b"], tmp_path / "ours")
    assert not (tmp_path / "ours" / "confidences.parquet").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: x\nmetod: y", r"metod: no such key; did you mean 'method'\?"),
        ("method: y", r"name: this key is needed"),
        ("name: x\nseconds_per_image: -1", r"seconds_per_image: .*got -1"),
        ("name: x\nlabels: ../elsewhere", r"labels lie in the folder of the card"),
        ("- x", r"expected keys and values"),
        ("name: [x", r"not YAML"),
    ],
)
def test_a_faulty_card_is_refused_with_the_key(folder: Path, text: str, says: str) -> None:
    (folder / "predictions.yaml").write_text(text)
    with pytest.raises(InputError, match=rf"predictions\.yaml: .*{says}"):
        read_prediction_card(folder)


def test_a_folder_of_other_images_is_refused_with_both_names(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has the name of one in the data set.*'a'.*'x'"):
        adopt_predictions(folder, ["x", "y"], tmp_path / "ours")


def test_predictions_of_which_none_is_usable_are_refused(folder: Path, tmp_path: Path) -> None:
    for path in folder.glob("*.tif"):
        path.write_bytes(b"")
    with pytest.raises(InputError, match=r"not one prediction can be used.*a_cp_masks"):
        adopt_predictions(folder, ["a", "b"], tmp_path / "ours")
