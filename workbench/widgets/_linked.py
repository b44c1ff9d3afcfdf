"""The panels of a comparison, linked: what is picked in one is opened in the comparer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from workbench.studies import (
    ComparisonView,
    explored_cells,
    explored_images,
    keep_chosen,
    make_thumbnails,
    run_pictures,
)
from workbench.widgets._comparer import Comparer, comparer
from workbench.widgets._comparer_state import REFERENCE, PickedCell
from workbench.widgets._explorer import DataExplorer, data_explorer
from workbench.widgets._leaderboard import Leaderboard, leaderboard

NO_RUN: Final = "Needs a run whose images are at hand: a table of scores has none."


@dataclass(frozen=True, eq=False)
class LinkedPanels:
    """The panels of a comparison; made by :func:`linked_panels`.

    Each is made when it is first asked for.

    Attributes
    ----------
    view
        What is compared.
    """

    view: ComparisonView

    @cached_property
    def leaderboard(self) -> Leaderboard:
        """Models by measure and slice; an image of a list is opened in the comparer."""
        return leaderboard(self.view.boards, on_image=self._show_of_model)

    @cached_property
    def explorer(self) -> DataExplorer | None:
        """Images and reference cells with their scores; a picture is opened in the comparer.

        What is chosen can be kept as a slice of the run. None where there is no run.
        """
        run = self.view.run
        if run is None:
            return None
        images = explored_images(run)
        scored = set(images["image_id"])
        records = tuple(record for record in run.dataset.records if record.image_id in scored)
        return data_explorer(
            images,
            explored_cells(run),
            make_thumbnails(replace(run.dataset, records=records), run.run.explore_cache),
            on_pick=self._show_cell,
            on_keep=keep_chosen(run),
        )

    @cached_property
    def comparer(self) -> Comparer | None:
        """Images with their reference and what models found; None where there is no run."""
        return None if self.view.run is None else comparer(run_pictures(self.view.run))

    @property
    def note(self) -> str:
        """What stands in the place of a panel that there is not."""
        return NO_RUN

    def _show_of_model(self, image_id: str, model: str) -> None:
        """Open an image beside the first seed of a model."""
        if self.comparer is not None and self.view.run is not None:
            member = next(m for m in self.view.run.members if m.model == model)
            self.comparer.go_to(image_id, panel=member.name)
            self.comparer.come()

    def _show_cell(self, image_id: str, cell_id: int | None) -> None:
        """Show what is open in the explorer; the page stays, since somebody looks there."""
        if self.comparer is not None:
            cell = cell_id and PickedCell(panel=REFERENCE, side="reference", cell_id=cell_id)
            self.comparer.go_to(image_id, cell or None)


def linked_panels(view: ComparisonView) -> LinkedPanels:
    """Return the leaderboard, the explorer and the comparer of a comparison, linked.

    A line of a list below the leaderboard, or a picture opened in the explorer, is opened in the
    comparer: the image, beside the model of the list, or with the record of the cell.

    Parameters
    ----------
    view
        From :func:`workbench.studies.open_comparison`; of a table of scores there is a leaderboard
        alone.

    Returns
    -------
    LinkedPanels
        Show each where it fits.
    """
    return LinkedPanels(view)
