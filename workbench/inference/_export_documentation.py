"""What a model package says of itself to people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.inference._export_network import MAP_NAMES, Sizes, in_brief
from workbench.inference._model_files import CARD_FILE, WEIGHTS_FILE, ModelCard


def documentation(card: ModelCard, sizes: Sizes) -> str:
    """Return what a package's README says: channels, training data, scores, how to validate."""
    description = card.description
    decoder = description.decoder
    settings = _text(decoder.model_dump()) if decoder else "the encoding's own"
    maps = in_brief(MAP_NAMES[description.encoding])
    scores = {k: v for k, v in card.metrics.items() if k.startswith("validation_")}
    lines = [
        f"# {card.name or description.architecture}",
        "",
        f"A network ({description.architecture}) that finds cells. It takes images of {sizes}",
        "with three channels; a grey image is given three times.",
        "",
        f"Its output has the channels {maps}, activated",
        f"(encoding `{description.encoding}`). The Cell Segmentation Workbench makes cells of",
        f"them; decoder: {settings}.",
        f"`{CARD_FILE}` and `{WEIGHTS_FILE}`, which are attached, are the model in its own form:",
        "`workbench models import` reads this package.",
        "",
        "## Trained on",
        "",
        *([f"- {name}: {_text(value)}" for name, value in card.data.items()] or ["Not known."]),
        "",
        "## Scores",
        "",
        *([f"- {name}: {value:.3f}" for name, value in scores.items()] or ["Not known."]),
        "",
        "## Validation",
        "",
        "Compare the cells with labels of your own images before you trust them:",
        "`workbench score` does.",
        "",
    ]
    if card.citation:
        lines += ["## Cite", "", card.citation, ""]
    return "\n".join(lines)


def _text(value: Any) -> str:
    """Return a value of a card as people write it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {item}" for name, item in value.items())
    return str(value)
