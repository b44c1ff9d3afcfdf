"""The linked explorer of a data set: a cloud of images or cells beside their pictures."""

import os
from collections.abc import Callable, Mapping
from typing import Any, Final

import anywidget
import numpy as np
import pandas as pd
import traitlets
from pydantic import ValidationError

from workbench.analysis import main_grouping
from workbench.schema import InputError
from workbench.widgets._columns import Table, encode_table
from workbench.widgets._explorer_start import (
    ExplorerState,
    checked_table,
    describe_tables,
    first_look,
    with_image_facts,
)
from workbench.widgets._gallery import resolve_gallery
from workbench.widgets._pictures import Level, Pictures, row_picture
from workbench.widgets._still import SCRIPT, STYLE, describe_values, still_frame, still_page

PANELS_VARIABLE: Final = "WORKBENCH_PANELS"
"""Environment variable. With the value "still", panels come as pages that need no kernel, since
nobody is there to turn dials: for notebooks that run in batch."""

OnPick = Callable[[str, int | None], None]
OnKeep = Callable[[str, pd.DataFrame], None]


class DataExplorer(anywidget.AnyWidget):
    """A panel; made by :func:`data_explorer`.

    Attributes
    ----------
    state
        An :class:`ExplorerState` as a dictionary: follows the screen, and the screen follows it.
    """

    _esm = SCRIPT
    _css = STYLE
    schema = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    keeps = traitlets.Bool().tag(sync=True)

    def __init__(
        self,
        frames: Mapping[Level, pd.DataFrame],
        tables: Mapping[Level, Table],
        pictures: Pictures | None,
        start: ExplorerState,
        *,
        on_pick: OnPick,
        on_keep: OnKeep | None,
    ) -> None:
        self._frames = frames
        self._tables = tables
        self._pictures = pictures
        self._on_pick = on_pick
        self._on_keep = on_keep
        schema = describe_tables(tables)
        super().__init__(schema=schema, state=start.model_dump(), keeps=on_keep is not None)
        self.on_msg(self._answer)

    @property
    def chosen(self) -> pd.DataFrame:
        """Rows that are chosen now, in the gallery's order: all that pass if nothing is brushed.

        They follow from ``state`` alone, so they are the same where no browser is attached.
        """
        state = ExplorerState.model_validate(self.state)
        view = resolve_gallery(self._tables[state.level], getattr(state, state.level))
        return self._frames[state.level].iloc[view.rows]

    def change(self, level: Level = "images", **changes: Any) -> None:
        """Show a level with parts of its state replaced.

        Parameters
        ----------
        level
            "images" or "cells".
        changes
            Fields of :class:`GalleryState`.

        Raises
        ------
        InputError
            If a field, column or category does not exist.
        """
        self.state = {
            **self.state,
            "level": level,
            level: {**(self.state.get(level) or {}), **changes},
        }

    def keep(self, name: str) -> str:
        """Give what is chosen now a name, so that statistics and errors can be asked of it.

        Returns
        -------
        str
            What was kept, or why nothing was.
        """
        if self._on_keep is None:
            return "Nothing is kept here: the panel was opened without a place to keep slices."
        chosen = self.chosen
        try:
            self._on_keep(name, chosen)
        except InputError as error:
            return str(error)
        n_images = chosen["image_id"].nunique()
        cells = f"{len(chosen):,} cells in " if self.state["level"] == "cells" else ""
        return f"Kept {cells}{n_images:,} images as {name.strip()!r}."

    def static_html(self, *, max_mb: float = 6.0) -> str:
        """Return a page of its own that still filters, sorts and brushes, without a kernel.

        Parameters
        ----------
        max_mb
            Pictures are left out from where the page would be larger. Which are in follows from
            the state: first those it shows, then an even choice of the others. Of more than
            20,000 cells a random choice is in the page. The page says what is left out.

        Returns
        -------
        str
            HTML; it loads nothing.
        """
        shown = pd.Index(self._frames["images"]["image_id"]).get_indexer(
            self.chosen["image_id"].unique()
        )
        return still_page(
            self.schema,
            self.state,
            self._tables,
            self._pictures,
            first_images=shown[shown >= 0],
            max_mb=max_mb,
        )

    @traitlets.validate("state")
    def _check_state(self, proposal: Mapping[str, Any]) -> dict[str, Any]:
        if proposal["value"].get("level") == "cells" and "cells" not in self._tables:
            msg = "explorer: there are no cells to show; give data_explorer a table of cells."
            raise InputError(msg)
        try:
            state = ExplorerState.model_validate(proposal["value"])
        except ValidationError as error:
            findings = "; ".join(
                f"{'.'.join(map(str, found['loc']))}: {found['msg']}, got {found['input']!r:.60}"
                for found in error.errors()
            )
            msg = f"explorer: {findings}."
            raise InputError(msg) from None
        for level, table in self._tables.items():
            resolve_gallery(table, getattr(state, level))
        return state.model_dump()

    def _answer(self, _: object, content: Mapping[str, Any], _buffers: object) -> None:
        """Send what the browser asks for; it asks for what it shows, never for all."""
        if content["kind"] == "keep":
            self.send({"request": content["request"], "text": self.keep(content["name"])})
            return
        level: Level = content["level"]
        reply: dict[str, Any] = {"request": content.get("request")}
        if content["kind"] == "column":
            column = self._tables[level].columns[content["name"]]
            self.send(reply | describe_values(column), [column.data.tobytes()])
            return
        rows = self._frames[level].iloc[content["rows"]].to_dict("records")
        if content["kind"] == "pictures":
            how = {"level": level, "outlined": content["outlined"], "large": content["large"]}
            self.send(reply, [row_picture(self._pictures, row, **how) for row in rows])
        elif content["kind"] == "facts":
            facts = [{str(name): _plain(value) for name, value in row.items()} for row in rows]
            self.send(reply | {"facts": facts})
        elif content["kind"] == "pick":
            for row in rows:
                cell_id = int(row["cell_id"]) if level == "cells" else None
                self._on_pick(str(row["image_id"]), cell_id)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        page = {"text/html": still_frame(self.static_html()), "text/plain": repr(self)}
        if os.environ.get(PANELS_VARIABLE) == "still":
            return page, {}
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        # The widget where there is a kernel; the page where a saved notebook is made into HTML.
        return page | data, metadata


def data_explorer(
    images: pd.DataFrame,
    cells: pd.DataFrame | None = None,
    thumbnails: Pictures | None = None,
    *,
    on_pick: OnPick = lambda _image_id, _cell_id: None,
    on_keep: OnKeep | None = None,
) -> DataExplorer:
    """Look at a data set as a cloud of images, or of cells, beside their pictures.

    Any two numbers make the axes. What is brushed in the cloud is shown in the gallery, which any
    column sorts and any category filters; a picture opens large, with all that is known of it.

    Parameters
    ----------
    images
        One row per image: ``image_id``, each once; any numbers and categories, such as
        :func:`workbench.datasets.survey_dataset` finds.
    cells
        One row per cell: ``image_id``, ``cell_id`` and any numbers. Categories of their images are
        theirs too.
    thumbnails
        Pictures of the images, from :func:`workbench.studies.make_thumbnails`.
    on_pick
        Called with the image id, and the cell id or None, of a picture that is opened.
    on_keep
        Called with a name and the rows that are chosen, to keep them as a slice; None shows no
        field for a name.

    Returns
    -------
    DataExplorer
        Its ``chosen`` are the rows on screen. In HTML made of the notebook it still works, with
        as much of the data as fits.

    Raises
    ------
    InputError
        If a table is empty, lacks its ids or any number, or repeats an image.

    Examples
    --------
    >>> facts = pd.DataFrame({"image_id": ["a", "b", "c"], "n_cells": [5, 40, 9],
    ...                       "foreground": [0.1, 0.5, 0.2]})
    >>> explorer = data_explorer(facts)
    >>> explorer.change(brush=(8, 50, 0, 1), sort="n_cells", descending=True)
    >>> list(explorer.chosen["image_id"])
    ['b', 'c']
    """
    frames: dict[Level, pd.DataFrame] = {"images": checked_table(images, "images")}
    tables: dict[Level, Table] = {"images": encode_table(images)}
    if cells is not None:
        categories = tables["images"].of_kind("category")
        joined = with_image_facts(checked_table(cells, "cells"), images[["image_id", *categories]])
        frames["cells"], tables["cells"] = joined, encode_table(joined)
    start = first_look(tables, main_grouping(images))
    return DataExplorer(frames, tables, thumbnails, start, on_pick=on_pick, on_keep=on_keep)


def _plain(value: Any) -> str | float | None:
    """Return a value of a table as JSON knows it."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | float | np.number):
        return float(value) if np.isfinite(value) else None
    return None if pd.isna(value) else str(value)
