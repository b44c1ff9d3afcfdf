"""What the networks of a member paint, image by image, so that none needs to be stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.datasets import Record, read_sample
from workbench.inference import PredictionConfig, TrainedNetwork, segment_image
from workbench.schema import FloatImage, InputError, LabelImage, Sample
from workbench.studies._networks import ModelFolder, load_networks, open_model_folder
from workbench.studies._progress_text import Milestones
from workbench.transforms import prepare_labels


@dataclass(frozen=True, eq=False)
class PaintedImage:
    """An image with what the networks painted of it and the cells found there.

    Attributes
    ----------
    record, sample
        Where it comes from, and its pixels.
    truth
        Reference of the image as it was taken.
    reference, maps
        Reference and maps of the prepared image, of one size.
    predicted
        Cells, of the size of the image as it was taken.
    network
        The first of those that painted.
    """

    record: Record
    sample: Sample
    truth: LabelImage
    reference: LabelImage
    maps: FloatImage
    predicted: LabelImage
    network: TrainedNetwork


@dataclass(frozen=True)
class MemberNetworks:
    """The networks of a member; an image chooses where there is one for each value of a column.

    Attributes
    ----------
    config
        How they are applied.
    folders, loaded
        Where they lie, and the networks by the value that chooses them.
    """

    config: PredictionConfig
    folders: tuple[ModelFolder, ...]
    loaded: tuple[Mapping[str, TrainedNetwork], ...]

    @classmethod
    def opened(
        cls, networks: Sequence[Path], own_code: Sequence[Path], config: PredictionConfig
    ) -> MemberNetworks:
        """Read networks from their folders."""
        folders = tuple(open_model_folder(folder) for folder in networks)
        texts = [str(path) for path in own_code]
        return cls(config, folders, tuple(load_networks(f, own_code=texts) for f in folders))

    @property
    def encoding(self) -> str:
        """What they paint."""
        return next(iter(self.loaded[0].values())).description.encoding

    def painted(
        self,
        records: Sequence[Record],
        problems: list[str],
        *,
        what: str,
        tell: Callable[[str], None],
    ) -> Iterator[PaintedImage]:
        """Yield images one after another; add those that can't be used to the problems."""
        milestones = Milestones(len(records), what, tell)
        for record in records:
            try:
                yield self.paint(record)
            except InputError as error:
                problems.append(f"{record.image_id}: {error}")
            milestones.step()

    def paint(self, record: Record) -> PaintedImage:
        """Return an image with what is painted of it.

        Raises
        ------
        InputError
            If it can't be read, has no labels, or no network is for such images.
        """
        networks = [
            loaded[folder.value_for(record.metadata)]
            for folder, loaded in zip(self.folders, self.loaded, strict=True)
        ]
        sample = read_sample(record)
        description = networks[0].description
        found = segment_image(
            sample.image,
            networks=networks,
            description=description,
            config=self.config,
            pixel_size_um=sample.pixel_size_um,
            keep_maps=True,
        )
        if found.maps is None or sample.reference is None:
            msg = "an image without labels has nothing to measure probabilities against."
            raise InputError(msg)
        reference = prepare_labels(
            sample.reference, description.preparation, pixel_size_um=sample.pixel_size_um
        ).labels
        return PaintedImage(
            record, sample, sample.reference, reference, found.maps, found.labels, networks[0]
        )
