"""One call: napari, or the comparer at the same cell where there is no display."""

import sys

import pytest

from workbench import look
from workbench.schema import InputError
from workbench.studies import FailureChoice, RunView, chosen_failures


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


def test_in_a_notebook_without_a_display_the_comparer_shows_the_same_cell(
    real_view: RunView,
    no_display: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(look, "in_notebook", lambda: True)
    member = real_view.members[0]
    rows = chosen_failures(real_view, member, FailureChoice(error="missed"))
    first = rows.iloc[0]
    panel = look.inspect(real_view.run.root, model="otsu", beside="second", error="missed")
    assert panel.shown.image_id == first["image_id"]
    assert panel.shown.panels == ("reference", "otsu-0", "second-0")
    assert panel.state["cell"]["cell_id"] == first["cell_id"]
    row_px, column_px = panel.state["centre_px"]
    assert first["top_px"] <= row_px <= first["bottom_px"]
    assert first["left_px"] <= column_px <= first["right_px"]
    told = capsys.readouterr().out
    assert "no display" in told
    assert f"workbench inspect {real_view.run.root} --model otsu-0 --type missed" in told


def test_a_cell_asked_for_is_the_one_shown(real_view: RunView) -> None:
    member = real_view.members[0]
    cells = real_view.cells
    own = cells[(cells["model"] == "otsu") & (cells["outcome"] == "matched")]
    asked = own[own["side"] == "reference"].iloc[3]
    text = f"{asked['image_id']}:{asked['cell_id']}"
    panel = look.comparer_at(real_view, member, FailureChoice(cell=text))
    assert (panel.shown.image_id, panel.state["cell"]["cell_id"]) == (
        asked["image_id"],
        asked["cell_id"],
    )


def test_outside_of_notebooks_a_missing_display_is_a_mistake(
    disc_view: RunView, no_display: None
) -> None:
    with pytest.raises(InputError, match="no display"):
        look.inspect(disc_view)
    with pytest.raises(InputError, match="is called 'absent'"):
        look.inspect(disc_view, model="absent")


def test_qt_that_can_not_start_is_noticed_in_another_process(
    no_display: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.viewers import _display

    # As with a Wayland display that is named but not there: Qt would end the process.
    monkeypatch.setenv("WAYLAND_DISPLAY", "absent")
    monkeypatch.setenv("QT_QPA_PLATFORM", "wayland")
    monkeypatch.setattr(_display, "_x_server_answers", lambda: False)
    assert look.no_window()
