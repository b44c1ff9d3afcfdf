"""A run whose cells can be decoded again: networks are asked once, and their maps are kept."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import Field

from workbench.datasets import Record, read_sample
from workbench.inference import decode_maps, find_encoding, fitting_decoder, read_card
from workbench.schema import InputError
from workbench.store import read_maps
from workbench.studies._job_configs import JobConfig
from workbench.studies._judged_cells import FoundCells, found_cells
from workbench.studies._networks import open_model_folder
from workbench.studies._painted_images import MemberNetworks
from workbench.studies._predict import MAPS, PredictJob
from workbench.studies._run_pictures import ImageCells, RunPictures, run_pictures
from workbench.studies._segmenter import prediction_job
from workbench.studies._view import RunView

if TYPE_CHECKING:
    from workbench.inference import Decoder, ModelDescription
    from workbench.schema import ImageArray

KEPT_CELLS: Final = 32
"""Decoded images kept in memory, so that going back is quick."""
KEPT_NETWORKS: Final = 4
"""Members whose networks stay in memory."""
BYTES_PER_MB: Final = 2**20

Maps = npt.NDArray[np.float16]


class DecodeJob(JobConfig):
    """``11_decode.ipynb``: move thresholds and decoder settings, and see what becomes of cells.

    Attributes
    ----------
    run
        Folder of a run.
    member
        Such as ``unet-0``, or ``unet`` for its first seed; None for the best.
    n_images
        How many images the page holds that still works without a kernel, the worst first.
    """

    run: Path
    member: str | None = None
    n_images: int = Field(4, ge=1)


@dataclass(frozen=True, eq=False)
class DecoderChoice:
    """How the cells of an image can be decoded.

    Attributes
    ----------
    own
        What the member's prediction was decoded with; None where nothing can be decoded.
    others
        Defaults of other decoders that read the same maps.
    note
        Why nothing can be decoded; "" where something can.
    """

    own: Decoder | None
    others: tuple[Decoder, ...] = ()
    note: str = ""


class RunDecodings:
    """Images of a run with cells that follow a decoder's settings; made by :func:`run_decodings`.

    Attributes
    ----------
    scores
        ``image_id`` and F1 at IoU 0.5 by member, a row per image in the order of the data set.
    """

    def __init__(self, view: RunView, memory_mb: float) -> None:
        self.view = view
        self._pictures: RunPictures = run_pictures(view)
        self.scores = self._pictures.scores
        self._records: dict[str, Record] = {r.image_id: r for r in view.dataset.records}
        self._members = {member.name: member for member in view.members}
        self._jobs = lru_cache(None)(self._find_job)
        self._description = lru_cache(None)(self._read_description)
        self._networks = lru_cache(KEPT_NETWORKS)(self._open_networks)
        self._pixel_size = lru_cache(None)(self._read_pixel_size)
        self._maps = _KeptMaps(memory_mb * BYTES_PER_MB)
        self._found = lru_cache(KEPT_CELLS)(self._find)

    def image(self, image_id: str) -> tuple[ImageArray, tuple[str, ...]]:
        """Return an image and the names of its channels."""
        return self._pictures.image(image_id)

    def reference(self, image_id: str) -> ImageCells:
        """Return the reference labels."""
        return self._pictures.reference(image_id)

    def decoders(self, image_id: str, member: str) -> DecoderChoice:
        """Return how an image can be decoded; no network is read."""
        job = self._jobs(member)
        if not job.networks:
            return DecoderChoice(None, note=_why_no_maps(job, member))
        try:
            description = self._description(image_id, member)
        except InputError as error:
            return DecoderChoice(None, note=f"{member} can't be decoded again: {error}")
        own = fitting_decoder(description.encoding, job.prediction.decoder or description.decoder)
        kinds = find_encoding(description.encoding).decoders
        others = tuple(kind() for kind in kinds if not isinstance(own, kind))
        return DecoderChoice(own, others)  # type: ignore[arg-type]

    def found(self, image_id: str, member: str, decoder: Decoder | None = None) -> FoundCells:
        """Return the cells of an image.

        Parameters
        ----------
        image_id, member
            Whose cells.
        decoder
            How maps become cells. With None or the member's own, the cells are those that were
            stored and scored; for any other the network is asked once for its maps, unless they
            were stored with the run.

        Raises
        ------
        InputError
            If the image can't be read, or the decoder can't be used.
        """
        if decoder is not None:
            choice = self.decoders(image_id, member)
            if choice.own is None:
                raise InputError(choice.note)
            if decoder == choice.own:
                decoder = None
        return self._found(image_id, member, decoder)

    def maps(self, image_id: str, member: str) -> Maps:
        """Return what a member's networks paint of an image, shape (height, width, channels)."""
        key = (image_id, member)
        if key not in self._maps:
            self._maps.keep(key, self._read_maps(image_id, member))
        return self._maps[key]

    def _find(self, image_id: str, member: str, decoder: Decoder | None) -> FoundCells:
        reference = self.reference(image_id).labels
        if decoder is None:
            stored = self._pictures.predicted(image_id, member)
            predicted = stored.cells[stored.cells["side"] == "predicted"]
            ordered = predicted.sort_values("cell_id")["confidence"]
            return found_cells(reference, stored.labels, ordered.to_numpy(float))
        job = self._jobs(member)
        decoded = decode_maps(
            self.maps(image_id, member),
            description=self._description(image_id, member),
            config=job.prediction.model_copy(update={"decoder": decoder}),
            size_px=(reference.shape[0], reference.shape[1]),
            pixel_size_um=self._pixel_size(image_id),
        )
        # Of all definitions the one that cells are ranked by when a run is scored.
        return found_cells(reference, decoded.labels, decoded.confidences["interior"])

    def _read_description(self, image_id: str, member: str) -> ModelDescription:
        folder = open_model_folder(self._jobs(member).networks[0])
        value = folder.value_for(self._records[image_id].metadata)
        return read_card(folder.folders[value]).description

    def _read_maps(self, image_id: str, member: str) -> Maps:
        folder = self.view.run.prediction_folder(self._members[member])
        stored = folder / MAPS / f"{image_id}.tif"
        if stored.is_file():
            return read_maps(stored)
        painted = self._networks(member).paint(self._records[image_id])
        return painted.maps.astype(np.float16)

    def _open_networks(self, member: str) -> MemberNetworks:
        job = self._jobs(member)
        return MemberNetworks.opened(job.networks, job.own_code, job.prediction)

    def _read_pixel_size(self, image_id: str) -> float | None:
        return read_sample(self._records[image_id]).pixel_size_um

    def _find_job(self, member: str) -> PredictJob:
        return prediction_job(self.view, self._members[member])


def run_decodings(view: RunView, *, memory_mb: float = 512.0) -> RunDecodings:
    """Return the images of a run for :func:`workbench.widgets.threshold_panel`.

    Parameters
    ----------
    view
        From :func:`open_view`; images, networks and maps are read when they are asked for.
    memory_mb
        Maps are kept in memory, in half precision, as long as they take less than this; those not
        used for longest are forgotten first.
    """
    return RunDecodings(view, memory_mb)


class _KeptMaps:
    """Maps in memory, up to a number of bytes; the last ones are always kept."""

    def __init__(self, most_bytes: float) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Any, Maps] = OrderedDict()

    def __contains__(self, key: Any) -> bool:
        return key in self._kept

    def __getitem__(self, key: Any) -> Maps:
        self._kept.move_to_end(key)
        return self._kept[key]

    def keep(self, key: Any, maps: Maps) -> None:
        """Keep maps, and forget others where there is no room."""
        self._kept[key] = maps
        while len(self._kept) > 1 and sum(m.nbytes for m in self._kept.values()) > self._most_bytes:
            self._kept.popitem(last=False)


def _why_no_maps(job: PredictJob, member: str) -> str:
    if job.adopted:
        return f"{member} comes from elsewhere: only its cells are known, nothing can be decoded."
    if job.fused:
        return f"{member} is a vote over the cells of other models: it has no maps to decode."
    return f"{member} is a method without training: it paints no maps that could be decoded."
