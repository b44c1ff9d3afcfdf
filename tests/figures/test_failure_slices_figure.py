"""The forest of groups that fail more."""

import pandas as pd
import pytest

from tests.analysis.test_failure_slices import cells_of, losses_of, planted
from workbench.analysis import find_failure_slices
from workbench.figures import failure_forest


def test_each_group_has_a_row_with_both_halves_of_the_images() -> None:
    slices = find_failure_slices(losses_of(planted(cells_of()))).table
    assert len(slices) > 0
    figure = failure_forest(slices)
    found, held_out = figure.data
    assert list(found.x) == pytest.approx(list(100 * slices["difference"]))
    assert list(held_out.x) == pytest.approx(list(100 * slices["held_out_difference"]))
    low = held_out.x - held_out.error_x.arrayminus
    assert list(low) == pytest.approx(list(100 * slices["held_out_ci_low"]))
    names = [text.replace("<br>", "") for text in figure.layout.yaxis.ticktext]
    rows = zip(slices["slice"], slices["description"], strict=True)
    assert names == [f"{number}. {text}" for number, text in rows]
    assert found.marker.symbol != held_out.marker.symbol


def test_nothing_found_is_an_empty_figure() -> None:
    nothing = find_failure_slices(losses_of(cells_of())).table
    assert isinstance(nothing, pd.DataFrame)
    assert all(len(trace.x) == 0 for trace in failure_forest(nothing).data)
