"""MoNuSeg: H&E-stained tissue of several organs, nuclei outlined in Aperio ImageScope's XML.

As published, one archive for training and one for testing, the latter without folders::

    MoNuSeg 2018 Training Data/Tissue Images/TCGA-18-5592-01Z-00-DX1.tif
    MoNuSeg 2018 Training Data/Annotations/TCGA-18-5592-01Z-00-DX1.xml
    MoNuSegTestData/TCGA-2Z-A9J9-01A-01-TS1.tif
    MoNuSegTestData/TCGA-2Z-A9J9-01A-01-TS1.xml

The name of a folder tells the split; where none does, images are for testing. An image's name
begins with the patient's TCGA code, which is the ``group``; its second part is the tissue source
site, of which the organisers' list tells the organ.

Corners of outlines are in pixels with parts, (0, 0) being the image's outer corner; a pixel belongs
to a nucleus if its centre lies inside, filled as COCO polygons are. The organisers' MATLAB code
takes corners for numbers of pixels from 1, which moves nuclei up and left by half a pixel [2]_. A
pixel that several nuclei claim stays with the first in the file, as in their code. Outlines with
fewer than three corners, of which the files hold a few, and regions marked as cut out are no
nuclei.

References
----------
.. [1] N. Kumar et al., IEEE Trans. Med. Imaging 36:1550-1560, 2017; 39:1380-1391, 2020.
.. [2] he_to_binary_mask_final.m, https://monuseg.grand-challenge.org/Data/.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import ParseError  # of defusedxml's parser, too

from workbench.datasets._files import describe_image
from workbench.datasets._label_cells import paint_cells
from workbench.datasets._label_coco import near_polygon_runs
from workbench.datasets._label_ids import refuse_repeated
from workbench.datasets._label_runs import refuse_covering, run_pixels
from workbench.datasets._layout_values import (
    ImageFile,
    Layout,
    Listing,
    ReadingOptions,
    files_ending,
    metadata_text,
    subfolders,
)
from workbench.datasets._names import some
from workbench.datasets._records import Record
from workbench.schema import InputError, LabelImage

IMAGE_ENDINGS: Final = (".tif", ".tiff", ".png")
_IMAGE_FOLDERS: Final = ("tissue images", "tissue_images", "tissueimages")
_PATIENT: Final = re.compile(r"TCGA-(?P<site>\w{2})-\w{4}")
_STEM: Final = re.compile(r"TCGA-\w{2}-\w{4}-\w{3}-\w{2}-[A-Z0-9]+")
_ORGANS: Final = {
    site: organ
    for organ, sites in {
        "breast": "A7 AR E2 AC AO",
        "kidney": "B0 HE 2Z GL IZ",
        "liver": "18 21 38 49 50",
        "prostate": "G9 CH EJ HC",
        "bladder": "DK G2 CU ZF",
        "colon": "AY NH A6",
        "stomach": "KB RD",
        "lung": "44 69",
        "brain": "FG HT",
    }.items()
    for site in sites.split()
}
"""Organs as the organisers name them, by TCGA's tissue source site."""


@dataclass(frozen=True)
class OutlinedNuclei:
    """Reads the nuclei that an ImageScope XML file outlines."""

    path: Path
    image: Path

    def __call__(self) -> LabelImage:
        """Read and fill them, numbered from 1 in the order of the file.

        Raises
        ------
        InputError
            If the file is no XML, declares entities, or a corner is no number or far outside.
        """
        info = describe_image(self.image)
        shape = info.shape[info.axes.index("Y")], info.shape[info.axes.index("X")]
        outlines = (corners for corners in _outlines(self.path) if len(corners) >= 6)
        cells = [
            near_polygon_runs(corners, shape, f"{self.path}, nucleus {number}")
            for number, corners in enumerate(outlines, start=1)
        ]
        refuse_covering(cells, shape, name=str(self.path))
        return paint_cells(enumerate(map(run_pixels, cells), start=1), shape)[0]


def recognise_monuseg(path: Path) -> bool:
    """Whether a folder holds MoNuSeg's images, or one of its archives unpacked."""
    return any(True for _ in _parts(path))


def monuseg_listing(path: Path, options: ReadingOptions) -> Listing:
    """List the images of MoNuSeg.

    Raises
    ------
    InputError
        If cells are wanted, no image has an outline file, or images repeat.
    """
    if options.target not in ("", "nuclei"):
        msg = f"{path}: MoNuSeg has labels of nuclei, got target {options.target!r}."
        raise InputError(msg)
    records: list[Record] = []
    notes: list[str] = []
    for images, annotations in _parts(path):
        split = _split_of(path, images)
        outlines = {file.stem: file for file in files_ending(annotations, [".xml"])}
        files = files_ending(images, IMAGE_ENDINGS)
        records += [
            _record(file, outlines[file.stem], split, options)
            for file in files
            if file.stem in outlines
        ]
        lone = [file.name for file in files if file.stem not in outlines]
        if lone:
            notes.append(f"{annotations}: no outlines for {some(lone)}, which are passed over")
    if not records:
        msg = f"{path}: none of MoNuSeg's images has an .xml file of its name in Annotations."
        raise InputError(msg)
    refuse_repeated(path, [record.image_id for record in records])
    return Listing(tuple(records), tuple(notes))


def _parts(path: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the folders of images and of outlines, in the folder or up to two below it."""
    below = [folder for folder in subfolders(path) if folder.name.lower().startswith("monuseg")]
    for folder in chain([path], below, *(subfolders(inner) for inner in below)):
        inner = {place.name.lower(): place for place in subfolders(folder)}
        images = next((inner[name] for name in _IMAGE_FOLDERS if name in inner), None)
        if images and "annotations" in inner:
            yield images, inner["annotations"]
        elif any(_STEM.fullmatch(file.stem) for file in files_ending(folder, [".xml"])):
            yield folder, folder


def _split_of(path: Path, images: Path) -> str:
    names = [part.lower() for part in images.parts[max(0, len(path.parts) - 2) :]]
    for name in reversed(names):
        for split in ("train", "test"):
            if split in name:
                return split
    return "test"


def _record(image: Path, outlines: Path, split: str, options: ReadingOptions) -> Record:
    patient = _PATIENT.match(image.stem)
    told = {
        "group": patient[0] if patient else "",
        "tissue": _ORGANS.get(patient["site"], "") if patient else "",
        "pixel_size_um": _pixel_size_um(outlines),
    }
    return Record(
        image.stem,
        image,
        outlines,
        split,
        metadata_text({"modality": "brightfield", "stain": "H&E", **told}),
        image_reader=ImageFile(image, options.choice),
        label_reader=OutlinedNuclei(outlines, image),
    )


def _pixel_size_um(path: Path) -> str:
    """Return what the first line of an outline file says of the pixel size."""
    try:
        with path.open("rb") as file:
            found = re.search(rb'MicronsPerPixel="([0-9.]+)"', file.read(1000))
    except OSError:
        return ""  # Reading the outlines says it better.
    return f"{float(found[1]):g}" if found and re.fullmatch(rb"\d+\.?\d*", found[1]) else ""


def _outlines(path: Path) -> Iterator[list[Any]]:
    """Yield x and y of the corners of each region in turn."""
    from defusedxml.ElementTree import iterparse

    try:
        for _, element in iterparse(path, events=("end",)):
            if element.tag == "Region":
                if element.get("NegativeROA", "0") != "1":
                    yield [
                        float(vertex.get(axis, "nan"))
                        for vertex in element.iter("Vertex")
                        for axis in ("X", "Y")
                    ]
                element.clear()
    except (ParseError, ValueError, OSError) as error:
        # What defusedxml forbids is a ValueError.
        msg = (
            f"{path}: can't be read as outlines of ImageScope ({type(error).__name__}: {error}); "
            "download it again."
        )
        raise InputError(msg) from error


MONUSEG: Final = Layout(
    "monuseg",
    "MoNuSeg",
    "MoNuSeg 2018 Training Data/Tissue Images/TCGA-18-5592-01Z-00-DX1.tif\n"
    "MoNuSeg 2018 Training Data/Annotations/TCGA-18-5592-01Z-00-DX1.xml\n"
    "MoNuSegTestData/TCGA-2Z-A9J9-01A-01-TS1.tif",
    recognise_monuseg,
    monuseg_listing,
    has_targets=True,
)
