"""The comparer: an image, its reference and any models, side by side or under a curtain."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import anywidget
import traitlets
from pydantic import ValidationError

from workbench.schema import OUTCOME_COLOURS, InputError
from workbench.widgets._comparer_state import (
    REFERENCE,
    ComparerState,
    ComparerView,
    PickedCell,
    changed,
    first_state,
    image_orders,
    resolve_comparer,
)
from workbench.widgets._comparer_still import SCRIPT, STYLE, comparer_page
from workbench.widgets._comparer_wire import ComparerSource, Parcel, pack_image, pack_layer
from workbench.widgets._explorer import PANELS_VARIABLE
from workbench.widgets._still import still_frame

FRAME_HEIGHT_PX = 720

OnCell = Callable[[str, PickedCell], None]


class Comparer(anywidget.AnyWidget):
    """A panel; made by :func:`comparer`.

    Attributes
    ----------
    state
        A :class:`ComparerState` as a dictionary: follows the screen, and the screen follows it.
    """

    _esm = SCRIPT
    _css = STYLE
    schema = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        source: ComparerSource,
        start: ComparerState,
        on_cell: OnCell,
        on_inspect: OnCell | None,
    ) -> None:
        self._source = source
        self._on_cell = on_cell
        self._on_inspect = on_inspect
        schema = describe_source(source) | {"inspects": on_inspect is not None}
        super().__init__(schema=schema, state=start.model_dump(mode="json"))
        self.on_msg(self._answer)

    @property
    def shown(self) -> ComparerView:
        """What is on screen; it follows from ``state`` alone, with or without a browser."""
        return resolve_comparer(self._source.scores, ComparerState.model_validate(self.state))

    def change(self, **changes: Any) -> None:
        """Replace parts of the state; another image begins whole and with no cell picked.

        Parameters
        ----------
        changes
            Fields of :class:`ComparerState`.

        Raises
        ------
        InputError
            If a field or what it names does not exist.
        """
        self.state = changed(self.state, **changes)

    def go_to(
        self, image_id: str, cell: PickedCell | None = None, *, panel: str | None = None
    ) -> None:
        """Show an image.

        Parameters
        ----------
        image_id
            Which.
        cell
            A cell of it whose record is shown.
        panel
            A model to show; if it is not on screen, it takes the place of the last one there.

        Raises
        ------
        InputError
            If there is no such image, cell or model.
        """
        ids = [str(name) for name in self._source.scores["image_id"]]
        if image_id not in ids:
            msg = f"comparer: no image is called {image_id!r}, of {len(ids)} such as {ids[0]}."
            raise InputError(msg)
        order = image_orders(self._source.scores)[self.state["order"]]
        panels = list(self.state["panels"])
        if panel is not None and panel not in panels:
            panels = [*panels[: max(1, len(panels) - 1)], panel]
        self.change(
            place=order.index(ids.index(image_id)), cell=cell and cell.model_dump(), panels=panels
        )

    def come(self) -> None:
        """Scroll the page until the panel is in sight."""
        self.send({"kind": "come"})

    def static_html(self, *, max_mb: float = 4.0) -> str:
        """Return a page of its own that still zooms, switches panels and answers a click.

        Parameters
        ----------
        max_mb
            The page holds the image on screen, then those that follow it, as long as it stays
            below this; it says how many.

        Returns
        -------
        str
            HTML; it loads nothing.
        """
        return comparer_page(self.schema, self.state, self._parcel, max_mb=max_mb)

    @traitlets.validate("state")
    def _check_state(self, proposal: Mapping[str, Any]) -> dict[str, Any]:
        try:
            state = ComparerState.model_validate(proposal["value"])
        except ValidationError as error:
            findings = "; ".join(
                f"{'.'.join(map(str, found['loc']))}: {found['msg']}, got {found['input']!r:.60}"
                for found in error.errors()
            )
            msg = f"comparer: {findings}."
            raise InputError(msg) from None
        resolve_comparer(self._source.scores, state)
        told: dict[str, Any] = state.model_dump(mode="json")
        return told

    def _parcel(self, image_id: str, panel: str) -> Parcel:
        """Pack an image (panel "") or the cells of a panel."""
        if not panel:
            return pack_image(*self._source.image(image_id))
        if panel == REFERENCE:
            return pack_layer(self._source.reference(image_id))
        return pack_layer(self._source.predicted(image_id, panel))

    def _answer(self, _: object, content: Mapping[str, Any], _buffers: object) -> None:
        """Send what the browser asks for: it asks for what it shows, and keeps it."""
        image_id = content["image_id"]
        if content["kind"] == "parcel":
            reply = {"request": content["request"]}
            try:
                parcel = self._parcel(image_id, content["panel"])
            except InputError as error:
                self.send(reply | {"problem": str(error)})
            else:
                self.send(reply | {"about": parcel.about}, list(parcel.blocks))
            return
        cell = PickedCell.model_validate(content["cell"])
        if content["kind"] == "cell":
            self._on_cell(image_id, cell)
        elif self._on_inspect is not None:
            self._on_inspect(image_id, cell)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        frame = still_frame(self.static_html(), title="Comparer", height_px=FRAME_HEIGHT_PX)
        page = {"text/html": frame, "text/plain": repr(self)}
        if os.environ.get(PANELS_VARIABLE) == "still":
            return page, {}
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        # The widget where there is a kernel; the page where a saved notebook is made into HTML.
        return page | data, metadata


def comparer(
    source: ComparerSource,
    *,
    start: ComparerState | None = None,
    on_cell: OnCell = lambda _image_id, _cell: None,
    on_inspect: OnCell | None = None,
) -> Comparer:
    """Look at an image, its reference and what models found, with one pan and zoom for all.

    Keys: left and right walk through the images, W puts the hardest first, E and Shift+E step
    through cells that are not matched, O draws outlines, fills or nothing, C draws the curtain,
    plus, minus and 0 zoom, 1 to 9 switch panels, Escape forgets the cell. A click on a cell shows
    its record and its partner in every panel.

    Parameters
    ----------
    source
        Where images and cells come from, such as :func:`workbench.studies.run_pictures`.
    start
        What is shown first; by default the hardest image, the reference and the two best models.
    on_cell
        Called with the image id and the cell that was clicked on.
    on_inspect
        Called likewise at the key V, to open the cell elsewhere, in napari say.

    Returns
    -------
    Comparer
        In HTML made of the notebook it still works, with as many images as fit.

    Raises
    ------
    InputError
        If there is no image or no model, or the start names what is not there.
    """
    scores = source.scores
    if scores.empty or scores.shape[1] < 2:
        msg = (
            f"comparer: expected scores of at least one image and model, got {len(scores)} images "
            f"and {scores.shape[1] - 1} models; run the study first."
        )
        raise InputError(msg)
    return Comparer(source, start or first_state(scores), on_cell, on_inspect)


def describe_source(source: ComparerSource) -> dict[str, Any]:
    """Return what the browser must know before it asks: images, orders, models, colours."""
    scores = source.scores
    models = [str(name) for name in scores.columns if name != "image_id"]
    values = scores[models].round(4).astype(object).where(scores[models].notna(), None)
    return {
        "image_ids": [str(name) for name in scores["image_id"]],
        "models": models,
        "scores": {name: values[name].tolist() for name in models},
        "orders": image_orders(scores),
        "outcomes": dict(OUTCOME_COLOURS),
    }
