"""Figures of a network's inside show the maps and pixels they were given."""

import numpy as np

from workbench import figures


def test_a_gallery_shows_the_channels_that_vary_most_the_strongest_first() -> None:
    ramp = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4, 1)
    maps = {"first": ramp * np.array([1, 0, 3], np.float32), "second": ramp}
    figure = figures.feature_map_gallery(maps, columns=2)
    texts = [note.text for note in figure.layout.annotations]
    assert [text for text in texts if text.startswith("channel")] == [
        "channel 2", "channel 0", "channel 0",
    ]  # fmt: skip
    assert {"first", "second"} <= set(texts)
    assert len(figure.data) == 3


def test_the_receptive_field_is_drawn_around_the_pixel_it_decides_on() -> None:
    image = np.zeros((40, 50, 1), np.uint8)
    influence = np.zeros((40, 50), np.float32)
    influence[20, 30] = 1
    figure = figures.receptive_field(image, influence, place=(20, 30), side_px=7)
    for box in figure.layout.shapes:
        # Pixel n reaches from n - 0.5 to n + 0.5.
        assert (box.x0, box.x1, box.y0, box.y1) == (26.5, 33.5, 16.5, 23.5)
    assert len(figure.layout.shapes) == 2
    (heat,) = [trace for trace in figure.data if trace.type == "heatmap"]
    assert np.array_equal(heat.z, influence)
    assert figure.layout.yaxis.range == (39.5, -0.5)
    assert figure.layout.yaxis2.range == (27, 13), "twice the square, row 0 on top"
