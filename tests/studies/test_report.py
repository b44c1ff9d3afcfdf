"""The report of the demo run."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from scripts.browser import chromium, find_chromium
from tests.conftest import run_workbench
from workbench.analysis import audit_text
from workbench.report import summary_table
from workbench.schema import InputError, Member
from workbench.store import read_scores
from workbench.studies import (
    find_member,
    images_worst_first,
    load_overlay,
    open_view,
    read_study,
)
from workbench.studies._report_run import run_sections
from workbench.studies._report_training import what_seeds_allow

pytestmark = pytest.mark.slow


def test_it_has_every_part(demo_run: Path) -> None:
    sections = run_sections(open_view(demo_run))
    titles = [section.title for section in sections if section.level == 2]
    # Robustness is there once notebook 10 has measured it, which its own test does.
    assert [title for title in titles if title != "Robustness"] == [
        "Executive summary", "Broken runs", "Scores", "Statistics", "Ranking",
        "Scores by number of cells", "Kinds of images", "Errors", "Where the best two differ",
        "What to look at first", "Effect on biology", "Each model", "Recommendations",
        "Calibration", "Encodings", "Model sources", "Training", "Costs", "Samples",
        "Best and worst images", "Provenance",
    ]  # fmt: skip


def test_every_form_of_it_is_there(demo_run: Path) -> None:
    names = {path.name for path in (demo_run / "report").iterdir()}
    forms = {"report.html", "report.md", "report.txt", "report.tex", "tables"}
    assert forms | ({"report.pdf"} if find_chromium() else set()) <= names
    stems = {path.stem for path in (demo_run / "report" / "tables").glob("*.csv")}
    assert {path.stem for path in (demo_run / "report" / "tables").glob("*.tex")} == stems
    assert {"sources", "training", "costs", "recommendations", "summary"} <= stems


def test_it_passes_the_audit_of_reports(demo_run: Path) -> None:
    for name in ("report.md", "report.txt"):
        text = (demo_run / "report" / name).read_text()
        # Both are true of a demo whose networks were hardly trained.
        assert {finding.code for finding in audit_text(text)} <= {"few_images", "model_broken"}


def test_numbers_are_those_of_the_score_table(demo_run: Path) -> None:
    scores = read_scores(demo_run / "scores" / "images.parquet")
    f1 = scores[(scores["metric"] == "f1") & (scores["threshold"] == 0.5)]
    means = f1.groupby("model")["value"].mean().sort_values(ascending=False)
    table = pd.read_csv(demo_run / "report" / "tables" / "summary.csv")
    assert table["Model"].tolist() == means.index.tolist()
    assert table["Mean"].tolist() == pytest.approx(means.tolist())
    text = (demo_run / "report" / "report.md").read_text()
    first = f"{means.index[0]} has the highest mean F1 at IoU 0.5: {means.iloc[0]:.3f}"
    assert first in text
    assert summary_table(scores).best_row == 0


def test_it_is_one_file_that_needs_nothing_from_outside(demo_run: Path) -> None:
    html = (demo_run / "report" / "report.html").read_text()
    body = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', body)
    assert len(html) < 15_000_000


@pytest.mark.browser
@pytest.mark.usefixtures("needs_chromium")
def test_it_opens_offline_draws_every_figure_and_answers_a_click(
    demo_run: Path, tmp_path: Path
) -> None:
    page_file = tmp_path / "report.html"
    shutil.copy(demo_run / "report" / "report.html", page_file)
    with chromium() as browser:
        page = browser.new_context(offline=True).new_page()
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda message: troubles.append(message.text))
        page.goto(page_file.as_uri())
        figures = page.locator(".plot")
        for place in range(figures.count()):
            figures.nth(place).scroll_into_view_if_needed()
            figures.nth(place).locator(".main-svg").first.wait_for(timeout=20_000)
        curve = figures.first
        curve.scroll_into_view_if_needed()
        traces = curve.locator(".scatterlayer .trace.scatter")
        before = traces.count()
        curve.locator(".legendtoggle").first.click()
        page.wait_for_timeout(1000)
        assert traces.count() < before, "the legend does not switch a model off"
        assert troubles == []


def test_the_command_writes_it_anew(demo_run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(demo_run, copy, symlinks=True)
    shutil.rmtree(copy / "report")
    out = run_workbench("report", copy).stdout.strip()
    assert Path(out) == copy / "report" / "report.html"
    assert (copy / "report" / "report.md").is_file()


def test_a_member_is_found_by_model_or_by_name(demo_run: Path) -> None:
    view = open_view(demo_run)
    assert find_member(view, "unet_small") == find_member(view, "unet_small-0")
    best = summary_table(view.scores).frame["model"].iloc[0]
    assert find_member(view).model == best
    with pytest.raises(
        InputError, match="no scored model is called 'unnet', only otsu_watershed-0"
    ):
        find_member(view, "unnet")


def test_an_overlay_has_the_outcomes_that_were_scored(demo_run: Path) -> None:
    view = open_view(demo_run)
    member = Member("unet", 0)
    row = images_worst_first(view, member).iloc[3]
    overlay = load_overlay(view, member, row["image_id"])
    found, lost = (
        [outcome for outcome in outcomes.values() if outcome != "matched"]
        for outcomes in (overlay.predicted_outcomes, overlay.reference_outcomes)
    )
    assert len(overlay.predicted_outcomes) - len(found) == row["tp"]
    assert (len(found), len(lost)) == (row["fp"], row["fn"])
    assert overlay.scores["f1"] == row["value"]


def testwhat_seeds_allow_is_told_of_trained_networks_alone(
    small_study: Callable[..., Path],
) -> None:
    untrained = "{otsu_watershed: {}, theirs: {predictions: x}, v: {ensemble: [theirs]}}"
    untrained = untrained.replace("[theirs]", "[theirs], fuse: labels")
    assert what_seeds_allow(read_study(small_study("seeds: [1, 2, 3]", models=untrained))) == ""
    once = read_study(small_study(models="[unet]"))
    assert what_seeds_allow(once).startswith("One training per network")
    thrice = read_study(small_study("seeds: [1, 2, 3]", models="[otsu_watershed, unet]"))
    assert "trained with 3 seeds" in what_seeds_allow(thrice)
