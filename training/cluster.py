"""The engine that spreads partitions over a Dask cluster: an existing one, or processes of this machine."""

import logging
import uuid
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from distributed import Client, as_completed

from model.errors import TriageError
from training.scoring import Answers, Work, predict

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
        # Progress is shown by the command; what dask would say of a lost worker it mends by itself.
        logging.getLogger("distributed").setLevel(logging.ERROR)
        self._address = scheduler or "this machine"
        try:
            if scheduler:
                self._client = Client(scheduler, timeout=_SECONDS, set_as_default=False)
            else:
                self._client = Client(
                    processes=True, threads_per_worker=1, dashboard_address=None, set_as_default=False
                )
        except (OSError, ValueError):
            raise NoCluster(self._address, "no scheduler answers here") from None

    def __call__(self, root: Path, version: str, work: Iterator[Work]) -> Iterator[Answers]:
        """Predict; a partition whose worker is lost is done again by another."""
        workers = len(self._client.scheduler_info(n_workers=-1)["workers"])
        if not workers:
            raise NoCluster(self._address, "the scheduler has no workers")

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
