"""Evidence that may be looked at after every seed, without end: e-processes for a mean and for a sign.

An e-process is a product of bets that are fair under the null hypothesis. Whatever the rule by which one
stops, it reaches ``1 / alpha`` with probability ``alpha`` at most (Ville's inequality).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy import optimize, special

from rdstats._validate import FloatArray

BETS = (0.25, 0.5, 1.0, 2.0, 8.0)
"""Sizes of the bets of `sign_evidence`: stake by value over root mean square, before it saturates."""

_LOG_LARGEST_T = 25.0


def t_evidence(t: FloatArray, n: FloatArray, *, effect_variance: float, two_sided: bool) -> FloatArray:
    """Return the e-process of Student's t: a Bayes factor with a normal prior on the effect in deviations.

    Parameters
    ----------
    t : ndarray
        One-sample t statistic of the first n numbers.
    n : ndarray
        At least 2.
    effect_variance : float
        Variance of the prior on mean over standard deviation.
    two_sided : bool
        False: the prior is half-normal, on positive effects.

    Returns
    -------
    ndarray
        Evidence against a mean of 0 (if one-sided: of at most 0), in the shape of ``t``.
    """
    return np.exp(_log_t_evidence(t, n, effect_variance=effect_variance, two_sided=two_sided))


@lru_cache(maxsize=4096)
def t_evidence_bound(n: int, alpha: float, *, effect_variance: float, two_sided: bool) -> float:
    """Return the t statistic of n seeds at which `t_evidence` is ``1 / alpha``; infinite if it never is."""

    def excess(log_t: float) -> float:
        t, seeds = np.array(math.exp(log_t)), np.array(n)
        evidence = _log_t_evidence(t, seeds, effect_variance=effect_variance, two_sided=two_sided)
        return float(evidence) + math.log(alpha)

    if n < 2 or excess(_LOG_LARGEST_T) <= 0:
        return math.inf
    return math.exp(optimize.brentq(excess, -_LOG_LARGEST_T, _LOG_LARGEST_T))


def _log_t_evidence(t: FloatArray, n: FloatArray, *, effect_variance: float, two_sided: bool) -> FloatArray:
    df, inflation = n - 1, 1 + n * effect_variance
    shrunk = df * inflation + t**2
    log_ratio = np.log(inflation * (df + t**2) / shrunk)
    evidence = (n * log_ratio - np.log(inflation)) / 2
    if not two_sided:
        evidence = evidence + np.log(
            2 * np.maximum(special.stdtr(n, n * np.sqrt(effect_variance) * t / np.sqrt(shrunk)), 1e-300)
        )
    return np.asarray(evidence)


def sign_evidence(differences: FloatArray) -> FloatArray:
    """Return the e-process that bets on positive numbers, which are symmetric about 0 under the null.

    Given its size, a number is then positive with probability 1/2 whatever came before. So the stake may
    depend on all sizes so far: it grows with the number over the root mean square of those so far.

    Parameters
    ----------
    differences : ndarray, shape (..., n)
        In the order in which they came.

    Returns
    -------
    ndarray, shape (..., n)
        Evidence after each number.
    """
    sizes = np.sqrt(np.cumsum(differences**2, axis=-1) / np.arange(1, differences.shape[-1] + 1))
    scaled = differences / np.where(sizes > 0, sizes, 1.0)
    return np.asarray(np.mean([np.cumprod(1 + np.tanh(bet * scaled), axis=-1) for bet in BETS], axis=0))


def sign_limits(differences: FloatArray, alpha: float) -> FloatArray:
    """Return the lower limit of the center of symmetry after each number; it may be minus infinity.

    Centers that `sign_evidence` has rejected by then, at level ``alpha``, lie below it. Centers are tried
    on a grid that is fine where the numbers lie; the limit is the last one below the least that is kept.
    """
    spread = float(np.ptp(differences)) or float(np.abs(differences).max()) or 1.0
    outside = differences.min() - spread * np.geomspace(1e4, 1e-3, 71)
    centers = np.concatenate([outside, np.linspace(differences.min(), differences.max(), 401)])
    evidence = np.maximum.accumulate(sign_evidence(differences - centers[:, None]), axis=-1)
    first_kept = np.argmin(evidence * alpha >= 1, axis=0)
    limits: FloatArray = np.where(first_kept > 0, centers[first_kept - 1], -np.inf)
    return limits
