"""Which part of Segment Anything's encoder learns, and where its weights come from."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.models.test_contract import SMALL
from workbench.models import build_network
from workbench.schema import InputError

META_NAMES = {
    "layers.": "blocks.",
    "layer_norm1": "norm1",
    "layer_norm2": "norm2",
    "projection": "proj",
}
NECK = {"conv1": "0", "layer_norm1": "1", "conv2": "2", "layer_norm2": "3"}


def sac(in_channels: int = 3, **settings: Any) -> Any:
    return build_network(
        "sac", SMALL["sac"] | settings, in_channels=in_channels, out_channels=3
    ).train()


def published(**size: Any) -> Any:
    """Return transformers' own model with random weights, as it comes from the hub."""
    from transformers import SamConfig, SamModel, SamVisionConfig

    vision = SamVisionConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        global_attn_indexes=[1],
        window_size=4,
        initializer_range=0.5,
        **{"image_size": 64, "patch_size": 8} | size,
    )
    model = SamModel(SamConfig(vision_config=vision))
    for weights in model.vision_encoder.parameters():
        weights.data.normal_(std=0.3)
    return model.eval()


def as_meta_names(name: str) -> str:
    if name.startswith("neck."):
        _, layer, kind = name.split(".")
        return f"neck.{NECK[layer]}.{kind}"
    for ours, theirs in META_NAMES.items():
        name = name.replace(ours, theirs)
    return name


def write(kind: str, model: Any, folder: Path) -> Path:
    import torch
    from safetensors.torch import save_file

    encoder = model.vision_encoder.state_dict()
    if kind == "folder":
        model.save_pretrained(folder)
        return folder
    if kind == "safetensors":
        save_file(encoder, folder / "encoder.safetensors")
        return folder / "encoder.safetensors"
    names = {f"image_encoder.{as_meta_names(name)}": tensor for name, tensor in encoder.items()}
    torch.save(names | {"mask_decoder.iou_token.weight": torch.zeros(1, 4)}, folder / "sam.pth")
    return folder / "sam.pth"


def learning(network: Any) -> dict[str, Any]:
    return {name: p for name, p in network.named_parameters() if p.requires_grad}


def test_a_frozen_encoder_gets_no_gradient_and_stays_in_evaluation_mode() -> None:
    import torch

    network = sac(train="frozen")
    network(torch.rand(2, 3, 64, 64)).logits.sum().backward()
    assert network.training
    assert not any(module.training for module in network.encoder.modules())
    assert all(p.grad is None for p in network.encoder.parameters())
    assert learning(network)
    assert all(name.startswith("head.") for name in learning(network))


def test_an_encoder_that_learns_is_in_training_mode() -> None:
    assert sac(train="all").encoder.training


def test_other_channels_learn_their_way_into_a_frozen_encoder() -> None:
    names = set(learning(sac(in_channels=5, train="frozen")))
    assert {"normalise.to_three.weight", "normalise.to_three.bias"} <= names


def test_only_the_last_blocks_and_the_neck_learn() -> None:
    names = learning(sac(train="last_blocks", trained_blocks=1))
    parts = {".".join(name.split(".")[1:3]) for name in names if name.startswith("encoder.")}
    assert parts == {"layers.1", "neck.conv1", "neck.conv2", "neck.layer_norm1", "neck.layer_norm2"}


def test_lora_learns_a_small_share_of_the_encoder_and_changes_nothing_at_first() -> None:
    import torch

    torch.manual_seed(0)
    plain = sac(train="frozen").eval()
    torch.manual_seed(0)
    adapted = sac(train="lora", lora_rank=1).eval()
    ours = learning(adapted.encoder)
    assert all("lora_" in name for name in ours)
    share = sum(p.numel() for p in ours.values()) / sum(
        p.numel() for p in plain.encoder.parameters()
    )
    assert 0 < share < 0.01
    adapted.head.load_state_dict(plain.head.state_dict())
    images = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.allclose(adapted(images).logits, plain(images).logits)


@pytest.mark.parametrize("kind", ["folder", "safetensors", "meta"])
def test_local_weights_give_the_published_encoders_features(kind: str, tmp_path: Path) -> None:
    import torch

    model = published()
    network = sac(weights=str(write(kind, model, tmp_path)), train="frozen").eval()
    image = torch.rand(1, 3, 64, 64)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.inference_mode():
        expected = model.get_image_embeddings((image - mean.view(3, 1, 1)) / std.view(3, 1, 1))
        found = network.encoder(network.normalise(image)).last_hidden_state
    assert torch.allclose(found, expected, atol=1e-5)


def test_weights_of_a_larger_image_serve_a_smaller_one(tmp_path: Path) -> None:
    import torch

    path = write("safetensors", published(image_size=128), tmp_path)
    network = sac(weights=str(path), train="frozen").eval()
    assert network.encoder.pos_embed.shape == (1, 8, 8, 16)
    assert network.encoder.layers[1].attn.rel_pos_h.shape == (15, 8)
    with torch.inference_mode():
        assert network(torch.rand(1, 3, 64, 64)).logits.isfinite().all()


def test_weights_of_another_size_are_refused_with_the_cure(tmp_path: Path) -> None:
    path = write("safetensors", published(patch_size=16), tmp_path)
    with pytest.raises(InputError, match=r"encoder\.safetensors: weight 'patch_embed.*vit_b"):
        sac(weights=str(path))


def test_a_file_that_holds_no_weights_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "sam.pth").write_text("no weights")
    with pytest.raises(InputError, match=r"sam\.pth: not readable as weights"):
        sac(weights=str(tmp_path / "sam.pth"))


def test_a_file_that_would_execute_something_is_refused(tmp_path: Path) -> None:
    import torch

    torch.save({"encoder": Path("anything")}, tmp_path / "sam.pth")
    with pytest.raises(InputError, match=r"sam\.pth: not readable as weights"):
        sac(weights=str(tmp_path / "sam.pth"))


@pytest.mark.parametrize("missing", ["weights/sam.pth", "sam", "a/b/c"])
def test_a_path_where_nothing_is_is_refused(missing: str) -> None:
    with pytest.raises(InputError, match=rf"{missing}: no such file"):
        sac(weights=missing)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds neither \*\.safetensors"):
        sac(weights=str(tmp_path))


def test_a_hub_out_of_reach_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub.constants as hub

    monkeypatch.setattr(hub, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match=r"facebook/sam-vit-base: neither a local path nor"):
        sac(weights="facebook/sam-vit-base")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"image_size_px": 60}, "no multiple of patch_px"),
        ({"train": "last_blocks", "trained_blocks": 3}, "exceeds the 2 layers"),
        ({"encoder": SMALL["sac"]["encoder"] | {"heads": 3}}, "no multiple of heads"),
        ({"encoder": SMALL["sac"]["encoder"] | {"global_attention": [2]}}, "names no layer"),
    ],
)
def test_sizes_that_do_not_fit_together_are_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        sac(**changed)


def test_an_image_is_seen_in_its_own_proportions() -> None:
    import torch

    network = sac(image_size_px=32).eval()
    wide = torch.rand(1, 3, 40, 64)
    with torch.inference_mode():
        whole = network(torch.nn.functional.pad(wide, (0, 0, 0, 24), mode="replicate")).logits
        assert torch.allclose(network(wide).logits, whole[..., :40, :])


@pytest.mark.parametrize(("name", "millions"), [("vit_b", 89.7), ("vit_l", 308.3)])
def test_published_sizes_have_the_published_number_of_weights(name: str, millions: float) -> None:
    import torch

    with torch.device("meta"):
        network = build_network("sac", {"encoder": name}, in_channels=3, out_channels=3)
    count = sum(p.numel() for p in network.encoder.parameters())
    assert count / 1e6 == pytest.approx(millions, abs=0.1)
