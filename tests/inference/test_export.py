"""Every network goes to others as TorchScript and ONNX and paints the same maps there."""

from pathlib import Path

import numpy as np
import pytest

from tests.models.test_contract import NETWORKS, SMALL
from workbench.inference import (
    ENCODINGS,
    MAP_NAMES,
    WEIGHTS_FILE,
    ExportForm,
    ModelCard,
    ModelDescription,
    Sizes,
    export_model,
    find_encoding,
    load_network,
    write_card,
    write_weights,
)
from workbench.schema import InputError

SUFFIXES = {"torchscript": ".pt", "onnx": ".onnx"}


def test_every_channel_of_every_encoding_has_a_name_of_its_own() -> None:
    assert set(MAP_NAMES) == set(ENCODINGS)
    for encoding, names in MAP_NAMES.items():
        assert len(names) == len(set(names)) == find_encoding(encoding).channels
        assert all(name.isidentifier() for name in names)


def written(folder: Path, description: ModelDescription) -> ModelCard:
    """Write a network with random weights, as training leaves one."""
    import torch

    torch.manual_seed(0)
    card = ModelCard(name="net", description=description)
    write_card(folder, card)
    write_weights(folder / WEIGHTS_FILE, description.build())
    return card


def differences(folder: Path, exported: Path, size_px: tuple[int, int]) -> np.ndarray:
    """Return by how much the maps of a noisy image differ, run without the workbench."""
    import onnxruntime
    import torch

    image = torch.rand(1, 3, *size_px, generator=torch.Generator().manual_seed(1))
    network, description = load_network(folder)
    with torch.no_grad():
        logits = network(image).logits
        expected = find_encoding(description.encoding).activate(logits).numpy()
        if exported.suffix == ".onnx":
            session = onnxruntime.InferenceSession(exported)
            return session.run(["maps"], {"images": image.numpy()})[0] - expected
        return torch.jit.load(str(exported))(image).numpy() - expected


@pytest.mark.parametrize("form", SUFFIXES)
@pytest.mark.parametrize("name", NETWORKS)
def test_an_exported_network_paints_the_same_maps_and_all_but_sac_at_any_size(
    name: str, form: ExportForm, tmp_path: Path
) -> None:
    # At its own size, as the smallest settings would shrink images: see the test below.
    settings = SMALL[name] | ({"image_size_px": 256} if name == "sac" else {})
    card = written(tmp_path, ModelDescription(architecture=name, settings=settings))
    exported = export_model(tmp_path, tmp_path / f"out{SUFFIXES[form]}", form=form, card=card)
    assert exported.sizes.multiple_px == (0 if name == "sac" else 1)
    assert np.abs(differences(tmp_path, exported.path, exported.sizes.fixed_px)).max() < 1e-4


@pytest.mark.parametrize("encoding", sorted(ENCODINGS))
@pytest.mark.parametrize("form", SUFFIXES)
def test_maps_of_every_encoding_are_exported_activated(
    encoding: str, form: ExportForm, tmp_path: Path
) -> None:
    description = ModelDescription(architecture="unet", settings=SMALL["unet"], encoding=encoding)
    card = written(tmp_path, description)
    exported = export_model(tmp_path, tmp_path / f"out{SUFFIXES[form]}", form=form, card=card)
    for size_px in ((45, 33), (71, 130)):
        found = differences(tmp_path, exported.path, size_px)
        assert found.shape == (1, len(exported.maps), *size_px)
        assert np.abs(found).max() < 1e-4


def test_a_network_that_shrinks_images_is_no_onnx_and_takes_one_size_as_torchscript(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    card = written(tmp_path, ModelDescription(architecture="sac", settings=SMALL["sac"]))
    with pytest.raises(InputError, match=r"as ONNX: UnsupportedOperatorError: .*bilinear2d_aa"):
        export_model(tmp_path, tmp_path / "out.onnx", form="onnx", card=card)
    assert "Torch IR graph" not in capfd.readouterr().out
    exported = export_model(tmp_path, tmp_path / "out.pt", form="torchscript", card=card)
    assert exported.sizes == Sizes(0, (256, 256))
    assert np.abs(differences(tmp_path, exported.path, (256, 256))).max() < 1e-4


@pytest.mark.parametrize("name", ["maunet_resnet50", "sac"])
def test_a_network_that_gets_its_own_weights_needs_no_others(name: str) -> None:
    settings = {"weights": "nowhere/at/all.pth"}
    description = ModelDescription(architecture=name, settings=settings)
    with pytest.raises(InputError, match="no such file"):
        description.build()
    assert description.build(pretrained=False).state_dict()
