"""A model package in the bioimage.io format: description, weights, test tensors, documentation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from workbench.inference._export_documentation import documentation
from workbench.inference._export_network import (
    MAP_NAMES,
    ONNX_OPSET,
    Sizes,
    in_brief,
    write_onnx,
    write_torchscript,
)
from workbench.inference._model_files import IN_CHANNELS, ModelCard
from workbench.schema import FloatImage, InputError
from workbench.transforms import Preparation, prepare_image

if TYPE_CHECKING:
    import torch

TEST_PX: Final = (128, 160)
MIN_NAME: Final = 5
DOI: Final = re.compile(r"10\.\d{4,9}/[^\s,;]+[^\s,;.)\]]")
ADDRESS: Final = re.compile(r"https?://[^\s,;]+[^\s,;.)\]]")


def write_bioimageio(
    network: torch.nn.Module,
    path: Path,
    card: ModelCard,
    authors: Sequence[str],
    *,
    attached: Sequence[Path],
) -> tuple[Sizes, tuple[str, ...]]:
    """Write a package that bioimageio.spec holds to be valid.

    Parameters
    ----------
    network
        From a prepared image to activated maps.
    path
        The ZIP file; its folder gets what goes into it.
    card
        What the model is.
    authors
        Names.
    attached
        Files to pack as they are.

    Returns
    -------
    tuple
        Which images the network takes, and what the package lacks, one sentence each.

    Raises
    ------
    InputError
        If bioimageio.spec is not installed or refuses the package, the format has no word for
        the model's preparation, or the network can't be recorded.
    """
    try:
        import bioimageio.spec  # noqa: F401
    except ImportError:
        msg = (
            "a bioimage.io package needs bioimageio.spec: pip install "
            "'cell-segmentation-workbench[export]'."
        )
        raise InputError(msg) from None
    preparation = card.description.preparation
    if preparation.equalise:
        msg = (
            "this model can't become a bioimage.io package: its preparation equalises contrast "
            "(CLAHE), for which the format has no step; export it as onnx or torchscript."
        )
        raise InputError(msg)
    folder = path.parent
    sizes = _common(
        write_torchscript(network, folder / "weights.pt", in_channels=IN_CHANNELS),
        write_onnx(network, folder / "weights.onnx", in_channels=IN_CHANNELS),
    )
    _write_test_tensors(network, folder, preparation, sizes)
    (folder / "README.md").write_text(documentation(card, sizes), encoding="utf-8")
    try:
        _pack(path, card, authors, sizes, attached)
    except ValueError as error:
        # What bioimageio.spec 0.5.12 makes of pydantic 2.14.
        cure = "; pip install 'pydantic<2.14'" if "index_key" in str(error) else ""
        msg = f"bioimageio.spec refuses the package: {' '.join(str(error).split()):.400}{cure}."
        raise InputError(msg) from error
    return sizes, _lacking(card, authors)


def _sample_image(size_px: tuple[int, int]) -> FloatImage:
    """Return bright discs on a dark ground, shape (height, width, 3), values 0 to 255."""
    rows, columns = np.ogrid[: size_px[0], : size_px[1]]
    noise = np.random.default_rng(0).normal(30, 6, size_px)
    discs = ((rows % 32 - 16) ** 2 + (columns % 32 - 16) ** 2) < 80
    grey = np.clip(noise + 150 * discs, 0, 255).astype(np.float32)
    return np.repeat(grey[..., np.newaxis], IN_CHANNELS, axis=2)


def _common(first: Sizes, second: Sizes) -> Sizes:
    """Return the sizes that both take."""
    fixed = [sizes for sizes in (first, second) if sizes.multiple_px == 0]
    return fixed[0] if fixed else max(first, second, key=lambda sizes: sizes.multiple_px)


def _write_test_tensors(
    network: torch.nn.Module, folder: Path, preparation: Preparation, sizes: Sizes
) -> None:
    import torch

    image = _sample_image(TEST_PX if sizes.multiple_px else sizes.fixed_px)
    raw = image if preparation.normalise else image / np.float32(255)
    unscaled = preparation.model_copy(update={"pixel_size_um": None})
    prepared = prepare_image(raw, unscaled)
    with torch.no_grad():
        maps = network(torch.from_numpy(_channels_first(prepared))).numpy()
    np.save(folder / "test_input.npy", _channels_first(raw))
    np.save(folder / "test_output.npy", maps)


def _channels_first(image: FloatImage) -> FloatImage:
    return np.ascontiguousarray(image.transpose(2, 0, 1)[np.newaxis])


def _pack(
    path: Path, card: ModelCard, authors: Sequence[str], sizes: Sizes, attached: Sequence[Path]
) -> None:
    import torch
    from bioimageio.spec import save_bioimageio_package
    from bioimageio.spec.model import v0_5

    folder = path.parent
    description = v0_5.ModelDescr(
        name=_package_name(card),
        description=f"Cell segmentation: {card.description.architecture} that paints "
        f"{in_brief(MAP_NAMES[card.description.encoding])}",
        authors=[v0_5.Author(name=name) for name in authors],
        cite=_cite(card.citation),
        license=card.licence or None,
        documentation=v0_5.FileDescr(source=folder / "README.md"),
        attachments=[v0_5.FileDescr(source=file) for file in attached],
        tags=["cell-segmentation", "instance-segmentation", "2d", card.description.architecture],
        inputs=[_input(card.description.preparation, sizes, folder)],
        outputs=[_output(card.description.encoding, folder)],
        weights=v0_5.WeightsDescr(
            torchscript=v0_5.TorchscriptWeightsDescr(
                source=folder / "weights.pt",
                pytorch_version=v0_5.Version(torch.__version__.partition("+")[0]),
            ),
            onnx=v0_5.OnnxWeightsDescr(
                source=folder / "weights.onnx", opset_version=ONNX_OPSET, parent="torchscript"
            ),
        ),
    )
    save_bioimageio_package(description, output_path=path)


def _input(preparation: Preparation, sizes: Sizes, folder: Path) -> Any:
    from bioimageio.spec.model import v0_5

    steps: list[Any] = []
    if preparation.normalise:
        steps = [
            v0_5.ScaleRangeDescr(
                kwargs=v0_5.ScaleRangeKwargs(
                    axes=(v0_5.AxisId("y"), v0_5.AxisId("x")),
                    min_percentile=preparation.low_percent,
                    max_percentile=preparation.high_percent,
                )
            ),
            v0_5.ClipDescr(kwargs=v0_5.ClipKwargs(min=0.0, max=1.0)),
        ]
    return v0_5.InputTensorDescr(
        id=v0_5.TensorId("images"),
        description="Three channels; a grey image is given three times",
        axes=[
            v0_5.BatchAxis(),
            v0_5.ChannelAxis(channel_names=[f"channel{n}" for n in range(IN_CHANNELS)]),
            *(
                v0_5.SpaceInputAxis(
                    id=v0_5.AxisId(name), size=_size(sizes, place), **_pixel_size(preparation)
                )
                for place, name in enumerate("yx")
            ),
        ],
        test_tensor=v0_5.FileDescr(source=folder / "test_input.npy"),
        data=v0_5.IntervalOrRatioDataDescr(
            type="float32", range=(0, None) if preparation.normalise else (0, 1)
        ),
        preprocessing=steps,
    )


def _size(sizes: Sizes, place: int) -> Any:
    from bioimageio.spec.model import v0_5

    if sizes.multiple_px == 0:
        return sizes.fixed_px[place]
    return v0_5.ParameterizedSize(min=64, step=sizes.multiple_px)


def _pixel_size(preparation: Preparation) -> dict[str, Any]:
    size_um = preparation.pixel_size_um
    return {} if size_um is None else {"unit": "micrometer", "scale": size_um}


def _output(encoding: str, folder: Path) -> Any:
    from bioimageio.spec.model import v0_5

    def same(axis: str) -> Any:
        return v0_5.SizeReference(tensor_id=v0_5.TensorId("images"), axis_id=v0_5.AxisId(axis))

    return v0_5.OutputTensorDescr(
        id=v0_5.TensorId("maps"),
        description=f"What a network paints in the encoding {encoding}, activated",
        axes=[
            v0_5.BatchAxis(),
            v0_5.ChannelAxis(channel_names=list(MAP_NAMES[encoding])),
            *(v0_5.SpaceOutputAxis(id=v0_5.AxisId(name), size=same(name)) for name in "yx"),
        ],
        test_tensor=v0_5.FileDescr(source=folder / "test_output.npy"),
        data=v0_5.IntervalOrRatioDataDescr(type="float32"),
    )


def _package_name(card: ModelCard) -> str:
    """Return a name of the characters and the length that the format allows.

    Examples
    --------
    >>> from workbench.inference import ModelDescription
    >>> _package_name(ModelCard(name="unet", description=ModelDescription(architecture="unet")))
    'Cell segmentation unet'
    """
    name = re.sub(r"[^A-Za-z0-9_+\- ()]", "-", card.name or card.description.architecture)
    return (name if len(name) >= MIN_NAME else f"Cell segmentation {name}")[:128]


def _cite(citation: str) -> list[Any]:
    """Return the citation if it names a DOI or an address, as the format demands."""
    from bioimageio.spec.model import v0_5

    if doi := DOI.search(citation):
        return [v0_5.CiteEntry(text=citation, doi=v0_5.Doi(doi.group()))]
    if address := ADDRESS.search(citation):
        return [v0_5.CiteEntry(text=citation, url=v0_5.HttpUrl(address.group()))]
    return []


def _lacking(card: ModelCard, authors: Sequence[str]) -> tuple[str, ...]:
    notes = []
    if not card.licence:
        notes.append("No licence is known: nobody may use it. Name one with --licence.")
    if not _cite(card.citation):
        notes.append("Nothing to cite: name a work with its DOI or address with --cite.")
    if not authors:
        notes.append("No author is named, see --author; bioimage.io asks for one.")
    return tuple(notes)
