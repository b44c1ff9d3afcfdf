"""Methods beside two experts."""

import numpy as np
import pandas as pd

from workbench.figures import expert_disagreement, expert_scores
from workbench.schema import ERROR_TYPES, OUTCOME_COLOURS

METHODS = ["unet", "otsu"]
EXPERTS = ["expert 1", "expert 2"]


def test_each_method_has_a_mark_for_each_expert_and_the_experts_a_line() -> None:
    rows = [(m, e, 0.1 * (i + j)) for i, m in enumerate(METHODS) for j, e in enumerate(EXPERTS)]
    scores = pd.DataFrame(rows, columns=["method", "against", "f1"])
    figure = expert_scores(scores, ceiling=0.4)
    first, second = figure.data
    assert list(first.x) == [0, 0.1]
    assert list(second.x) == [0.1, 0.2]
    assert first.marker.symbol != second.marker.symbol
    assert figure.layout.shapes[0].x0 == 0.4
    assert not expert_scores(scores, ceiling=np.nan).layout.shapes


def test_disputed_cells_are_the_hatched_part_of_their_error() -> None:
    rows = [
        (method, expert, error, 10 + place, place)
        for method in METHODS
        for expert in EXPERTS
        for place, error in enumerate(ERROR_TYPES)
    ]
    columns = ["method", "against", "outcome", "n_cells", "n_disputed"]
    figure = expert_disagreement(pd.DataFrame(rows, columns=columns))
    assert len(figure.data) == 2 * 2 * len(ERROR_TYPES)
    for trace in figure.data:
        assert trace.marker.color == OUTCOME_COLOURS[trace.name]
        expected = ERROR_TYPES.index(trace.name) if trace.marker.pattern.shape else 10
        assert set(trace.x) == {expected}
    assert [trace.name for trace in figure.data if trace.showlegend] == list(ERROR_TYPES)
