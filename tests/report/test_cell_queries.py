"""The cells behind the numbers of a page: each once, cut where they would make it too large."""

import json

import pandas as pd

from workbench.report import Query, embed_cells

CELLS = pd.DataFrame(
    {
        "image_id": ["a", "a", "b"], "side": ["reference", "predicted", "reference"],
        "cell_id": 1, "model": "unet", "seed": 0, "outcome": ["matched", "matched", "missed"],
        "detail": ["", "", "clean"], "partner_iou": [0.9, 0.9, float("nan")],
    }
)  # fmt: skip
FIRST, SECOND, THIRD = (
    (row.image_id, row.side, row.cell_id, "unet-0") for row in CELLS.itertuples()
)


def asks(*cells: tuple[str, str, int, str]) -> Query:
    return Query(("unet",), "f1", 0.5, cells=cells)


def test_a_cell_of_two_numbers_is_on_the_page_once() -> None:
    found = embed_cells(CELLS, [asks(FIRST, SECOND), asks(THIRD, FIRST), asks(FIRST, SECOND)])
    content = json.loads(found.json)
    assert len(content["cells"]) == 3
    assert content["sets"] == [[[0, 1], 2], [[2, 0], 2]]
    assert list(found.keys.values()) == ["c0", "c1"]
    names = content["names"]
    image, side, cell_id, member, outcome, iou = content["cells"][2]
    assert [names[place] for place in (image, side, member, outcome)] == [
        "b", "reference", "unet-0", "missed (clean)",
    ]  # fmt: skip
    assert (cell_id, iou) == (1, None), "NaN is not JSON"


def test_numbers_that_would_make_the_page_too_large_list_nothing() -> None:
    large, small = asks(FIRST, SECOND), asks(THIRD)
    assert list(embed_cells(CELLS, [large, small], max_cells=1).keys) == [small]


def test_names_do_not_end_the_script() -> None:
    cell = ("</script>", "reference", 1, "unet-0")
    assert "</script>" not in embed_cells(CELLS, [asks(cell)]).json
