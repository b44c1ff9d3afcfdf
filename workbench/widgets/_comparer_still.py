"""The comparer as a page of its own: the same script, some images inside, no kernel behind it."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from workbench.schema import InputError
from workbench.widgets._comparer_state import REFERENCE
from workbench.widgets._comparer_wire import Parcel
from workbench.widgets._still import BYTES_PER_MB, STATIC

PARTS: Final = ("_sources", "_canvas", "_paint", "_records", "_controls", "")
SCRIPT: Final = "\n".join(
    (STATIC / f"comparer{part}.js").read_text(encoding="utf-8") for part in PARTS
)
STYLE: Final = (STATIC / "comparer.css").read_text(encoding="utf-8")


def comparer_page(
    schema: Mapping[str, Any],
    state: Mapping[str, Any],
    parcel: Callable[[str, str], Parcel],
    *,
    max_mb: float,
) -> str:
    """Return a page that loads nothing.

    Parameters
    ----------
    schema, state
        As the widget has them.
    parcel
        Packs an image (panel "") or the cells of a panel, by image id and panel.
    max_mb
        Images are left out from where the page would be larger; that on screen is always in.
    """
    order = schema["orders"][state["order"]]
    walk = [*order[state["place"] :], *order[: state["place"]]]
    panels = ("", REFERENCE, *schema["models"])
    room = max_mb * BYTES_PER_MB - len(_page(dict(schema), dict(state), {}))
    embedded: dict[str, Any] = {}
    for row in walk:
        image_id = schema["image_ids"][row]
        packed = {panel: embedded_parcel(parcel, image_id, panel) for panel in panels}
        room -= len(json.dumps(packed))
        if room < 0 and embedded:
            break
        embedded[image_id] = packed
    smaller = _with_images(schema, list(embedded))
    place = smaller["orders"][state["order"]].index(
        smaller["image_ids"].index(schema["image_ids"][walk[0]])
    )
    return _page(smaller, {**state, "place": place}, embedded)


def embedded_parcel(
    parcel: Callable[[str, str], Parcel], image_id: str, panel: str
) -> dict[str, Any]:
    """Return a parcel as a page holds it; what can't be read becomes the reason why."""
    try:
        packed = parcel(image_id, panel)
    except InputError as error:
        return {"problem": str(error)}
    blocks = [base64.b64encode(block).decode() for block in packed.blocks]
    return {"about": packed.about, "blocks": blocks}


def _with_images(schema: Mapping[str, Any], kept: list[str]) -> dict[str, Any]:
    """Return a schema of the images that are in the page, which says how many there are."""
    rows = [row for row, name in enumerate(schema["image_ids"]) if name in set(kept)]
    place = {row: new for new, row in enumerate(rows)}
    return {
        **schema,
        "inspects": False,
        "n_all": len(schema["image_ids"]),
        "image_ids": [schema["image_ids"][row] for row in rows],
        "scores": {
            name: [values[row] for row in rows] for name, values in schema["scores"].items()
        },
        "orders": {
            name: [place[row] for row in order if row in place]
            for name, order in schema["orders"].items()
        },
    }


def _page(schema: Mapping[str, Any], state: Mapping[str, Any], parcels: Mapping[str, Any]) -> str:
    data = {"schema": schema, "state": state, "parcels": parcels}
    # A closing tag within the data would end the script.
    content = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Comparer</title><style>{STYLE}</style></head>\n"
        '<body class="wbc-page"><div id="comparer"></div>'
        f'<script type="application/json" id="data">{content}</script>\n'
        f'<script type="module">{SCRIPT}\nmountStillComparer();</script></body></html>\n'
    )
