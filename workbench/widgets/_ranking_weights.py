"""A ranking out of several parts, and a slider for the weight of each."""

import html
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import anywidget
import numpy as np
import pandas as pd
import traitlets

from workbench.analysis import rank_by_scheme
from workbench.schema import InputError
from workbench.widgets._explorer import PANELS_VARIABLE
from workbench.widgets._still import STATIC, still_frame

SCRIPT: Final = (STATIC / "ranking_weights.js").read_text(encoding="utf-8")
STYLE: Final = (STATIC / "ranking_weights.css").read_text(encoding="utf-8")
TITLE: Final = "Ranking under weights"
LEAST_TOP: Final = 3.0
ROW_PX: Final = 31


class RankingWeights(anywidget.AnyWidget):
    """A panel; made by :func:`ranking_weights`.

    Attributes
    ----------
    weights
        Of the parts, in their order: follows the screen, and the screen follows it.
    """

    _esm = SCRIPT
    _css = STYLE
    content = traitlets.Dict().tag(sync=True)
    weights: traitlets.List[float] = traitlets.List().tag(sync=True)

    def __init__(
        self,
        parts: pd.DataFrame,
        start: Sequence[float],
        on_change: Callable[[pd.DataFrame], None],
    ) -> None:
        self._parts = parts
        self._on_change = on_change
        super().__init__(
            content={
                "parts": [str(name) for name in parts.columns],
                "models": [str(name) for name in parts.index],
                "values": parts.to_numpy(float).tolist(),
                "start": list(start),
                "most": max(LEAST_TOP, float(np.ceil(max(start)))),
            },
            weights=list(start),
        )

    @property
    def ranking(self) -> pd.DataFrame:
        """What the screen shows, see :func:`resolve_ranking`."""
        return resolve_ranking(self._parts, self.weights, start=self.content["start"])

    def static_html(self) -> str:
        """Return a page of its own whose sliders move without a kernel; it loads nothing."""
        # A closing tag within the data would end the script.
        data = {"content": self.content, "weights": self.weights}
        content = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
        return (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{html.escape(TITLE)}</title><style>{STYLE}</style></head>\n"
            '<body class="wbr-page"><div id="ranking"></div>'
            f'<script type="application/json" id="data">{content}</script>\n'
            f'<script type="module">{SCRIPT}\nmountStillRanking();</script></body></html>\n'
        )

    @traitlets.validate("weights")
    def _check_weights(self, proposal: Mapping[str, Any]) -> list[float]:
        weights = [float(weight) for weight in proposal["value"]]
        n_parts = len(self._parts.columns)
        if len(weights) != n_parts or not all(0 <= weight < np.inf for weight in weights):
            msg = f"expected {n_parts} weights from 0, one for each part, got {weights}."
            raise InputError(msg)
        return weights

    @traitlets.observe("weights")
    def _tell(self, change: Mapping[str, Any]) -> None:
        if change["old"]:  # not the first weights
            self._on_change(self.ranking)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        height = ROW_PX * (len(self._parts) + len(self._parts.columns) + 3)
        frame = still_frame(self.static_html(), title=TITLE, height_px=height)
        page = {"text/html": frame, "text/plain": self.ranking.round(3).to_string(index=False)}
        if os.environ.get(PANELS_VARIABLE) == "still":
            return page, {}
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return page | data, metadata


def ranking_weights(
    parts: pd.DataFrame,
    *,
    weights: Mapping[str, float] | None = None,
    on_change: Callable[[pd.DataFrame], None] = lambda _: None,
) -> RankingWeights:
    """Show a ranking that follows a slider for the weight of each part.

    Parameters
    ----------
    parts
        Models x parts, higher is better, from :func:`workbench.analysis.scheme_parts`.
    weights
        To start with; a part that is not named weighs 1.
    on_change
        Called with the new ranking whenever a weight has moved.

    Returns
    -------
    RankingWeights
        Its ``ranking`` is what the screen shows. In HTML made of the notebook the sliders still
        move.

    Raises
    ------
    InputError
        As :func:`workbench.analysis.rank_by_scheme`.
    """
    given = dict(weights or {})
    rank_by_scheme(parts, weights=given)  # refuses what is no ranking
    start = [float(given.get(name, 1.0)) for name in parts.columns]
    return RankingWeights(parts.astype(float), start, on_change)


def resolve_ranking(
    parts: pd.DataFrame, weights: Sequence[float], *, start: Sequence[float]
) -> pd.DataFrame:
    """Return the ranking that weights give, and how it differs from that of the first weights.

    Parameters
    ----------
    parts
        Models x parts, higher is better.
    weights, start
        Of each part, now and at first.

    Returns
    -------
    DataFrame
        One row per model, best first: ``model``, ``rank`` (ties share the average), ``moved``
        (places won since the start; negative for those lost) and ``overall``. Empty if all weights
        are 0.

    Examples
    --------
    >>> parts = pd.DataFrame({"accuracy": [0.5, 0.4], "speed": [0.2, 0.8]}, index=["unet", "otsu"])
    >>> resolve_ranking(parts, [1, 0], start=[1, 1])[["model", "moved"]].to_numpy().tolist()
    [['unet', 1.0], ['otsu', -1.0]]
    """
    if not any(weights):
        return pd.DataFrame(columns=["model", "rank", "moved", "overall"])
    now, before = (
        rank_by_scheme(parts, weights=dict(zip(parts.columns, given, strict=True)))
        for given in (weights, start)
    )
    ranks = before.set_index("model")["rank"]
    now["moved"] = now["model"].map(ranks) - now["rank"]
    return now[["model", "rank", "moved", "overall"]]
