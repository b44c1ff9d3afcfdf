"""What to do with the findings: sentences, each with the test that it was generated from."""

from __future__ import annotations

import pandas as pd

from workbench.report._findings import Findings
from workbench.report._parts import Query, ReportTable, Section


def recommendation_section(found: Findings) -> Section:
    """Return what the tested statements recommend."""
    given = found.recommended
    frame = pd.DataFrame(
        {
            "Recommendation": [one.sentence for one in given],
            "Images": [len(one.query.image_ids) for one in given],
            "Rests on": [one.test for one in given],
        }
    )
    behind = [
        Query(one.query.models, one.query.metric, one.query.threshold, one.query.image_ids)
        if one.query.image_ids and one.query.models
        else None
        for one in given
    ]
    return Section(
        "Recommendations",
        ["Each sentence was generated from a test or a count, which stands beside it."],
        [
            ReportTable(
                "recommendations",
                "What the tested statements recommend, doubts first.",
                frame,
                label="corrected",
                queries={"Images": behind},
            )
        ],
    )
