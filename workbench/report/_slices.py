"""Whether the finding holds for every kind of image, and where the best two models differ."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from workbench import figures
from workbench.analysis import (
    discover_slices,
    main_grouping,
    slice_by,
    slice_by_cell_count,
    slice_scores,
    two_way,
)
from workbench.report._findings import MIN_IMAGES, Findings
from workbench.report._numbers import (
    intervals,
    listed,
    p_text,
    short,
    signed,
    with_interval,
)
from workbench.report._parts import Figure, Query, ReportTable, Section
from workbench.schema import InputError, column_label

TITLE: Final = "Kinds of images"
ALPHA: Final = 0.05
MOST_SLICES: Final = 40
CELLS: Final = "n_cells"


def slices_section(found: Findings) -> Section:
    """Return scores by what is known of the images; empty where nothing parts them."""
    facts = found.facts
    if facts.empty or len(found.paired) < MIN_IMAGES:
        return Section(TITLE)
    texts: list[str] = []
    items: list[ReportTable | Figure] = []
    grouping, of_image = _main_slices(found)
    if of_image is not None:
        table = slice_scores(found.paired, of_image, groups=found.groups)
        items.append(_figure(found, table, grouping))
        if grouping != CELLS:  # the means by number of cells have a section of their own
            items.append(_means(found, table, of_image, grouping))
        if len(found.models) > 1:
            asked = _interaction(found, of_image, grouping)
            if isinstance(asked, str):
                texts.append(asked)
            else:
                items.append(asked)
    if len(found.models) > 1:
        discovered = _discovered(found)
        texts.append(_what_was_found(found, discovered))
        items += [_forest(found, discovered), _discovered_table(found, discovered)]
    return Section(TITLE, texts, items)


def _main_slices(found: Findings) -> tuple[str, pd.Series | None]:
    """Return what parts the images best, such as the modality, else their number of cells."""
    grouping = main_grouping(found.facts)
    if grouping in found.facts:
        return grouping, slice_by(found.facts[grouping])
    if CELLS not in found.facts:
        return "", None
    return CELLS, slice_by_cell_count(found.facts[CELLS]).cat.remove_unused_categories()


def _means(found: Findings, table: pd.DataFrame, of_image: pd.Series, grouping: str) -> ReportTable:
    sizes = table.drop_duplicates("slice").set_index("slice")["n"]
    cells = table.set_index(["model", "slice"])
    columns: dict[str, list[str]] = {"Model": found.models}
    queries: dict[str, list[Query | None]] = {}
    for name, n in sizes.items():
        header = f"{name} (n = {n})"
        rows = [cells.loc[(model, name)] for model in found.models]
        texts = [with_interval(row["mean"], row["ci_low"], row["ci_high"]) for row in rows]
        columns[header] = [
            f"({text})" if row["few"] else text for text, row in zip(texts, rows, strict=True)
        ]
        inside = _inside(of_image, found.paired.index, str(name))
        queries[header] = [found.query(model, images=inside) for model in found.models]
    note = " Fewer than 10 images say little and stand in brackets." if table["few"].any() else ""
    return ReportTable(
        f"by_{grouping}",
        f"Mean {found.measure} by {column_label(grouping).lower()}, with 95 % intervals (Student "
        f"t); the n sum to all {int(sizes.sum())} images.{note}",
        pd.DataFrame(columns),
        label="corrected",
        queries=queries,
    )


def _figure(found: Findings, table: pd.DataFrame, grouping: str) -> Figure:
    of_best = table[table["model"] == found.models[0]]
    means = ", ".join(f"{row.mean:.3f} on {row.slice}" for row in of_best.itertuples(index=False))
    return Figure(
        f"Mean {found.measure} by {column_label(grouping).lower()}: parallel lines mean that the "
        "models differ by as much on each kind; hollow marks rest on fewer than 10 images.",
        figures.interaction_plot(table, metric=found.metric, by=column_label(grouping)),
        f"Means of {found.models[0]}: {means}.",
    )


def _interaction(found: Findings, of_image: pd.Series, grouping: str) -> ReportTable | str:
    """Return the analysis of variance of models and kinds of images, or why there is none."""
    long = found.paired.rename_axis("image_id").reset_index().melt("image_id", var_name="model")
    title = column_label(grouping).lower()
    long[title] = long["image_id"].map(of_image.astype(str))
    try:
        tested = two_way(long, factor=title, groups=found.groups)
    except InputError as error:
        return f"No analysis of variance of models and {title}: {error}"
    frame = pd.DataFrame(
        {
            "Source": tested["source"],
            "F": [
                f"F({row.df:.4g}, {row.df_error:.4g}) = {short(row.F)}"
                for row in tested.itertuples()
            ],
            "p": tested["p"],
            "Partial eta²": tested["effect"],
            "Note": tested["note"],
        }
    )
    behind = [found.query(*found.models)] * len(frame)
    return ReportTable(
        f"two_way_{grouping}",
        f"Does the difference between models depend on the {title}? The last row asks it: models "
        "on the same images, kinds of image between them.",
        frame,
        formats={"p": p_text},
        label="corrected",
        queries={"F": behind, "p": behind},
    )


def _discovered(found: Findings) -> pd.DataFrame:
    first, second = found.contenders
    compared = discover_slices(
        found.paired, found.facts, first=first, second=second, groups=found.groups, seed=found.seed
    )
    return compared[compared["n"] > 0].reset_index(drop=True)


def _what_was_found(found: Findings, compared: pd.DataFrame) -> str:
    first, second = found.contenders
    clear = compared[compared["p_bh"] < ALPHA]
    above, below = (clear["mean_difference"] > 0).sum(), (clear["mean_difference"] < 0).sum()
    facts = listed([column_label(fact).lower() for fact in found.facts.columns])
    verdict = (
        f"it lies above in {above}, below in {below}, and in the others the two are not told apart"
        if len(clear)
        else "in none of them the two are told apart"
    )
    return (
        f"{first} was compared with {second} in {len(compared)} slices of the images, by {facts}: "
        f"{verdict}. Looking into many slices finds differences by chance; p is adjusted so that "
        "at most 5 % of those told apart are expected to be false (Benjamini-Hochberg). Take what "
        "was found this way as a question to other images."
    )


def _forest(found: Findings, compared: pd.DataFrame) -> Figure:
    first, second = found.contenders
    # The furthest apart, where there are too many to be read.
    shown = compared.loc[
        compared["mean_difference"].abs().nlargest(MOST_SLICES).index.sort_values()
    ]
    named = shown.assign(
        slice=[f"{column_label(row.fact)}: {row.slice}" for row in shown.itertuples()]
    )
    widest = compared.loc[compared["mean_difference"].abs().idxmax()]
    left_out = len(compared) - len(shown)
    more = f" The {left_out} with the smallest differences are in the table." if left_out else ""
    return Figure(
        f"How far {first} lies above {second} in each slice of the images, with 95 % intervals "
        f"(paired Student t).{more}",
        figures.slice_forest(named, metric=found.metric, first=first, second=second),
        f"The widest difference is {signed(widest['mean_difference'])} on the {widest['n']} images "
        f"with {column_label(widest['fact']).lower()} {widest['slice']}.",
    )


def _discovered_table(found: Findings, compared: pd.DataFrame) -> ReportTable:
    first, second = found.contenders
    slices = {fact: slice_by(found.facts[fact]) for fact in compared["fact"].unique()}
    frame = pd.DataFrame(
        {
            "By": compared["fact"].map(column_label),
            "Images with": compared["slice"],
            "Images": compared["n"],
            "Difference": compared["mean_difference"],
            "95 % interval": intervals(compared, "ci_low", "ci_high"),
            "p": compared["p"],
            "p (adjusted)": compared["p_bh"],
            "Verdict": [_verdict(row, first, second) for row in compared.itertuples()],
        }
    )
    behind: list[Query | None] = [
        found.query(first, second, images=_inside(slices[row.fact], found.paired.index, row.slice))
        for row in compared.itertuples()
    ]
    return ReportTable(
        "slices",
        f"{first} less {second} in every slice of the images by every fact; p by sign-flip "
        f"permutation, adjusted over all {len(compared)} slices (Benjamini-Hochberg).",
        frame,
        formats={"Difference": signed, "p": p_text, "p (adjusted)": p_text},
        label="corrected",
        queries=dict.fromkeys(("Images", "Difference", "p", "p (adjusted)"), behind),
    )


def _verdict(row: Any, first: str, second: str) -> str:
    few = " (few images)" if row.few else ""
    if row.p_bh < ALPHA:
        return f"{first if row.mean_difference > 0 else second} higher{few}"
    return f"not told apart{few}"


def _inside(of_image: pd.Series, images: pd.Index, name: str) -> pd.Index:
    named = of_image.reindex(images).astype(str)
    return named.index[named == name]
