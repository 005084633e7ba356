"""Codes out of a results folder."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rdsweep.store import Results


def read_codes(results: Results) -> dict[str, NDArray[np.float32]]:
    """Return the latent means of every run of a results folder.

    Parameters
    ----------
    results : Results

    Returns
    -------
    dict
        By ``run_id`` an array of shape (n_images, n_latents), its rows those of `geometry_stimuli`. Failed
        runs have no entry, and neither have runs of a folder that was trained before codes were stored.

    Raises
    ------
    ResultsError
        If a part-file is broken.

    Examples
    --------
    >>> import tempfile
    >>> from rdsweep.store import open_results
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_codes(open_results(folder, create=True))
    {}
    """
    table = results.read("codes")
    shapes = zip(table["n_images"], table["n_latents"], strict=True)
    return {
        run_id: values.reshape(shape)
        for run_id, values, shape in zip(table["run_id"], table["latent_mean"], shapes, strict=True)
    }
