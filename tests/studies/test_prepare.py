"""A data set prepared once."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from pydantic import ValidationError

from workbench.datasets import open_dataset, read_image, read_labels, read_sample
from workbench.inference import load_network
from workbench.schema import InputError
from workbench.store import lock_run
from workbench.studies import (
    PredictJob,
    PrepareConfig,
    TrainJob,
    predict,
    prepare_dataset,
    read_study,
    train,
    training_samples,
)
from workbench.transforms import (
    PREPARATIONS,
    Preparation,
    Window,
    join_windows,
    prepare_image,
    three_class_target,
)

WINDOWS = PrepareConfig(window_px=48, step_px=32, image_type="float32", three_class=True)


def prepare(source: Path, config: PrepareConfig = WINDOWS, **options) -> pd.DataFrame:
    return prepare_dataset(source, out_of(source), config, **{"tell": lambda _: None} | options)


def out_of(source: Path) -> Path:
    return source.with_name("prepared")


def files_of(folder: Path) -> dict[str, bytes]:
    found = sorted(folder.rglob("*"))
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in found
        if path.is_file() and path.name not in (".lock", ".runner.json")
    }


def written_at(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.glob("*/*.tif")}


def edit_manifest(source: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    path = source / "manifest.csv"
    change(pd.read_csv(path, dtype=str)).to_csv(path, index=False)


class TestFiles:
    def test_windows_joined_are_the_prepared_image_its_labels_and_targets(
        self, small_dataset: Callable[..., Path]
    ) -> None:
        source = small_dataset()
        summary = prepare(source)
        assert summary["n_images"].tolist() == [9] * 5  # 96 pixels: windows at 0, 32 and 48
        rows = pd.read_csv(out_of(source) / "manifest.csv")
        for record in open_dataset(source).records:
            sample = read_sample(record)
            own = rows[rows["source_image_id"] == record.image_id]

            def joined(column: str, read: Callable, own=own) -> np.ndarray:
                return join_windows(
                    [
                        Window(row.row_px, row.column_px, read(out_of(source) / path))
                        for row, path in zip(own.itertuples(), own[column], strict=True)
                    ]
                )

            assert np.array_equal(
                joined("image", read_image), prepare_image(sample.image, Preparation())
            )
            assert np.array_equal(joined("labels", read_labels), sample.reference)
            assert np.array_equal(
                joined("target", read_labels), three_class_target(sample.reference)
            )

    def test_windows_of_an_image_are_named_by_place_and_stay_together(
        self, small_dataset: Callable[..., Path]
    ) -> None:
        source = small_dataset(splits=("train", "val"))
        prepare(source)
        records = open_dataset(out_of(source)).records
        assert [record.image_id for record in records[:4]] == [
            "im0_r0000_c0000", "im0_r0000_c0032", "im0_r0000_c0048", "im0_r0032_c0000",
        ]  # fmt: skip
        assert {(r.split, r.metadata["group"]) for r in records} == {
            ("train", "im0"), ("val", "im1"),
        }  # fmt: skip
        assert {record.metadata["modality"] for record in records} == {"discs"}

    def test_a_group_of_the_source_stays(self, small_dataset: Callable[..., Path]) -> None:
        source = small_dataset(splits=("train", "val"))
        edit_manifest(source, lambda table: table.assign(group=["plate7", ""]))
        prepare(source)
        groups = {r.image_id[:3]: r.metadata["group"] for r in open_dataset(out_of(source)).records}
        assert groups == {"im0": "plate7", "im1": "im1"}

    def test_columns_that_would_no_longer_be_true_are_measured_anew(
        self, small_dataset: Callable[..., Path]
    ) -> None:
        source = small_dataset(splits=("test",))
        old = {"height": 96, "width": 96, "dtype": "uint8", "n_cells": 16, "pixel_size_um": 0.5}
        edit_manifest(source, lambda table: table.assign(**old))
        config = PrepareConfig(preparation=Preparation(pixel_size_um=1), window_px=20)
        summary = prepare(source, config)
        assert summary.loc[0, ["n_cells", "n_vanished"]].tolist() == [16, 0]
        for record in open_dataset(out_of(source)).records:
            sample = read_sample(record)
            assert sample.image.shape == (20, 20, 1)
            assert dict(record.metadata) | {
                "height": "20", "width": "20", "dtype": "uint16", "pixel_size_um": "1.0",
                "n_cells": str(len(np.unique(sample.reference)) - 1),
            } == record.metadata  # fmt: skip

    @pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
    @pytest.mark.parametrize("image_type", ["uint8", "uint16", "float32"])
    def test_every_number_of_channels_and_type_is_written_as_it_is_read(
        self, tmp_path: Path, channels: int, image_type: str
    ) -> None:
        source = tmp_path / "source"
        (source / "images").mkdir(parents=True)
        pixels = np.random.default_rng(0).integers(0, 256, (channels, 30, 40)).astype(np.uint8)
        tifffile.imwrite(
            source / "images" / "a.tif", pixels, photometric="minisblack",
            metadata={"axes": "CYX"},
        )  # fmt: skip
        config = PrepareConfig(preparation=PREPARATIONS["as_is"], image_type=image_type)
        prepare(source, config)
        (record,) = open_dataset(out_of(source)).records
        assert (record.image_id, record.labels) == ("a", None)
        image = read_image(record.image)
        assert image.dtype == image_type
        with tifffile.TiffFile(record.image) as tiff:
            assert (tiff.pages.first.photometric == tifffile.PHOTOMETRIC.RGB) == (channels == 3)
        largest = {"uint8": 255, "uint16": 65_535, "float32": 1}[image_type]
        assert np.rint(image / largest * 255).astype(np.uint8).transpose(2, 0, 1).tolist() == (
            pixels.tolist()
        )

    def test_values_are_rounded_to_the_nearest_whole_number(self, tmp_path: Path) -> None:
        source = tmp_path / "source"
        (source / "images").mkdir(parents=True)
        values = np.array([[0.4, 0.6, 253.9, 254.6]], np.float32) / 255
        tifffile.imwrite(source / "images" / "a.tif", values)
        prepare(source, PrepareConfig(preparation=PREPARATIONS["as_is"], image_type="uint8"))
        written = read_image(out_of(source) / "images" / "a.tif")
        assert written[..., 0].tolist() == [[0, 1, 254, 255]]

    def test_cells_too_small_for_the_new_pixels_are_counted(
        self, small_dataset: Callable[..., Path]
    ) -> None:
        source = small_dataset(splits=("test",))
        edit_manifest(source, lambda table: table.assign(pixel_size_um=0.5))
        labels = read_labels(source / "labels" / "im0.tif")
        labels[0, 0] = 500
        tifffile.imwrite(source / "labels" / "im0.tif", labels)
        summary = prepare(source, PrepareConfig(preparation=Preparation(pixel_size_um=2)))
        assert summary.loc[0, ["n_cells", "n_vanished"]].tolist() == [17, 1]


class TestCallingAgain:
    def test_what_is_prepared_is_not_prepared_again(
        self, small_dataset: Callable[..., Path]
    ) -> None:
        source = small_dataset()
        assert not prepare(source)["reused"].any()
        first, times = files_of(out_of(source)), written_at(out_of(source))
        assert prepare(source)["reused"].all()
        assert files_of(out_of(source)).keys() == first.keys()
        assert written_at(out_of(source)) == times

    def test_a_changed_image_alone_is_prepared_again(
        self, small_dataset: Callable[..., Path]
    ) -> None:
        source = small_dataset()
        prepare(source)
        image = read_image(source / "images" / "im1.tif")
        tifffile.imwrite(source / "images" / "im1.tif", 255 - image)
        labels = read_labels(source / "labels" / "im3.tif")
        labels[:10] = 0
        tifffile.imwrite(source / "labels" / "im3.tif", labels)
        assert prepare(source)["reused"].tolist() == [True, False, True, False, True]

    def test_another_config_leaves_nothing_of_the_one_before(
        self, small_dataset: Callable[..., Path], tmp_path: Path
    ) -> None:
        source = small_dataset()
        prepare(source)
        (out_of(source) / "images" / ".im0.partial-1.tif").touch()  # of a killed process
        whole = PrepareConfig(preparation=Preparation(equalise=True))
        assert not prepare(source, whole)["reused"].any()
        fresh = tmp_path / "fresh"
        prepare_dataset(source, fresh, whole, tell=lambda _: None)
        assert files_of(out_of(source)) == files_of(fresh)

    def test_a_changed_split_is_taken_over_without_computing(
        self, small_dataset: Callable[..., Path]
    ) -> None:
        source = small_dataset()
        prepare(source)
        edit_manifest(source, lambda table: table.assign(split="val"))
        assert prepare(source)["reused"].all()
        assert {record.split for record in open_dataset(out_of(source)).records} == {"val"}

    def test_a_lost_file_and_a_damaged_note_are_made_anew(
        self, small_dataset: Callable[..., Path]
    ) -> None:
        source = small_dataset()
        prepare(source)
        whole = files_of(out_of(source))
        (out_of(source) / "targets" / "im1_r0000_c0032.tif").unlink()
        note = out_of(source) / ".prepared" / "im2.json"
        note.write_text(note.read_text()[:40])
        (out_of(source) / ".prepared" / "im3.json").write_text(json.dumps([1]))
        assert prepare(source)["reused"].tolist() == [True, False, False, False, True]
        assert files_of(out_of(source)).keys() == whole.keys()

    def test_a_call_that_was_cut_short_goes_on_and_shows_no_half_data_set(
        self, small_dataset: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        source = small_dataset()
        from workbench.studies import _prepare_parts

        write = _prepare_parts.write_labels

        def cut_short(path: Path, labels: np.ndarray) -> None:
            if path.name == "im2_r0032_c0000.tif":
                raise KeyboardInterrupt
            write(path, labels)

        monkeypatch.setattr(_prepare_parts, "write_labels", cut_short)
        with pytest.raises(KeyboardInterrupt):
            prepare(source)
        with pytest.raises(InputError, match="not one image is listed"):
            open_dataset(out_of(source))
        monkeypatch.undo()
        assert prepare(source)["reused"].tolist() == [True, True, False, False, False]
        fresh = tmp_path / "fresh"
        prepare_dataset(source, fresh, WINDOWS, tell=lambda _: None)
        kept, made = files_of(out_of(source)), files_of(fresh)
        assert kept.keys() == made.keys()
        assert kept["manifest.csv"] == made["manifest.csv"]

    def test_two_processes_write_what_one_writes(
        self, small_dataset: Callable[..., Path], tmp_path: Path
    ) -> None:
        source = small_dataset(splits=("train",) * 20)
        alone = prepare(source, PrepareConfig())
        together = prepare_dataset(
            source, tmp_path / "two", PrepareConfig(), workers=2, tell=lambda _: None
        )
        assert files_of(out_of(source)) == files_of(tmp_path / "two")
        pd.testing.assert_frame_equal(alone, together)


class TestTrouble:
    def test_a_bad_file_is_listed_and_the_others_go_on(
        self, small_dataset: Callable[..., Path]
    ) -> None:
        source = small_dataset()
        prepare(source)
        (source / "images" / "im1.tif").write_bytes(b"II*\x00 and no more")
        summary = prepare(source).set_index("image_id")
        assert "im1.tif: can't be read as TIFF" in summary.loc["im1", "problem"]
        assert (summary["problem"] == "").tolist() == [True, False, True, True, True]
        assert {r.metadata["source_image_id"] for r in open_dataset(out_of(source)).records} == {
            "im0", "im2", "im3", "im4",
        }  # fmt: skip
        assert not list(out_of(source).glob("*/im1*"))

    def test_if_every_image_fails_the_first_reason_is_given(
        self, small_dataset: Callable[..., Path]
    ) -> None:
        config = PrepareConfig(preparation=Preparation(pixel_size_um=1))
        with pytest.raises(
            InputError, match=r"not one image could be prepared\. .* column pixel_size_um"
        ):
            prepare(small_dataset(), config)

    def test_a_folder_that_holds_something_else_is_left_alone(
        self, small_dataset: Callable[..., Path], tmp_path: Path
    ) -> None:
        source = small_dataset()
        other = tmp_path / "thesis"
        (other / "images").mkdir(parents=True)
        (other / "images" / "only_copy.tif").touch()
        for out, message in (
            (other, "thesis holds files that are no prepared data set"),
            (source, "needs a folder of its own"),
            (source / "manifest.csv", "is a file"),
        ):
            with pytest.raises(InputError, match=message):
                prepare_dataset(source, out, PrepareConfig(), tell=lambda _: None)
        assert (other / "images" / "only_copy.tif").exists()

    def test_a_folder_in_use_is_refused(self, small_dataset: Callable[..., Path]) -> None:
        source = small_dataset()
        prepare(source)
        with lock_run(out_of(source)), pytest.raises(InputError, match="is in use by process"):
            prepare(source)

    def test_steps_wider_than_the_window_are_refused(self) -> None:
        for wrong in ({"window_px": 64, "step_px": 65}, {"step_px": 32}):
            with pytest.raises(ValidationError, match="step_px must be at most window_px"):
                PrepareConfig(**wrong)


class TestUse:
    def test_a_model_of_prepared_windows_sees_them_as_they_are(
        self, small_dataset: Callable[..., Path]
    ) -> None:
        source = small_dataset(splits=("train", "val"))
        prepare(source)
        record = open_dataset(out_of(source)).records[0]
        seen = prepare_image(read_image(record.image), PREPARATIONS["as_is"])
        whole = prepare_image(read_image(source / "images" / "im0.tif"), Preparation())
        assert np.array_equal(seen, whole[:48, :48])

    def test_the_preparation_of_a_study_file_reaches_training_and_prediction(
        self, small_study: Callable[..., Path], tmp_path: Path
    ) -> None:
        study = read_study(
            small_study(models="[unet]"), ["models.unet.training.preparation.equalise=true"]
        )
        training = study.models["unet"].training
        assert training.preparation == Preparation(equalise=True)
        quick = {"epochs": 1, "validate_every": 1, "crop_px": 32, "batch_size": 2}
        small = {"channels": [4, 8], "residual_units": 0}
        job = TrainJob(
            dataset=study.dataset.path, model="unet", architecture="unet", settings=small,
            training=training.model_copy(update=quick), output=tmp_path / "model",
        )  # fmt: skip
        train(job, training_samples(job), lambda _: None)
        assert load_network(job.output)[1].preparation.equalise
        predicted = predict(
            PredictJob(
                dataset=study.dataset.path, model="unet", networks=[job.output],
                output=tmp_path / "predicted",
            ),
            lambda _: None,
        )  # fmt: skip
        assert (predicted["problem"] == "").all()

    def test_a_study_may_name_a_published_preparation(
        self, small_study: Callable[..., Path]
    ) -> None:
        key = "models.unet.training.preparation"
        study = read_study(small_study(models="[unet]"), [f"{key}=eighteen_methods"])
        assert study.models["unet"].training.preparation == PREPARATIONS["eighteen_methods"]
        with pytest.raises(InputError, match=f"{key}: no such preparation; named ones are perc"):
            read_study(small_study(models="[unet]"), [f"{key}=eighteen"])
        with pytest.raises(InputError, match="did you mean 'equalise'"):
            read_study(small_study(models="[unet]"), [f"{key}.equalize=true"])

    def test_a_model_of_one_pixel_size_is_trained_and_predicts_in_the_images_size(
        self, small_dataset: Callable[..., Path], tmp_path: Path
    ) -> None:
        source = small_dataset()
        edit_manifest(source, lambda table: table.assign(pixel_size_um=0.5))
        small = {"channels": [4, 8], "residual_units": 0}
        quick = {"epochs": 1, "validate_every": 1, "crop_px": 32, "batch_size": 2}
        job = TrainJob(
            dataset=source, model="unet", architecture="unet", settings=small,
            training={**quick, "preparation": {"pixel_size_um": 0.8}}, output=tmp_path / "model",
        )  # fmt: skip
        train(job, training_samples(job), lambda _: None)
        output = tmp_path / "predicted"
        told = PredictJob(
            dataset=source, model="unet", networks=[job.output], output=output,
        )  # fmt: skip
        assert (predict(told, lambda _: None)["problem"] == "").all()
        assert read_labels(output / "im2.tif").shape == (96, 96)
        shutil.rmtree(output)
        edit_manifest(source, lambda table: table.assign(pixel_size_um="unknown"))
        with pytest.raises(InputError, match="pixel size of this one is unknown"):
            predict(told, lambda _: None)
