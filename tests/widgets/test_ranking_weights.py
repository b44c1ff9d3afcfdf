"""A ranking under weights: as values, as a page whose sliders move, and in JupyterLab."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.browser import chromium, find_chromium, jupyterlab, run_all_cells
from workbench.schema import InputError
from workbench.widgets import ranking_weights, resolve_ranking
from workbench.widgets._ranking_weights import SCRIPT

# Equal weights: otsu 0.6, unet 0.5, sam 0.4.
PARTS = pd.DataFrame(
    {"accuracy": [0.8, 0.3, 0.4], "speed": [0.2, 0.9, 0.4]}, index=["unet", "otsu", "<sam>"]
)
EVEN = [1.0, 1.0]


def order(weights: list[float], start: list[float] = EVEN) -> list[tuple[str, float, float]]:
    """Return model, rank and places won, best first."""
    table = resolve_ranking(PARTS, weights, start=start)
    return list(table[["model", "rank", "moved"]].itertuples(index=False, name=None))


class TestView:
    def test_the_first_weights_move_nothing(self) -> None:
        assert order(EVEN) == [("otsu", 1, 0), ("unet", 2, 0), ("<sam>", 3, 0)]

    def test_a_weight_reorders_the_models_and_tells_by_how_many_places(self) -> None:
        assert order([1, 0]) == [("unet", 1, 1), ("<sam>", 2, 1), ("otsu", 3, -2)]

    def test_overall_is_the_weighted_mean(self) -> None:
        overall = resolve_ranking(PARTS, [3, 1], start=EVEN).set_index("model")["overall"]
        assert overall.to_dict() == pytest.approx({"unet": 0.65, "otsu": 0.45, "<sam>": 0.4})

    def test_models_that_tie_share_their_rank(self) -> None:
        ranks = dict(zip(*np.array(order([6, 5]), object).T[:2], strict=True))
        even = pd.DataFrame({"p": [0.1 + 0.2, 0.3, 0.1]}, index=["a", "b", "c"])
        assert ranks["otsu"] != ranks["unet"]
        assert resolve_ranking(even, [1], start=[1])["rank"].tolist() == [1.5, 1.5, 3]

    def test_without_any_weight_there_is_no_ranking(self) -> None:
        assert resolve_ranking(PARTS, [0, 0], start=EVEN).empty

    @given(st.lists(st.floats(0, 9), min_size=2, max_size=2).filter(any), st.floats(0.1, 10))
    def test_only_the_ratio_of_weights_counts(self, weights: list[float], factor: float) -> None:
        scaled = [weight * factor for weight in weights]
        first = resolve_ranking(PARTS, weights, start=EVEN)
        second = resolve_ranking(PARTS, scaled, start=EVEN)
        np.testing.assert_allclose(
            *(t.set_index("model")["overall"].loc[PARTS.index] for t in (first, second))
        )


class TestPanel:
    def test_starts_with_the_given_weights_and_1_for_the_others(self) -> None:
        panel = ranking_weights(PARTS, weights={"speed": 5})
        assert panel.weights == [1.0, 5.0]
        assert panel.content["most"] == 5
        assert panel.ranking["model"].tolist() == ["otsu", "<sam>", "unet"]

    def test_a_moved_weight_tells_the_new_ranking(self) -> None:
        told: list[pd.DataFrame] = []
        panel = ranking_weights(PARTS, on_change=told.append)
        assert not told
        panel.weights = [1, 0]
        assert [table["model"].tolist() for table in told] == [["unet", "<sam>", "otsu"]]

    @pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [1.0, float("nan")]])
    def test_weights_that_fit_no_part_are_refused(self, weights: list[float]) -> None:
        with pytest.raises(InputError, match=r"expected 2 weights from 0"):
            ranking_weights(PARTS).weights = weights

    def test_a_weight_of_no_part_is_refused(self) -> None:
        with pytest.raises(InputError, match=r"no part 'price' to weigh"):
            ranking_weights(PARTS, weights={"price": 1})

    def test_in_batch_a_page_that_moves_takes_the_place_of_the_widget(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        panel = ranking_weights(PARTS)
        widget = "application/vnd.jupyter.widget-view+json"
        assert widget in panel._repr_mimebundle_()[0]
        monkeypatch.setenv("WORKBENCH_PANELS", "still")
        bundle, _ = panel._repr_mimebundle_()
        assert widget not in bundle
        assert bundle["text/html"].startswith("<iframe")
        assert bundle["text/plain"].split()[:5] == ["model", "rank", "moved", "overall", "otsu"]

    def test_the_page_holds_the_weights_on_screen_and_those_of_the_start(self) -> None:
        panel = ranking_weights(PARTS)
        panel.weights = [1, 0]
        found = re.search(r'id="data">(.*?)</script>', panel.static_html(), re.S)
        assert found
        data = json.loads(found[1].replace("<\\/", "</"))
        assert (data["weights"], data["content"]["start"]) == ([1, 0], [1, 1])


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if find_chromium() is None:
        pytest.skip("no Chromium found; scripts/system_packages.sh names the package")
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """The page without a kernel; it can't reach anything, and errors in it are errors."""
    context = browser.new_context(viewport={"width": 900, "height": 600}, offline=True)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    path = tmp_path / "ranking.html"
    path.write_text(ranking_weights(PARTS).static_html(), encoding="utf-8")
    page.goto(path.as_uri())
    yield page
    context.close()
    assert not errors


def models_shown(page: Any) -> list[str]:
    return [text.strip() for text in page.locator(".wbr tbody td:nth-child(3)").all_inner_texts()]


@pytest.mark.browser
@pytest.mark.slow
class TestOnScreen:
    def test_a_key_on_a_slider_reorders_the_table_at_once(self, page: Any) -> None:
        assert models_shown(page) == ["otsu", "unet", "<sam>"]
        page.get_by_role("slider", name="Weight of speed").focus()
        page.keyboard.press("Home")
        assert models_shown(page) == ["unet", "<sam>", "otsu"]
        moved = page.locator(".wbr tbody td:nth-child(2)").all_inner_texts()
        assert [text.strip() for text in moved] == ["▲ 1", "▲ 1", "▼ 2"]
        status = page.get_by_role("status")
        assert status.inner_text().startswith("First: unet. 3 of 3 models have another rank")
        assert page.locator(".wbr tbody tr:first-child .wbr-off").inner_text() == "0.20"

    def test_all_weights_0_are_no_ranking_and_the_button_leads_back(self, page: Any) -> None:
        for part in PARTS:
            page.get_by_role("slider", name=f"Weight of {part}").focus()
            page.keyboard.press("Home")
        assert models_shown(page) == []
        assert "All weights are 0" in page.get_by_role("status").inner_text()
        page.get_by_role("button", name="Back to the first weights").click()
        assert models_shown(page) == ["otsu", "unet", "<sam>"]

    def test_the_page_ranks_as_python_does(self, browser: Any) -> None:
        rng = np.random.default_rng(0)
        values = rng.integers(0, 6, (7, 4)) / 5  # many ties
        parts = pd.DataFrame(values, [f"m{n}" for n in range(7)], list("abcd"))
        start = [1.0, 2.0, 0.0, 1.0]
        choices = [*rng.integers(0, 4, (40, 4)).astype(float).tolist(), [0.0] * 4]
        content = {"models": list(parts.index), "values": values.tolist(), "start": start}
        page = browser.new_page()
        page.add_script_tag(content=SCRIPT.replace("export default", "void"))
        found = page.evaluate(
            "([content, choices]) => choices.map((weights) => resolveRanking(content, weights))",
            [content, choices],
        )
        page.close()
        assert any(row["rank"] % 1 for rows in found for row in rows), "no tie: nothing is shown"
        for weights, rows in zip(choices, found, strict=True):
            expected = resolve_ranking(parts, weights, start=start)
            assert [row["model"] for row in rows] == expected["model"].tolist()
            assert [row["rank"] for row in rows] == expected["rank"].tolist()
            assert [row["moved"] for row in rows] == expected["moved"].tolist()
            overall = [row["overall"] for row in rows]
            np.testing.assert_allclose(overall, expected["overall"].to_numpy(float))


CELL = """
import ipywidgets, pandas as pd
from workbench.widgets import ranking_weights
parts = pd.DataFrame({"accuracy": [0.8, 0.3], "speed": [0.2, 0.9]}, index=["unet", "otsu"])
told = ipywidgets.Output()
panel = ranking_weights(parts, on_change=lambda t: told.append_stdout("kernel: " + t["model"][0]))
ipywidgets.VBox([panel, told])
"""


@pytest.mark.browser
@pytest.mark.slow
def test_the_kernel_follows_the_screen_in_jupyterlab(browser: Any, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(CELL)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}},
    )
    nbformat.write(notebook, tmp_path / "ranking.ipynb")
    with jupyterlab(tmp_path) as address:
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto(address.format("ranking.ipynb"))
        run_all_cells(page)
        slider = page.get_by_role("slider", name="Weight of speed")
        expect(slider).to_be_visible(timeout=60_000)
        expect(page.locator(".wbr tbody tr").first).to_contain_text("otsu")
        slider.focus()
        page.keyboard.press("Home")
        expect(page.locator(".wbr tbody tr").first).to_contain_text("unet")
        expect(page.get_by_text("kernel: unet")).to_be_visible(timeout=30_000)
        page.close()
