"""What is particular to Swin UNETR, SegFormer and Mask2Former."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.models.test_contract import SMALL
from workbench.models import build_network

NAMES = ["mask2former", "segformer", "swin_unetr"]


def small(name: str, **settings: Any) -> Any:
    return build_network(name, SMALL[name] | settings, in_channels=3, out_channels=4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(1, 1), (32, 32), (20, 33)])
def test_an_image_smaller_than_the_coarsest_level_is_painted(
    name: str, size: tuple[int, int]
) -> None:
    import torch

    with torch.inference_mode():
        logits = small(name).eval()(torch.rand(1, 3, *size)).logits
    assert logits.shape == (1, 4, *size)
    assert logits.isfinite().all()


def test_every_query_of_mask2former_adds_its_own_map() -> None:
    import torch

    network = small("mask2former").eval()
    images = torch.rand(1, 3, 64, 64)
    painted: list[torch.Tensor] = []
    network.head.register_forward_pre_hook(lambda _, given: painted.append(given[1]))
    with torch.inference_mode():
        network(images)
        seen = network.body(images)
        queries = network.weigh(seen.transformer_decoder_last_hidden_state)[0]
        maps = seen.masks_queries_logits[-1][0]
    assert len(queries) == len(maps) == 4
    expected = sum(weights[:, None, None] * one for weights, one in zip(queries, maps, strict=True))
    assert torch.allclose(painted[0][0], expected / 4, atol=1e-5)


@pytest.mark.parametrize("name", ["mask2former", "segformer"])
def test_logits_are_finer_than_a_quarter_of_the_resolution(name: str) -> None:
    import torch

    network = small(name).eval()
    with torch.inference_mode():
        logits = network(torch.rand(1, 3, 64, 64)).logits
    coarse = torch.nn.functional.interpolate(logits[..., ::4, ::4], (64, 64), mode="bilinear")
    assert (logits - coarse).std() > 0.1 * logits.std()


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("mask2former", {"backbone_heads": [3, 2, 4, 8]}, "8 channels are no multiple of 3"),
        ("mask2former", {"channels": 32, "heads": 5}, "32 channels are no multiple of 5"),
        ("segformer", {"heads": [1, 2, 3, 4]}, "no multiples of heads"),
        ("swin_unetr", {"heads": [1, 1, 5, 2]}, "48 channels of stage 2"),
    ],
)
def test_attention_heads_that_do_not_divide_the_channels_are_refused(
    name: str, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        small(name, **settings)
