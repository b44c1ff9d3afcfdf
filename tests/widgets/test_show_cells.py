"""From the query of a number to its first cell in the comparer."""

import pytest

from tests.widgets.test_comparer import Pictures
from workbench.report import Query
from workbench.widgets import Comparer, comparer, show_cells


@pytest.fixture
def panel() -> Comparer:
    return comparer(Pictures())


def test_the_first_cell_is_picked_beside_the_models_that_the_query_names(panel: Comparer) -> None:
    cells = (("odd", "predicted", 2, "otsu-0"), ("hard", "reference", 3, "otsu-0"))
    show_cells(panel)(Query(("otsu",), "f1", 0.5, cells=cells))
    assert panel.shown.image_id == "odd"
    assert panel.shown.panels == ("reference", "otsu-0")
    assert panel.state["cell"] == {"panel": "otsu-0", "side": "predicted", "cell_id": 2}


def test_a_number_of_images_moves_nothing(panel: Comparer) -> None:
    before = dict(panel.state)
    show_cells(panel)(Query(("otsu",), "f1", 0.5))
    show_cells(panel)(Query(("otsu",), "f1", 0.5, cells=()))
    assert panel.state == before
