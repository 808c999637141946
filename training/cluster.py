"""The engine that spreads partitions over a Dask cluster: an existing one, or processes of this machine."""

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from distributed import Client, as_completed
from joblib import parallel_config

from model.errors import TriageError
from training.scoring import Answers, Work, predict

OWN_PAGE = "127.0.0.1:0"
"""Where a cluster of this machine shows its state: to nobody else, and where a port is free. `None` would show it to
all the network at a fixed port, and a second cluster would find that taken."""

_RETRIES = 3
_SECONDS = 10


class NoCluster(TriageError):
    """The scheduler does not answer, or has no workers."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"{address}: {reason}; start `dask scheduler` and `dask worker`, or leave out --scheduler")


class Cluster:
    """Engine over a cluster.

    scheduler : its address, such as tcp://10.0.0.5:8786; None starts one process a core on this machine

    Workers need this project and the model store at the same path. They get texts and
    give predictions; files stay here.

    Raises NoCluster.
    """

    def __init__(self, scheduler: str | None = None) -> None:
        self._address = scheduler or "this machine"
        self._client = _connected(scheduler)

    def __call__(self, root: Path, version: str, work: Iterator[Work]) -> Iterator[Answers]:
        """Predict; a partition whose worker is lost is done again by another."""
        workers = _workers(self._client, self._address)
        run = uuid.uuid4().hex

        def submit(part: Work) -> object:
            # Its own in each run, for others may use the cluster; shown in dashboards and logs, so without a text.
            key = f"score-{run}-{part.number}"
            return self._client.submit(
                predict,
                str(root.resolve()),
                version,
                part,
                pure=False,
                retries=_RETRIES,
                key=key,
            )

        # A few more than there are workers, so that none waits and memory holds little.
        running = as_completed([submit(part) for part in islice(work, 2 * workers)], loop=self._client.loop)
        for future in running:
            answers: Answers = future.result()
            future.release()
            if (part := next(work, None)) is not None:
                running.add(submit(part))
            yield answers

    def close(self) -> None:
        """Let go of the cluster."""
        with suppress(TimeoutError):
            self._client.close()


@contextmanager
def joblib_jobs(scheduler: str) -> Iterator[None]:
    """Within it, joblib's jobs go to the workers of an existing cluster, which need this project.

    Raises NoCluster.
    """
    client = _connected(scheduler)
    try:
        _workers(client, scheduler)
        with parallel_config(backend="dask", client=client):
            yield
    finally:
        with suppress(TimeoutError):
            client.close()


def _connected(scheduler: str | None) -> Client:
    # Progress is shown by the command; what dask would say of a lost worker it mends by itself.
    logging.getLogger("distributed").setLevel(logging.ERROR)
    try:
        if scheduler:
            return Client(scheduler, timeout=_SECONDS, set_as_default=False)
        return Client(processes=True, threads_per_worker=1, dashboard_address=OWN_PAGE, set_as_default=False)
    except (OSError, ValueError):
        raise NoCluster(scheduler or "this machine", "no scheduler answers here") from None


def _workers(client: Client, address: str) -> int:
    if workers := len(client.scheduler_info(n_workers=-1)["workers"]):
        return workers
    raise NoCluster(address, "the scheduler has no workers")
