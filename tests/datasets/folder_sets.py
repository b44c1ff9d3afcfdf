"""Writes tiny public sets in the layouts in which their publishers have them."""

from collections.abc import Mapping
from pathlib import Path

import imagecodecs
import numpy as np
import numpy.typing as npt
import tifffile

TWO_CELLS = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 7], [0, 0, 7, 7]], np.uint16)
GREY = np.arange(16, dtype=np.uint8).reshape(4, 4)
Array = npt.NDArray[np.generic]


def write_image(path: Path, pixels: Array = GREY) -> Path:
    """Write an image in the format of its ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    match path.suffix.lower():
        case ".png":
            path.write_bytes(imagecodecs.png_encode(pixels))
        case ".jpg":
            path.write_bytes(imagecodecs.jpeg_encode(pixels))
        case ".bmp":
            path.write_bytes(imagecodecs.bmp_encode(pixels))
        case _:
            tifffile.imwrite(path, pixels)
    return path


def write_neurips(root: Path) -> Path:
    """Write one image a format, a hidden one and a whole slide without labels."""
    for part, name in {
        "Training-labeled": "cell_00001.bmp",
        "Tuning": "cell_00001.jpg",
        "Testing/Public": "OpenTest_001.png",
    }.items():
        write_image(root / part / "images" / name)
        stem = Path(name).stem
        write_image(root / part / "labels" / f"{stem}_label.tiff", TWO_CELLS)
    write_image(root / "Training-labeled" / "images" / "cell_00002.tif", GREY.astype(np.uint16))
    write_image(root / "Training-labeled" / "labels" / "cell_00002_label.tiff", TWO_CELLS)
    write_image(root / "Testing" / "Hidden" / "images" / "TestHidden_001.png")
    write_image(root / "Testing" / "Public" / "WSI" / "slide.tiff")
    return root


def write_dsb2018(root: Path) -> Path:
    """Write a training image with masks, and test images whose truth is a table of runs."""
    rgba = np.dstack([GREY, GREY, GREY, np.full_like(GREY, 255)])
    write_image(root / "stage1_train" / "aa" / "images" / "aa.png", rgba)
    for number, cell in enumerate((1, 7)):
        mask = np.where(cell == TWO_CELLS, 255, 0).astype(np.uint8)
        write_image(root / "stage1_train" / "aa" / "masks" / f"{number}.png", mask)
    for name in ("bb", "cc"):
        write_image(root / "stage1_test" / name / "images" / f"{name}.png", rgba)
    write_image(root / "stage2_test_final" / "dd" / "images" / "dd.png", rgba)
    write_image(root / "stage2_test_final" / "ee" / "images" / "ee.png", rgba)
    # Pixels count from 1 down the columns: the two cells of TWO_CELLS.
    (root / "stage1_solution.csv").write_text(
        "ImageId,EncodedPixels,Height,Width,Usage\n"
        "bb,1 2 5 2,4,4,Private\nbb,12 1 15 2,4,4,Private\n"
    )
    (root / "stage2_solution_final.csv").write_text(
        "ImageId,EncodedPixels,Height,Width,Usage\ndd,1 2 5 2,4,4,Private\nee,1 1,4,4,Ignored\n"
    )
    return root


def write_stardist(root: Path, names: Mapping[str, str] | None = None) -> Path:
    """Write a split a name."""
    for split, name in (names or {"train": "a", "test": "b"}).items():
        write_image(root / split / "images" / f"{name}.tif")
        write_image(root / split / "masks" / f"{name}.tif", TWO_CELLS)
    return root


def write_cellpose(root: Path) -> Path:
    """Write a picture with green cytoplasm and red nuclei for each part."""
    rgb = np.dstack([GREY, GREY + 100, np.zeros_like(GREY)])
    for part in ("train", "train_cyto2", "test"):
        write_image(root / part / "000_img.png", rgb)
        write_image(root / part / "000_masks.png", TWO_CELLS)
    return root


def write_bbbc039(root: Path) -> Path:
    """Write four fields of which touching nuclei differ in the first channel of their mask."""
    first = np.array([[0, 1, 2, 2], [0, 1, 2, 0], [1, 0, 0, 0], [0, 0, 0, 2]], np.uint8)
    mask = np.dstack([first, np.zeros_like(first), first, np.full_like(first, 255)])
    for well in ("A01", "A02", "B03", "C04"):
        write_image(root / "images" / f"IXMtest_{well}_s1_w1051D.tif", GREY.astype(np.uint16))
        write_image(root / "masks" / f"IXMtest_{well}_s1_w1051D.png", mask)
    (root / "metadata").mkdir()
    for name, well in {"training": "A01", "validation": "A02", "test": "B03"}.items():
        text = f"IXMtest_{well}_s1_w1051D.png\n\n"
        (root / "metadata" / f"{name}.txt").write_text(text)
    return root


def write_bbbc006(root: Path) -> Path:
    """Write a field with both channels in two focal planes."""
    stem = "mcf-z-stacks-03212011_a01_s2"
    for plane in ("15", "16"):
        for channel in (1, 2):
            folder = root / f"BBBC006_v1_images_z_{plane}"
            write_image(folder / f"{stem}_w{channel}d1a2.tif", GREY.astype(np.uint16) + channel)
    write_image(root / "BBBC006_v1_labels" / f"{stem}.png", TWO_CELLS)
    return root


def write_ctc(root: Path, *, name: str = "DIC-C2DH-HeLa", silver: bool = True) -> Path:
    """Write two sequences of three frames, of which gold truth has one and silver truth two."""
    for sequence in ("01", "02"):
        for frame in range(3):
            write_image(root / name / sequence / f"t{frame:03d}.tif", GREY + frame)
    gold = root / name / "01_GT"
    write_image(gold / "SEG" / "man_seg001.tif", TWO_CELLS)
    write_image(gold / "TRA" / "man_track001.tif", TWO_CELLS)
    for frame in (0, 1) if silver else ():
        path = root / name / "01_ST" / "SEG" / f"man_seg{frame:03d}.tif"
        write_image(path, TWO_CELLS + np.uint16(1))
    return root / name


def write_cellbindb(root: Path) -> Path:
    """Write a sample as published, and one without instances."""
    mask = np.where(TWO_CELLS > 0, 255, 0).astype(np.uint8)
    for group, name in {
        "DAPI": "abc-x1_y2_w4_h4",
        "10×Genomics_HE": "Xenium_V1_human_Lung_he_image_530",
    }.items():
        folder = root / "CellBinDB" / group / name
        write_image(folder / f"{name}-img.tif")
        write_image(folder / f"{name}-mask.tif", mask)
    write_image(
        root / "CellBinDB" / "DAPI" / "abc-x1_y2_w4_h4" / "abc-x1_y2_w4_h4-instancemask.tif",
        TWO_CELLS,
    )
    return root


def write_zarr(
    folder: Path, labels: Mapping[str, Array], *, version: str = "0.4", image: Array = GREY
) -> Path:
    """Write an OME-Zarr picture with labels inside."""
    import zarr

    zarr_format = 2 if version == "0.4" else 3
    axes = [{"name": axis} for axis in "zyx"[-image.ndim :]]
    scales = [{"version": version, "axes": axes, "datasets": [{"path": "0"}]}]
    group = zarr.open_group(folder, mode="w", zarr_format=zarr_format)
    group.create_array("0", data=image)
    inner = group.create_group("labels")
    attributes = {
        "0.4": ({"multiscales": scales}, {"labels": list(labels)}),
        "0.5": ({"ome": {"multiscales": scales}}, {"ome": {"labels": list(labels)}}),
    }[version]
    group.attrs.update(attributes[0])
    inner.attrs.update(attributes[1])
    for name, pixels in labels.items():
        made = inner.create_group(name)
        made.create_array("0", data=pixels)
        made.attrs.update(attributes[0])
    return folder
