"""Choose between curve families by the corrected Akaike criterion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from rdstats._curves._families import FAMILIES
from rdstats._curves._fit import fit_curve
from rdstats._status import Status


def compare_families(
    rate: ArrayLike,
    distortion: ArrayLike,
    *,
    families: Sequence[str] = tuple(FAMILIES),
    weights: ArrayLike | None = None,
    groups: ArrayLike | None = None,
) -> pd.DataFrame:
    """Fit several families to the same runs and weigh them by AICc.

    Parameters
    ----------
    rate, distortion : array_like, shape (n_runs,)
        Rate in nats per image and distortion of each run.
    families : sequence of str, default all
        Keys of ``FAMILIES``.
    weights, groups : array_like, shape (n_runs,), optional
        As for :func:`fit_curve`.

    Returns
    -------
    DataFrame
        One row per family, best first: ``family``, ``n_parameters`` (of ``convex_monotone`` those above
        zero), ``n``, ``rss``, ``aicc``, ``delta`` (to the best), ``weight`` (Akaike weights [1]_, which sum
        to 1), ``status`` and ``message``. Families without AICc, or whose parameters the data do not
        identify, have NaN in ``delta`` and ``weight``.

    Raises
    ------
    TypeError, ValueError
        For an invalid argument.

    References
    ----------
    .. [1] Burnham and Anderson (2002), *Model Selection and Multimodel Inference*, section 2.9.

    Examples
    --------
    >>> import numpy as np
    >>> rate = np.linspace(0.1, 8.0, 20)
    >>> distortion = 0.05 + 0.1 * np.exp(-rate / 2) + 1e-4 * np.cos(7 * np.arange(20))
    >>> table = compare_families(rate, distortion, families=["gaussian", "shifted_power", "convex_monotone"])
    >>> table["family"][0], float(table["delta"][0])
    ('gaussian', 0.0)
    """
    fits = [fit_curve(rate, distortion, family=name, weights=weights, groups=groups) for name in families]
    table = pd.DataFrame(
        {
            "family": [fit.family.name for fit in fits],
            "n_parameters": [
                int(np.sum(fit.estimates > 0)) if fit.family.linear else len(fit.parameters) for fit in fits
            ],
            "n": [fit.n for fit in fits],
            "rss": [fit.rss for fit in fits],
            "aicc": [fit.aicc for fit in fits],
            "status": [str(fit.status) for fit in fits],
            "message": [fit.message for fit in fits],
        }
    )
    usable = table["aicc"].where(table["status"].isin([Status.OK, Status.AT_BOUND]))
    delta = usable - usable.min()
    likelihood = np.exp(-delta / 2)
    table.insert(5, "delta", delta)
    table.insert(6, "weight", likelihood / likelihood.sum())
    return table.sort_values(["delta", "aicc"], ignore_index=True)
