"""Tables in a terminal."""

import pandas as pd
import pytest

from workbench.report import ReportTable
from workbench.studies import print_table


def test_texts_are_aligned_on_their_left_and_numbers_on_their_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    frame = pd.DataFrame({"Images": [1, 100], "Which": ["a", "all of them"], "F1": [0.5, 10.0]})
    print_table(ReportTable("some", "Some.", frame))
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "     1  a             0.500",
        "   100  all of them  10.000",
    ]
