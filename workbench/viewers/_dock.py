"""The dock widget: the list of failures, verdicts, corrections. It shows an inspector's state."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pandas as pd
from qtpy.QtCore import QAbstractTableModel, Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from workbench.schema import ERROR_TYPES, OUTCOME_COLOURS, OUTCOMES, InputError
from workbench.studies import slice_names
from workbench.viewers._inspector import JUDGEMENTS, KEYS, Inspector
from workbench.viewers._layers import FOCUS_COLOUR, PREDICTED_COLOUR, REFERENCE_COLOUR

COLUMNS: Final = {
    "error": "Type",
    "image_id": "Image",
    "n_cells": "Cells",
    "gain": "F1 gain",
    "judgement": "Verdict",
}
ALL_TYPES: Final = "all types"
ALL_IMAGES: Final = "all images"
ALONE: Final = "nobody"
WIDTH_PX: Final = 380


class FailureTable(QAbstractTableModel):  # type: ignore[misc]
    """The rows of an inspector, for Qt; however many they are, only those in sight are asked for.

    Parameters
    ----------
    inspector
        Whose list.
    """

    def __init__(self, inspector: Inspector) -> None:
        super().__init__()
        self._inspector = inspector
        self._shown = inspector.rows

    def follow(self) -> None:
        """Tell Qt if the list has changed."""
        if self._shown is not self._inspector.rows:
            self.beginResetModel()
            self._shown = self._inspector.rows
            self.endResetModel()

    def rowCount(self, parent: Any = None) -> int:  # noqa: N802 - Qt's name, as below
        """Return the number of failures."""
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def columnCount(self, parent: Any = None) -> int:  # noqa: N802
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def data(self, index: Any, role: int = Qt.DisplayRole) -> Any:
        """Return what Qt asks for of a place of the table."""
        column = list(COLUMNS)[index.column()]
        value = self._shown[column].iloc[index.row()]
        if role == Qt.DisplayRole:
            return cell_text(column, value)
        if role == Qt.DecorationRole and column == "error":
            return QColor(OUTCOME_COLOURS[value])
        if role == Qt.ToolTipRole:
            return failure_text(self._shown.iloc[index.row()])
        return None

    def headerData(self, place: int, orientation: Any, role: int = Qt.DisplayRole) -> Any:  # noqa: N802
        """Return the name of a column, or the number of a row."""
        if role != Qt.DisplayRole:
            return None
        if orientation == Qt.Horizontal:
            return list(COLUMNS.values())[place]
        return str(place + 1)

    def sort(self, column: int, order: Any = Qt.AscendingOrder) -> None:
        """Sort the inspector's list."""
        if column >= 0:
            descending = order == Qt.DescendingOrder
            self._inspector.sort_by(list(COLUMNS)[column], descending=descending)


class KeylessTable(QTableView):  # type: ignore[misc]
    """A table that leaves letters to the window: they are keys of the inspector."""

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802
        """Pass letters on."""
        if event.text().isalpha():
            event.ignore()
            return
        super().keyPressEvent(event)


class FailureDock(QWidget):  # type: ignore[misc]
    """List, verdicts and corrections of an inspector.

    Parameters
    ----------
    inspector
        What is shown; the dock follows it, and it follows the dock.
    """

    def __init__(self, inspector: Inspector) -> None:
        super().__init__()
        self.inspector = inspector
        self.table = KeylessTable()
        self.model = FailureTable(inspector)
        self.facts, self.notice = _wrapped(), _wrapped()
        self.note, self.reviewer = QLineEdit(), QLineEdit(inspector.reviewer)
        names = [member.name for member in inspector.scenes.members]
        self.member, self.beside = _menu(names), _menu([ALONE, *names])
        self.error = _menu([ALL_TYPES, *ERROR_TYPES])
        self.slice = _menu([ALL_IMAGES, *slice_names(inspector.view)])
        self.worst = QSpinBox()
        self._lay_out()
        self._connect()
        inspector.listeners.append(self.follow)
        self.setMinimumWidth(WIDTH_PX)
        self.follow()

    def follow(self) -> None:
        """Show the inspector as it is now."""
        inspector = self.inspector
        self.model.follow()
        if inspector.place >= 0:
            self.table.selectRow(inspector.place)
        else:
            self.table.clearSelection()
        choice = inspector.choice
        beside = ALONE if inspector.beside is None else inspector.beside.name
        for menu, text in (
            (self.member, inspector.member.name),
            (self.beside, beside),
            (self.error, choice.error or ALL_TYPES),
            (self.slice, choice.slice_name or ALL_IMAGES),
        ):
            if menu.findText(text) < 0:
                menu.addItem(text)
            menu.setCurrentText(text)
        self.worst.blockSignals(True)
        self.worst.setValue(choice.worst or 0)
        self.worst.blockSignals(False)
        row = inspector.row
        self.facts.setText("" if row is None else failure_text(row))
        self.notice.setText(inspector.notice)

    def _lay_out(self) -> None:
        self.table.setModel(self.model)
        # No column is sorted by at first: the list begins with what is worth most.
        self.table.horizontalHeader().setSortIndicator(-1, Qt.AscendingOrder)
        self.table.setSortingEnabled(True)
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.Stretch)
        for place, width in ((0, 104), (2, 48), (3, 62), (4, 84)):
            self.table.setColumnWidth(place, width)
        self.table.verticalHeader().setDefaultSectionSize(22)
        self.table.setSelectionBehavior(QTableView.SelectRows)
        self.table.setSelectionMode(QTableView.SingleSelection)
        self.table.setMinimumHeight(150)
        self.worst.setRange(0, max(1, self.inspector.view.scores["image_id"].nunique()))
        self.worst.setSpecialValueText("all")
        self.note.setPlaceholderText("note for the next verdict or correction")
        self.reviewer.setPlaceholderText("your name or initials")
        grid = QGridLayout()
        for place, (text, part) in enumerate(
            (
                ("Model", self.member),
                ("Beside", self.beside),
                ("Type", self.error),
                ("Images", self.slice),
                ("Worst images", self.worst),
                ("Reviewer", self.reviewer),
            )
        ):
            grid.addWidget(QLabel(text), place // 2, 2 * (place % 2))
            grid.addWidget(part, place // 2, 2 * (place % 2) + 1)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addLayout(grid)
        column.addWidget(self.table, 1)
        column.addWidget(self.facts)
        column.addWidget(self.note)
        column.addLayout(self._buttons())
        column.addWidget(self.notice)
        column.addWidget(QLabel(legend_html()))

    def _buttons(self) -> QGridLayout:
        inspector = self.inspector
        actions: list[tuple[str, str, Callable[[], Any]]] = [
            (f"{text.capitalize()} ({key})", KEYS[key], partial(inspector.judge, text))
            for text, key in zip(JUDGEMENTS, "QWR", strict=True)
        ]
        actions += [
            ("Correct (K)", "Paint in the reference", inspector.correct),
            ("Take model's", "Put the model's cells in the reference's place",
             inspector.take_predicted),
            ("Drop edits", "Show the stored reference again", inspector.drop_edits),
            ("Save correction (⇧K)", "Save a new version of the annotation, and score it",
             inspector.save_correction),
            ("Previous (⇧N)", KEYS["Shift-N"], inspector.previous_failure),
            ("Next (N)", KEYS["N"], inspector.next_failure),
        ]  # fmt: skip
        grid = QGridLayout()
        grid.setSpacing(4)
        for place, (text, hint, action) in enumerate(actions):
            button = QPushButton(text)
            button.setToolTip(hint)
            button.clicked.connect(lambda _checked, run=action: run())
            grid.addWidget(button, place // 3, place % 3)
        return grid

    def _connect(self) -> None:
        self.table.clicked.connect(lambda index: self.inspector.go(index.row()))
        self.member.textActivated.connect(lambda name: self._try(self.inspector.set_member, name))
        self.beside.textActivated.connect(self._put_beside)
        for menu in (self.error, self.slice):
            menu.textActivated.connect(lambda _text: self._choose())
        self.worst.valueChanged.connect(lambda _value: self._choose())
        self.note.textChanged.connect(lambda text: setattr(self.inspector, "note", text))
        self.reviewer.textChanged.connect(lambda text: setattr(self.inspector, "reviewer", text))
        for line in (self.note, self.reviewer):
            line.returnPressed.connect(self.table.setFocus)

    def _put_beside(self, name: str) -> None:
        self._try(self.inspector.compare_with, None if name == ALONE else name)

    def _choose(self) -> None:
        error, where = self.error.currentText(), self.slice.currentText()
        choice = replace(
            self.inspector.choice,
            error="" if error == ALL_TYPES else error,
            slice_name="" if where == ALL_IMAGES else where,
            worst=self.worst.value() or None,
            cell="",
        )
        self._try(self.inspector.choose, choice)

    def _try(self, action: Callable[[Any], Any], value: Any) -> None:
        try:
            action(value)
        except InputError as error:
            self.follow()
            self.notice.setText(str(error))
        # Menus take letters, too.
        self.table.setFocus()


def cell_text(column: str, value: Any) -> str:
    """Return a value as the table shows it.

    Examples
    --------
    >>> cell_text("gain", 0.0312), cell_text("gain", float("nan")), cell_text("error", "merge")
    ('0.031', '', 'merge')
    """
    if column == "gain":
        return "" if pd.isna(value) else f"{value:.3f}"
    return str(value)


def failure_text(row: pd.Series) -> str:
    """Return what is known of a failure, in words.

    Examples
    --------
    >>> row = {"error": "merge", "detail": "fused", "wrong_reference": (3, 4),
    ...        "wrong_predicted": (9,), "side": "reference", "cell_id": 3,
    ...        "partner_iou": 0.413, "confidence": float("nan"), "gain": 0.02}
    >>> failure_text(pd.Series(row))
    'merge, fused: reference 3, 4; predicted 9. Best IoU of reference 3: 0.41. Correcting it adds \
0.020 to the F1 of its image.'
    """
    what = ", ".join(filter(None, (row["error"], row["detail"])))
    sides = (("reference", row["wrong_reference"]), ("predicted", row["wrong_predicted"]))
    who = [f"{side} {', '.join(map(str, ids))}" for side, ids in sides if len(ids)]
    cells = "; ".join(who) or f"{row['side']} {row['cell_id']}"
    text = f"{what}: {cells}. Best IoU of {row['side']} {row['cell_id']}: {row['partner_iou']:.2f}."
    if not pd.isna(row["confidence"]):
        text += f" Confidence {row['confidence']:.2f}."
    if not pd.isna(row["gain"]):
        text += f" Correcting it adds {row['gain']:.3f} to the F1 of its image."
    return text


def legend_html() -> str:
    """Return the colours of the layers in three columns."""
    entries = [
        f'<span style="color:{OUTCOME_COLOURS[one]}">&#9632;</span> {one}' for one in OUTCOMES
    ]
    entries += [
        f'<span style="color:{colour}; background-color:#555">&#9633;</span> {text}'
        for colour, text in (
            (REFERENCE_COLOUR, "reference"),
            (PREDICTED_COLOUR, "prediction"),
            (FOCUS_COLOUR, "this failure"),
        )
    ]
    n_rows = -(-len(entries) // 3)
    rows = [entries[place::n_rows] for place in range(n_rows)]
    cells = ["".join(f"<td>{entry}&nbsp;&nbsp;</td>" for entry in row) for row in rows]
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def _menu(names: list[str]) -> QComboBox:
    menu = QComboBox()
    menu.addItems(names)
    menu.setSizeAdjustPolicy(QComboBox.AdjustToMinimumContentsLengthWithIcon)
    menu.setMinimumContentsLength(10)
    return menu


def _wrapped() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    return label
