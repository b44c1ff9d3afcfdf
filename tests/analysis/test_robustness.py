"""Curves over images that were made worse."""

import numpy as np
import pandas as pd
import pytest

from workbench.analysis import error_response, robustness_curves
from workbench.schema import ERROR_TYPES, InputError


def table(clean: list[float], worse: list[float], **more: object) -> pd.DataFrame:
    """Two levels of blur on the same images, with ten cells each and no error."""
    n = len(clean)
    return pd.DataFrame(
        {
            "model": "unet",
            "seed": 0,
            "kind": "blur",
            "level": [0.0] * n + [2.0] * n,
            "clean": [True] * n + [False] * n,
            "image_id": [f"im{place}" for place in range(n)] * 2,
            "f1": [*clean, *worse],
            "n_reference": 10,
        }
        | dict.fromkeys(ERROR_TYPES, 0)
        | more
    )


def test_a_score_is_told_as_it_is_and_relative_to_the_same_images_when_clean() -> None:
    curves = robustness_curves(table([0.8, 0.6, 0.4], [0.4, 0.3, 0.2])).set_index("level")
    assert curves["f1"].tolist() == pytest.approx([0.6, 0.3])
    assert curves["relative"].tolist() == pytest.approx([1, 0.5])
    # Every image loses half, so whatever images are drawn the ratio is the same.
    assert curves.loc[2, ["relative_low", "relative_high"]].tolist() == pytest.approx([0.5, 0.5])
    assert curves.loc[2, "ci_low"] < 0.3 < curves.loc[2, "ci_high"]


def test_images_without_a_clean_score_count_nowhere() -> None:
    curves = robustness_curves(table([0.8, np.nan], [0.4, 0.0]))
    assert curves["n_images"].tolist() == [1, 1]
    assert curves["f1"].tolist() == pytest.approx([0.8, 0.4])
    assert curves[["ci_low", "relative_low"]].isna().all(axis=None)


def test_nothing_is_relative_to_zero() -> None:
    curves = robustness_curves(table([0.0, 0.0], [0.1, 0.0]))
    assert curves[["relative", "relative_low", "relative_high"]].isna().all(axis=None)


def test_photons_without_end_are_a_level_like_any_other() -> None:
    rows = table([0.8, 0.6], [0.4, 0.2]).replace({"level": {0.0: np.inf}})
    assert robustness_curves(rows)["relative"].tolist() == pytest.approx([1, 3 / 7])


def test_errors_are_events_per_hundred_reference_cells_of_all_images() -> None:
    rows = table([1, 1], [0.5, 0.5], merge=[0, 0, 3, 1], n_reference=[10, 30, 10, 30])
    found = error_response(rows).set_index(["level", "error"])
    assert found.loc[(2, "merge"), "per_100_cells"] == pytest.approx(10)
    assert found.loc[(2, "merge"), "ci_low"] == pytest.approx(100 / 30)
    assert found.loc[(2, "merge"), "ci_high"] == pytest.approx(30)
    assert (found.drop((2, "merge"))["per_100_cells"] == 0).all()


def test_a_kind_without_its_clean_level_or_a_table_without_a_column_is_refused() -> None:
    rows = table([0.8], [0.4])
    with pytest.raises(InputError, match="blur: expected one clean level"):
        robustness_curves(rows[~rows["clean"]])
    with pytest.raises(InputError, match="no column f1"):
        robustness_curves(rows.drop(columns="f1"))
