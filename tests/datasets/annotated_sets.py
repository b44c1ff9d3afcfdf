"""Public sets of a few tiny images, laid out as they are published."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile

Array = np.ndarray

# Two cells of 2 x 3 and 3 x 2 pixels in an image of 8 rows and 10 columns.
SHAPE = (8, 10)
BOXES = ((1, 1, 3, 2), (6, 4, 2, 3))
"""x, y, width and height of the cells."""


def boxed(*boxes: Sequence[int]) -> Array:
    """Return labels of boxes, numbered from 1; the first keeps contested pixels."""
    labels = np.zeros(SHAPE, np.uint16)
    for number, (x, y, width, height) in reversed(list(enumerate(boxes, start=1))):
        labels[y : y + height, x : x + width] = number
    return labels


CELLS = boxed(*BOXES)


def corners(box: Sequence[int]) -> list[float]:
    """Return x and y of a box's corners in turn, on the borders of pixels."""
    x, y, width, height = box
    return [x, y, x + width, y, x + width, y + height, x, y + height]


def picture(seed: int, *channels: int) -> Array:
    """Return an image of noise, always the same for a seed."""
    return np.random.default_rng(seed).integers(0, 255, (*SHAPE, *channels), np.uint8)


def write_image(path: Path, pixels: Array) -> Path:
    """Write a TIFF, PNG or JPEG file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    match path.suffix:
        case ".png":
            path.write_bytes(imagecodecs.png_encode(pixels))
        case ".jpg":
            path.write_bytes(imagecodecs.jpeg_encode(pixels, level=95))
        case _:
            tifffile.imwrite(path, pixels)
    return path


def write_coco(
    path: Path,
    names: Sequence[str],
    *,
    boxes: Sequence[Sequence[int]] = BOXES,
    categories: Sequence[str] = ("cell",),
    by_id: bool = False,
) -> Path:
    """Write a COCO file in which each image has the same boxes, box k of category k (modulo)."""
    images = [
        {"id": number, "file_name": name, "height": SHAPE[0], "width": SHAPE[1]}
        for number, name in enumerate(names, start=1)
    ]
    # Annotations of an image don't stand together, as in the published files.
    items: list[dict[str, Any]] = [
        {
            "id": len(names) * place + number,
            "image_id": number,
            "category_id": 1 + place % len(categories),
            "segmentation": [corners(box)],
            "iscrowd": 0,
        }
        for place, box in enumerate(boxes)
        for number in range(1, len(names) + 1)
    ]
    annotations = {str(item["id"]): item for item in items} if by_id else items
    content = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": n, "name": name} for n, name in enumerate(categories, start=1)],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


LIVECELL_NAMES = {
    "train": ("A172_Phase_A7_1_00d00h00m_1.tif", "SkBr3_Phase_E3_2_01d16h00m_4.tif"),
    "val": ("A172_Phase_A7_2_00d08h00m_2.tif",),
    "test": ("SHSY5Y_Phase_C10_1_02d16h00m_2.tif",),
}


def write_livecell(folder: Path, *, flat: bool) -> Path:
    """Write LIVECell; ``flat`` without a folder for each cell type."""
    for split, names in LIVECELL_NAMES.items():
        part = "livecell_test_images" if split == "test" else "livecell_train_val_images"
        for name in names:
            place = folder / "images" / part / ("" if flat else name.split("_")[0])
            write_image(place / name, picture(len(name)))
        write_coco(folder / f"annotations/LIVECell/livecell_coco_{split}.json", names)
    for split in ("train", "val"):
        single = folder / f"annotations/LIVECell_single_cells/a172/{split}.json"
        write_coco(single, LIVECELL_NAMES[split][:1], by_id=True)
    size = folder / "annotations/LIVECell_dataset_size_split/0_train2percent.json"
    write_coco(size, LIVECELL_NAMES["train"][:1])
    return folder


def write_evican(folder: Path) -> Path:
    """Write EVICAN: box 0 is a cell and box 1 a nucleus."""
    for part in ("train", "val", "eval"):
        for name in ("1_A549.jpg", "2_Caki.jpg", "3_Background.jpg"):
            image = folder / f"Images/EVICAN_{part}2019/{name}"
            write_image(image, picture(len(part), 3))
    for index, names in {
        "train2019": ("1_A549.jpg", "2_Caki.jpg"),
        "val2019": ("1_A549.jpg",),
        "eval2019_easy": ("1_A549.jpg",),
        "eval2019_difficult": ("2_Caki.jpg",),
    }.items():
        path = folder / f"annotations_EVICAN2/instances_{index}_EVICAN2.json"
        write_coco(path, names, categories=("Cell", "Nucleus"))
    content = json.loads(
        (folder / "annotations_EVICAN2/instances_train2019_EVICAN2.json").read_text()
    )
    bare = {"id": 9, "file_name": "3_Background.jpg", "height": 8, "width": 10}
    content["images"].append(bare)
    (folder / "annotations_EVICAN2/instances_train2019_EVICAN2.json").write_text(
        json.dumps(content)
    )
    write_coco(folder / "annotations_EVICAN60/instances_val2019_EVICAN60.json", ("1_A549.jpg",))
    return folder


def stacks(n: int, *, seed: int = 0) -> tuple[Array, Array]:
    """Return TissueNet's X and y of n images: whole cells moved by the index, nuclei inside."""
    images = np.random.default_rng(seed).random((n, *SHAPE, 2), np.float32)
    cells = np.stack([np.roll(CELLS, index, axis=0) for index in range(n)]).astype(np.int32)
    nuclei = np.where(cells == 2, 2, 0)
    return images, np.stack([cells, nuclei], axis=3)


def write_tissuenet(folder: Path, version: str = "1.0") -> Path:
    """Write TissueNet with a list of tissues (1.0) or a table of texts (1.1)."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (split, n) in enumerate({"train": 11, "val": 2, "test": 3}.items()):
        images, labels = stacks(n, seed=seed)
        told = {"tissue_list": np.array(["gi"] * n), "platform_list": np.array(["codex"] * n)}
        if version == "1.1":
            rows = [("experiment", "specimen"), *((f"run{k}", "breast") for k in range(n))]
            told = {"meta": np.array(rows)}
        path = folder / f"tissuenet_v{version}_{split}.npz"
        np.savez_compressed(path, X=images, y=labels, **told)
    return folder


def imagescope(*regions: Sequence[float], tail: str = "") -> str:
    """Return the XML in which ImageScope outlines regions, x and y of the corners in turn."""
    marked = "".join(
        f'<Region Id="{number}" NegativeROA="0"><Attributes/><Vertices>'
        + "".join(
            f'<Vertex X="{x}" Y="{y}" Z="0"/>' for x, y in zip(flat[::2], flat[1::2], strict=True)
        )
        + "</Vertices></Region>"
        for number, flat in enumerate(regions, start=1)
    )
    return (
        '<Annotations MicronsPerPixel="0.252000"><Annotation Id="1"><Regions>'
        f"<RegionAttributeHeaders/>{marked}{tail}</Regions></Annotation></Annotations>"
    )


def write_monuseg(folder: Path) -> Path:
    """Write MoNuSeg's two archives unpacked; the one for testing has no folders."""
    training = folder / "MoNuSeg 2018 Training Data"
    outlines = imagescope(*map(corners, BOXES))
    for name in ("TCGA-18-5592-01Z-00-DX1", "TCGA-A7-A13E-01Z-00-DX1"):
        write_image(training / f"Tissue Images/{name}.tif", picture(1, 3))
        (training / "Annotations").mkdir(exist_ok=True)
        (training / f"Annotations/{name}.xml").write_text(outlines)
    test = folder / "MoNuSegTestData/TCGA-2Z-A9J9-01A-01-TS1.tif"
    write_image(test, picture(2, 3)).with_suffix(".xml").write_text(outlines)
    return folder


def write_nuinsseg(folder: Path) -> Path:
    """Write NuInsSeg of two organs, with the other folders it has."""
    for organ in ("human bladder", "mouse fat (white and brown)_subscapula"):
        stem = f"{organ.split(' (')[0].replace(' ', '_')}_01"
        write_image(folder / organ / f"tissue images/{stem}.png", picture(3, 3))
        write_image(folder / organ / f"label masks modify/{stem}.tif", CELLS)
        write_image(folder / organ / f"label masks/{stem}.tif", CELLS * 3)
        write_image(folder / organ / f"mask binary/{stem}.png", (CELLS > 0).astype(np.uint8))
        write_image(folder / organ / f"vague areas/mask binary/{stem}.png", CELLS.astype(np.uint8))
    return folder


ANNOTATORS = {
    "annotator_1": "Annotator 1 (biologist)",
    "annotator_1_second_round": "Annotator 1 (biologist second round of manual marks up)",
    "annotator_2": "Annotator 2 (bioinformatician)",
}


def write_cryonuseg(folder: Path) -> Path:
    """Write CryoNuSeg; the labels of annotator k are moved down by k rows."""
    for stem in ("Human_AdrenalGland_01", "Human_Skin_03"):
        write_image(folder / f"tissue images/{stem}.tif", picture(4, 3))
        for place, name in enumerate(ANNOTATORS.values()):
            nested = folder / name / (name if place else "")
            write_image(nested / f"label masks modify/{stem}.tif", np.roll(CELLS, place, axis=0))
    return folder
