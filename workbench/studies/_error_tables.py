"""The errors of a run as tables for people, every number with the cells or images behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.analysis import QUANTITIES
from workbench.report import (
    Query,
    ReportTable,
    interval,
    p_text,
    percent,
    plain,
    short,
    signed,
    whole,
)
from workbench.schema import (
    ERROR_TYPES,
    OUTCOMES,
    PIXEL_ERRORS,
    PRIMARY_IOU_THRESHOLD,
    PRIMARY_METRIC,
    Member,
)
from workbench.studies._run_errors import RunErrors
from workbench.studies._view import find_member

MOST_CELLS: Final = 500
"""Cells that a number lists; nobody reads on."""
N_HARD: Final = 10
PIXEL_TITLES: Final = {
    "over_extension": "Over-extended",
    "hallucination": "Hallucinated",
    "shrink": "Shrunk",
    "hole": "Holes",
    "missing": "Missing",
    "leak": "Leaked",
    "wrong_instance": "Wrong cell",
}
DISPUTES: Final = {
    "models see no cell": "They see no cell",
    "models see another shape": "They see another shape",
    "models see a cell more": "They see a cell more",
}
NOT_ON: Final = {"reference": ("spurious",), "predicted": ("missed",)}
"""Fates that no cell of a side can have."""
SIDE_ORDER: Final = ("reference", "predicted")


def cells_query(cells: pd.DataFrame, *, n_cells: int = 0) -> Query:
    """Return the query for cells with ``image_id``, ``side``, ``cell_id``, ``model``, ``seed``."""
    keys = tuple(
        (str(image_id), str(side), int(cell_id), Member(str(model), int(seed)).name)
        for image_id, side, cell_id, model, seed in cells.head(MOST_CELLS)[
            ["image_id", "side", "cell_id", "model", "seed"]
        ].itertuples(index=False)
    )
    models = tuple(dict.fromkeys(map(str, cells["model"])))
    return Query(
        models, PRIMARY_METRIC, PRIMARY_IOU_THRESHOLD, cells=keys, n_cells=n_cells or len(cells)
    )


def outcome_table(found: RunErrors) -> ReportTable:
    """Return how many cells of each model met which fate, on either side, at IoU 0.5."""
    wide = found.outcomes.pivot_table(
        index=["model", "side"], columns="outcome", values="n", fill_value=0, sort=False
    )
    there = [name for name in OUTCOMES if name in wide]
    rows, queries = [], []
    by_fate = _by_fate(found)
    for model in found.models:
        for side in SIDE_ORDER:
            if (model, side) not in wide.index:
                continue
            counts = wide.loc[(model, side)]
            numbers = {name: int(counts[name]) for name in there}
            shown = numbers | dict.fromkeys(NOT_ON[side], np.nan)
            rows.append({"Model": model, "Side": side, "Cells": sum(numbers.values())}
                        | {name: shown[name] for name in there})  # fmt: skip
            queries.append([by_fate.get((model, side, name)) for name in there])
    return ReportTable(
        "cell_outcomes",
        "What became of every cell at IoU 0.5, all images together (of several seeds the sum). A "
        "split or a merge has cells on both sides; missed are cells of the reference, spurious "
        "ones predicted.",
        pd.DataFrame(rows),
        headers={name: name.capitalize() for name in there},
        formats=dict.fromkeys(("Cells", *there), whole),
        queries={name: [row[place] for row in queries] for place, name in enumerate(there)},
    )


def budget_table(found: RunErrors) -> ReportTable:
    """Return the F1 that each model lost to each type of error, with its interval."""
    return _per_type(
        found,
        "lost",
        "error_budget",
        f"F1 lost at IoU {found.threshold:g} by type of error, with 95 % intervals over images "
        "(BCa bootstrap); the six sum to 1 − F1. Each image has a budget of its own, and these are "
        "averaged.",
    )


def gain_table(found: RunErrors) -> ReportTable:
    """Return what F1 would gain if one type of error alone were put right."""
    return _per_type(
        found,
        "gain",
        "error_gains",
        f"What mean F1 at IoU {found.threshold:g} gains if this type alone is put right, with 95 % "
        "intervals over images. These do not sum to anything, as errors stand in each other's way.",
    )


def pixel_table(found: RunErrors) -> ReportTable:
    """Return how the wrong pixels of each model divide among the kinds."""
    wide = found.pixels.pivot_table(index="model", columns="error", values="share", sort=False)
    totals = found.pixels.groupby("model", sort=False)["n_pixels"].sum()
    wide = wide.reindex([model for model in found.models if model in wide.index])
    frame = pd.DataFrame({"Model": list(wide.index), "Wrong pixels": totals[wide.index].to_numpy()})
    names = [name for name in PIXEL_ERRORS if name in wide]
    for name in names:
        frame[name] = wide[name].to_numpy()
    behind = [Query((model,), PRIMARY_METRIC, PRIMARY_IOU_THRESHOLD) for model in frame["Model"]]
    return ReportTable(
        "pixel_errors",
        "Wrong pixels, all images together (of several seeds the mean), and how they divide. "
        "Over-extended, shrunk and leaked ones lie in a band around the true outlines, 5 % of the "
        "cell's diameter wide.",
        frame,
        headers={name: PIXEL_TITLES.get(name, name.replace("_", " ")) for name in names},
        formats={"Wrong pixels": whole} | dict.fromkeys(names, percent),
        queries=dict.fromkeys(["Wrong pixels", *names], behind),
    )


def difference_table(found: RunErrors) -> ReportTable:
    """Return by which types of error the first of the pair is ahead of the second."""
    table, (first, second) = found.difference, (found.first, found.second)
    by_fate = {error: _of_type(found, (first, second), error) for error in ERROR_TYPES}
    frame = pd.DataFrame(
        {
            "Error": table["error"],
            f"{first} lost": table["first_lost"],
            f"{second} lost": table["second_lost"],
            f"{first} ahead by": table["advantage"],
            "95 % interval": [interval(*row) for row in table[["low", "high"]].to_numpy()],
        }
    )
    scores = Query((first, second), PRIMARY_METRIC, found.threshold)
    both = [by_fate.get(error) or scores for error in table["error"]]
    return ReportTable(
        "budget_difference",
        f"F1 lost at IoU {found.threshold:g} by {first} and by {second}, and by how much the first "
        "is ahead thanks to each type, with paired 95 % intervals over the same "
        f"{table['n_images'].iloc[0]} images.",
        frame,
        formats={f"{first} ahead by": signed},
        best_row=len(frame) - 1,
        queries={
            f"{first} lost": [_of_type(found, (first,), e) or scores for e in table["error"]],
            f"{second} lost": [_of_type(found, (second,), e) or scores for e in table["error"]],
            f"{first} ahead by": both,
        },
    )


def places_table(found: RunErrors, *, n: int = 10) -> ReportTable:
    """Return the places that explain most of the difference between the pair."""
    first, second = found.first, found.second
    total = found.places["contribution"].sum()
    shown = found.places.head(n)
    frame = pd.DataFrame(
        {
            "Place": np.arange(1, len(shown) + 1),
            "Image": shown["image_id"],
            "Reference cells": shown["reference_ids"].map(_ids),
            first: shown["first_outcome"],
            second: shown["second_outcome"],
            "Adds to the difference": shown["contribution"],
            "Sum so far": shown["cumulative"],
        }
    )
    behind = [_place_query(found, row) for row in shown.itertuples(index=False)]
    return ReportTable(
        "explaining_cells",
        f"The {len(shown)} places that speak most for the model ahead. Mean F1 of {first} − mean "
        f"F1 of {second} is {signed(total)}; these make {signed(shown['contribution'].sum())} of "
        f"it, and the {len(found.places)} places where the two differ sum to it exactly.",
        frame,
        formats=dict.fromkeys(("Adds to the difference", "Sum so far"), lambda v: f"{v:+.4f}"),
        queries=dict.fromkeys(
            ("Place", "Reference cells", "Adds to the difference", "Sum so far"), behind
        ),
    )


def duel_table(found: RunErrors) -> ReportTable:
    """Return which cells both of the pair, one alone or neither finds, by what they are like."""
    table, first, second = found.duel, found.first, found.second
    members = [find_member(found.view, model) for model in (first, second)]
    behind = {
        key: _of_members(part.assign(side="reference"), members)
        for key, part in found.duel_cells.groupby(["by", "stratum", "found"], sort=False)
    }
    fates = {"both": "Both", "first_only": f"{first} alone", "second_only": f"{second} alone",
             "neither": "Neither"}  # fmt: skip
    names = list(fates)
    shown = table[["by", "stratum", "n_images", *names, "p_bh"]]
    keys = list(zip(table["by"], table["stratum"], strict=True))
    return ReportTable(
        "duel",
        f"Reference cells that {first} and {second} match at IoU 0.5. p asks whether one finds "
        "more of them: signs of whole images are flipped, as cells of one image are no independent "
        "evidence; over the classes it is adjusted (Benjamini-Hochberg).",
        shown,
        headers={"by": "By", "stratum": "Cells", "n_images": "Images", "p_bh": "p (adjusted)"}
        | fates,
        formats={"p_bh": p_text},
        queries={name: [behind.get((*key, name)) for key in keys] for name in names},
    )


def hard_table(found: RunErrors) -> ReportTable:
    """Return the images that are hardest for all models."""
    return _images_table(
        found.difficulty.head(N_HARD),
        found,
        "hard_images",
        "The hardest images, by F1 at IoU 0.5. Difficulty is in logits, 0 for an average image; "
        "discrimination is 1 for an average image, and negative where poor models do better: "
        "a reason to check the annotation.",
    )


def swing_table(found: RunErrors) -> ReportTable:
    """Return the images on which the models differ most."""
    table = found.difficulty.sort_values("spread", ascending=False, kind="stable").head(N_HARD)
    return _images_table(
        table,
        found,
        "swing_images",
        "The images on which F1 of the models at IoU 0.5 differs most.",
    )


def disputed_table(found: RunErrors) -> ReportTable:
    """Return the images with cells at which most models contradict the reference alike."""
    table = found.disputed
    members = {model: find_member(found.view, model) for model in found.models}
    kinds = sorted(set(table["dispute"]), key=list(DISPUTES).index)
    rows: list[dict[str, Any]] = []
    queries: dict[str, list[Query | None]] = {name: [] for name in ("Cells", *kinds)}
    by_image = table.groupby("image_id", sort=False)
    for image_id in by_image.size().sort_values(ascending=False, kind="stable").index:
        inside = by_image.get_group(image_id)
        counts = {kind: int((inside["dispute"] == kind).sum()) for kind in kinds}
        rows.append({"Image": image_id, "Cells": len(inside), **counts})
        queries["Cells"].append(_disputed_query(inside, members))
        for kind in kinds:
            chosen = inside[inside["dispute"] == kind]
            queries[kind].append(_disputed_query(chosen, members) if len(chosen) else None)
    return ReportTable(
        "disputed_cells",
        "Cells at which at least two thirds of the models contradict the reference and agree with "
        "each other, by image. Models trained on the same annotations share their habits, so look "
        "before you correct.",
        pd.DataFrame(rows, columns=["Image", "Cells", *kinds]),
        headers={kind: DISPUTES[kind] for kind in kinds},
        queries=queries,
        max_rows=N_HARD,
    )


def slices_table(found: RunErrors) -> ReportTable:
    """Return the groups of cells that the model loses more often than the rest."""
    table, members = found.slices.table, found.slices.members
    frame = pd.DataFrame(
        {
            "Group": table["description"],
            "Lost": table["rate"],
            "Elsewhere": table["rate_elsewhere"],
            "Lost, held out": table["held_out_rate"],
            "Elsewhere, held out": table["held_out_rate_elsewhere"],
            "p, held out": table["held_out_p"],
            "Share of all losses": table["share_of_losses"],
        }
    )
    behind = [
        cells_query(part.assign(side="reference", model=found.model))
        for number in table["slice"]
        for part in [members[members["slice"] == number]]
    ]
    shares = ["Lost", "Elsewhere", "Lost, held out", "Elsewhere, held out", "Share of all losses"]
    return ReportTable(
        "failure_slices",
        f"Groups of reference cells that {found.model} loses more often than the rest, found on "
        "one half of the images and confirmed on the other. Read the held-out rate; the first is "
        "always a little too large.",
        frame,
        formats={"p, held out": p_text} | dict.fromkeys(shares, percent),
        queries=dict.fromkeys(("Group", "Lost", "Lost, held out", "Share of all losses"), behind),
    )


def review_table(found: RunErrors, *, n: int | None = None) -> ReportTable:
    """Return the errors of the model in the order in which to correct them."""
    n = found.n_corrections if n is None else n
    events = found.queue.events.head(n)
    frame = pd.DataFrame(
        {
            "Place": events["place"],
            "Image": events["image_id"],
            "Error": events["error"],
            "Reference cells": events["reference_ids"].map(_ids),
            "Predicted cells": events["predicted_ids"].map(_ids),
            "F1 of the image +": events["gain"],
            "Mean F1 then": events["mean_f1"],
        }
    )
    member = Member(found.model, found.queue.seed)
    behind = [_event_query(row, member) for row in events.itertuples(index=False)]
    return ReportTable(
        "review_queue",
        f"The first {len(events)} errors of {member.name} to correct, those first that raise mean "
        "F1 at IoU 0.5 most; an image with few cells comes early, as each of its cells counts for "
        "more.",
        frame,
        formats={"F1 of the image +": plain, "Mean F1 then": lambda value: f"{value:.4f}"},
        queries=dict.fromkeys(
            ("Place", "Reference cells", "Predicted cells", "F1 of the image +"), behind
        ),
    )


def biology_table(found: RunErrors) -> ReportTable:
    """Return how far what the cells of an image come to is off, for every quantity and model."""
    order = list(QUANTITIES)
    table = found.agreement.sort_values(
        "quantity", key=lambda names: names.map(order.index), kind="stable", ignore_index=True
    )
    frame = pd.DataFrame(
        {
            "Quantity": table["quantity"].map(QUANTITIES),
            "Model": table["model"],
            "Reference": table["mean_reference"],
            "Bias": table["bias"],
            "Interval of the bias": _ranges(table, "bias_low", "bias_high"),
            "Limits of agreement": _ranges(table, "lower_limit", "upper_limit"),
            "Slope": table["slope"],
            "Concordance": table["concordance"],
        }
    )
    behind = [Query((m,), PRIMARY_METRIC, PRIMARY_IOU_THRESHOLD) for m in table["model"]]
    return ReportTable(
        "biology_agreement",
        "Predicted − reference per image: bias is its mean (with 95 % interval), and 95 % of "
        "images are expected between the limits of agreement (Bland and Altman). Slope is how the "
        "difference changes with the amount; concordance is 1 where all values are the same.",
        frame,
        formats=dict.fromkeys(("Reference", "Bias", "Slope"), short),
        queries={"Bias": behind},
        max_rows=3 * len(found.models),
    )


def _per_type(found: RunErrors, column: str, name: str, caption: str) -> ReportTable:
    budget = found.budget
    of_model = budget.drop_duplicates("model").set_index("model")
    frame = pd.DataFrame({"Model": list(of_model.index), "F1": of_model["f1"].to_numpy()})
    score = [Query((model,), PRIMARY_METRIC, found.threshold) for model in of_model.index]
    queries: dict[str, list[Query | None]] = {str(frame.columns[1]): list(score)}
    for error in ERROR_TYPES:
        part = budget[budget["error"] == error].set_index("model").loc[of_model.index]
        frame[error] = [
            f"{value:.3f} {interval(low, high)}"
            for value, low, high in part[[column, f"{column}_low", f"{column}_high"]].itertuples(
                index=False
            )
        ]
        queries[error] = [
            _of_type(found, (str(model),), error) or scores
            for model, scores in zip(of_model.index, score, strict=True)
        ]
    return ReportTable(
        name,
        f"{caption} {of_model['n_images'].iloc[0]} images.",
        frame,
        headers={error: error.capitalize() for error in ERROR_TYPES},
        queries=queries,
    )


def _by_fate(found: RunErrors) -> dict[tuple[str, str, str], Query]:
    """Return the cells of each model, side and outcome, the worst overlaps first."""
    ordered = found.view.cells.sort_values(["partner_iou", "image_id", "cell_id"], kind="stable")
    return {
        (str(model), str(side), str(outcome)): cells_query(part)
        for (model, side, outcome), part in ordered.groupby(
            ["model", "side", "outcome"], sort=False
        )
    }


def _of_type(found: RunErrors, models: Sequence[str], error: str) -> Query | None:
    """Return the cells with a type of error; None at another IoU than that of the cell table."""
    if not np.isclose(found.threshold, PRIMARY_IOU_THRESHOLD):
        return None
    cells = found.view.cells
    chosen = cells[(cells["outcome"] == error) & cells["model"].isin(models)]
    ordered = chosen.sort_values(["partner_iou", "image_id", "cell_id"], kind="stable")
    return cells_query(ordered) if len(ordered) else None


def _images_table(table: pd.DataFrame, found: RunErrors, name: str, caption: str) -> ReportTable:
    frame = pd.DataFrame(
        {
            "Image": table["image_id"],
            "Cells": table["n_reference"],
            "Mean of all models": table["mean"],
            "Best": table["best_model"] + " " + table["best"].map(plain),
            "Worst": table["worst_model"] + " " + table["worst"].map(plain),
            "Difficulty": table["difficulty"],
            "Discrimination": table["discrimination"],
            "Hard for all": np.where(table["hard_for_all"], "yes", "no"),
        }
    )
    behind = [
        Query(tuple(found.models), PRIMARY_METRIC, PRIMARY_IOU_THRESHOLD, (str(image_id),))
        for image_id in table["image_id"]
    ]
    return ReportTable(
        name,
        caption,
        frame,
        formats=dict.fromkeys(("Difficulty", "Discrimination"), short),
        queries=dict.fromkeys(("Mean of all models", "Best", "Worst", "Difficulty"), behind),
    )


def _place_query(found: RunErrors, row: Any) -> Query:
    """Return the cells of a place: the reference ones under both models, those of either."""
    first, second = (find_member(found.view, model) for model in (found.first, found.second))
    rows = [
        (row.image_id, side, cell, member.model, member.seed)
        for side, member, ids in (
            ("reference", first, row.reference_ids),
            ("reference", second, row.reference_ids),
            ("predicted", first, row.first_ids),
            ("predicted", second, row.second_ids),
        )
        for cell in ids
    ]
    columns = ["image_id", "side", "cell_id", "model", "seed"]
    return cells_query(pd.DataFrame(rows, columns=columns))


def _disputed_query(disputed: pd.DataFrame, members: dict[str, Member]) -> Query:
    """Return disputed cells with the models that agree; a predicted cell has but one."""
    keys = ["image_id", "side", "cell_id", "model", "seed"]
    rows = [
        (row.image_id, row.side, row.cell_id, member.model, member.seed)
        for row in disputed.itertuples(index=False)
        for agreeing in [[members[n] for n in str(row.models).split(", ") if n in members]]
        for member in (agreeing if row.side == "reference" else agreeing[:1])
    ]
    return cells_query(pd.DataFrame(rows, columns=keys))


def _event_query(row: Any, member: Member) -> Query:
    sides = (("reference", row.reference_ids), ("predicted", row.predicted_ids))
    rows = [(row.image_id, side, cell) for side, ids in sides for cell in ids]
    return _of_members(pd.DataFrame(rows, columns=["image_id", "side", "cell_id"]), [member])


def _of_members(cells: pd.DataFrame, members: Iterable[Member]) -> Query:
    """Return the query for the same cells under each of some members."""
    own = [cells.assign(model=member.model, seed=member.seed) for member in members]
    joined = pd.concat(own)
    if len(own) > 1:
        # The same cell in neighbouring rows.
        joined = joined.sort_values(["image_id", "side", "cell_id"], kind="stable")
    return cells_query(joined)


def _ids(cells: tuple[int, ...]) -> str:
    return ", ".join(map(str, cells)) or "–"


def _ranges(table: pd.DataFrame, low: str, high: str) -> list[str]:
    return [
        "–" if np.isnan(one) else f"{short(one)} to {short(two)}"
        for one, two in table[[low, high]].itertuples(index=False)
    ]
