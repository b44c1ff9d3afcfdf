"""Random label images: cells that touch, lie at edges, have one pixel."""

import numpy as np
from hypothesis import strategies as st


@st.composite
def label_images(draw, largest_px: int = 24) -> np.ndarray:
    """Draw rectangles over each other, numbered from 1 without gaps."""
    height, width = (draw(st.integers(1, largest_px)) for _ in range(2))
    labels = np.zeros((height, width), np.int32)
    for number in range(1, draw(st.integers(0, 6)) + 1):
        top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        bottom, right = top + draw(st.integers(1, 12)), left + draw(st.integers(1, 12))
        labels[top:bottom, left:right] = number
    _, ranks = np.unique(np.append(0, labels), return_inverse=True)
    return ranks[1:].reshape(labels.shape).astype(np.int32)
