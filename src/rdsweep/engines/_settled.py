"""Which runs need no training, while other launches store runs into the same results."""

from __future__ import annotations

import pyarrow.parquet as pq

from rdsweep.store import Results


class SettledRuns:
    """The runs that have a result, without those that failed if they are to be trained again.

    Parameters
    ----------
    results : Results
    retry_failed : bool
        Whether runs that failed have to be trained again.

    Attributes
    ----------
    run_ids : set of str
    """

    def __init__(self, results: Results, *, retry_failed: bool) -> None:
        self._results = results
        self._open = {"failed"} if retry_failed else set()
        self._seen = set(results.storage.names("runs"))
        runs = results.read("runs", ["run_id", "status"])
        self.run_ids: set[str] = set(runs.loc[~runs["status"].isin(self._open), "run_id"])

    def refresh(self) -> None:
        """Take note of the packs that were stored since; costs a listing, and a read of each new part."""
        new = set(self._results.storage.names("runs")) - self._seen
        for name in new:
            part = pq.read_table(self._results.storage.read(name), columns=["run_id", "status"]).to_pydict()
            rows = zip(part["run_id"], part["status"], strict=True)
            self.run_ids.update(run_id for run_id, status in rows if status not in self._open)
        self._seen |= new
