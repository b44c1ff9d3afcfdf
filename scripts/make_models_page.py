"""Tables and picture of docs/models.md: python scripts/make_models_page.py ZOO_RUN ENCODINGS_RUN.

The runs are those of studies/zoo_dsb2018.yaml and studies/encodings_dsb2018.yaml. Numbers come from
the tables of their reports; the text between the markers is replaced.
"""

import sys
from pathlib import Path

import pandas as pd
from browser import chromium

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "models.md"
PICTURE = REPOSITORY / "docs" / "pictures" / "zoo_pareto.png"
THRESHOLDS = ("0.5", "0.7", "0.9")


def main() -> None:
    """Write both tables and the picture."""
    zoo, encodings = (Path(argument).resolve() / "report" for argument in sys.argv[1:3])
    write_between("zoo", models_table(zoo / "tables"))
    write_between("encodings", encodings_table(encodings / "tables"))
    picture_pareto(zoo / "report.html")


def models_table(tables: Path) -> pd.DataFrame:
    """Return the scores and costs of each model, best first."""
    scores = pd.read_csv(tables / "summary.csv").set_index("model")
    costs = pd.read_csv(tables / "costs.csv")
    costs = costs.set_index(costs["model"].str.rpartition("-")[0])
    rows = [
        {
            "Model": f"`{model}`",
            **{f"F1 @ {t}": f"{score[f'f1@{t}']:.3f}" for t in THRESHOLDS},
            "95 % interval @ 0.5": score["interval"],
            "Parameters, millions": short(costs["parameters"][model], 2),
            "Multiply-adds, 10⁹": short(costs["multiply_adds"][model], 2),
            "Training, min": short(costs["training_min"][model], 1),
            "Images per s": short(costs["images_per_s"][model], 1),
        }
        for model, score in scores.iterrows()
    ]
    return pd.DataFrame(rows)


def encodings_table(tables: Path) -> pd.DataFrame:
    """Return ceiling and score of the same network on each encoding."""
    ceilings = pd.read_csv(tables / "ceilings.csv")
    rows = [
        {
            "Encoding": f"`{row['Encoding']}`",
            "Decoder": f"`{row['Decoder'].split(' ')[0]}`",
            **{
                f"{what} @ {t}": f"{row[f'{what} @ {t}']:.3f}"
                for what in ("Ceiling", "F1")
                for t in THRESHOLDS
            },
        }
        for _, row in ceilings.iterrows()
    ]
    return pd.DataFrame(rows)


def short(value: float, digits: int) -> str:
    """Return a number with some decimals, a dash for none."""
    return "–" if pd.isna(value) else f"{value:.{digits}f}"


def write_between(marker: str, table: pd.DataFrame) -> None:
    """Replace what stands between two markers of the page."""
    begin, end = (f"<!-- {marker}: {place} -->\n" for place in ("begin", "end"))
    rows = [list(table.columns), ["---"] * len(table.columns), *table.to_numpy().tolist()]
    lines = "".join("| " + " | ".join(row) + " |\n" for row in rows)
    before, rest = PAGE.read_text(encoding="utf-8").split(begin)
    PAGE.write_text(before + begin + lines + end + rest.split(end)[1], encoding="utf-8")


def picture_pareto(report: Path) -> None:
    """Picture F1 against training time."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.goto(report.as_uri())
        section = page.get_by_role("heading", name="Costs").locator("..")
        plot = section.locator(".plot").first
        plot.scroll_into_view_if_needed()
        plot.locator(".main-svg").first.wait_for()
        page.wait_for_timeout(1000)
        plot.screenshot(path=PICTURE)
        page.close()


if __name__ == "__main__":
    main()
