"""How often each interval holds what it should: 95 of 100 times, or not.

Score-like populations of images are made whose means, medians, shifts and ranks are known. Samples
of 20, 101 and 500 images are drawn from them again and again, and each time the intervals of
``workbench.analysis`` are computed; all samples at once where they can be columns of one table. The
tables go into docs/statistics.md.
"""

import time
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from page import DOCS, markdown_table
from scipy import stats

from workbench.analysis import bootstrap_means, describe_models, seed_intervals
from workbench.analysis._paired_t import paired_means, simultaneous_interval
from workbench.analysis._ranks import rank_rows, rank_summary
from workbench.analysis._signed_rank import hodges_lehmann

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

PAGE = DOCS / "statistics.md"
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"
N_POPULATION = 200_000
N_MODELS = 4
SLIDE = 5
SIZES = (20, 101, 500)
N_SAMPLES = 2000
N_SLOW = 300  # samples for intervals that are computed one sample at a time
PAIRS = np.array(list(combinations(range(N_MODELS), 2)))
N_SEEDS = (3, 5, 10)
SEED_SIZES = (20, 101)
SHIFTS = np.array([0.0, 0.03, 0.06, 0.12])
"""What the second to fourth model lose against the first."""


COLUMNS = {
    "t": "mean, t",
    "bca": "mean, BCa",
    "median": "median",
    "paired_t": "difference, t",
    "paired_bca": "difference, BCa",
    "simultaneous": "all differences",
    "hodges_lehmann": "Hodges-Lehmann",
    "ranks": "rank",
}

HOW = """From made-up populations of {population:,} images, whose true values are known, samples of
images are drawn again and again (`python benchmarks/interval_coverage.py`). Numbers are per cent of
samples whose 95 % interval holds the true value: of {samples:,} samples in the first five columns,
where chance moves the number by ± {error:.1f}, and of {few} in the others, by ± {few_error:.1f}.
**Bold** is less than 95 by more than chance.

- *Skewed*: F1 of images with many cells, a long tail to low scores, 10 % at 0.
- *Few cells*: the share found of 1 to 12 cells, so that scores tie.
- *Failing*: a model that finds hardly anything; 60 % at 0, the SD more than twice the mean.
- *Slides*: the first again, five images to a slide that are alike, given as `group`: 4, 20 and 100
  slides.

"Difference" is that of two models on the same images; "all differences" are the six of four models,
whose intervals must hold all at once; "Hodges-Lehmann" is the median shift, with slides that of the
means of slides; "rank" is the share of the four models whose interval holds the rank by the true
means. Where not every sample has an interval, those that have one are counted; "none" has none."""

SEEDS = """The interval over images and seeds (`seed_intervals`), for a model whose training moves
the mean by an SD of 0.02 where images have one of 0.2, in per cent of {few} samples:"""


@dataclass(frozen=True, eq=False)
class Population:
    """All images there are, with what is to be found out about them.

    ``scores`` has shape (images, models). So many neighbours as ``size`` says are one slide and are
    drawn together.
    """

    name: str
    scores: FloatArray
    size: int = 1

    def samples(self, n_images: int, n_samples: int, rng: np.random.Generator) -> FloatArray:
        """Return the scores of some samples, shape (samples, images, models)."""
        slides = rng.integers(0, len(self.scores) // self.size, (n_samples, n_images // self.size))
        places = slides[:, :, None] * self.size + np.arange(self.size)
        return self.scores[places.reshape(n_samples, -1)]

    def groups(self, images: pd.Index) -> pd.Series | None:
        """Return the slide of each image of a sample."""
        if self.size == 1:
            return None
        slides = [f"slide {place // self.size:03d}" for place in range(len(images))]
        return pd.Series(slides, images)


def main() -> None:
    """Write both tables, and what they say."""
    started = time.perf_counter()
    rng = np.random.default_rng(0)
    found = {
        (population.name, n_images): coverages(population, n_images, rng)
        for population in populations(rng)
        for n_images in SIZES
    }
    rows = [
        [name, f"{n_images}", *(shown(held, n) for held, n in result.values())]
        for (name, n_images), result in found.items()
    ]
    seeds = [
        [f"{n_seeds}", *(shown(*seed_coverage(n_seeds, n, rng)) for n in SEED_SIZES)]
        for n_seeds in N_SEEDS
    ]
    numbers = {
        "population": N_POPULATION,
        "samples": N_SAMPLES,
        "error": chance(N_SAMPLES),
        "few": N_SLOW,
        "few_error": chance(N_SLOW),
    }
    text = "\n\n".join(
        [
            HOW.format(**numbers),
            markdown_table(["scores", "images", *COLUMNS.values()], rows),
            SEEDS.format(**numbers),
            markdown_table(["seeds", *(f"{size} images" for size in SEED_SIZES)], seeds),
        ]
    )
    write_between_markers(text)
    print(text)
    print(f"{time.perf_counter() - started:.0f} s")


def populations(rng: np.random.Generator) -> list[Population]:
    """Return scores as they come: skewed with zeros, tied, nearly all zero, alike on a slide."""
    image = rng.normal(size=(N_POPULATION, 1))
    alone = stats.norm.cdf(0.8 * image + 0.6 * rng.normal(size=(N_POPULATION, N_MODELS)))
    slide = np.repeat(rng.normal(size=(N_POPULATION // SLIDE, 1)), SLIDE, axis=0)
    alike = 0.6 * slide + 0.5 * image + 0.62 * rng.normal(size=(N_POPULATION, N_MODELS))
    alike += 0.2 * np.repeat(rng.normal(size=(N_POPULATION // SLIDE, N_MODELS)), SLIDE, axis=0)
    return [
        Population("skewed, 10 % zeros", skewed(alone, rng)),
        Population("few cells: ties", tied(alone, rng)),
        Population("failing: 60 % zeros", failing(alone, rng)),
        Population("skewed, slides of 5", skewed(stats.norm.cdf(alike), rng), size=SLIDE),
    ]


def skewed(quantiles: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return F1 of images with many cells: a long tail to the left, failed images at 0."""
    scores = stats.beta.ppf(quantiles, 4 - 6 * SHIFTS, 1.5)
    failed = (rng.random((N_POPULATION, 1)) < 0.05) | (rng.random(quantiles.shape) < 0.05)
    return np.where(failed, 0, scores)


def tied(quantiles: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the share of 1 to 12 cells that are found."""
    n_cells = np.broadcast_to(rng.integers(1, 13, (N_POPULATION, 1)), quantiles.shape)
    probability = np.clip(stats.beta.ppf(quantiles, 3, 1.2) - SHIFTS, 0, 1)
    return rng.binomial(n_cells, probability) / n_cells


def failing(quantiles: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return scores of models that hardly find anything."""
    scores = stats.beta.ppf(quantiles, 0.6, 20 + 60 * SHIFTS)
    return np.where(rng.random(quantiles.shape) < 0.6, 0, scores)


def coverages(
    population: Population, n_images: int, rng: np.random.Generator
) -> dict[str, tuple[float, int]]:
    """Return the share of samples in which each interval holds, and the number of samples."""
    samples = population.samples(n_images - n_images % population.size, N_SAMPLES, rng)
    images = pd.Index([f"{place:03d}" for place in range(samples.shape[1])])
    groups = population.groups(images)
    true = population.scores
    pair = true[:, 0] - true[:, 1]
    one = describe_models(pd.DataFrame(samples[:, :, 0].T, images), groups=groups)
    two = describe_models(
        pd.DataFrame((samples[:, :, 0] - samples[:, :, 1]).T, images), groups=groups
    )
    few = samples[:N_SLOW]
    return {
        "t": holds(one["ci_low"], one["ci_high"], true[:, 0].mean()),
        "bca": holds(one["bca_low"], one["bca_high"], true[:, 0].mean()),
        "median": holds(one["median_low"], one["median_high"], np.median(true[:, 0])),
        "paired_t": holds(two["ci_low"], two["ci_high"], pair.mean()),
        "paired_bca": holds(two["bca_low"], two["bca_high"], pair.mean()),
        "simultaneous": simultaneous_coverage(few, true, population.size),
        "hodges_lehmann": shift_coverage(few, pair, population.size, rng),
        "ranks": rank_coverage(few, true, images, groups),
    }


def holds(low: npt.ArrayLike, high: npt.ArrayLike, true: float | FloatArray) -> tuple[float, int]:
    """Return the share of intervals that hold the true value, and how many intervals there are.

    Where there is none, as for the median of very few slides, it can't hold anything.
    """
    lows, highs = np.asarray(low), np.asarray(high)
    slack = 1e-9  # a limit may be the true value but for rounding
    held = (lows <= true + slack) & (true - slack <= highs)
    there = ~np.isnan(lows)
    return float(held[there].mean()) if there.any() else np.nan, int(there.sum())


def simultaneous_coverage(samples: FloatArray, true: FloatArray, size: int) -> tuple[float, int]:
    """Return how often the intervals of all pairs hold at once."""
    first, second = PAIRS.T
    expected = true.mean(axis=0)[first] - true.mean(axis=0)[second]
    codes = np.arange(samples.shape[1]) // size
    held = []
    for sample in samples:
        pairs = paired_means(sample, PAIRS, codes)
        low, high = simultaneous_interval(pairs, sample, PAIRS, codes, alpha=0.05, seed=0)
        held.append(holds(low, high, expected)[0] == 1)
    return float(np.mean(held)), len(held)


def shift_coverage(
    samples: FloatArray, pair: FloatArray, size: int, rng: np.random.Generator
) -> tuple[float, int]:
    """Return how often the interval of Hodges and Lehmann holds the pseudomedian.

    That is the median of the means of two differences, each the mean of a slide where there are
    slides.
    """
    first, second = rng.choice(pair.reshape(-1, size).mean(axis=1), (2, 4_000_000))
    expected = float(np.median((first + second) / 2))
    differences = (samples[:, :, 0] - samples[:, :, 1]).reshape(len(samples), -1, size).mean(axis=2)
    limits = np.array([hodges_lehmann(row.round(12))[1:] for row in differences])
    return holds(limits[:, 0], limits[:, 1], expected)


def rank_coverage(
    samples: FloatArray, true: FloatArray, images: pd.Index, groups: pd.Series | None
) -> tuple[float, int]:
    """Return how often the interval of a model's rank holds its true rank, over all models."""
    expected = rank_rows(true.mean(axis=0)[None])[0]
    models = pd.RangeIndex(N_MODELS)
    held = []
    for sample in samples:
        means = bootstrap_means(pd.DataFrame(sample, images), groups=groups, n_resamples=999)
        ranks = rank_rows(sample.mean(axis=0)[None])[0]
        table = rank_summary(models, ranks, rank_rows(means), alpha=0.05).set_index("model")
        table = table.loc[list(models)]
        held.append(holds(table["rank_low"], table["rank_high"], expected)[0])
    return float(np.mean(held)), len(held)


def seed_coverage(n_seeds: int, n_images: int, rng: np.random.Generator) -> tuple[float, int]:
    """Return how often the interval over images and seeds holds the mean over all of both.

    Images have a standard deviation of 0.2, seeds move the mean of a model by 0.02, and an image
    under one seed by 0.1.
    """
    ids = [f"{place:03d}" for place in range(n_images)]
    seeds = np.arange(n_seeds)
    table = pd.DataFrame(
        {"image_id": np.repeat(ids, n_seeds), "seed": np.tile(seeds, n_images), "model": "unet"}
    ).assign(metric="f1", threshold=0.5)
    lows, highs = [], []
    for _ in range(N_SLOW):
        values = 0.6 + rng.normal(0, 0.2, (n_images, 1)) + rng.normal(0, 0.02, n_seeds)
        values = values + rng.normal(0, 0.1, (n_images, n_seeds))
        row = seed_intervals(table.assign(value=values.ravel()), n_resamples=999).iloc[0]
        lows.append(row["ci_low"])
        highs.append(row["ci_high"])
    return holds(np.array(lows), np.array(highs), 0.6)


def chance(n_samples: int) -> float:
    """Return twice the standard error, in per cent, of a share of 95 % of so many samples."""
    return float(200 * np.sqrt(0.95 * 0.05 / n_samples))


def shown(share: float, n_samples: int) -> str:
    """Return per cent, in bold where chance alone does not explain that it is less than 95."""
    if not n_samples:
        return "none"
    text = f"{100 * share:.1f}"
    return f"**{text}**" if 100 * share < 95 - chance(n_samples) else text


def write_between_markers(text: str) -> None:
    """Replace what stands between the markers of the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
