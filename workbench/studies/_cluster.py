"""The Dask cluster on which notebooks are run and images are scored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from workbench.schema import InputError

if TYPE_CHECKING:
    from distributed import Client

# Dask has its workers return freed memory at once; arrays of one image after another are the same
# size, and getting that memory anew each time costs a sixth of the time.
MEMORY_VARIABLES: Final = {
    "MALLOC_TRIM_THRESHOLD_": 1 << 26,
    "MALLOC_MMAP_THRESHOLD_": 1 << 24,
}


@contextmanager
def dask_client(workers: int, scheduler: str | None) -> Iterator[Client]:
    """Connect to a running scheduler, or start a local cluster of one thread per worker."""
    import dask
    from distributed import Client, LocalCluster

    if scheduler:
        try:
            client = Client(scheduler, timeout="10s")
        except (OSError, ValueError) as error:
            msg = f"no Dask scheduler answers at {scheduler} ({error}); is the address right?"
            raise InputError(msg) from error
        with client:
            yield client
        return
    settings = {
        # A worker that was killed is our business: the job is started once more, then it failed.
        "distributed.scheduler.allowed-failures": 0,
        **{
            f"distributed.nanny.pre-spawn-environ.{name}": value
            for name, value in MEMORY_VARIABLES.items()
        },
    }
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address=None,
            silence_logs="CRITICAL",
            memory_limit=None,
            # Any free port, as another run may hold the usual one.
            scheduler_kwargs={"dashboard_address": ":0"},
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client
