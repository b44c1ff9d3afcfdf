import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import ndimage
from skimage.segmentation import find_boundaries

from workbench.datasets import _synthetic
from workbench.datasets._synthetic import (
    SyntheticConfig,
    synthetic_samples,
    write_synthetic_dataset,
)
from workbench.schema import InputError, Sample

MODALITIES = ("fluorescence", "phase_contrast", "histology")
DENSITIES = ("sparse", "medium", "dense")
SMALL = SyntheticConfig(n_images=12, size_px=64)


@pytest.fixture(scope="module")
def demo() -> list[Sample]:
    return list(synthetic_samples(SyntheticConfig()))


def of_kind(samples: list[Sample], modality: str, density: str) -> list[Sample]:
    kind = (modality, density)
    return [s for s in samples if (s.metadata["modality"], s.metadata["density"]) == kind]


def cell_pixels(sample: Sample) -> list[np.ndarray]:
    return [sample.reference == number for number in range(1, int(sample.reference.max()) + 1)]


def same(first: Sample, second: Sample) -> bool:
    return (
        first.image_id == second.image_id
        and first.metadata == second.metadata
        and np.array_equal(first.image, second.image)
        and np.array_equal(first.reference, second.reference)
    )


def file_bytes(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def manifest_rows(folder: Path) -> Sequence[dict[str, str]]:
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_same_config_writes_the_same_bytes(tmp_path: Path) -> None:
    write_synthetic_dataset(tmp_path / "first", SMALL)
    write_synthetic_dataset(tmp_path / "second", SMALL)
    assert file_bytes(tmp_path / "first") == file_bytes(tmp_path / "second")


def test_another_seed_changes_every_image() -> None:
    other = SMALL.model_copy(update={"seed": 1})
    pairs = zip(synthetic_samples(SMALL), synthetic_samples(other), strict=True)
    assert not any(np.array_equal(first.image, second.image) for first, second in pairs)


def test_more_images_leave_the_earlier_ones_as_they_were() -> None:
    longer = list(synthetic_samples(SMALL.model_copy(update={"n_images": 15})))
    assert len(longer) == 15
    assert all(map(same, synthetic_samples(SMALL), longer))


def test_images_of_one_kind_differ(demo: list[Sample]) -> None:
    for modality, density in product(MODALITIES, DENSITIES):
        images = of_kind(demo, modality, density)
        assert len({sample.image.tobytes() for sample in images}) == len(images)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32), size_px=st.integers(64, 100))
def test_labels_run_from_1_without_gaps_each_one_4_connected_piece_of_25_px(
    seed: int, size_px: int
) -> None:
    for sample in synthetic_samples(SyntheticConfig(seed=seed, n_images=12, size_px=size_px)):
        numbers, areas = np.unique(sample.reference, return_counts=True)
        assert numbers.tolist() == list(range(len(numbers)))
        assert len(numbers) > 1
        assert areas[1:].min() >= 25
        assert all(ndimage.label(pixels)[1] == 1 for pixels in cell_pixels(sample))


def test_slivers_and_severed_pieces_are_cleared_and_the_rest_is_kept() -> None:
    margin = _synthetic.MARGIN_PX
    visible = np.zeros((12, 12), dtype=np.int64)
    visible[0:6, 0:5] = 1  # 30 px
    visible[8, 0:5] = 1  # cut off from the 30 px
    visible[8:12, 6:12] = 2  # 24 px: too small
    canvas = np.pad(visible, margin)
    labels, rim = _synthetic._without_slivers(canvas, np.where(canvas > 0, 0.5, 1.0))
    expected = np.pad(np.where(visible == 1, 1, 0), margin)
    expected[margin + 8] = 0
    assert np.array_equal(labels, expected)
    assert np.array_equal(rim, np.where(expected > 0, 0.5, 1.0))


def test_whole_cells_have_60_to_1500_px(demo: list[Sample]) -> None:
    areas = [
        pixels.sum()
        for sample in demo
        for pixels in cell_pixels(sample)
        if not (pixels[[0, -1]].any() or pixels[:, [0, -1]].any())
    ]
    assert min(areas) >= 60
    assert max(areas) <= 1500


@pytest.mark.parametrize("modality", MODALITIES)
def test_an_image_has_the_type_and_the_channels_of_its_camera(
    demo: list[Sample], modality: str
) -> None:
    for density in DENSITIES:
        for sample in of_kind(demo, modality, density):
            twelve_bit = (modality, density) == ("fluorescence", "dense")
            assert sample.image.shape == (256, 256, 3 if modality == "histology" else 1)
            assert sample.image.dtype == (np.uint16 if twelve_bit else np.uint8)
            assert 255 < sample.image.max() <= 4095 or not twelve_bit
            assert sample.reference.shape == (256, 256)
            assert sample.reference.dtype == np.uint32


def test_half_is_fluorescence_and_a_quarter_each_phase_contrast_and_histology(
    demo: list[Sample],
) -> None:
    counts = Counter((s.metadata["modality"], s.metadata["density"]) for s in demo)
    per_density = {"fluorescence": 8, "phase_contrast": 4, "histology": 4}
    assert counts == {(m, d): per_density[m] for m, d in product(MODALITIES, DENSITIES)}


def test_every_split_holds_every_modality_at_every_density(demo: list[Sample]) -> None:
    strata = {(s.metadata["split"], s.metadata["modality"], s.metadata["density"]) for s in demo}
    assert strata == set(product(("train", "val", "test"), MODALITIES, DENSITIES))
    assert Counter(s.metadata["split"] for s in demo) == {"train": 27, "val": 9, "test": 12}


def test_a_dozen_images_hold_every_modality_in_every_split() -> None:
    strata = {(s.metadata["split"], s.metadata["modality"]) for s in synthetic_samples(SMALL)}
    assert strata == set(product(("train", "val", "test"), MODALITIES))


def test_any_four_images_in_a_row_show_every_modality(demo: list[Sample]) -> None:
    modalities = [sample.metadata["modality"] for sample in demo]
    assert all(set(modalities[i : i + 4]) == set(MODALITIES) for i in range(len(demo) - 3))


@pytest.mark.parametrize("modality", MODALITIES)
def test_denser_images_hold_more_cells(demo: list[Sample], modality: str) -> None:
    sparse, medium, dense = (
        np.mean([sample.reference.max() for sample in of_kind(demo, modality, density)])
        for density in DENSITIES
    )
    assert 1.3 * sparse < medium < dense / 1.3


def test_cells_of_dense_images_touch(demo: list[Sample]) -> None:
    for sample in (s for modality in MODALITIES for s in of_kind(demo, modality, "dense")):
        grown = ndimage.binary_dilation
        touching = sum(
            np.any(grown(pixels) & (sample.reference > 0) & ~pixels)
            for pixels in cell_pixels(sample)
        )
        assert touching > 0.5 * sample.reference.max()


def mean_in_and_around(sample: Sample) -> tuple[float, float]:
    grey = sample.image.mean(axis=2)
    # One pixel either side of an outline is left out: there the optics blur.
    clear = ~find_boundaries(sample.reference, mode="thick")
    return (
        grey[clear & (sample.reference > 0)].mean(),
        grey[clear & (sample.reference == 0)].mean(),
    )


def test_fluorescent_nuclei_are_bright_and_stained_or_phase_dense_cells_dark(
    demo: list[Sample],
) -> None:
    for sample in demo:
        inside, around = mean_in_and_around(sample)
        assert (inside > around) == (sample.metadata["modality"] == "fluorescence")


def test_the_outline_of_a_cell_lies_where_the_image_has_its_edge(demo: list[Sample]) -> None:
    """Labels shifted by two pixels fit the image worse: they are drawn in place."""
    for sample in demo:
        contrasts = []
        for shift in ((0, 0), (2, 0), (-2, 0), (0, 2), (0, -2)):
            moved = np.roll(sample.reference, shift, axis=(0, 1))
            inside, around = mean_in_and_around(Sample(sample.image_id, sample.image, moved))
            contrasts.append(abs(inside - around))
        assert contrasts[0] == max(contrasts)


def test_metadata_are_texts_and_ids_name_modality_and_density(demo: list[Sample]) -> None:
    keys = {"split", "modality", "cell_type", "density", "pixel_size_um"}
    assert len({sample.image_id for sample in demo}) == len(demo)
    for sample in demo:
        assert set(sample.metadata) == keys
        assert all(isinstance(value, str) and value for value in sample.metadata.values())
        assert 0.1 < float(sample.metadata["pixel_size_um"]) < 2
        stem = f"{sample.metadata['modality']}_{sample.metadata['density']}_"
        assert sample.image_id.removeprefix(stem).isdecimal()


def test_files_hold_what_the_samples_hold(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "demo"
    write_synthetic_dataset(folder, SMALL)
    rows = manifest_rows(folder)
    columns = "image_id image labels split modality cell_type density pixel_size_um"
    assert list(rows[0]) == columns.split()
    for row, sample in zip(rows, synthetic_samples(SMALL), strict=True):
        image = tifffile.imread(folder / row["image"])
        labels = tifffile.imread(folder / row["labels"])
        assert row["image_id"] == sample.image_id
        assert {key: row[key] for key in sample.metadata} == sample.metadata
        assert image.dtype == sample.image.dtype
        assert np.array_equal(image, sample.image.squeeze())
        assert labels.dtype == np.uint16
        assert np.array_equal(labels, sample.reference)


def test_files_are_compressed_with_zlib(tmp_path: Path) -> None:
    write_synthetic_dataset(tmp_path / "demo", SMALL)
    for path in (tmp_path / "demo").rglob("*.tif"):
        with tifffile.TiffFile(path) as tiff:
            assert tiff.pages[0].compression == tifffile.COMPRESSION.ADOBE_DEFLATE


def test_interrupted_write_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(config: SyntheticConfig) -> Iterator[Sample]:
        samples = synthetic_samples(config)
        yield next(samples)
        assert not (tmp_path / "demo").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(_synthetic, "synthetic_samples", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_synthetic_dataset(tmp_path / "demo", SMALL)
    assert list(tmp_path.iterdir()) == []


def test_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    write_synthetic_dataset(tmp_path / "demo", SMALL)
    assert len(manifest_rows(tmp_path / "demo")) == 12
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=tmp_path.name):
        write_synthetic_dataset(tmp_path, SMALL)
    assert file_bytes(tmp_path) == {"notes.txt": b"mine"}


def test_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("mine")
    with pytest.raises(InputError, match="demo"):
        write_synthetic_dataset(tmp_path / "demo", SMALL)


@pytest.mark.parametrize(
    "fields", [{"n_image": 12}, {"n_images": 11}, {"size_px": 63}, {"seed": -1}]
)
def test_config_rejects_unknown_fields_and_values_out_of_range(fields: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        SyntheticConfig(**fields)


def test_config_is_frozen() -> None:
    with pytest.raises(ValidationError):
        SMALL.seed = 3
