"""The anti-ambiguity loss against its definition by plain loops, and its laws."""

import numpy as np
import pytest
import torch

from workbench.training import anti_ambiguity_loss


def example(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Return four class logits and a distance logit, and a target, 2 images of 6 x 5."""
    rng = np.random.default_rng(seed)
    logits = torch.from_numpy(rng.normal(size=(2, 5, 6, 5))).float()
    classes = rng.integers(0, 3, size=(2, 6, 5))
    distance = np.where(classes == 1, rng.uniform(0.1, 1, size=classes.shape), 0)
    return logits, torch.from_numpy(np.stack([classes, distance], axis=1)).float()


def with_fixed_proxy(logits: torch.Tensor) -> torch.Tensor:
    """Return three class logits relative to the fourth, and the distance logit."""
    return torch.cat([logits[:, :3] - logits[:, 3:4], logits[:, 4:]], dim=1)


def by_definition(logits: np.ndarray, target: np.ndarray) -> float:
    """Dice + focal of a softmax over four logits, and L1, pixel by pixel."""
    images, _, rows, columns = logits.shape
    focal, outside, inside = [], [], []
    shared, predicted, true = (np.zeros((images, 3)) for _ in range(3))
    for image in range(images):
        for row in range(rows):
            for column in range(columns):
                pixel = logits[image, :, row, column].astype(float)
                probability = np.exp(pixel[:4]) / np.exp(pixel[:4]).sum()
                cls = int(target[image, 0, row, column])
                focal.append(-((1 - probability[cls]) ** 2) * np.log(probability[cls]))
                predicted[image] += probability[:3]
                true[image, cls] += 1
                shared[image, cls] += probability[cls]
                distance = target[image, 1, row, column]
                error = abs(1 / (1 + np.exp(-pixel[4])) - distance)
                (inside if distance > 0 else outside).append(error)
    dice = np.mean(1 - 2 * shared / (predicted + true))
    return float(dice + np.mean(focal) + np.mean(inside) + np.mean(outside))


@pytest.mark.parametrize("seed", range(3))
def test_a_fourth_logit_fixed_at_zero_is_the_published_fourth_class(seed: int) -> None:
    logits, target = example(seed)
    expected = by_definition(logits.numpy(), target.numpy())
    found = anti_ambiguity_loss(with_fixed_proxy(logits), target)
    assert float(found) == pytest.approx(expected, abs=1e-4)


def test_three_classes_alone_have_no_distance_to_pay_for() -> None:
    logits, target = example()
    sure = torch.where(target[:, 1:] > 0, 40 * (target[:, 1:] - 0.5), -40.0)
    whole = torch.cat([logits[:, :3], sure], dim=1)
    blurred = (sure.sigmoid() - target[:, 1:]).abs()
    inside = target[:, 1:] > 0
    paid = blurred[inside].mean() + blurred[~inside].mean()
    found = anti_ambiguity_loss(whole, target) - anti_ambiguity_loss(whole[:, :3], target[:, :1])
    assert float(found) == pytest.approx(float(paid), abs=1e-5)


def test_a_pixel_may_be_none_of_the_three_and_that_costs_more_than_being_right() -> None:
    target = torch.ones(1, 1, 4, 4)
    right = torch.zeros(1, 3, 4, 4)
    right[:, 1] = 9
    # To a softmax of three classes these two are the same.
    none, torn = torch.full((1, 3, 4, 4), -5.0), torch.full((1, 3, 4, 4), 5.0)
    losses = [float(anti_ambiguity_loss(logits, target)) for logits in (right, torn, none)]
    assert losses == sorted(losses)
    assert losses[1] < losses[2]


def test_cells_and_ground_count_alike_however_few_pixels_a_cell_has() -> None:
    target = torch.zeros(1, 2, 10, 10)
    target[0, :, 0, 0] = 1  # one pixel of a cell, at its centre
    classes = torch.zeros(1, 3, 10, 10)
    wrong_inside = torch.full((1, 1, 10, 10), -40.0)
    wrong_outside = torch.full((1, 1, 10, 10), 40.0)
    losses = [
        float(anti_ambiguity_loss(torch.cat([classes, distance], dim=1), target))
        for distance in (wrong_inside, wrong_outside)
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


@pytest.mark.parametrize("cls", [0, 1])
def test_a_batch_without_cells_or_without_ground_has_finite_gradients(cls: int) -> None:
    logits = torch.zeros(2, 4, 8, 8, requires_grad=True)
    target = torch.full((2, 2, 8, 8), float(cls))
    anti_ambiguity_loss(logits, target).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
