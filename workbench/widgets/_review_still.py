"""The review as a page of its own: list, verdicts and pictures to look at, nothing to judge."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from workbench.widgets._comparer_state import REFERENCE
from workbench.widgets._comparer_still import STYLE as COMPARER_STYLE
from workbench.widgets._comparer_still import embedded_parcel
from workbench.widgets._comparer_wire import Parcel
from workbench.widgets._still import BYTES_PER_MB, STATIC

PARTS: Final = (
    *("comparer_canvas", "comparer_sources", "comparer_paint", "comparer_records"),
    *("review_resolve", "review_sources", "review_list", "review_pictures", "review"),
)
SCRIPT: Final = "\n".join((STATIC / f"{part}.js").read_text(encoding="utf-8") for part in PARTS)
STYLE: Final = COMPARER_STYLE + (STATIC / "review.css").read_text(encoding="utf-8")


def review_page(
    told: Mapping[str, Any],
    rows_first: Sequence[int],
    parcel: Callable[[str, str], Parcel],
    *,
    max_mb: float,
) -> str:
    """Return a page that loads nothing.

    Parameters
    ----------
    told
        ``schema``, ``state``, ``verdicts`` and ``scores`` as the widget has them.
    rows_first
        Rows of the list in the order in which their pictures matter.
    parcel
        Packs the image (panel "") or the cells of a panel, by number of the row and panel.
    max_mb
        Pictures are left out from where the page would be larger; the first is always in.
    """
    embedded: dict[str, Any] = {}
    room = max_mb * BYTES_PER_MB - len(_page({**told, "parcels": {}}))
    for row in rows_first:
        names = ("", REFERENCE, *told["schema"]["rows"][row]["panels"])
        packed = {name: embedded_parcel(parcel, str(row), name) for name in names}
        room -= len(json.dumps(packed))
        if room < 0 and embedded:
            break
        embedded[str(row)] = packed
    schema = {**told["schema"], "can_judge": False}
    return _page({**told, "schema": schema, "parcels": embedded})


def _page(data: Mapping[str, Any]) -> str:
    # A closing tag within the data would end the script.
    content = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Review of cells</title><style>{STYLE}</style></head>\n"
        '<body class="wbc-page"><div id="review"></div>'
        f'<script type="application/json" id="data">{content}</script>\n'
        f'<script type="module">{SCRIPT}\nmountStillReview();</script></body></html>\n'
    )
