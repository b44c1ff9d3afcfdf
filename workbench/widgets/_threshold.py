"""The threshold panel: move thresholds and decoder settings, and see what becomes of cells."""

import json
import os
from collections.abc import Mapping
from typing import Any

import anywidget
import traitlets
from pydantic import ValidationError

from workbench.schema import InputError
from workbench.widgets._comparer_state import AS_LISTED, image_orders
from workbench.widgets._comparer_wire import Parcel, pack_image, pack_layer
from workbench.widgets._explorer import PANELS_VARIABLE
from workbench.widgets._still import still_frame
from workbench.widgets._threshold_state import (
    ThresholdSource,
    ThresholdState,
    ThresholdView,
    refuse_unknown,
    resolve_threshold,
)
from workbench.widgets._threshold_still import SCRIPT, STYLE, threshold_page
from workbench.widgets._threshold_wire import (
    describe_source,
    pack_found,
    pack_grid,
    pack_outcomes,
)

FRAME_HEIGHT_PX = 800
TITLE = "Thresholds and decoder"


class ThresholdPanel(anywidget.AnyWidget):
    """A panel; made by :func:`threshold_panel`.

    Attributes
    ----------
    state
        A :class:`ThresholdState` as a dictionary: follows the screen, and the screen follows it.
    """

    _esm = SCRIPT
    _css = STYLE
    schema = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)

    def __init__(self, source: ThresholdSource, start: ThresholdState, n_images: int) -> None:
        self._source = source
        self._n_images = n_images
        schema = describe_source(source)
        super().__init__(schema=schema, state=start.model_dump(mode="json"))
        self.on_msg(self._answer)

    @property
    def shown(self) -> ThresholdView:
        """What is on screen; it follows from ``state`` alone, with or without a browser."""
        return resolve_threshold(self._source, ThresholdState.model_validate(self.state))

    def change(self, **changes: Any) -> None:
        """Replace parts of the state; another image or member begins with its own decoder.

        Parameters
        ----------
        changes
            Fields of :class:`ThresholdState`.

        Raises
        ------
        InputError
            If a field or what it names does not exist.
        """
        other = not {"image_id", "member"}.isdisjoint(changes)
        self.state = {**self.state, **({"decoder": None} if other else {}), **changes}

    def static_html(self, *, max_mb: float = 4.0) -> str:
        """Return a page of its own on which thresholds still move; it loads nothing.

        Parameters
        ----------
        max_mb
            The page holds the image on screen, then the worst ones, as long as it stays below
            this; it says how many. The decoder's settings stay as they are: they need the network.

        Returns
        -------
        str
            HTML.
        """
        state = ThresholdState.model_validate(self.state)
        order = image_orders(self._source.scores)[state.member]
        image_ids = [self.schema["image_ids"][row] for row in order]
        worst = [image_id for image_id in image_ids if image_id != state.image_id]
        wanted = [state.image_id, *worst][: self._n_images]
        return threshold_page(
            self.schema, self.state, self._embedded, image_ids=wanted, max_mb=max_mb
        )

    @traitlets.validate("state")
    def _check_state(self, proposal: Mapping[str, Any]) -> dict[str, Any]:
        try:
            state = ThresholdState.model_validate(proposal["value"])
        except ValidationError as error:
            findings = "; ".join(
                f"{'.'.join(map(str, found['loc']))}: {found['msg']}, got {found['input']!r:.60}"
                for found in error.errors()
            )
            msg = f"threshold panel: {findings}."
            raise InputError(msg) from None
        refuse_unknown(self._source.scores, state)
        choice = self._source.decoders(state.image_id, state.member)
        if state.decoder is not None and choice.own is None:
            raise InputError(choice.note)
        told: dict[str, Any] = state.model_dump(mode="json")
        return told

    def _embedded(self, image_id: str, what: str) -> Parcel:
        """Pack what a page needs of an image: "", "reference", "cells NAME" or "grid NAME"."""
        kind, _, member = what.partition(" ")
        if kind not in ("cells", "grid"):
            return self._parcel(image_id, what)
        of_page = ThresholdState.model_validate(self.state)
        is_shown = (image_id, member) == (of_page.image_id, of_page.member)
        found = self._source.found(image_id, member, of_page.decoder if is_shown else None)
        if kind == "grid":
            return pack_grid(found)
        return pack_found(found, self._source.decoders(image_id, member))

    def _parcel(self, image_id: str, panel: str) -> Parcel:
        """Pack an image (panel ""), its reference, or what a state given as JSON asks for."""
        if not panel:
            return pack_image(*self._source.image(image_id))
        if panel == "reference":
            return pack_layer(self._source.reference(image_id))
        asked = json.loads(panel)
        kind = asked.pop("kind")
        state = ThresholdState.model_validate(asked | {"image_id": image_id})
        found = self._source.found(image_id, state.member, state.decoder)
        if kind == "cells":
            return pack_found(found, self._source.decoders(image_id, state.member))
        return pack_outcomes(found, state)

    def _answer(self, _: object, content: Mapping[str, Any], _buffers: object) -> None:
        """Send what the browser asks for: it asks for what it shows, and keeps it."""
        reply = {"request": content["request"]}
        try:
            parcel = self._parcel(content["image_id"], content["panel"])
        except InputError as error:
            self.send(reply | {"problem": str(error)})
        else:
            self.send(reply | {"about": parcel.about}, list(parcel.blocks))

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        frame = still_frame(self.static_html(), title=TITLE, height_px=FRAME_HEIGHT_PX)
        page = {"text/html": frame, "text/plain": repr(self)}
        if os.environ.get(PANELS_VARIABLE) == "still":
            return page, {}
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return page | data, metadata


def threshold_panel(
    source: ThresholdSource,
    *,
    member: str | None = None,
    image_id: str | None = None,
    n_images: int = 4,
) -> ThresholdPanel:
    """Move the IoU threshold, the confidence cut or the decoder's settings, and see what follows.

    Networks are asked once per image. A threshold or a cut never decodes again, and a decoder's
    setting never asks the network again. Keys: left and right walk through the images, O draws
    outlines, fills or nothing, plus, minus and 0 zoom.

    Parameters
    ----------
    source
        Where cells come from, such as :func:`workbench.studies.run_decodings`.
    member
        Whose cells are shown first; by default the best one.
    image_id
        What is shown first; by default the worst image of the member.
    n_images
        How many images the page holds that works without a kernel.

    Returns
    -------
    ThresholdPanel
        In HTML made of the notebook thresholds still move; the decoder's settings do not, since
        they need the network.

    Raises
    ------
    InputError
        If there is no image or no member, or none of that name.
    """
    scores = source.scores
    if scores.empty or scores.shape[1] < 2:
        msg = (
            f"threshold panel: expected scores of at least one image and member, got {len(scores)} "
            f"images and {scores.shape[1] - 1} members; run the study first."
        )
        raise InputError(msg)
    if member is None:
        means = scores.drop(columns="image_id").mean()
        member = str(means.idxmax() if means.notna().any() else means.index[0])
    orders = image_orders(scores)
    place = orders.get(member, orders[AS_LISTED])[0]
    chosen = image_id or str(scores["image_id"].iloc[place])
    start = ThresholdState(image_id=chosen, member=member)
    refuse_unknown(scores, start)
    return ThresholdPanel(source, start, n_images)
