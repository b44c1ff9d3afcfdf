"""The eighteen-methods study's questions asked of tables that are typed, and of a run."""

import html
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import papermill
import pytest
import tifffile
from pydantic import ValidationError
from scipy import stats

from tests.conftest import REPOSITORY
from workbench.analysis import rank_by_scheme
from workbench.datasets import open_dataset
from workbench.inference import ModelCard, ModelDescription, write_card
from workbench.schema import InputError, Member
from workbench.store import Run
from workbench.studies import (
    MethodsJob,
    MethodsView,
    RunView,
    open_methods,
    read_study,
    read_typed_table,
)
from workbench.studies import _method_parts as parts_module
from workbench.studies._method_facts import row_facts
from workbench.studies._report_costs import HEADERS

PLOTLY = "application/vnd.plotly.v1+json"
TISSUES = ["colon", "lung", "lymph", "skin", "spleen", "tongue"]
SIZES = [50.0, 80.0, 110.0, 140.0, 200.0, 250.0]
UNET = [0.30, 0.42, 0.45, 0.50, 0.66, 0.80]
SAM = [0.50, 0.48, 0.53, 0.49, 0.52, 0.51]


def written(folder: Path, name: str, table: dict[str, Any]) -> Path:
    """Write a table as CSV and return its path."""
    pd.DataFrame(table).to_csv(folder / name, index=False)
    return folder / name


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    """F1 of two models on two images of each tissue, the two 0.02 apart around its mean."""
    return written(
        tmp_path,
        "scores.csv",
        {
            "image": [f"{tissue}{n}" for tissue in TISSUES for n in "ab"],
            "tissue": np.repeat(TISSUES, 2),
            "unet": np.repeat(UNET, 2) + np.tile([-0.01, 0.01], 6),
            "sam": np.repeat(SAM, 2),
        },
    )


def opened(scores: Path, **more: Any) -> MethodsView:
    return open_methods(MethodsJob(run=scores, **more))


class TestRegression:
    def test_on_kinds_of_images_is_a_line_through_their_means(
        self, tmp_path: Path, scores: Path
    ) -> None:
        sizes = written(tmp_path, "sizes.csv", {"tissue": TISSUES, "cell_size_px2": SIZES})
        view = opened(scores, by="tissue", predictors=sizes)
        line = stats.linregress((np.array(SIZES) - 50) / 200, UNET)
        unet = view.regression.set_index("model").loc["unet"]
        assert unet["coefficient"] == pytest.approx(line.slope)
        assert unet["p"] == pytest.approx(line.pvalue)
        assert unet["n"] == 6
        assert view.note == ""

    def test_on_images_counts_images(self, tmp_path: Path, scores: Path) -> None:
        images = [f"{tissue}{n}" for tissue in TISSUES for n in "ab"]
        sizes = written(tmp_path, "s.csv", {"image": images, "size": np.repeat(SIZES, 2)})
        assert set(opened(scores, predictors=sizes).regression["n"]) == {12}

    def test_a_logarithm_is_taken_where_it_was_asked_for(
        self, tmp_path: Path, scores: Path
    ) -> None:
        sizes = written(tmp_path, "sizes.csv", {"tissue": TISSUES, "size": SIZES})
        view = opened(scores, by="tissue", predictors=sizes, log=["size"])
        logs = np.log(SIZES)
        line = stats.linregress((logs - logs.min()) / np.ptp(logs), UNET)
        found = view.regression.set_index("model")["coefficient"]
        assert found["unet"] == pytest.approx(line.slope)

    def test_of_a_table_without_facts_there_is_none_and_the_note_says_why(
        self, scores: Path
    ) -> None:
        assert opened(scores).note.startswith("No regression: nothing is known of the images")

    def test_of_too_few_kinds_there_is_none_and_the_ranking_stands(
        self, tmp_path: Path, scores: Path
    ) -> None:
        facts: dict[str, Any] = {f"fact{n}": np.roll(SIZES, n) for n in range(5)}
        table = written(tmp_path, "facts.csv", {"tissue": TISSUES} | facts)
        view = opened(scores, by="tissue", predictors=table)
        assert view.note.startswith("No regression: a regression on 5 predictors needs at least 7")
        assert len(view.ranking) == 2

    def test_a_fact_that_is_the_same_everywhere_is_left_out_and_named(
        self, tmp_path: Path, scores: Path
    ) -> None:
        table = {"tissue": TISSUES, "size": SIZES, "channels": [1] * 6}
        view = opened(scores, by="tissue", predictors=written(tmp_path, "t.csv", table))
        assert list(view.predictors) == ["size"]
        assert "regression: without channels, which is the same everywhere" in view.told

    def test_an_image_without_a_kind_is_no_kind(self, tmp_path: Path, scores: Path) -> None:
        table = pd.read_csv(scores)
        table.loc[len(table)] = ["stray", "", 0.9, 0.9]
        table.to_csv(scores, index=False)
        sizes = written(tmp_path, "sizes.csv", {"tissue": TISSUES, "size": SIZES})
        assert list(opened(scores, by="tissue", predictors=sizes).outcomes.index) == TISSUES

    def test_the_table_to_read_has_no_p_of_0_and_no_empty_column(
        self, tmp_path: Path, scores: Path
    ) -> None:
        sizes = written(tmp_path, "sizes.csv", {"tissue": TISSUES, "cell_size_px2": SIZES})
        shown = opened(scores, by="tissue", predictors=sizes).coefficients.set_index("Model")
        assert shown.loc["unet", "Predictor"] == "Cell size, px²"
        assert shown.loc["unet", "Coefficient"].startswith("+0.4")
        assert "Notice" not in shown


class TestRanking:
    def test_of_scores_alone_is_that_of_their_means(self, scores: Path) -> None:
        view = opened(scores)
        assert list(view.parts) == ["accuracy"]
        assert view.parts.loc["sam", "accuracy"] == pytest.approx(np.mean(SAM))

    def test_each_kind_has_an_accuracy_of_its_own_as_in_the_study(self, scores: Path) -> None:
        view = opened(scores, by="tissue")
        assert list(view.parts)[:6] == [f"accuracy {tissue}" for tissue in TISSUES]
        assert view.parts["accuracy skin"].to_dict() == pytest.approx({"unet": 0.50, "sam": 0.49})

    def test_accuracy_is_the_mean_of_those_of_the_study_that_were_scored(
        self, tmp_path: Path
    ) -> None:
        rows = [
            ("im1", model, metric, threshold, value + lead)
            for model, lead in (("unet", 0.1), ("sam", 0.0))
            for metric, threshold, value in (
                ("average_precision_dsb", 0.5, 0.6),
                ("average_precision_dsb", 0.9, 0.0),
                ("recall", 0.75, 0.4),
                ("f1", 0.5, 0.9),
            )
        ]
        columns = ["image", "model", "metric", "threshold", "value"]
        path = tmp_path / "long.csv"
        pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
        view = opened(path)
        assert list(view.known) == ["accuracy_ap50", "accuracy_ar75"]
        assert view.parts.loc["sam", "accuracy"] == pytest.approx(0.5)

    def test_robustness_is_the_accuracy_on_the_worst_kind_of_5_images_or_more(
        self, tmp_path: Path
    ) -> None:
        kinds = ["dapi"] * 5 + ["phase"] * 5 + ["rare"] * 4
        table = {"image": [f"im{n}" for n in range(14)], "modality": kinds}
        table |= {"unet": [0.9] * 5 + [0.3] * 5 + [0.1] * 4, "sam": [0.5] * 5 + [0.6] * 9}
        view = opened(written(tmp_path, "scores.csv", table))
        assert view.parts["robustness"].to_dict() == pytest.approx({"unet": 0.3, "sam": 0.5})
        assert "(modality) with the lowest: dapi (5), phase (5)" in " ".join(view.told)

    def test_typed_parts_are_brought_to_0_to_1_and_usability_is_one_part(
        self, tmp_path: Path, scores: Path
    ) -> None:
        table = {"model": ["sam", "unet"], "ease_of_use": [9, 3], "hardware_support": [5, 5],
                 "price": [10, 0]}  # fmt: skip
        view = opened(
            scores, parts=written(tmp_path, "parts.csv", table), lower_is_better=["price"]
        )
        assert list(view.parts)[-2:] == ["usability", "price"]
        high = stats.norm.cdf(np.sqrt(0.5))
        assert view.parts.loc["sam", "usability"] == pytest.approx((high + 0.5) / 2)
        assert view.parts["price"].to_dict() == pytest.approx({"unet": high, "sam": 1 - high})

    def test_without_a_direction_more_is_better(self, tmp_path: Path, scores: Path) -> None:
        table = {"model": ["sam", "unet"], "stars": [10, 0]}
        view = opened(scores, parts=written(tmp_path, "parts.csv", table))
        assert view.parts["stars"].idxmax() == "sam"

    @pytest.mark.parametrize("unit", [1.0, 0.1])
    def test_of_a_distance_less_is_better_however_small(self, tmp_path: Path, unit: float) -> None:
        table = {"image": ["a", "b"], "unet": [3 * unit, 5 * unit], "sam": [9 * unit, 7 * unit]}
        view = opened(written(tmp_path, "px.csv", table), metric="hausdorff")
        assert view.parts.loc["unet", "accuracy"] == pytest.approx(stats.norm.cdf(np.sqrt(0.5)))
        assert view.ranking["model"].tolist() == ["unet", "sam"]

    def test_weights_are_those_of_the_job(self, tmp_path: Path, scores: Path) -> None:
        table = {"model": ["unet", "sam"], "stars": [1, 2]}
        path = written(tmp_path, "parts.csv", table)
        view = opened(scores, parts=path, weights={"stars": 0})
        assert view.weights == {"accuracy": 1, "stars": 0}
        expected = rank_by_scheme(view.parts, weights={"stars": 0})
        pd.testing.assert_frame_equal(view.ranking, expected)
        assert view.stability.table["overall"].tolist() == pytest.approx(list(expected["overall"]))


@pytest.mark.slow
def test_the_notebook_runs_in_batch_on_tables_alone(
    tmp_path: Path, scores: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = written(tmp_path, "sizes.csv", {"tissue": TISSUES, "cell_size_px2": SIZES})
    stars = written(tmp_path, "stars.csv", {"model": ["unet", "sam"], "stars": [1, 5]})
    monkeypatch.setenv("WORKBENCH_PANELS", "still")
    notebook = papermill.execute_notebook(
        REPOSITORY / "notebooks" / "08_methods.ipynb",
        tmp_path / "out.ipynb",
        {"run": str(scores), "by": "tissue", "predictors": str(sizes), "parts": str(stars),
         "weights": {"stars": 2}},
        progress_bar=False,
    )  # fmt: skip
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    (page,) = (html.unescape(o["data"]["text/html"]) for o in shown
               if "<iframe" in o.get("data", {}).get("text/html", ""))  # fmt: skip
    assert '"weights": [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0]' in page
    figures = [o["data"][PLOTLY] for o in shown if PLOTLY in o.get("data", {})]
    titles = [figure["layout"]["xaxis"]["title"]["text"] for figure in figures]
    assert titles[0].startswith("Coefficient, change in F1 at IoU 0.5")
    assert titles[1].startswith("Rank (1 is best")


class TestRefusals:
    @pytest.mark.parametrize(
        ("more", "message"),
        [
            ({"by": "organ"}, r"nothing says the 'organ' of an image; .* one of tissue"),
            ({"weights": {"spede": 2}}, r"weights: there is no 'spede', only accuracy\."),
            ({"log": ["size"]}, r"log: there is no 'size', only nothing"),
            ({"lower_is_better": ["price"]}, r"no typed column 'price', and no column that"),
        ],
    )
    def test_what_is_not_there(self, scores: Path, more: dict[str, Any], message: str) -> None:
        with pytest.raises(InputError, match=message):
            opened(scores, **more)

    def test_one_model_alone(self, tmp_path: Path) -> None:
        path = written(tmp_path, "one.csv", {"image": ["a", "b"], "unet": [0.1, 0.2]})
        with pytest.raises(InputError, match=r"compared from 2 on, and it has unet alone"):
            opened(path, metric="f1")

    @pytest.mark.parametrize("name", ["accuracy", "usability"])
    def test_a_typed_part_that_is_called_as_another(
        self, tmp_path: Path, scores: Path, name: str
    ) -> None:
        path = written(tmp_path, "parts.csv", {"model": ["unet", "sam"], name: [1, 2]})
        with pytest.raises(InputError, match=f"{name!r}, as a part that is there already"):
            opened(scores, parts=path)

    def test_a_direction_of_a_usability_score(self, tmp_path: Path, scores: Path) -> None:
        path = written(tmp_path, "p.csv", {"model": ["unet", "sam"], "ease_of_use": [1, 2]})
        with pytest.raises(InputError, match=r"no typed column 'ease_of_use'"):
            opened(scores, parts=path, lower_is_better=["ease_of_use"])

    def test_a_negative_weight_and_a_misspelt_measure(self, scores: Path) -> None:
        with pytest.raises(ValidationError, match="greater than or equal to 0"):
            MethodsJob(run=scores, weights={"speed": -1})
        with pytest.raises(ValueError, match="f_1"):
            MethodsJob(run=scores, metric="f_1")


class TestTypedTable:
    def test_rows_come_in_the_order_asked_for_and_others_are_named(self, tmp_path: Path) -> None:
        path = written(tmp_path, "t.csv", {"model": ["a", "b", "old"], "stars": [1, 2, 3]})
        table = read_typed_table(path, ["b", "a"], what="model")
        assert table.frame["stars"].to_dict() == {"b": 2.0, "a": 1.0}
        assert "t.csv: not used, since not scored: old" in table.readings

    def test_semicolons_and_decimal_commas_are_read(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text("model;price\na;1,5\nb;2,5\n")
        table = read_typed_table(tmp_path / "t.csv", ["a", "b"], what="model")
        assert table.frame["price"].tolist() == [1.5, 2.5]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("model\na\n", r"holds the column 'model' alone"),
            ("model,stars\na,1\na,2\n", r"model 'a' has several rows"),
            ("model,stars\nunett,1\n", r"no row for model 'unet'; is 'unett' meant\?"),
            ("model,stars\nsam,1\n", r"no row for model 'unet'; it has sam"),
            ("model,stars\nunet,many\n", r"line 2: column 'stars' holds 'many'"),
            ("model,stars\nunet,\nsam,1\n", r"'stars' of model 'unet' is empty"),
        ],
    )
    def test_what_can_not_be_used_is_refused(self, tmp_path: Path, text: str, message: str) -> None:
        (tmp_path / "t.csv").write_text(text)
        with pytest.raises(InputError, match=message):
            read_typed_table(tmp_path / "t.csv", ["unet"], what="model")


@pytest.fixture
def run_view(small_study: Callable[..., Path], tmp_path: Path) -> Callable[..., RunView]:
    """Return a function that opens a run whose models were trained on the discs."""

    def opened(n_trained: int = 1, *, models: str = "[otsu_watershed, unet]") -> RunView:
        study = read_study(small_study(models=models))
        run = Run(tmp_path / "run")
        folder = run.model_folder(Member("unet", 0))
        folder.mkdir(parents=True)
        description = ModelDescription(architecture="unet", encoding="three_class")
        data = {"splits": {"train": "train"}, "n_images": {"train": n_trained}}
        write_card(folder, ModelCard(description=description, data=data))
        dataset = open_dataset(study.dataset.path)
        return RunView(run, study, dataset, pd.DataFrame())

    return opened


ROWS = pd.Series(["im2", "im3"], index=["im2", "im3"])


class TestFactsOfARun:
    def test_cell_size_is_the_mean_over_the_annotated_cells(
        self, run_view: Callable[..., RunView], tmp_path: Path
    ) -> None:
        facts = row_facts(run_view(), ROWS, "modality").frame
        for image in ROWS:
            labels = tifffile.imread(tmp_path / "discs" / "labels" / f"{image}.tif")
            areas = np.bincount(labels.ravel())[1:]
            assert facts.loc[image, "cell_size_px2"] == pytest.approx(areas[areas > 0].mean())
        assert (facts["elongation"] > 0.8).all(), "discs are round, and round is 1"

    def test_of_a_kind_it_is_the_mean_over_all_its_cells(
        self, run_view: Callable[..., RunView], tmp_path: Path
    ) -> None:
        both = pd.Series("discs", index=["im2", "im3"])
        facts = row_facts(run_view(), both, "modality").frame
        areas = [
            np.bincount(tifffile.imread(tmp_path / "discs" / "labels" / f"{image}.tif").ravel())[1:]
            for image in both.index
        ]
        assert facts.loc["discs", "cell_size_px2"] == pytest.approx(np.concatenate(areas).mean())

    def test_training_images_are_those_of_the_same_kind(
        self, run_view: Callable[..., RunView]
    ) -> None:
        facts = row_facts(run_view(), ROWS, "modality")
        assert facts.frame["n_training_images"].tolist() == [1, 1]
        assert facts.readings[0] == "training images of the same modality: discs 1"
        assert facts.readings[1].startswith("otsu_watershed learned from no image")

    def test_training_images_are_left_out_where_the_cards_tell_of_others(
        self, run_view: Callable[..., RunView]
    ) -> None:
        facts = row_facts(run_view(n_trained=7), ROWS, "modality")
        assert "n_training_images" not in facts.frame
        (told,) = facts.readings
        assert told.endswith("left out, the models learned from 7 of the 1 images of 'train'")

    def test_training_images_are_left_out_where_a_model_learned_elsewhere(
        self, run_view: Callable[..., RunView]
    ) -> None:
        study: Any = SimpleNamespace(models={"cellpose": SimpleNamespace(kind="checkpoint")})
        facts = row_facts(replace(run_view(), study=study), ROWS, "modality")
        assert "n_training_images" not in facts.frame
        assert facts.readings[0].endswith("left out, cellpose learned elsewhere")

    def test_training_images_are_left_out_where_images_have_no_kinds(
        self, run_view: Callable[..., RunView]
    ) -> None:
        assert "n_training_images" not in row_facts(run_view(), ROWS, "").frame


@pytest.fixture
def costed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., parts_module.Values]:
    """Return a function that gives the cost parts of a run of which a table tells."""

    def costs(**columns: Any) -> parts_module.Values:
        table = pd.DataFrame({"model": ["unet-0", "unet-1", "otsu-0"]}, columns=list(HEADERS))
        known = {
            "standardised_min": [10.0, 20.0, np.nan],
            "train_memory_mb": [800.0, 900.0, np.nan],
            "images_per_s": [4.0, 4.0, 8.0],
            "predicted_on": ["CPU, 1 thread", "CPU, 1 thread", "CPU"],
        }
        monkeypatch.setattr(parts_module, "cost_table", lambda _: table.assign(**(known | columns)))
        kinds = {"unet": (True, "architecture"), "otsu": (False, "architecture")}
        models = {m: SimpleNamespace(is_trained_here=t, kind=k) for m, (t, k) in kinds.items()}
        members = (Member("unet", 0), Member("unet", 1), Member("otsu", 0))
        view: Any = SimpleNamespace(study=SimpleNamespace(models=models), members=members)
        return parts_module._costs(view)

    return costs


class TestCosts:
    def test_are_means_over_seeds_and_no_training_costs_nothing(
        self, costed: Callable[..., parts_module.Values]
    ) -> None:
        found = costed()
        assert [part.name for part in found.parts] == ["scalability", "speed", "memory"]
        assert found.frame.loc["unet"].tolist() == [15.0, 0.25, 850.0]
        assert found.frame.loc["otsu"].tolist() == [0.0, 0.125, 0.0]

    def test_unknown_of_one_model_leave_the_part_out(
        self, costed: Callable[..., parts_module.Values]
    ) -> None:
        found = costed(images_per_s=[np.nan, np.nan, 8.0])
        assert [part.name for part in found.parts] == ["scalability", "memory"]
        assert "speed: left out, unknown of unet" in found.readings

    def test_times_on_different_devices_are_not_compared(
        self, costed: Callable[..., parts_module.Values]
    ) -> None:
        found = costed(predicted_on=["NVIDIA A100", "NVIDIA A100", "CPU"])
        assert "speed: left out, timed on different devices (CPU, NVIDIA A100)" in found.readings


@pytest.mark.slow
def test_a_run_gives_its_facts_and_its_costs(demo_run: Path) -> None:
    view = opened(demo_run)
    assert list(view.predictors) == ["cell_size_px2", "elongation", "n_training_images"]
    assert list(view.parts) == ["accuracy", "scalability", "speed", "memory"]
    assert view.known.loc["otsu_watershed", "standardised_min"] == 0
    assert (view.known.drop("otsu_watershed")["standardised_min"] > 0).all()
