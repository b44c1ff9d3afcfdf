"""Training steps on real nuclei: what loading costs, and what Lightning costs.

The bare loop, our cached steps and the making of views take turns, step by step; steps with
loading run right after, since loader processes work ahead between steps.
"""

import logging
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from typing import Any

import lightning
import torch
from monai.losses import DiceCELoss
from page import machine, markdown_table, rounded, write_section
from scoring import REAL_DATA
from torch.utils.data import DataLoader

from workbench.datasets import open_dataset, read_sample
from workbench.inference import ModelDescription, find_encoding
from workbench.training import TrainingConfig
from workbench.training._data import EpochSampler, RandomViews, training_examples
from workbench.training._hardware import chosen_hardware
from workbench.training._module import SegmentationModule

N_IMAGES = 40
STEPS = 14
WARM_UP = 2
NETWORKS = {"unet": {"batch_size": 8}, "nnunet": {"batch_size": 2}}
HOW = """One step: a batch of views of 256 x 256 px, forward, backward, AdamW, in the precision that
training takes here. Cached: the same batch again and again. Loaded: fresh views of nuclei of the
Data Science Bowl 2018 with augmentation `standard`, each step's wait for its batch included. The
bare loop is plain PyTorch with MONAI's DiceCELoss on the same network, precision and cached batch,
with the same cut of gradients. Median of {steps} steps. Bare loop, cached steps and the making of
views take turns; loaded steps run right after, since loader processes work ahead. "If in turn" is a
cached step and the making of its views, one after the other, against the cached step."""


class Turns(lightning.Callback):
    """Lets the other loops make a step after each of Lightning's, and times all."""

    def __init__(self, others: dict[str, Callable[[], None]]) -> None:
        self.others = others
        self.times: dict[str, list[float]] = {name: [] for name in ("ours, cached", *others)}
        self.started = 0.0

    def on_train_batch_start(self, *_: Any) -> None:
        """Start the clock."""
        self.started = time.perf_counter()

    def on_train_batch_end(self, *_: Any) -> None:
        """Stop it, and give the others their turn."""
        self.times["ours, cached"].append(_elapsed_s(self.started))
        for name, step in self.others.items():
            started = time.perf_counter()
            step()
            self.times[name].append(_elapsed_s(started))


class Loading(lightning.Callback):
    """Times steps of Lightning from the end of one to the end of the next, loading included."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_train_batch_end(self, *_: Any) -> None:
        """Note when a step ended."""
        _elapsed_s(0)
        self.ends.append(time.perf_counter())


def main() -> None:
    """Write the table."""
    if not (REAL_DATA / "dsb2018" / "manifest.csv").is_file():
        sys.exit(f"real images are not at {REAL_DATA} (set WORKBENCH_REAL_DATA)")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    records = open_dataset(REAL_DATA / "dsb2018").split("train")[:N_IMAGES]
    samples = [read_sample(record) for record in records]
    rows = []
    for name, settings in NETWORKS.items():
        config = TrainingConfig(views_per_image=4, **settings)
        examples = training_examples(samples, config.preparation)
        views = RandomViews(examples, find_encoding("three_class"), config, seed=0)
        times = measured(ModelDescription(architecture=name), views)
        cached, bare = times["ours, cached"], times["bare loop"]
        loaded, view_ms = times["ours, loaded"], 1000 * times["a batch of views"]
        rows.append(
            [
                f"{name}, batch {config.batch_size}",
                rounded(1000 * bare),
                rounded(1000 * cached),
                f"{cached / bare:.2f}",
                rounded(1000 * loaded),
                f"{loaded / cached:.2f}",
                f"{1 + view_ms / 1000 / cached:.2f}",
                rounded(view_ms / config.batch_size),
            ]
        )
    header = ["network", "bare loop, ms", "ours, cached, ms", "times the bare loop"]
    header += ["ours, loaded, ms", "times cached", "if in turn", "ms per view on one core"]
    hardware = chosen_hardware(TrainingConfig())
    where = (
        f"Run on {hardware.name} in {hardware.precision}, {torch.get_num_threads()} threads, "
        f"{hardware.loader_workers} loader processes. "
    )
    text = [
        HOW.format(steps=STEPS - WARM_UP),
        where + machine("torch", "lightning", "monai", "numba"),
        markdown_table(header, rows),
    ]
    write_section("Training", "\n\n".join(text))


def measured(description: ModelDescription, views: RandomViews) -> dict[str, float]:
    """Return the median seconds of a step by kind."""
    batches = _loader(views)
    batch = next(iter(batches))
    fresh = iter(range(10**6))

    def load() -> None:
        places = range(views.config.batch_size)
        epoch = next(fresh) + 1000
        torch.utils.data.default_collate([views[epoch, place] for place in places])

    turns = Turns(
        {"bare loop": bare_loop(description, views.config, batch), "a batch of views": load}
    )
    same: Any = [batch] * STEPS
    cached: DataLoader[Any] = DataLoader(same, batch_size=None, collate_fn=lambda x: x)
    run(description, views.config, cached, turns)
    loading = Loading()
    run(description, views.config, batches, loading)
    times = {name: statistics.median(every[WARM_UP:]) for name, every in turns.times.items()}
    steps = [end - start for start, end in zip(loading.ends, loading.ends[1:], strict=False)]
    return times | {"ours, loaded": statistics.median(steps[WARM_UP - 1 :])}


def run(description: ModelDescription, config: TrainingConfig, batches: Any, callback: Any) -> None:
    """Train by our module in Lightning for some steps."""
    hardware = chosen_hardware(config)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lightning.seed_everything(0, verbose=False)
        lightning.Trainer(
            accelerator=hardware.accelerator,
            devices=1,
            precision=hardware.precision,
            max_steps=STEPS,
            deterministic=hardware.deterministic,
            logger=lightning.pytorch.loggers.TensorBoardLogger(folder),
            log_every_n_steps=1,
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=False,
            callbacks=[callback],
        ).fit(SegmentationModule(description, config), batches)


def bare_loop(
    description: ModelDescription, config: TrainingConfig, batch: Any
) -> Callable[[], None]:
    """Return a function that makes one step of the shortest loop there is."""
    hardware = chosen_hardware(config)
    torch.manual_seed(0)
    network = description.build().to(hardware.accelerator).train()
    images, target = (tensor.to(hardware.accelerator) for tensor in batch)
    loss = DiceCELoss(softmax=True, to_onehot_y=True)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast(
            hardware.accelerator, torch.bfloat16, enabled=hardware.precision == "bf16-mixed"
        ):
            outputs = network(images)
            every = (outputs.logits, *outputs.coarse)
            shares = [0.5**place for place in range(len(every))]
            error = sum(
                share
                * loss(logits.float(), torch.nn.functional.interpolate(target, logits.shape[-2:]))
                for share, logits in zip(shares, every, strict=True)
            ) / sum(shares)
        error.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), config.gradient_clip)
        optimizer.step()

    return step


def _loader(views: RandomViews) -> DataLoader[Any]:
    workers = chosen_hardware(views.config).loader_workers
    return DataLoader(
        views,
        batch_size=views.config.batch_size,
        sampler=EpochSampler(len(views), views.seed),
        num_workers=workers,
        persistent_workers=workers > 0,
        prefetch_factor=4 if workers else None,
        pin_memory=torch.cuda.is_available(),
    )


def _elapsed_s(started: float) -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
