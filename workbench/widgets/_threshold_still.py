"""The threshold panel as a page of its own: outcomes at every step of its sliders, no kernel."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from workbench.schema import InputError
from workbench.widgets._comparer_still import STYLE as COMPARER_STYLE
from workbench.widgets._comparer_wire import Parcel
from workbench.widgets._still import BYTES_PER_MB, STATIC

PARTS: Final = (
    *("comparer_sources", "comparer_canvas", "comparer_paint", "comparer_records"),
    *("line_plot", "threshold_sources", "threshold_controls", "threshold"),
)
SCRIPT: Final = "\n".join((STATIC / f"{part}.js").read_text(encoding="utf-8") for part in PARTS)
STYLE: Final = COMPARER_STYLE + "\n".join(
    (STATIC / name).read_text(encoding="utf-8") for name in ("line_plot.css", "threshold.css")
)
ABSENT: Final = {
    "problem": "The page does not hold the cells of this model in this image; the notebook does."
}


def threshold_page(
    schema: Mapping[str, Any],
    state: Mapping[str, Any],
    parcel: Callable[[str, str], Parcel],
    *,
    image_ids: Sequence[str],
    max_mb: float,
) -> str:
    """Return a page that loads nothing.

    Parameters
    ----------
    schema, state
        As the widget has them.
    parcel
        Packs, of an image, its pixels (""), "reference", and the "cells" and the "grid" of a
        member.
    image_ids
        What to embed, that on screen first: it comes with the cells of all members, the others
        with those of the member on screen.
    max_mb
        Images are left out from where the page would be larger; that on screen is always in.
    """
    room = max_mb * BYTES_PER_MB - len(_page(dict(schema), state, {}))
    embedded: dict[str, Any] = {}
    for image_id in image_ids:
        packed = {panel: _embedded(parcel, image_id, panel) for panel in ("", "reference")}
        for member in schema["members"]:
            # Of the first image all members, of others that on screen: a page is made quickly.
            is_in = not embedded or member == state["member"]
            for panel in (f"cells {member}", f"grid {member}"):
                packed[panel] = _embedded(parcel, image_id, panel) if is_in else ABSENT
        room -= len(json.dumps(packed))
        if room < 0 and embedded:
            break
        embedded[image_id] = packed
    told = {
        **schema,
        "image_ids": list(embedded),
        "n_all": len(schema["image_ids"]),
        "still": True,
        "shown": {"image_id": state["image_id"], "member": state["member"]},
        "decoder": state["decoder"],
    }
    return _page(told, state, embedded)


def _embedded(parcel: Callable[[str, str], Parcel], image_id: str, panel: str) -> dict[str, Any]:
    try:
        packed = parcel(image_id, panel)
    except InputError as error:
        return {"problem": str(error)}
    blocks = [base64.b64encode(block).decode() for block in packed.blocks]
    return {"about": packed.about, "blocks": blocks}


def _page(schema: Mapping[str, Any], state: Mapping[str, Any], parcels: Mapping[str, Any]) -> str:
    data = {"schema": schema, "state": state, "parcels": parcels}
    # A closing tag within the data would end the script.
    content = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Thresholds</title><style>{STYLE}</style></head>\n"
        '<body class="wbc-page"><div id="threshold"></div>'
        f'<script type="application/json" id="data">{content}</script>\n'
        f'<script type="module">{SCRIPT}\nmountStillThreshold();</script></body></html>\n'
    )
