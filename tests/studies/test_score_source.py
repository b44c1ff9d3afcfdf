"""Scores from wherever people have them become one table, or a message says why not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.schema import CELL_COLUMNS, SCORE_COLUMNS, InputError
from workbench.store import score_table, write_table
from workbench.studies import ScoreSource, read_score_source
from workbench.studies._score_source_columns import ROLE_NAMES

Write = Callable[..., Path]
CHALLENGE = (
    "names,true_num,pred_num,correct_num(TP),missed_num(FN),wrong_num(FP),precision,recall,dice,F1"
)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a file and returns its path."""

    def write_file(text: str | bytes, name: str = "scores.csv") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write_file


def read(*paths: Path, **options: object) -> ScoreSource:
    return read_score_source(paths, **options)


def values(source: ScoreSource, metric: str = "f1") -> dict[tuple[str, str], float]:
    rows = source.scores[source.scores["metric"] == metric]
    return dict(zip(zip(rows["image_id"], rows["model"], strict=True), rows["value"], strict=True))


FORMS = {
    "a line per score": "image,model,metric,value\na,UNet,f1,0.9\na,otsu,F1 score,0.4\n",
    "tabs": "image\tmodel\tscore\na\tUNet\t0.9\na\totsu\t0.4\n",
    "a column per measure": "filename,Method,F1-Score,dice\na,UNet,0.9,0.95\na,otsu,0.4,0.8\n",
    "a column per model": "image_id,UNet,otsu\na,0.9,0.4\n",
    "an index without a name": ",UNet,otsu\na,0.9,0.4\n",
    "row numbers": ",image,UNet,otsu\n0,a,0.9,0.4\n",
    "European Excel": "image;UNet;otsu\na;0,9;0,4\n",
    "Excel's separator line": "sep=;\r\nimage;UNet;otsu\r\na;0,9;0,4\r\n",
    "decimal commas in quotes": 'image,UNet,otsu\na,"0,9","0,4"\n',
    "byte order mark": "\ufeffimage,UNet,otsu\na,0.9,0.4\n",
    "blank lines": "\n\nimage,UNet,otsu\n\na,0.9,0.4\n\n",
    "UTF-16": "image,UNet,otsu\na,0.9,0.4\n".encode("utf-16"),
    "a measure with its threshold": "image,model,f1@0.5\na,UNet,0.9\na,otsu,0.4\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_scores_are_read_from_every_form(write: Write, form: str) -> None:
    source = read(write(FORMS[form]), metric="f1")
    assert values(source) == {("a", "UNet"): 0.9, ("a", "otsu"): 0.4}
    assert list(source.scores) == list(SCORE_COLUMNS)
    assert set(source.scores.loc[source.scores["metric"] == "f1", "threshold"]) == {0.5}
    assert source.problems == ()


scores_of_images = st.dictionaries(
    st.text("abcdefg_01", min_size=1, max_size=6),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
    min_size=1,
)


@settings(max_examples=20)
@given(scores_of_images)
def test_long_wide_and_european_files_hold_the_same_scores(
    tmp_path_factory: pytest.TempPathFactory, scores: dict[str, tuple[float, float]]
) -> None:
    folder = tmp_path_factory.mktemp("forms")
    wide = pd.DataFrame(scores, index=["UNet", "otsu"]).T.rename_axis("image_id").reset_index()
    long = wide.melt("image_id", var_name="model").sample(frac=1, random_state=0)
    wide.to_csv(folder / "wide.csv", index=False)
    wide.to_csv(folder / "european.csv", index=False, sep=";", decimal=",")
    long.to_csv(folder / "long.csv", index=False)
    long.to_parquet(folder / "long.parquet")
    expected = {
        (i, m): v for i, two in scores.items() for m, v in zip(wide.columns[1:], two, strict=True)
    }
    for name in ("wide.csv", "european.csv", "long.csv", "long.parquet"):
        found = values(read(folder / name, metric="f1"))
        assert found == pytest.approx(expected, abs=1e-12), name


def test_what_was_read_as_what_is_told(write: Write) -> None:
    source = read(write("filename;model;F1;tissue\na;UNet;0,9;lung\n"))
    assert source.readings == (
        "scores.csv: 1 line, a column per measure: image_id from 'filename', f1 from 'F1'",
        "scores.csv: facts of images: tissue",
        "scores.csv: IoU threshold 0.5 for f1: assumed, since nothing says it",
        "scores.csv: cells are separated by semicolons",
        "scores.csv: decimal commas are read as points",
    )
    assert source.metadata.to_dict("records") == [{"image_id": "a", "tissue": "lung"}]


def test_windows_encoding_is_read_and_told(write: Write) -> None:
    source = read(write("image,model,f1\nMäuse,UNet,0.9\n".encode("cp1252")))
    assert set(source.scores["image_id"]) == {"Mäuse"}
    assert "scores.csv: the text is cp1252, not UTF-8" in source.readings


def test_every_name_of_the_documented_list_is_recognised(write: Write) -> None:
    for name in ROLE_NAMES["image_id"]:
        assert values(read(write(f"{name},model,f1\na,UNet,0.9\n"))) == {("a", "UNet"): 0.9}
    for name in ROLE_NAMES["model"]:
        assert values(read(write(f"image,{name},f1\na,UNet,0.9\n"))) == {("a", "UNet"): 0.9}


def test_an_empty_score_is_undefined_not_zero(write: Write) -> None:
    source = read(write("image,UNet,otsu\na,0.9,\nb,0.8,n/a\nc,0.7,0.6\n"), metric="f1")
    of_otsu = source.scores[source.scores["model"] == "otsu"].set_index("image_id")
    assert np.isnan(of_otsu.loc[["a", "b"], "value"]).all()
    assert of_otsu["status"].to_dict() == {"a": "undefined", "b": "undefined", "c": "ok"}


def test_a_measure_without_threshold_may_stand_beside_every_threshold(write: Write) -> None:
    source = read(write("image,model,thr,f1,dice\na,u,0.5,0.9,0.95\na,u,0.7,0.8,0.95\n"))
    assert len(source.scores) == 3
    assert values(source, "dice") == {("a", "u"): 0.95}


MISTAKES = {
    "empty": ("", "is empty; expected a table"),
    "blank": ("\n\n \n", "is empty; expected a table"),
    "header alone": ("image,UNet\n", "holds column names and no line below them"),
    "binary": (b"\x00\x01\x02image", "is no text; expected a table (CSV, TSV, Parquet)"),
    "spreadsheet": (b"PK\x03\x04...", "is a spreadsheet or ZIP file; save the sheet as CSV"),
    "damaged Parquet": (b"PAR1....", "not a Parquet table"),
    "no image": ("picture,UNet\na,0.5\n", "no column names the image, expected one of image_id"),
    "two images": ("image,file,f1\na,b,0.5\n", "the columns image and file could both be the"),
    "repeated column": ("image,UNet,UNet\na,0.5,0.6\n", "UNet stands more than once among"),
    "no value": ("image,model,foo\na,UNet,0.5\n", "expected a column 'value' or one named after"),
    "no model": ("image,modality\na,H&E\n", "expected columns with scores beside the images"),
    "empty model": ("image,model,f1\na,,0.5\n", "line 2: column 'model' is empty"),
    "text": ("image,model,f1\na,u,0.5\nb,u,good\n", "line 3: column 'f1' holds 'good'"),
    "infinite": ("image,model,f1\na,u,inf\n", "line 2: column 'f1' holds 'inf'"),
    "percent": ("image,model,f1\na,u,90\n", "(values out of range: 1); divide percentages by 100"),
    "negative": (
        "image,model,f1\na,u,-0.1\n",
        "line 2: f1 -0.1 of model 'u', expected 0 to 1 (values out of range: 1); if the column is",
    ),
    "above one": ("image,model,thr,f1\na,u,1.2,0.5\n", "line 2: IoU threshold 1.2, expected one"),
    "text seed": ("image,model,seed,f1\na,u,x,0.5\n", "line 2: column 'seed' holds 'x'"),
    "half a seed": ("image,model,seed,f1\na,u,0.5,0.5\n", "column 'seed' holds 0.5, expected a"),
    "threshold": ("image,model,thr,f1\na,u,50,0.5\n", "line 2: IoU threshold 50, expected one"),
    "twice": (
        "image,model,f1\na,u,0.5\nb,u,0.5\na,u,0.5\n",
        "lines 2, 4: image 'a' of model 'u' has 2 scores (f1, seed 0); keep one, or number",
    ),
    "two dice": (
        "image,model,thr,f1,dice\na,u,0.5,1,1\na,u,0.7,1,0.9\n",
        "lines 2, 3: image 'a' of model 'u' has 2 scores (dice, seed 0)",
    ),
    "decimal comma": ("image,UNet\na,0,5\n", "line 2: 3 cells where the first line names 2"),
    "open quote": ('image,UNet\n"a,0.5\n', "is no table (EOF inside string"),
    "splits": ("image,model,split,f1\na,u,train,1\nb,u,test,1\n", "choose one, e.g. `--split t"),
    "groups": ("image,slide,u,v\na,1,1,1\na,2,1,1\n", "image 'a' of model 'u' has 2 scores"),
    "two rules": (
        "image,model,convention,f1\na,u,coco,1\na,v,stardist,1\n",
        "scores follow different rules: coco in scores, stardist in scores",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_file_and_line(write: Write, mistake: str) -> None:
    text, message = MISTAKES[mistake]
    metric = None if "model" in str(text) else "f1"
    with pytest.raises(InputError) as told:
        read(write(text), metric=metric)
    assert message in str(told.value)
    assert "scores" in str(told.value)


def test_values_that_no_column_names_need_a_measure(write: Write) -> None:
    with pytest.raises(
        InputError, match=r"no column says what the values measure; .* `--metric f1`"
    ):
        read(write("image,UNet,otsu\na,0.9,0.4\n"))


def test_a_measure_that_we_do_not_know_is_read_unchecked_and_told(write: Write) -> None:
    source = read(write("image,model,AP50\na,u,61.2\n"), metric="AP50")
    assert values(source, "ap50") == {("a", "u"): 61.2}
    assert np.isnan(source.scores["threshold"]).all()
    assert "ap50 is no measure of the workbench; its range is not checked" in source.problems[0]


def test_one_split_is_taken_when_it_is_named(write: Write) -> None:
    path = write("image,model,split,f1\na,u,train,1\nb,u,test,0.5\n")
    assert values(read(path, split="test")) == {("b", "u"): 0.5}
    with pytest.raises(InputError, match="no row is of split 'val', only of train, test"):
        read(path, split="val")
    with pytest.raises(InputError, match="no column of plain names splits; leave it away"):
        read(write("image,model,f1\na,u,1\n", "plain.csv"), split="test")


def test_images_that_a_model_lacks_are_listed_and_left_out_for_all(write: Write) -> None:
    source = read(write("image,model,f1\na,u,0.5\nb,u,0.6\nc,u,0.7\na,v,0.4\nc,v,0.9\n"))
    assert set(source.scores["image_id"]) == {"a", "c"}
    assert source.problems[0] == "v lacks 1 of 3 images: b"
    assert source.problems[1].startswith("2 of 3 images were scored for every model")


def test_a_seed_that_lacks_an_image_is_named(write: Write) -> None:
    text = "image,model,seed,f1\na,u,0,0.5\nb,u,0,0.6\na,u,1,0.7\na,v,0,1\nb,v,0,1\n"
    assert read(write(text)).problems[0] == "u (seed 1) lacks 1 of 2 images: b"


def test_models_on_different_images_are_refused(write: Write) -> None:
    with pytest.raises(InputError, match="no image was scored for every model; for example 'a' of"):
        read(write("image,model,f1\na,u,0.5\nb,v,0.6\n"))


@pytest.fixture
def challenge(write: Write) -> Path:
    """A folder as the benchmark study keeps it: a file per model and threshold."""
    lines = {
        "UNET_metrics-0.5.csv": ["c1_label.tiff,10,8,6,4,2,0.75,0.6,0.8,0.6667",
                                 "c2_label.tiff,5,0,0,0,0,0,0,0,0"],
        "UNET_metrics-0.7.csv": ["c1_label.tiff,10,8,3,7,5,0.375,0.3,0.8,0.3333",
                                 "c2_label.tiff,5,0,0,0,0,0,0,0,0"],
        "MAUNET_WIDE_metrics-0.5.csv": ["c1_label.tiff,10,10,9,1,1,0.9,0.9,0.9,0.9",
                                        "c2_label.tiff,5,5,5,0,0,1,1,0.95,1"],
    }  # fmt: skip
    for name, rows in lines.items():
        path = write("\n".join([CHALLENGE, *rows]) + "\n", f"test_predictions/{name}")
    return path.parent


def test_the_files_of_the_benchmark_study_are_read_as_a_folder_or_one_by_one(
    challenge: Path,
) -> None:
    source = read(challenge)
    at_half = source.scores[source.scores["threshold"] == 0.5]
    f1 = at_half[at_half["metric"] == "f1"].set_index(["model", "image_id"])["value"]
    assert f1.to_dict() == {
        ("UNET", "c1_label.tiff"): 0.6667, ("UNET", "c2_label.tiff"): 0,
        ("MAUNET_WIDE", "c1_label.tiff"): 0.9, ("MAUNET_WIDE", "c2_label.tiff"): 1,
    }  # fmt: skip
    assert set(source.scores["threshold"].dropna()) == {0.5, 0.7}
    assert len(source.scores[source.scores["metric"] == "dice"]) == 4, "once, not per threshold"
    assert set(source.scores["convention"]) == {"neurips_cellseg"}
    assert source.has_counts
    one_by_one = read(*sorted(challenge.glob("*.csv")))
    pattern = read(challenge / "*_metrics-*.csv")
    for other in (one_by_one, pattern):
        pd.testing.assert_frame_equal(other.scores, source.scores)


def test_missed_cells_that_the_challenge_forgets_are_counted(challenge: Path) -> None:
    source = read(challenge)
    rows = source.scores[(source.scores["model"] == "UNET") & (source.scores["metric"] == "f1")]
    assert rows.set_index(["image_id", "threshold"])["fn"].to_dict() == {
        ("c1_label.tiff", 0.5): 4, ("c2_label.tiff", 0.5): 5,
        ("c1_label.tiff", 0.7): 7, ("c2_label.tiff", 0.7): 5,
    }  # fmt: skip
    assert any("counts no missed cells where nothing was predicted" in p for p in source.problems)
    assert rows.set_index(["image_id", "threshold"])["fp"].to_dict() == {
        ("c1_label.tiff", 0.5): 2, ("c2_label.tiff", 0.5): 0,
        ("c1_label.tiff", 0.7): 5, ("c2_label.tiff", 0.7): 0,
    }  # fmt: skip


def test_a_column_s_threshold_comes_before_the_row_s_and_the_user_s_last(write: Write) -> None:
    path = write("image,model,thr,f1@0.7,recall\na,u,0.9,0.5,0.4\n")
    at = read(path).scores.set_index("metric")["threshold"].to_dict()
    assert at == {"f1": 0.7, "recall": 0.9}
    bare = read(write("image,model,f1\na,u,0.5\n"), threshold=0.8)
    assert bare.scores["threshold"].tolist() == [0.8]
    assert any("IoU threshold 0.8 for f1: as given" in text for text in bare.readings)


def test_the_older_file_of_the_challenge_is_read_too(write: Write) -> None:
    source = read(write("Names,F1_Score\nc1_label.tiff,0.5\n", "seg_metric.csv"))
    assert values(source) == {("c1_label.tiff", "seg_metric"): 0.5}
    assert "no column names the model, so it is called as the file" in source.readings[1]


def test_endings_of_image_names_are_dropped_only_where_they_hinder(
    write: Write, challenge: Path
) -> None:
    mine = write("image,model,convention,f1\nc1,mine,,0.7\nc2,mine,,0.6\n", "mine.csv")
    source = read(challenge, mine, metric="f1")
    assert set(source.scores["image_id"]) == {"c1", "c2"}
    assert any(
        "joined without their endings, e.g. 'c1_label.tiff' as 'c1'" in r for r in source.readings
    )
    assert set(read(challenge).scores["image_id"]) == {"c1_label.tiff", "c2_label.tiff"}


def test_one_model_in_two_files_is_told_apart_by_the_file(write: Write) -> None:
    text = "image,model,f1\na,u,{}\nb,u,0.5\na,{},0.1\nb,{},0.1\n"
    source = read(
        write(text.format(0.5, "v", "v"), "old.csv"), write(text.format(0.9, "w", "w"), "new.csv")
    )
    assert list(dict.fromkeys(source.scores["model"])) == ["old/u", "v", "new/u", "w"]
    assert source.name == "old + new"
    assert "u stands in several places, so it is called place/model" in source.readings


def test_files_of_one_name_are_told_apart_by_their_folder(write: Write) -> None:
    text = "image,model,f1\na,u,0.5\n"
    source = read(write(text, "x/scores.csv"), write(text, "y/scores.csv"))
    assert set(source.scores["model"]) == {"x/scores/u", "y/scores/u"}


def test_a_file_given_twice_is_refused(write: Write) -> None:
    path = write("image,model,f1\na,u,0.5\n")
    with pytest.raises(InputError, match=r"scores\.csv is given twice"):
        read(path, path)


def test_what_does_not_join_is_listed(write: Write) -> None:
    source = read(
        write("image,model,f1\na,u,0.5\nb,u,0.5\nc,u,0.5\n", "one.csv"),
        write("image,model,f1\nb,v,0.5\nc,v,0.5\nd,v,0.5\n", "two.csv"),
    )
    assert set(source.scores["image_id"]) == {"b", "c"}
    assert source.problems[:2] == ("u lacks 1 of 4 images: d", "v lacks 1 of 4 images: a")


def test_other_reference_cells_mean_another_image(write: Write) -> None:
    one = write("image,model,n_cells,f1\na,u,12,0.5\n", "one.csv")
    two = write("image,model,n_cells,f1\na,v,15,0.5\n", "two.csv")
    with pytest.raises(InputError, match="image 'a' has 12 reference cells in one and 15 in two"):
        read(one, two)


def test_data_sets_of_other_names_are_joined_and_told(write: Write) -> None:
    one = write("image,model,dataset,f1\na,u,lung,0.5\n", "one.csv")
    two = write("image,model,dataset,f1\na,v,test,0.5\n", "two.csv")
    source = read(one, two)
    assert (
        "the data set is called 'lung' in one, 'test' in two; images were joined"
        in (source.problems[0])
    )


def test_two_data_sets_in_one_file_keep_their_images_apart(write: Write) -> None:
    source = read(write("image,model,dataset,f1\na,u,lung,0.5\na,u,brain,0.7\n"))
    assert values(source) == {("lung/a", "u"): 0.5, ("brain/a", "u"): 0.7}


def test_an_image_has_one_group_wherever_it_is_named(write: Write) -> None:
    one = write("image,model,slide,f1\na,u,s1,0.5\nb,u,s1,0.5\n", "one.csv")
    two = write("image,model,f1\na,v,0.5\nb,v,0.5\n", "two.csv")
    assert set(read(one, two).scores["group"]) == {"s1"}
    other = write("image,model,slide,f1\na,v,s2,0.5\nb,v,s1,0.5\n", "other.csv")
    with pytest.raises(InputError, match="image 'a' belongs to the groups s1, s2"):
        read(one, other)


def our_table(model: str) -> pd.DataFrame:
    n = 3
    return score_table(
        {
            "dataset": ["d"] * n, "image_id": list("abc"), "group": [""] * n, "model": [model] * n,
            "seed": [0] * n, "metric": ["f1"] * n, "threshold": [0.5] * n,
            "convention": ["workbench"] * n, "value": [0.5, 0.6, np.nan], "tp": [1, 2, 0],
            "fp": [1, 1, 0], "fn": [1, 1, 0], "n_reference": [2, 3, 0], "n_predicted": [2, 3, 0],
            "status": ["ok", "missing", "undefined"],
        }
    )  # fmt: skip


@pytest.mark.parametrize("name", ["scores.parquet", "scores.csv"])
def test_our_own_table_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    table = our_table("unet")
    if name.endswith("csv"):
        table.to_csv(tmp_path / name, index=False)
    else:
        write_table(tmp_path / name, table)
    source = read(tmp_path / name)
    pd.testing.assert_frame_equal(source.scores, table)
    assert source.has_counts


def our_cells(model: str, images: str) -> pd.DataFrame:
    """Return a cell table of one cell in each image."""
    cells = pd.DataFrame({"image_id": list(images), "model": model})
    cells = cells.reindex(columns=list(CELL_COLUMNS)).astype(object)
    defaults = {"str": "", "int64": 1, "float64": 0.5, "bool": False}
    for column, kind in CELL_COLUMNS.items():
        cells[column] = cells[column].fillna(defaults[kind]).astype(kind)
    return cells


def test_what_workbench_score_wrote_is_read_with_its_cells(tmp_path: Path) -> None:
    for model in ("unet", "otsu"):
        folder = tmp_path / model
        folder.mkdir()
        write_table(folder / "images.parquet", our_table(model))
        write_table(folder / "cells.parquet", our_cells(model, "a"))
    source = read(tmp_path / "unet", tmp_path / "otsu")
    assert set(source.scores["model"]) == {"unet", "otsu"}
    assert source.cells is not None
    assert source.cells["model"].tolist() == ["unet", "otsu"]


def test_cells_of_images_that_are_not_compared_are_left_out(tmp_path: Path) -> None:
    for model, images in (("unet", "abc"), ("otsu", "ab")):
        (tmp_path / model).mkdir()
        scores = our_table(model)
        write_table(
            tmp_path / model / "images.parquet", scores[scores["image_id"].isin(list(images))]
        )
        write_table(tmp_path / model / "cells.parquet", our_cells(model, images))
    source = read(tmp_path / "unet", tmp_path / "otsu")
    assert source.cells is not None
    assert source.cells[["model", "image_id"]].to_numpy().tolist() == [
        ["unet", "a"], ["unet", "b"], ["otsu", "a"], ["otsu", "b"],
    ]  # fmt: skip


def test_scores_without_counts_say_so(write: Write) -> None:
    assert not read(write("image,model,f1\na,u,0.5\n")).has_counts


def test_a_folder_of_something_else_names_its_tables(write: Write, tmp_path: Path) -> None:
    write("image,model,f1\na,u,0.5\n", "mine/f1.csv")
    with pytest.raises(InputError, match=r"give one of its tables, e\.g\. .*f1\.csv"):
        read(tmp_path / "mine")
    with pytest.raises(InputError, match="no such file or folder"):
        read(tmp_path / "nothing.csv")
    with pytest.raises(InputError, match="no file has such a name"):
        read(tmp_path / "*.csv")


def test_scores_of_two_conventions_are_not_compared(challenge: Path, tmp_path: Path) -> None:
    table = our_table("unet").assign(image_id=["c1", "c2", "c3"], n_reference=0)
    write_table(tmp_path / "ours.parquet", table)
    with pytest.raises(
        InputError, match="different rules: neurips_cellseg in test_predictions, workbench in ours"
    ):
        read(challenge, tmp_path / "ours.parquet")
