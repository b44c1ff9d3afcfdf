"""Cell Tracking Challenge: sequences of frames, of which some are annotated.

A data set such as ``DIC-C2DH-HeLa`` [1]_ holds sequences ``01`` and ``02`` with frames
``t000.tif``. Gold truth, drawn by people, lies in ``01_GT/SEG/man_seg000.tif``; silver truth,
agreed on by programs, in ``01_ST/SEG/man_seg000.tif``. In volumes, gold truth is often of single
planes, ``man_seg_000_012.tif`` (frame, plane). Gold segmentation truth covers few cells of a real
sequence, silver truth most of them; in computer-generated sets (``SIM``) the truth is exact
[2]_. ``TRA`` holds tracking truth, whose markers are no outlines. Test sequences are published
without truth. The name says modality, what is seen (N nuclei, C cells), 2D or 3D, and the cell.

References
----------
.. [1] V. Ulman et al., Nat. Methods 14:1141, 2017; M. Maška et al., Nat. Methods 20:1010, 2023.
.. [2] celltrackingchallenge.net/annotations.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from workbench.datasets._layout_pairs import has_files
from workbench.datasets._layout_values import (
    ImageFile,
    Layout,
    Listing,
    ReadingOptions,
    files_ending,
    subfolders,
)
from workbench.datasets._names import some
from workbench.datasets._records import Record
from workbench.schema import InputError

TRUTHS: Final = {"gold": "GT", "silver": "ST"}
_SEQUENCE: Final = re.compile(r"\d\d")
_FRAME: Final = re.compile(r"t(\d+)")
_TRUTH: Final = re.compile(r"man_seg_?(?P<frame>\d+)(?:_(?P<plane>\d+))?")
_NAME: Final = re.compile(
    r"(?P<modality>Fluo|PhC|DIC|BF)-(?P<target>[NC])(?P<dims>2D|3D)[A-Z]?-(?P<cell>.+)"
)
_MODALITIES: Final = {
    "Fluo": "fluorescence",
    "PhC": "phase contrast",
    "DIC": "differential interference contrast",
    "BF": "brightfield",
}


@dataclass(frozen=True)
class _Sequence:
    folder: Path

    @property
    def dataset(self) -> Path:
        return self.folder.parent

    def truth(self, name: str) -> Path:
        return self.dataset / f"{self.folder.name}_{TRUTHS[name]}" / "SEG"

    @property
    def is_volume(self) -> bool:
        named = _NAME.fullmatch(self.dataset.name)
        return named is not None and named["dims"] == "3D"


def recognise_ctc(path: Path) -> bool:
    """Whether a folder is a data set of the challenge, or holds some."""
    return next(_sequences(path), None) is not None


def ctc_listing(path: Path, options: ReadingOptions) -> Listing:
    """List the annotated frames; all frames if none is annotated.

    Parameters
    ----------
    path
        A data set with its sequences, or a folder of data sets.
    options
        ``target`` is "gold" or "silver", where both are there.

    Raises
    ------
    InputError
        If there are no frames, both truths are there and none is chosen, or no truth can be used.
    """
    sequences = list(_sequences(path))
    if not sequences:
        msg = f"{path}: expected sequences 01, 02 of frames t000.tif; check the path."
        raise InputError(msg)
    truth = _chosen_truth(path, sequences, options.target)
    if not truth:
        return Listing(tuple(record for each in sequences for record in _bare(each, options)))
    records: list[Record] = []
    notes: list[str] = []
    for sequence in sequences:
        found, said = _annotated(sequence, truth, options)
        records += found
        notes += said
    if not records:
        msg = f"{path}: no frame can be used. {' '.join(notes)}"
        raise InputError(msg)
    return Listing(tuple(records), (*notes, *_warnings(sequences, truth)))


def _sequences(path: Path) -> Iterator[_Sequence]:
    if not path.is_dir():
        return
    own = _sequences_of(path)
    for dataset in [path] if own else subfolders(path):
        yield from own or _sequences_of(dataset)


def _sequences_of(dataset: Path) -> list[_Sequence]:
    return [
        _Sequence(folder)
        for folder in subfolders(dataset)
        if _SEQUENCE.fullmatch(folder.name)
        and any(_FRAME.fullmatch(file.stem) for file in folder.glob("t*.tif"))
    ]


def _chosen_truth(path: Path, sequences: list[_Sequence], target: str) -> str:
    there = [
        name
        for name in TRUTHS
        if any(has_files(sequence.truth(name), (".tif",)) for sequence in sequences)
    ]
    if target in there:
        return target
    if target:
        has = ", ".join(there) or "none"
        msg = f"{path}: has no {target!r} segmentation truth; there is {has}."
        raise InputError(msg)
    if len(there) > 1:
        msg = (
            f"{path}: holds gold truth (by people, few cells of each sequence) and silver truth "
            "(by programs, most cells); choose one by target gold or silver."
        )
        raise InputError(msg)
    return there[0] if there else ""


def _annotated(
    sequence: _Sequence, truth: str, options: ReadingOptions
) -> tuple[list[Record], list[str]]:
    frames = _frames(sequence)
    labels = sequence.truth(truth)
    records, seen, lonely, volumes = [], set(), [], 0
    for path in files_ending(labels, (".tif",)):
        found = _TRUTH.fullmatch(path.stem)
        frame = frames.get(int(found["frame"])) if found else None
        if found is None or frame is None:
            lonely.append(path.name)
            continue
        seen.add(frame)
        if sequence.is_volume and found["plane"] is None:
            volumes += 1
        else:
            plane = found["plane"] or ""
            records.append(_record(sequence, frame, options, labels=path, plane=plane, truth=truth))
    notes = []
    if lonely:
        notes.append(f"{labels}: {len(lonely)} files without a frame left out: {some(lonely)}.")
    if volumes:
        notes.append(
            f"{labels}: {volumes} volumes labelled as a whole left out; images are 2D here."
        )
    if without := len(frames) - len(seen):
        notes.append(
            f"{sequence.folder}: {without} of {len(frames)} frames without {truth} labels left out."
        )
    return records, notes


def _bare(sequence: _Sequence, options: ReadingOptions) -> list[Record]:
    return [_record(sequence, frame, options) for frame in _frames(sequence).values()]


def _frames(sequence: _Sequence) -> dict[int, Path]:
    files = files_ending(sequence.folder, (".tif",))
    found = ((_FRAME.fullmatch(path.stem), path) for path in files)
    return {int(match[1]): path for match, path in found if match}


def _record(
    sequence: _Sequence,
    frame: Path,
    options: ReadingOptions,
    *,
    labels: Path | None = None,
    plane: str = "",
    truth: str = "",
) -> Record:
    choice = options.choice
    if plane:
        # A frame of a volume doesn't say what its planes are.
        choice = replace(choice, axes="ZYX", planes=(("Z", int(plane)),))
    group = f"{sequence.dataset.name}_{sequence.folder.name}"
    return Record(
        f"{group}_{frame.stem}" + (f"_z{plane}" if plane else ""),
        frame,
        labels,
        "train" if truth else "test",
        _metadata(sequence, frame, truth) | {"group": group},
        image_reader=ImageFile(frame, choice),
    )


def _metadata(sequence: _Sequence, frame: Path, truth: str) -> dict[str, str]:
    values = {"sequence": sequence.folder.name, "frame": frame.stem[1:]}
    if truth:
        values["truth"] = truth
    if named := _NAME.fullmatch(sequence.dataset.name):
        values |= {
            "modality": _MODALITIES[named["modality"]],
            "cell_type": named["cell"],
            "target": "nuclei" if named["target"] == "N" else "whole_cell",
        }
    return values


def _warnings(sequences: list[_Sequence], truth: str) -> Iterator[str]:
    yield (
        "All annotated sequences are training data of the challenge, split train; its own test is "
        "kept secret. Keep whole sequences (group) apart when you split."
    )
    real = sorted({s.dataset.name for s in sequences if "SIM" not in s.dataset.name})
    if truth == "gold" and real:
        yield (
            f"{some(real)}: gold truth need not annotate every cell of a frame; a right cell that "
            "it lacks counts as spurious."
        )


CTC: Final = Layout(
    "ctc",
    "Cell Tracking Challenge",
    "DIC-C2DH-HeLa/01/t000.tif\nDIC-C2DH-HeLa/01_GT/SEG/man_seg002.tif\n"
    "DIC-C2DH-HeLa/01_ST/SEG/man_seg000.tif",
    recognise_ctc,
    ctc_listing,
    has_targets=True,
)
