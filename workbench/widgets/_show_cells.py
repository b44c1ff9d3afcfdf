"""From a number of a table to its cells in the comparer."""

from collections.abc import Callable
from typing import Any, Final

from workbench.widgets._comparer import Comparer
from workbench.widgets._comparer_state import REFERENCE, PickedCell

MOST_PANELS: Final = 3


def show_cells(panel: Comparer) -> Callable[[Any], None]:
    """Return what shows the cells behind a number in a comparer.

    Parameters
    ----------
    panel
        Of the same run as the table.

    Returns
    -------
    callable
        For ``on_query`` of :func:`number_table`: takes a query with cells, goes to the image of the
        first, picks it, and shows the reference beside the models that the query names. Of a query
        without cells nothing is shown.
    """

    def show(query: Any) -> None:
        if not query.cells:
            return
        image_id, side, cell_id, member = query.cells[0]
        members = list(dict.fromkeys(cell[3] for cell in query.cells))
        panel.change(panels=(REFERENCE, *members[: MOST_PANELS - 1]))
        panel.go_to(image_id, PickedCell(panel=member, side=side, cell_id=cell_id))

    return show
