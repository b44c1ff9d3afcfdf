"""How a report is written: tables in every form, numbers that read well."""

import json
import math
import re
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.report import (
    Figure,
    Query,
    Report,
    ReportTable,
    Section,
    embed_scores,
    interval,
    latex_table,
    listed,
    p_text,
    plain,
    print_pdf,
    render_html,
    render_latex,
    render_markdown,
    render_text,
    short,
)

NASTY = 'a|b & c_1 <script>"x"</script> 50 % ~ ^ \\ {y}'
MADE = datetime(2026, 1, 2, 3, 4)


def small_report(**options: object) -> Report:
    frame = pd.DataFrame({"Model": [NASTY, "b"], "F1": [0.51234, math.nan]})
    table = ReportTable("means", "All means.", frame, label="as published", **options)
    figure = Figure("A line.", go.Figure(go.Scatter(y=[1, 2])), "It goes from 1 to 2.")
    sections = [Section("First", ["A text."], [table, figure]), Section("Nothing here")]
    return Report("A report", [*sections, Section("Part", ["b"], level=3)])


def test_numbers_read_well() -> None:
    assert (plain(0.12345), plain(float("nan")), plain(3)) == ("0.123", "–", "3")
    assert interval(0.1, 0.25) == "[0.100, 0.250]"
    assert (p_text(0.0), p_text(0.5), p_text(0.000123)) == ("< 0.0001", "0.5", "0.00012")
    assert (short(1234.5), short(0.00123), short(math.inf)) == ("1,234", "0.00123", "∞")
    assert listed(["a", "b", "c", "d"], at_most=2) == "a, b and 2 more"


@given(st.floats(0, 1))
def test_a_p_value_is_never_0_and_stays_on_its_side_of_the_border(p_value: float) -> None:
    text = p_text(p_value)
    assert float(text.removeprefix("< ")) > 0
    if not text.startswith("<"):
        assert (float(text) < 0.05) == (p_value < 0.05) or math.isclose(p_value, 0.05, rel_tol=1e-3)


class _Reader(HTMLParser):
    """Collects what tags there are, and complains of those that do not close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "br", "img", "input", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_is_well_formed_whatever_models_are_called() -> None:
    reader = _Reader()
    reader.feed(render_html(small_report(), made=MADE))
    assert reader.open == []
    assert NASTY in reader.texts


def test_a_table_has_a_caption_and_its_headers_say_of_what() -> None:
    reader = _Reader()
    reader.feed(render_html(small_report(), made=MADE))
    scopes = [attributes.get("scope") for tag, attributes in reader.found if tag == "th"]
    assert scopes == ["col", "col", "row", "row"]
    assert "caption" in [tag for tag, _ in reader.found]
    assert "As published." in reader.texts


def test_a_figure_is_told_to_those_who_cannot_see_it() -> None:
    page = render_html(small_report(), made=MADE)
    assert 'role="img" aria-label="A line. It goes from 1 to 2."' in page
    for text in (render_markdown(small_report()), render_text(small_report())):
        assert "Figure: A line. It goes from 1 to 2." in text


def test_plotly_is_in_the_page_once_and_only_where_something_is_drawn() -> None:
    page = render_html(small_report(), made=MADE)
    drawn = Figure("f", go.Figure())
    twice = Report("r", [Section("s", ["t"], [drawn, drawn])])
    assert abs(len(render_html(twice, made=MADE)) - len(page)) < 30_000
    assert len(render_html(Report("r", [Section("s", ["t"])]), made=MADE)) < 50_000


def test_a_picture_that_many_figures_show_is_in_the_page_once() -> None:
    source = "data:image/jpeg;base64,/9j/ABCDEFG" + "x" * 1_000
    other = "data:image/png;base64,iVBO"
    shown = [
        Figure(name, go.Figure([go.Image(source=one), go.Image(source=two)]))
        for name, one, two in (("a", source, other), ("b", other, source))
    ]
    page = render_html(Report("r", [Section("s", items=shown)]), made=MADE)
    assert page.count("x" * 1_000) == 1
    pictures = json.loads(re.search(r'id="pictures">(.*?)</script>', page)[1])
    drawn = [
        [pictures[int(trace["source"].removeprefix("picture:"))] for trace in drawing["data"]]
        for drawing in map(json.loads, re.findall(r'json">(\{.*?)</script>', page))
    ]
    assert drawn == [[source, other], [other, source]]


def test_figures_that_would_make_the_page_too_large_are_told_instead_of_drawn() -> None:
    large = [Figure(f"{n}.", go.Figure(layout={"title": "x" * 4_500_000}), "Z") for n in "ab"]
    page = render_html(Report("r", [Section("s", items=large)]), made=MADE)
    assert page.count('class="plot"') == 1
    assert "Not drawn here, as the page would become too large to be mailed. Z" in page
    assert len(page) < 15_000_000


def test_an_empty_section_is_left_out_of_every_form() -> None:
    report = small_report()
    for text in (render_html(report, made=MADE), render_markdown(report), render_text(report)):
        assert "Nothing here" not in text


def test_markdown_keeps_bars_in_names_apart_from_those_of_the_table() -> None:
    rows = [line for line in render_markdown(small_report()).splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3}


def test_plain_text_stands_in_columns() -> None:
    lines = render_text(small_report()).splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("Model"))
    header, rule, first, second = lines[start : start + 4]
    assert len(header) == len(rule) == len(first) == len(second)
    assert header.endswith("F1")
    assert second.endswith("–")


def test_latex_escapes_what_it_would_obey() -> None:
    text = latex_table(small_report().tables[0])
    assert r"a\textbar{}b \& c\_1 \textless{}script\textgreater{}" in text
    assert r"50 \% \textasciitilde{} \textasciicircum{} \textbackslash{} \{y\}" in text
    assert text.count("\\toprule") == text.count("\\bottomrule") == 1


def test_a_long_latex_table_repeats_its_header_on_every_sheet() -> None:
    frame = pd.DataFrame({"Image": [f"i{n}" for n in range(90)]})
    text = latex_table(ReportTable("images", "All.", frame))
    assert "longtable" in text
    assert text.count("Image \\\\") == 2
    assert "i89 \\\\" in text


def test_latex_has_no_sign_beyond_ascii_that_its_fonts_lack() -> None:
    frame = pd.DataFrame({"What": ["0.5 ± 0.1 – [−1, ∞) × 10⁹ px² ≥ µm °"]})
    text = render_latex(Report("r", [Section("s", items=[ReportTable("t", "·", frame)])]))
    assert text.isascii(), [sign for sign in text if not sign.isascii()]


def test_the_latex_document_closes_what_it_opens() -> None:
    text = render_latex(small_report())
    opened, closed = (re.findall(rf"\\{word}{{(\w+)}}", text) for word in ("begin", "end"))
    assert sorted(opened) == sorted(closed)
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")


def test_people_are_shown_the_first_rows_and_told_where_the_others_are() -> None:
    table = ReportTable("t", "All.", pd.DataFrame({"n": range(5)}), max_rows=2)
    assert table.rows() == [["0"], ["1"]]
    assert table.explained == "All. The first 2 of 5 rows; the CSV has all."
    assert len(table.row_queries()) == 2


SCORES = pd.DataFrame(
    [("b", "m", 0, 0.2), ("b", "m", 1, 0.4), ("a", "m", 0, 0.5), ("a", "m", 1, math.nan)],
    columns=["image_id", "model", "seed", "value"],
).assign(metric="f1", threshold=0.5, n_reference=3)


def test_behind_a_number_is_the_mean_over_seeds_and_nothing_where_one_is_undefined() -> None:
    query = Query(("m",), "f1", 0.5)
    found = embed_scores(SCORES, [query])
    content = json.loads(found.json)
    assert content["images"] == ["b", "a"]
    assert content["values"] == [[[pytest.approx(0.3), None]]]
    assert found.keys[query] == "0|0|0"


def test_a_set_of_images_is_embedded_once_however_it_is_ordered() -> None:
    queries = [Query(("m",), "f1", 0.5, images) for images in (("a",), ("b", "a"), ("a", "b"))]
    found = embed_scores(SCORES, queries)
    assert json.loads(found.json)["sets"] == [[0, 1], [1]]
    assert [found.keys[query] for query in queries] == ["0|0|1", "0|0|0", "0|0|0"]


def test_a_number_whose_scores_are_not_there_has_no_list() -> None:
    queries = [Query(("x",), "f1", 0.5), Query(("m",), "f1", 0.9), Query(("m",), "dice", np.nan)]
    assert embed_scores(SCORES, queries).keys == {}


def test_scores_that_would_make_the_page_too_large_are_left_out_and_counted() -> None:
    both = pd.concat([SCORES, SCORES.assign(metric="precision")])
    queries = [Query(("m",), name, 0.5) for name in ("f1", "precision", "f1")]
    found = embed_scores(both, queries, max_values=3)
    assert found.n_left_out == 1
    assert list(found.keys) == [queries[0]]


def test_no_id_can_end_the_script_that_holds_the_scores() -> None:
    ids = SCORES.assign(image_id="</script><b>")
    found = embed_scores(ids[ids["seed"] == 0].drop_duplicates("image_id"), [])
    assert "</" not in found.json


def test_without_a_browser_there_is_a_reason_instead_of_a_pdf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.report._pdf.find_chromium", lambda: None)
    assert "no Chromium or Chrome was found" in print_pdf(tmp_path / "r.html", tmp_path / "r.pdf")
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho no display >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr("workbench.report._pdf.find_chromium", lambda: str(broken))
    (tmp_path / "r.html").write_text("")
    assert "failed (no display)" in print_pdf(tmp_path / "r.html", tmp_path / "r.pdf")
