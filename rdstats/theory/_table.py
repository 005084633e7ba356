"""The rate-distortion function of the Corridors source as a table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rdstats._validate import FloatArray, check_real
from rdstats.theory._corridor_bounds import CacheDir, RDBounds, rd_bounds
from rdstats.theory._corridors import N_PIXELS, Imbalance
from rdstats.theory._curves import Progress
from rdstats.theory._frontier import achievable_distortion

_RATE_STEP = 0.25
_STANDARD_ERRORS = 3.0


def rd_table(
    imbalance: Imbalance = "none",
    ratio: float = 1.0,
    *,
    max_rate: float = 12.0,
    n_slopes: int = 60,
    n_pixel_slopes: int = 30,
    cache_dir: CacheDir = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Return the rate-distortion function of the Corridors source as a table.

    Parameters
    ----------
    imbalance, ratio, n_slopes, n_pixel_slopes, cache_dir, progress
        As in `rd_bounds`.
    max_rate : float, default 12
        Largest rate, in nats per image; rows beyond the factor curve are a quarter of a nat apart.

    Returns
    -------
    DataFrame
        One row per rate, in increasing order:

        - ``rate``: nats per image;
        - ``distortion_mse``: least mean squared error per pixel of an encoder that is shown the positions;
        - ``pixel_lower``, ``pixel_upper``: bounds of the least mean squared error per pixel of an encoder
          that sees the image. The upper one is three Monte Carlo standard errors above its estimate;
        - ``gap``: certified excess of the factor curve's ``rate + beta * squared error``, in nats;
        - ``beta``: minus the slope of the factor curve, in nats per unit of squared error per image; 0 where
          the rate exceeds the entropy of the positions.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range.
    """
    max_rate = check_real("max_rate", max_rate, low=0.0)
    bounds = rd_bounds(
        imbalance,
        ratio,
        n_slopes=n_slopes,
        n_pixel_slopes=n_pixel_slopes,
        cache_dir=cache_dir,
        progress=progress,
    )
    factor = bounds.factor
    beyond = np.arange(bounds.state_entropy, max_rate + _RATE_STEP / 2, _RATE_STEP)
    rate = np.concatenate([factor.rate, beyond])
    known = np.full(len(beyond), bounds.known_state_distortion)
    table = pd.DataFrame(
        {
            "rate": rate,
            "distortion_mse": np.concatenate([factor.distortion, known]) / N_PIXELS,
            "pixel_lower": bounds.frontier("pixel").distortion_mse(rate),
            "pixel_upper": _pixel_upper(bounds, rate) / N_PIXELS,
            "gap": np.concatenate([factor.gap, np.zeros(len(beyond))]),
            "beta": np.concatenate([factor.beta, np.zeros(len(beyond))]),
        }
    )
    return table[table["rate"] <= max_rate].reset_index(drop=True)


def _pixel_upper(bounds: RDBounds, rate: FloatArray) -> FloatArray:
    """Return what an encoder of images achieves, from fitted codes, the factor curve and silence."""
    pixel, factor = bounds.pixel, bounds.factor
    return achievable_distortion(
        rate,
        rates=np.concatenate([[0.0], factor.rate, pixel.rate + _STANDARD_ERRORS * pixel.standard_error]),
        distortions=np.concatenate([[bounds.zero_rate_distortion], factor.distortion, pixel.distortion]),
    )
