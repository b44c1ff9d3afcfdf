"""Broken runs are found from the run's own files, and told before the ranking."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from tests.studies.finished_runs import finished_run, scored_again
from workbench.analysis import audit_text
from workbench.report import Report, Section, render_markdown
from workbench.schema import Member
from workbench.studies import RunView, _report_run, run_faults
from workbench.studies._report_faults import fault_warnings, faults_section

METHOD = "architecture: otsu_watershed, settings: {smoothing_px: 2}"


@pytest.fixture
def sound(small_study: Callable[..., Path], tmp_path: Path) -> RunView:
    study = small_study(models=f"{{otsu_watershed: {{}}, other: {{{METHOD}}}}}")
    return finished_run(study, tmp_path / "run")


def broken(view: RunView, spoil: Callable[[np.ndarray], np.ndarray]) -> RunView:
    """The same run after all predictions of the second model were spoilt."""
    for path in view.run.prediction_folder(Member("other", 0)).glob("*.tif"):
        tifffile.imwrite(path, spoil(tifffile.imread(path)))
    return scored_again(view.run.root)


def test_a_sound_run_has_no_fault_and_says_on_what_that_rests(sound: RunView) -> None:
    found = run_faults(sound)
    assert found.faults.empty
    assert found.examined["n_images"].tolist() == [3, 3]
    assert fault_warnings(sound) == []
    assert "No model shows a fault" in " ".join(faults_section(sound).texts)


def test_the_broken_model_alone_is_named_in_section_and_summary(sound: RunView) -> None:
    view = broken(sound, lambda labels: (labels > 0).astype(np.uint8))
    (fault,) = run_faults(view).faults.itertuples()
    assert (fault.model, fault.cause, fault.n_images) == ("other", "foreground_only", 3)
    (warning,) = fault_warnings(view)
    assert warning.startswith("Broken run: other-0, foreground instead of cells, on 3 images")
    (table,) = faults_section(view).items
    assert table.frame["model"].tolist() == ["other-0"]


def test_the_report_warns_first_and_ranks_after(
    sound: RunView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_report_run, "provenance_section", lambda view: Section("Provenance"))
    view = broken(sound, lambda labels: (labels > 0).astype(np.uint8))
    sections = _report_run.run_sections(view)
    titles = [section.title for section in sections]
    assert titles.index("Broken runs") == 1 < titles.index("Ranking")
    assert sections[0].texts[0] == fault_warnings(view)[0]
    text = render_markdown(Report("discs", sections[:2], scores=view.scores))
    assert {finding.code for finding in audit_text(text)} <= {"few_images", "model_broken"}


def test_predictions_of_another_size_are_told_as_rescaled(sound: RunView) -> None:
    view = broken(sound, lambda labels: labels[::2, ::2])
    (fault,) = run_faults(view).faults.itertuples()
    assert fault.cause == "rescaled"
    assert fault.f1_as_is == 0


def test_a_result_is_kept_until_scores_change(
    sound: RunView, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_faults(sound)
    with monkeypatch.context() as patched:
        patched.setattr("workbench.studies._faults._scores_of", pytest.fail)
        again = run_faults(sound)
    assert again.examined.equals(first.examined)
    assert list(again.faults.columns) == list(first.faults.columns)
    view = broken(sound, np.zeros_like)
    assert run_faults(view).faults["cause"].tolist() == ["empty"]


def test_a_damaged_file_of_results_is_made_anew(sound: RunView) -> None:
    run_faults(sound)
    kept = sound.run.root / "scores" / "faults.json"
    kept.write_text("{")
    assert run_faults(sound).faults.empty
    assert kept.read_text().startswith('{"key"')


def test_missing_predictions_are_no_broken_run(sound: RunView) -> None:
    for path in sound.run.prediction_folder(Member("other", 0)).glob("*.tif"):
        path.unlink()
    view = scored_again(sound.run.root)
    assert run_faults(view).faults.empty


def test_a_model_below_the_baseline_is_told_so(
    sound: RunView, small_study: Callable[..., Path], tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    for path in sound.run.prediction_folder(Member("otsu_watershed", 0)).glob("*.tif"):
        labels = tifffile.imread(path)
        tifffile.imwrite(theirs / path.name, np.where(labels > 4, 0, labels))
    for models in (f"{{otsu_watershed: {{}}, theirs: {{predictions: {theirs}}}}}",
                   f"{{theirs: {{predictions: {theirs}}}}}"):  # fmt: skip
        view = finished_run(small_study(models=models), tmp_path / str(len(models)))
        (fault,) = run_faults(view).faults.itertuples()
        assert (fault.model, fault.cause) == ("theirs", "below_baseline")
        assert fault_warnings(view)[0].startswith("theirs-0 is clearly below the trivial baseline")


def test_fewer_images_are_looked_at_on_demand(sound: RunView) -> None:
    assert run_faults(sound, n_images=2).examined["n_images"].tolist() == [2, 2]
