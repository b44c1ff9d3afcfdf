"""Losses: least where maps are right, for every encoding."""

from typing import get_args

import numpy as np
import pytest
import torch

from workbench.inference import ENCODINGS, FLOW_SCALE
from workbench.models import Outputs
from workbench.schema import InputError
from workbench.training import ClassLoss, encoding_loss, supervised_loss
from workbench.training._losses import CLASS_LOSSES


def target_of(encoding: str) -> torch.Tensor:
    labels = np.zeros((32, 32), np.int32)
    labels[4:16, 4:16], labels[4:16, 16:28] = 1, 2
    return torch.from_numpy(ENCODINGS[encoding].encode(labels).transpose(2, 0, 1)[None].copy())


def learned(encoding: str, class_loss: str = "dice_ce") -> tuple[float, float, torch.Tensor]:
    """Fit logits themselves; return the first loss, the last one and the maps."""
    target = target_of(encoding)
    logits = torch.zeros(1, ENCODINGS[encoding].channels, 32, 32, requires_grad=True)
    loss = encoding_loss(encoding, class_loss)  # type: ignore[arg-type]
    optimizer = torch.optim.Adam([logits], lr=0.3)
    errors = []
    for _ in range(150):
        optimizer.zero_grad()
        error = loss(logits, target)
        errors.append(float(error.detach()))
        error.backward()
        optimizer.step()
    return errors[0], errors[-1], ENCODINGS[encoding].activate(logits.detach())


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_who_makes_the_loss_small_paints_the_perfect_maps(encoding: str) -> None:
    _, _, maps = learned(encoding)
    painted = maps[0].permute(1, 2, 0).numpy()
    target = target_of(encoding)[0].permute(1, 2, 0).numpy()
    perfect = ENCODINGS[encoding].perfect(target)
    inside = perfect[..., 0] > 0.3 if encoding == "star_convex" else np.ones((32, 32), bool)
    # Rays are in pixels, all else lies between -1 and 1.
    assert np.abs(painted - perfect)[inside].mean() < (0.2 if encoding == "star_convex" else 0.05)


@pytest.mark.parametrize("class_loss", CLASS_LOSSES)
@pytest.mark.parametrize("encoding", ["three_class", "three_class_distance", "flows"])
def test_every_class_loss_can_be_made_small(encoding: str, class_loss: str) -> None:
    first, last, _ = learned(encoding, class_loss)
    assert last < 0.2 * first


EVERY_LOSS = [
    (encoding, class_loss)
    for encoding in ENCODINGS
    for class_loss in (get_args(ClassLoss) if encoding.startswith("three_class") else ["dice_ce"])
]


@pytest.mark.parametrize(("encoding", "class_loss"), EVERY_LOSS)
def test_a_view_without_a_cell_has_a_finite_loss_to_learn_from(
    encoding: str, class_loss: ClassLoss
) -> None:
    nothing = ENCODINGS[encoding].encode(np.zeros((32, 32), np.int32))
    target = torch.from_numpy(nothing.transpose(2, 0, 1)[None].astype(np.float32))
    logits = torch.randn(1, ENCODINGS[encoding].channels, 32, 32, requires_grad=True)
    loss = encoding_loss(encoding, class_loss)(logits, target)
    loss.backward()
    assert loss.isfinite()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert logits.grad.any()


def test_star_convex_has_no_classes_to_choose_a_loss_for() -> None:
    with pytest.raises(InputError, match="star_convex has none"):
        encoding_loss("star_convex", "tversky")


def test_flows_weigh_five_times_their_length() -> None:
    target = target_of("flows")
    right = torch.cat([40 * target[:, :1] - 20, FLOW_SCALE * target[:, 1:]], dim=1)
    off = right.clone()
    off[:, 1:] += 1
    loss = encoding_loss("flows", "ce")
    assert float(loss(off, target) - loss(right, target)) == pytest.approx(0.5, abs=1e-3)


def test_rays_count_only_where_there_are_cells() -> None:
    target = target_of("star_convex")
    logits = torch.zeros(1, 33, 32, 32)
    elsewhere = logits.clone()
    elsewhere[:, 1:] += 5 * (target[:, :1] == 0)
    loss = encoding_loss("star_convex")
    assert torch.equal(loss(logits, target), loss(elsewhere, target))


def test_each_coarse_output_weighs_half_of_the_one_before() -> None:
    def mean_of_logits(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        assert logits.shape[-2:] == target.shape[-2:]
        return logits.mean()

    values = [torch.full((1, 3, size, size), float(size)) for size in (8, 4, 2)]
    outputs = Outputs(values[0], (values[1], values[2]))
    found = supervised_loss(mean_of_logits, outputs, torch.zeros(1, 1, 8, 8))
    assert float(found) == pytest.approx((8 + 4 / 2 + 2 / 4) / 1.75)
