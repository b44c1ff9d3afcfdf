"""The failure browser, without a browser."""

from pathlib import Path

import pytest

from workbench.schema import Overlay
from workbench.studies import images_worst_first, open_view
from workbench.widgets import failure_browser

pytestmark = pytest.mark.slow


def test_it_starts_with_the_worst_image_of_the_best_model_and_follows_choices(
    demo_run: Path,
) -> None:
    view = open_view(demo_run)
    shown: list[Overlay] = []
    panel = failure_browser(view, on_show=shown.append)
    (model, place), about, picture = panel.children[0].children, *panel.children[1:]

    ranked = {member.name: images_worst_first(view, member)["image_id"] for member in view.members}
    assert shown[-1].sample.image_id == ranked[model.value].iloc[0]
    assert place.max == 12

    place.value = 3
    assert shown[-1].sample.image_id == ranked[model.value].iloc[2]
    assert ranked[model.value].iloc[2] in about.value
    assert "3 of 12" in about.value

    other = next(name for name in ranked if name != model.value)
    model.value = other
    assert shown[-1].member.name == other
    assert shown[-1].sample.image_id == ranked[other].iloc[0]
    assert len(picture.children) == 1
    assert len(shown) == 3, "nothing is drawn twice"
