"""What is shown of one image of a run, read when it is asked for and kept for a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import tifffile

from workbench.datasets import image_levels
from workbench.schema import LabelImage, Member, Outcome, Sample
from workbench.store import annotation_versions
from workbench.studies import (
    RunPictures,
    RunView,
    failure_rows,
    read_annotation,
    run_pictures,
)
from workbench.viewers._layers import (
    MAP_PREFIX,
    OTHER_COLOUR,
    PREDICTED_COLOUR,
    REFERENCE,
    REFERENCE_COLOUR,
    LayerSpec,
    event_layer,
    focus_layer,
    map_layers,
    outcome_codes,
    outcome_layer,
    outline_layer,
    picture_layers,
)

KEPT: Final = 16
"""Images kept in memory, so that going back is quick."""

PREDICTED: Final = "predicted"
"""Name of a member's cells where two members are shown."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Annotation:
    """The reference of an image, as the data set has it or as corrected.

    Attributes
    ----------
    labels
        Shape (height, width).
    version
        0 for the data set's own.
    """

    labels: LabelImage
    version: int


class RunScenes:
    """Layers of the images of a run; values in, layers out, no viewer needed.

    Parameters
    ----------
    view
        The run.
    """

    def __init__(self, view: RunView) -> None:
        self.view = view
        self._pictures: RunPictures = run_pictures(view)
        self._records = {record.image_id: record for record in view.dataset.records}
        self.members = view.members
        self._picture = lru_cache(KEPT)(self._read_picture)
        self._cells = lru_cache(KEPT)(self._describe_cells)
        self._beside = lru_cache(KEPT)(self._describe_beside)
        self._annotations: dict[str, Annotation] = {}
        self._events: dict[Member, dict[str, pd.DataFrame]] = {}

    def annotation(self, image_id: str) -> Annotation:
        """Return the last annotation of an image."""
        if image_id not in self._annotations:
            versions = annotation_versions(self.view.run, image_id)
            version = versions[-1].version if versions else 0
            labels = (
                read_annotation(self.view, image_id, version)
                if version
                else self._pictures.reference(image_id).labels
            )
            self._annotations[image_id] = Annotation(labels, version)
        return self._annotations[image_id]

    def forget(self, image_id: str) -> None:
        """Read the annotation anew: there is another one."""
        self._annotations.pop(image_id, None)
        self._cells.cache_clear()
        self._beside.cache_clear()

    def predicted(self, image_id: str, member: Member) -> LabelImage:
        """Return the cells that a member found."""
        return self._pictures.predicted(image_id, member.name).labels

    def events(self, image_id: str, member: Member) -> pd.DataFrame:
        """Return all failures of a member in an image, as :func:`failure_rows`."""
        if member not in self._events:
            rows = failure_rows(self.view.cells, member)
            self._events[member] = dict(iter(rows.groupby("image_id")))
            self._events[member].setdefault("", rows.head(0))
        of_images = self._events[member]
        return of_images.get(image_id, of_images[""])

    def layers(self, image_id: str, member: Member, box: Box | None) -> list[LayerSpec]:
        """Describe the layers of an image with the outcomes of one member, and all others hidden.

        Parameters
        ----------
        image_id
            The image.
        member
            Whose outcomes and failures.
        box
            Around the failure that is looked at.

        Returns
        -------
        list of LayerSpec
            From the lowest to the highest; the same values for the same image.
        """
        return [*self._cells(image_id, member, alone=True), focus_layer(box)]

    def side_by_side(
        self, image_id: str, members: tuple[Member, Member], box: Box | None
    ) -> list[LayerSpec]:
        """Describe the layers of an image once for each of two members, as many for each."""
        specs: list[LayerSpec] = []
        for member, stack in zip(members, self._beside(image_id, members), strict=True):
            focus = focus_layer(box)
            specs += [*stack, replace(focus, name=beside_name(focus.name, member))]
        return specs

    def _describe_beside(
        self, image_id: str, members: tuple[Member, Member]
    ) -> tuple[list[LayerSpec], ...]:
        stacks = [
            [
                replace(spec, name=PREDICTED) if spec.name == member.name else spec
                for spec in self._cells(image_id, member, alone=False)
            ]
            for member in members
        ]
        maps = {s.name: s for stack in stacks for s in stack if s.name.startswith(MAP_PREFIX)}
        described = []
        for member, stack in zip(members, stacks, strict=True):
            here = {spec.name for spec in stack}
            # Maps that one member has and the other lacks are blank: the stacks must be alike.
            blank = [
                replace(spec, data=np.zeros_like(spec.data))
                for name, spec in maps.items()
                if name not in here
            ]
            place = sum(spec.kind == "image" for spec in stack)
            whole = (*stack[:place], *blank, *stack[place:])
            described.append([replace(spec, name=beside_name(spec.name, member)) for spec in whole])
        return tuple(described)

    def _describe_cells(self, image_id: str, member: Member, *, alone: bool) -> list[LayerSpec]:
        annotation = self.annotation(image_id)
        predicted = self.predicted(image_id, member)
        others = [
            outline_layer(one.name, self._later(image_id, one), OTHER_COLOUR, visible=False)
            for one in self.members
            if alone and one != member
        ]
        return [
            *self._picture(image_id),
            *self._maps(image_id, member),
            outcome_layer(self._outcomes(image_id, member, annotation)),
            *others,
            outline_layer(REFERENCE, annotation.labels, REFERENCE_COLOUR),
            outline_layer(member.name, predicted, PREDICTED_COLOUR),
            event_layer(self.events(image_id, member)),
        ]

    def _later(self, image_id: str, member: Member) -> Any:
        """Return the cells of a member as an array that is read when somebody looks at it."""
        import dask
        import dask.array

        shape = self.annotation(image_id).labels.shape
        read = dask.delayed(self.predicted, pure=False)(image_id, member)
        return dask.array.from_delayed(read, shape, np.uint32)

    def _outcomes(
        self, image_id: str, member: Member, annotation: Annotation
    ) -> npt.NDArray[np.uint8]:
        found = self._pictures.predicted(image_id, member.name)
        if annotation.version:
            from workbench.studies import make_overlay  # brings what trains networks, too

            # The run scored the data set's own annotation; this one is newer.
            blank = np.zeros((*annotation.labels.shape, 1), np.uint8)
            sample = Sample(image_id, blank, annotation.labels)
            fresh = make_overlay(sample, member, found.labels)
            of_reference, of_predicted = fresh.reference_outcomes, fresh.predicted_outcomes
        else:
            of_reference = _by_cell(found.cells, "reference")
            of_predicted = _by_cell(found.cells, "predicted")
        return outcome_codes(annotation.labels, found.labels, of_reference, of_predicted)

    def _maps(self, image_id: str, member: Member) -> list[LayerSpec]:
        path = self.view.run.prediction_folder(member) / "maps" / f"{image_id}.tif"
        if not path.is_file():
            return []
        from workbench.studies import map_names

        maps = np.atleast_3d(tifffile.imread(path))
        encoding = self.view.study.models[member.model].encoding
        return map_layers(maps, map_names(encoding, len(maps)))

    def _read_picture(self, image_id: str) -> tuple[LayerSpec, ...]:
        record: Any = self._records.get(image_id)
        levels = None if record is None else image_levels(record)
        if levels is not None:
            return tuple(picture_layers(None, levels.channel_names, levels=levels.levels))
        return tuple(picture_layers(*self._pictures.image(image_id)))


def _by_cell(cells: pd.DataFrame, side: str) -> Mapping[int, Outcome]:
    own = cells[cells["side"] == side]
    return dict(zip(own["cell_id"].astype(int), own["outcome"], strict=True))


def beside_name(name: str, member: Member) -> str:
    """Return what a layer is called where two members are shown.

    Examples
    --------
    >>> beside_name("outcomes", Member("unet", 0))
    'outcomes | unet-0'
    """
    return f"{name} | {member.name}"
