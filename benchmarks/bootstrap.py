"""Bootstrapped means of seven models on 7,000 images, against scipy and a loop in numpy.

All draw images with replacement, the same for all models, and return a mean for each model and
draw, in this one run; what counts is the ratio. They draw different images, so their
standard errors must agree within what chance allows, or nothing is written.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from page import machine, markdown_table, rounded, write_section
from scipy import stats

from workbench.analysis import bootstrap_means, describe_models

FloatArray = npt.NDArray[np.float64]

N_IMAGES = 7000
N_MODELS = 7
N_RESAMPLES = 10_000
BATCH = 100  # of scipy: 39 MiB of resampled scores at a time
N_ROUNDS = 3

OURS = "ours: `bootstrap_means`"
ALL = "ours: `describe_models`, all intervals"
SCIPY = "scipy.stats.bootstrap, percentile"
LOOP = "loop over numpy.random.Generator.integers"


def main() -> None:
    """Write the table."""
    rng = np.random.default_rng(0)
    difficulty = rng.normal(size=(N_IMAGES, 1))
    values = stats.norm.cdf(1 + 0.8 * difficulty + 0.6 * rng.normal(size=(N_IMAGES, N_MODELS)))
    paired = pd.DataFrame(values, [f"image_{place}" for place in range(N_IMAGES)])
    ways: dict[str, Callable[[], FloatArray]] = {
        OURS: lambda: bootstrap_means(paired, n_resamples=N_RESAMPLES),
        SCIPY: lambda: by_scipy(values),
        LOOP: lambda: by_loop(values),
    }
    seconds: dict[str, list[float]] = {name: [] for name in [*ways, ALL]}
    expected = values.std(axis=0) / np.sqrt(N_IMAGES)
    for _ in range(N_ROUNDS):
        for name, way in ways.items():
            started = time.process_time()
            means = way()
            seconds[name].append(time.process_time() - started)
            # The standard error of a standard deviation of so many draws, five times.
            error = 5 / np.sqrt(2 * N_RESAMPLES)
            assert np.allclose(means.std(axis=0), expected, rtol=error), name
        started = time.process_time()
        describe_models(paired, n_resamples=N_RESAMPLES)
        seconds[ALL].append(time.process_time() - started)
    median = {name: statistics.median(times) for name, times in seconds.items()}
    rows = [
        [name, rounded(median[name]), "" if name in (OURS, ALL) else ratio(median[name], median)]
        for name in (OURS, ALL, SCIPY, LOOP)
    ]
    write_section(
        "Bootstrap",
        f"""{N_RESAMPLES:,} bootstrap samples of {N_MODELS} models on {N_IMAGES:,} images: seconds
of processor time, the median of {N_ROUNDS} rounds. All return the mean of each model in
each sample; `describe_models` makes of them the intervals of means by BCa, and those by Student t
and of medians besides. Ours counts how often each image was drawn and multiplies the counts with
the scores; scipy (batches of {BATCH}) and the loop gather the drawn scores. BCa by scipy is not
here: it leaves out one image at a time by copying all others, {N_IMAGES:,} times.

{machine("numpy", "scipy", "pandas")}

{markdown_table(["", "s", "times ours"], rows)}""",
    )


def by_scipy(values: FloatArray) -> FloatArray:
    """Return what scipy draws, shape (draws, models)."""
    found = stats.bootstrap(
        (values.T,), np.mean, axis=-1, n_resamples=N_RESAMPLES, batch=BATCH, method="percentile",
        vectorized=True, rng=np.random.default_rng(0),
    )  # fmt: skip
    drawn: FloatArray = found.bootstrap_distribution.T
    return drawn


def by_loop(values: FloatArray) -> FloatArray:
    """Return the same by the loop that most scripts have."""
    rng = np.random.default_rng(0)
    means = [values[rng.integers(0, N_IMAGES, N_IMAGES)].mean(axis=0) for _ in range(N_RESAMPLES)]
    return np.array(means)


def ratio(seconds: float, median: dict[str, float]) -> str:
    """Return how many times ours it took."""
    return rounded(seconds / median[OURS])


if __name__ == "__main__":
    main()
