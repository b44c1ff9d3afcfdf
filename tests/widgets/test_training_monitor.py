"""The training monitor: what it shows, that it follows files, and its page."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.browser import chromium
from tests.studies.test_training_progress import enter, history, write_training
from workbench.inference import ModelDescription
from workbench.schema import InputError
from workbench.store import Run, lock_run, write_text
from workbench.studies import TrainingProgress
from workbench.widgets import resolve_monitor, training_monitor


@pytest.fixture
def run(small_study: Callable[..., Path], tmp_path: Path) -> Run:
    run = Run(tmp_path / "run")
    write_text(run.study_file, small_study(models="[unet, tiny_cnn]").read_text())
    return run


def test_epochs_without_a_validation_are_gaps() -> None:
    content = resolve_monitor([TrainingProgress("unet-0", "running", history(3), n_epochs=4)])
    (network,) = content["networks"]
    assert network["validation_f1"] == [None, 0.1, None]
    assert network["epoch"] == [1, 2, 3]
    assert content["going"]


def test_ended_trainings_are_not_asked_for_again() -> None:
    assert not resolve_monitor([TrainingProgress("unet-0", "done", history(3))])["going"]


def test_a_study_without_training_says_so() -> None:
    assert resolve_monitor([])["note"] == "No model of this study is trained here."


def test_it_follows_a_training_of_another_process(run: Run) -> None:
    monitor = training_monitor(run.root)
    assert not monitor.look()
    enter(run, "running")
    with lock_run(run.root):
        output = run.staging / "train-unet-0-abc" / "output"
        for n_epochs in (1, 2):
            write_training(output, n_epochs=n_epochs)
            monitor._answer(None, {"kind": "look"}, [])
            assert len(monitor.content["networks"][0]["epoch"]) == n_epochs
        assert list(monitor.histories) == ["unet-0"]
    # The process is gone, though no file has changed.
    monitor.look()
    assert monitor.content["networks"][0]["state"] == "stopped"


def test_a_file_is_not_a_run(tmp_path: Path) -> None:
    (tmp_path / "scores.csv").touch()
    with pytest.raises(InputError, match="expected the folder of a run or of a training"):
        training_monitor(tmp_path / "scores.csv")


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.usefixtures("needs_chromium")
def test_the_page_shows_curves_that_can_be_hidden_offline(run: Run, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    write_training(run.root / "models" / "unet-0", n_epochs=6)
    enter(run, "failed", "InputError: </script> no image")
    page_file = tmp_path / "monitor.html"
    page_file.write_text(training_monitor(run.root).static_html(), encoding="utf-8")
    with chromium() as browser:
        page = browser.new_context(viewport={"width": 1366, "height": 700}, offline=True).new_page()
        page.goto(page_file.as_uri())
        lines = page.locator(".wbm-state li")
        expect(lines.nth(0)).to_contain_text("failed: InputError: </script> no image, epoch 6 of 8")
        expect(lines.nth(1)).to_contain_text("no training yet")
        expect(page.locator("svg.wbl")).to_have_count(3)
        expect(page.locator("svg.wbl circle")).to_have_count(6)
        page.get_by_role("button", name="unet-0").click()
        expect(page.locator("svg.wbl")).to_have_count(0)


def test_a_validation_image_shows_what_the_best_weights_so_far_find(run: Run) -> None:
    import torch

    output = run.staging / "train-unet-0-abc" / "output"
    write_training(output, n_epochs=2)
    enter(run, "failed")
    monitor = training_monitor(run.root)
    monitor.show_validation("unet-0")
    assert "no weights have been validated yet" in monitor.content["picture"]["title"]
    network = ModelDescription(architecture="unet").build()
    state = {f"network.{name}": value for name, value in network.state_dict().items()}
    torch.save({"state_dict": state}, output / "best.ckpt")
    monitor._answer(None, {"kind": "validation", "name": "unet-0"}, [])
    picture = monitor.content["picture"]
    assert picture["title"].startswith("unet-0, weights of epoch 2, validation image im1")
    assert base64.b64decode(picture["jpeg"]).startswith(b"\xff\xd8")
    assert picture["jpeg"] in monitor.static_html()
