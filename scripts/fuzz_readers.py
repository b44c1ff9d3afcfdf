"""Feed damaged files to every reader until the time is up; say which seeds find a fault.

    python scripts/fuzz_readers.py --minutes 10

Files of every format and small sets of every layout are read in another process, so that a crash
or a hang is found too.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.datasets.hostile import SEEDLINGS, SETS, try_case

CASES = (*SEEDLINGS, *SETS)
SLOW_S = 20.0


def main() -> int:
    """Fuzz, and return how many seeds found a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--first-seed", type=int, default=0)
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    seed, faults = options.first_seed, 0
    context = multiprocessing.get_context("spawn")
    while time.monotonic() < end:
        progress = context.Value("q", seed)
        worker = context.Process(target=_read_from, args=(seed, end, progress))
        worker.start()
        seed = _watch(worker, progress)
        if worker.exitcode:
            faults += 1
            seed_found, name = divmod(progress.value, len(CASES))
            print(f"fault: {CASES[name]}, seed {seed_found} ({worker.exitcode})", flush=True)
    print(f"{seed - options.first_seed:,} files, {faults} faults")
    return faults


def _watch(worker: multiprocessing.Process, progress: object) -> int:
    """Wait until the worker ends or stands still; return the number to go on with."""
    last, since = -1, time.monotonic()
    while worker.is_alive():
        worker.join(0.5)
        if progress.value != last:
            last, since = progress.value, time.monotonic()
        elif time.monotonic() - since > SLOW_S:
            worker.kill()
            worker.join()
    return int(progress.value) + 1


def _read_from(number: int, end: float, progress: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            progress.value = number
            seed, name = divmod(number, len(CASES))
            inside = Path(folder) / f"case{number}"
            try:
                try_case(inside, CASES[name], seed)
            except Exception:  # noqa: BLE001 - whatever it is, it is a fault
                traceback.print_exc()
                sys.exit(1)
            shutil.rmtree(inside)
            number += 1


if __name__ == "__main__":
    sys.exit(main())
