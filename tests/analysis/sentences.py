"""Score tables made by hand, and the numbers that a sentence about them holds."""

import re
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

# Of the words: levels of intervals and power, and the smallest p that is written out.
ALWAYS = (95.0, 80.0, 0.0001)


def score_table(
    values: Mapping[str, npt.ArrayLike], *, n_seeds: int = 3, **columns: object
) -> pd.DataFrame:
    """A model's scores per image: images i000, i001, ... have 1, 2, ... reference cells."""
    parts = []
    for model, scores in values.items():
        of_model = np.asarray(scores, float)
        images = [f"i{place:03}" for place in range(len(of_model))]
        for seed in range(n_seeds):
            facts: dict[str, object] = {
                "image_id": images, "model": model, "seed": seed, "metric": "f1",
                "threshold": 0.5, "value": of_model, "n_reference": range(1, len(of_model) + 1),
                "status": "ok",
            }  # fmt: skip
            parts.append(pd.DataFrame(facts | columns))
    return pd.concat(parts, ignore_index=True)


def noisy(
    gains: Mapping[str, float], n_images: int, *, noise: float = 0.1, seed: int = 0
) -> dict[str, npt.NDArray[np.float64]]:
    """Images differ much, models by their gain, and then there is noise."""
    rng = np.random.default_rng(seed)
    image = rng.normal(0.5, 0.2, n_images)
    return {model: image + gain + rng.normal(0, noise, n_images) for model, gain in gains.items()}


def untold_numbers(sentence: str, numbers: Iterable[float], names: Iterable[str] = ()) -> list[str]:
    """Return the numbers of a sentence that are none of ``numbers``, rounded as it rounds."""
    for name in sorted(names, key=len, reverse=True):
        sentence = sentence.replace(name, " ")
    for measure in ("F1", "f1"):
        sentence = sentence.replace(measure, " ")
    known = [abs(float(number)) for number in (*numbers, *ALWAYS)]
    found = re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?", sentence)
    found = [text.replace(",", "") for text in found]
    return [text for text in found if not any(_rounds_to(number, text) for number in known)]


def _rounds_to(number: float, text: str) -> bool:
    decimals = len(text.partition(".")[2])
    digits = len(text.lstrip("0.").replace(".", ""))
    exact = f"{number:.{decimals}f}" == text
    # Without decimals, a large number may have its last digits rounded away.
    rough = "." not in text and digits > 2 and f"{float(f'{number:.2g}'):.0f}" == text
    return exact or rough or ("e" in text and np.isclose(number, float(text), rtol=0.05))
