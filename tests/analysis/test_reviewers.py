"""Agreement of people who judged the same cells."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from workbench.analysis import reviewer_agreement

JUDGEMENTS = ("model error", "annotation error", "ambiguous")


def judged(reviewer: str, judgements: list[str], **parts: object) -> pd.DataFrame:
    table = pd.DataFrame({"cell_id": range(len(judgements)), "judgement": judgements})
    cell = {"image_id": "a", "side": "reference", "member": "unet-0", "annotation": 0}
    return table.assign(**{**cell, "reviewer": reviewer, **parts})


@given(
    st.lists(
        st.tuples(st.sampled_from(JUDGEMENTS), st.sampled_from(JUDGEMENTS)), min_size=2, max_size=40
    )
)
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    first, second = ([pair[n] for pair in pairs] for n in (0, 1))
    both = pd.concat([judged("Ada", first), judged("Bo", second)])
    (row,) = reviewer_agreement(both, min_cells=2).to_dict("records")
    if len({*first, *second}) == 1:
        assert np.isnan(row["kappa"]), "one judgement throughout agrees by chance as well"
    else:
        assert row["kappa"] == pytest.approx(cohen_kappa_score(first, second))
    assert row["agreed"] == np.mean([one == two for one, two in pairs])


def test_of_fewer_than_ten_shared_cells_nothing_is_said() -> None:
    said = ["model error", "ambiguous"] * 5
    ten = pd.concat([judged("Ada", said), judged("Bo", said)])
    assert reviewer_agreement(ten)["n_cells"].tolist() == [10]
    nine = pd.concat([judged("Ada", said), judged("Bo", said[:9])])
    assert reviewer_agreement(nine).empty
    assert reviewer_agreement(nine.iloc[:0]).empty


def test_each_pair_of_reviewers_is_told_by_name() -> None:
    said = ["ambiguous"] * 11
    table = reviewer_agreement(pd.concat([judged(who, said) for who in ("Cy", "Ada", "Bo")]))
    names = [("Ada", "Bo"), ("Ada", "Cy"), ("Bo", "Cy")]
    assert list(zip(table["first"], table["second"], strict=True)) == names


def test_a_predicted_cell_is_another_for_each_model_and_a_reference_cell_is_not() -> None:
    said = ["model error", "ambiguous"]
    for side, n_shared in (("reference", [2]), ("predicted", [])):
        first = judged("Ada", said, side=side)
        second = judged("Bo", said, side=side, member="sac-0")
        found = reviewer_agreement(pd.concat([first, second]), min_cells=1)
        assert found["n_cells"].tolist() == n_shared
    other = judged("Bo", said, annotation=1)
    assert reviewer_agreement(pd.concat([judged("Ada", said), other]), min_cells=1).empty
