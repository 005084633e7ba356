"""The Blahut-Arimoto algorithm for finite alphabets, with a certified gap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp, xlogy

from rdstats._status import Status
from rdstats._validate import FloatArray, as_float_array, check_count, check_real
from rdstats.theory._mixture_source import check_probabilities


@dataclass(frozen=True, eq=False)
class BlahutArimotoResult:
    """One point of a rate-distortion function.

    Attributes
    ----------
    rate : float
        Mutual information of source letter and reproduction, in nats.
    distortion : float
        Expected distortion, in the unit of the distortion matrix.
    value : float
        Achieved ``rate + beta * distortion``; the optimum lies in ``[value - gap, value]``.
    gap : float
        Certified bound on the excess of ``value`` over the optimum, in nats.
    beta : float
        Nats per unit of distortion; minus the slope of the rate-distortion function at this point.
    reproduction : ndarray, shape (n_reproductions,)
        Marginal law of the reproduction.
    channel : ndarray, shape (n_letters, n_reproductions)
        Conditional law of the reproduction given the letter; rows sum to 1.
    n_iterations : int
        Iterations used.
    status : Status
        ``OK``, or ``NOT_CONVERGED`` if ``gap`` is still above the tolerance.
    message : str
        Cause and remedy where the status is not ``OK``.
    """

    rate: float
    distortion: float
    value: float
    gap: float
    beta: float
    reproduction: FloatArray
    channel: FloatArray
    n_iterations: int
    status: Status
    message: str


def blahut_arimoto(
    p: ArrayLike,
    distortion: ArrayLike,
    beta: float,
    *,
    tol: float = 1e-9,
    max_iterations: int = 100_000,
) -> BlahutArimotoResult:
    """Minimize rate + beta * distortion over all channels between finite alphabets.

    Parameters
    ----------
    p : array_like, shape (n_letters,)
        Probabilities of the source letters; positive, sum to 1.
    distortion : array_like, shape (n_letters, n_reproductions)
        Distortion of each reproduction of each letter; finite.
    beta : float
        Price of distortion, in nats per unit of distortion; at least 0.
    tol : float, default 1e-9
        Certified gap at which to stop, in nats.
    max_iterations : int, default 100000
        Iterations after which to stop in any case.

    Returns
    -------
    BlahutArimotoResult
        Rate, distortion, certified gap and the optimal channel.

    Raises
    ------
    ValueError, TypeError
        If ``p`` is no probability vector, or a shape or a value is out of range.

    Notes
    -----
    With ``Z_x = sum_a q_a exp(-beta d_xa)`` and ``g_a = sum_x p_x exp(-beta d_xa) / Z_x``, the update is
    ``q_a <- q_a g_a`` and the optimum lies between ``-sum_x p_x log Z_x - log max_a g_a`` and
    ``-sum_x p_x log Z_x`` [1]_.

    References
    ----------
    .. [1] R. E. Blahut, "Computation of channel capacity and rate-distortion functions", IEEE Transactions on
       Information Theory 18(4), 460-473, 1972.

    Examples
    --------
    A fair bit under Hamming distortion has the rate ln 2 - h(D):

    >>> import numpy as np
    >>> result = blahut_arimoto([0.5, 0.5], [[0, 1], [1, 0]], np.log(9.0))
    >>> round(result.distortion, 6), round(result.rate, 6)
    (0.1, 0.368064)
    """
    p, distortion = _validated(p, distortion)
    beta = check_real("beta", beta, low=0.0)
    tol = check_real("tol", tol, low=0.0, open_interval=True)
    max_iterations = check_count("max_iterations", max_iterations)

    log_kernel = -beta * distortion
    log_q = np.full(distortion.shape[1], -np.log(distortion.shape[1]))
    log_p = np.log(p)
    for iteration in range(1, max_iterations + 1):
        log_z = logsumexp(log_q + log_kernel, axis=1)
        log_g = logsumexp((log_p - log_z)[:, None] + log_kernel, axis=0)
        gap = max(float(log_g.max()), 0.0)
        if gap <= tol or iteration == max_iterations:
            break
        log_q = log_q + log_g
    channel = np.exp(log_q + log_kernel - log_z[:, None])
    return _result(p, distortion, beta, channel, gap=gap, tol=tol, n_iterations=iteration)


def mutual_information(p: FloatArray, channel: FloatArray) -> float:
    """Return the mutual information of input and output of a channel, in nats."""
    output = p @ channel
    return float((p[:, None] * xlogy(channel, channel)).sum() - xlogy(output, output).sum())


def _validated(p: ArrayLike, distortion: ArrayLike) -> tuple[FloatArray, FloatArray]:
    letters = as_float_array("p", p)
    matrix = as_float_array("distortion", distortion, ndim=2)
    check_probabilities("p", letters)
    if matrix.shape[0] != len(letters) or matrix.shape[1] == 0:
        raise ValueError(
            f"distortion must have one row per letter ({len(letters)}) and a column, but got {matrix.shape}"
        )
    if not np.isfinite(matrix).all():
        raise ValueError("distortion must be finite, but holds NaN or infinity")
    return letters, matrix


def _result(
    p: FloatArray,
    distortion: FloatArray,
    beta: float,
    channel: FloatArray,
    *,
    gap: float,
    tol: float,
    n_iterations: int,
) -> BlahutArimotoResult:
    rate = max(mutual_information(p, channel), 0.0)
    mean_distortion = float(p @ (channel * distortion).sum(axis=1))
    converged = gap <= tol
    message = "" if converged else f"gap {gap:.2g} exceeds tol {tol:.2g}: raise max_iterations or tol"
    return BlahutArimotoResult(
        rate=rate,
        distortion=mean_distortion,
        value=rate + beta * mean_distortion,
        gap=gap,
        beta=beta,
        reproduction=p @ channel,
        channel=channel,
        n_iterations=n_iterations,
        status=Status.OK if converged else Status.NOT_CONVERGED,
        message=message,
    )
