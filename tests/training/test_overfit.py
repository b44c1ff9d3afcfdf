"""Every network learns eight real images by heart, on every encoding: nothing in it is broken."""

from pathlib import Path

import numpy as np
import pytest

from tests.models.test_contract import NETWORKS, SMALL
from workbench.datasets import open_dataset, read_sample
from workbench.inference import ENCODINGS, fitting_decoder
from workbench.metrics import label_overlap, match_overlap
from workbench.models import build_network
from workbench.schema import LabelImage
from workbench.training import encoding_loss, supervised_loss
from workbench.transforms import Preparation, prepare_image, to_three_channels

LEARNING_RATE = {
    "mask2former": 1e-2,
    "maunet_wide": 1e-2,
    "sac": 1e-2,
    "segformer": 1e-2,
    "swin_unetr": 1e-2,
    "unet": 1e-2,
}
WIDER = {"maunet_wide": {"width": 0.25}, "unet": {"channels": [16, 32, 64], "residual_units": 1}}
"""Where the smallest settings can't hold eight images."""

PREPARATION = Preparation()
SIZE_PX = 64


def eight_crops(real_data: Path) -> tuple[np.ndarray, list[LabelImage]]:
    """Return images (8, 3, 64, 64) around cells, and their labels."""
    images, labels = [], []
    for record in open_dataset(real_data / "dsb2018").split("train"):
        sample = read_sample(record)
        assert sample.reference is not None
        image = to_three_channels(prepare_image(sample.image, PREPARATION))
        row, column = (max(0, length // 2 - SIZE_PX // 2) for length in sample.reference.shape)
        place = np.s_[row : row + SIZE_PX, column : column + SIZE_PX]
        _, ranks = np.unique(np.append(0, sample.reference[place]), return_inverse=True)
        crop = ranks[1:].reshape(SIZE_PX, SIZE_PX).astype(np.int32)
        if 3 <= crop.max() <= 12 and np.bincount(crop.ravel())[1:].min() > 60:
            images.append(image[place].transpose(2, 0, 1))
            labels.append(crop)
        if len(images) == 8:
            break
    return np.stack(images), labels


@pytest.mark.parametrize(
    ("name", "encoding"),
    [(name, "three_class") for name in NETWORKS]
    + [("unet", encoding) for encoding in ENCODINGS if encoding != "three_class"],
)
def test_a_network_learns_eight_images_by_heart(name: str, encoding: str, real_data: Path) -> None:
    import torch

    pixels, references = eight_crops(real_data)
    images = torch.from_numpy(pixels)
    coder = ENCODINGS[encoding]
    targets = torch.from_numpy(np.stack([coder.encode(r).transpose(2, 0, 1) for r in references]))
    torch.manual_seed(0)
    settings = WIDER.get(name, SMALL[name])
    network = build_network(name, settings, in_channels=3, out_channels=coder.channels).train()
    loss = encoding_loss(encoding)
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE.get(name, 3e-3))
    f1 = 0.0
    for step in range(1, 601):
        error = supervised_loss(loss, network(images), targets)
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        if step % 50 == 0:
            f1 = mean_f1(network, images, references, encoding)
            if f1 > 0.95:
                break
    assert f1 > 0.95


def mean_f1(network, images, references: list[LabelImage], encoding: str) -> float:
    import torch

    coder = ENCODINGS[encoding]
    with torch.inference_mode():
        maps = coder.activate(network.eval()(images).logits).permute(0, 2, 3, 1).numpy()
    network.train()
    scores = []
    for reference, painted in zip(references, maps, strict=True):
        found = coder.decode(painted, fitting_decoder(encoding, None))
        matches = match_overlap(label_overlap(reference, found))
        scores.append(2 * matches.tp / (2 * matches.tp + matches.fp + matches.fn))
    return float(np.mean(scores))
