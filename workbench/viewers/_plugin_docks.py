"""Dock widgets of the plugin: a run's failures, a data set's images, chosen from a folder."""

from pathlib import Path
from typing import Any

from qtpy.QtCore import QStringListModel, Qt
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from workbench.datasets import Dataset
from workbench.schema import InputError
from workbench.studies import find_member, open_view
from workbench.viewers._dock import FailureDock
from workbench.viewers._inspector import Inspector
from workbench.viewers._layers import REFERENCE, draw_cells, show_layers
from workbench.viewers._plugin import open_any, record_layers, run_folder


class _FolderDock(QWidget):  # type: ignore[misc]
    """A button that asks for a folder, and a line for what went wrong."""

    prompt = ""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.viewer = viewer
        self.notice = QLabel("")
        self.notice.setWordWrap(True)
        self.button = QPushButton(self.prompt)
        self.button.clicked.connect(lambda _checked: self._ask())
        self.column = QVBoxLayout(self)
        self.column.addWidget(self.button)
        self.column.addWidget(self.notice)
        self.column.setAlignment(Qt.AlignTop)

    def open(self, folder: Path) -> None:
        """Show what lies in a folder; a mistake is told below the button."""
        try:
            self._show(folder)
            self.notice.setText("")
        except InputError as error:
            self.notice.setText(str(error))

    def _ask(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.prompt)
        if folder:
            self.open(Path(folder))

    def _show(self, folder: Path) -> None:
        raise NotImplementedError


class failures_widget(_FolderDock):  # noqa: N801 - a command of the plugin
    """The failures of a run that is chosen here.

    Parameters
    ----------
    napari_viewer
        napari gives it by this name.
    """

    prompt = "Open a run …"

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.dock: FailureDock | None = None

    def _show(self, folder: Path) -> None:
        view = open_view(run_folder(folder) or folder)
        inspector = Inspector(self.viewer, view, find_member(view))
        if self.dock is not None:
            self.column.removeWidget(self.dock)
            self.dock.deleteLater()
        self.dock = FailureDock(inspector)
        self.column.addWidget(self.dock)


class images_widget(_FolderDock):  # noqa: N801
    """The images of a data set that is chosen here, with their reference.

    Parameters
    ----------
    napari_viewer
        napari gives it by this name.
    """

    prompt = "Open a data set …"

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.dataset: Dataset | None = None
        self.names = QStringListModel()
        self.images = QListView()
        self.images.setModel(self.names)
        self.images.setUniformItemSizes(True)
        self.images.selectionModel().currentChanged.connect(lambda now, _: self.go(now.row()))
        self.column.addWidget(self.images, 1)
        steps = QHBoxLayout()
        for text, by in (("Previous", -1), ("Next", 1)):
            button = QPushButton(text)
            button.clicked.connect(lambda _checked, step=by: self._step(step))
            steps.addWidget(button)
        self.column.addLayout(steps)

    def go(self, place: int) -> None:
        """Show an image of the data set, counted from 0."""
        if self.dataset is None or place < 0:
            return
        try:
            show_layers(self.viewer, record_layers(self.dataset.records[place]))
            self.notice.setText("")
        except InputError as error:
            self.notice.setText(str(error))
            return
        if REFERENCE in self.viewer.layers:
            draw_cells(self.viewer.layers[REFERENCE], filled=False)
        self.viewer.reset_view()

    def _show(self, folder: Path) -> None:
        self.dataset = open_any(folder)
        self.names.setStringList([record.image_id for record in self.dataset.records])
        self.images.setCurrentIndex(self.names.index(0))

    def _step(self, by: int) -> None:
        count = self.names.rowCount()
        if count:
            place = (self.images.currentIndex().row() + by) % count
            self.images.setCurrentIndex(self.names.index(place))
