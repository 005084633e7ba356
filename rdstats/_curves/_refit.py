"""Many fits of one curve at once: Levenberg-Marquardt, batched over weights of the observations.

Resamples of whole seeds, left-out seeds and profiles all fit the same points again, with other weights or
with a parameter held. Here they run as one batch, so that no interval loops over its fits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from rdstats._curves._family import Family, columns
from rdstats._validate import FloatArray

_MAX_STEPS = 200
_STEP_TOLERANCE = 1e-9  # relative; intervals need far less, the statistic of a profile needs about 1e-6
_DAMPING = (1e-12, 1e12)


@dataclass(frozen=True, eq=False)
class Problem:
    """A curve to be fitted.

    Attributes
    ----------
    family : Family
        Adapted to the data.
    rate, distortion, weights : ndarray, shape (n,)
        The observations and the weights of their squared residuals.
    groups : ndarray of int, shape (n,)
        Code of the cluster (seed) that each observation belongs to, from 0.
    n_groups : int
        Number of clusters.
    loss, loss_scale : str, float
        Loss of a squared residual and the residual at which it bends.
    error_ratio : float
        Standard deviation of a rate's error (nats) per that of a distortion's; 0 for exact rates.
    """

    family: Family
    rate: FloatArray
    distortion: FloatArray
    weights: FloatArray
    groups: np.ndarray
    n_groups: int
    loss: str = "linear"
    loss_scale: float = 1.0
    error_ratio: float = 0.0


@dataclass(frozen=True, eq=False)
class Refits:
    """Fits of one problem, one per row.

    Attributes
    ----------
    parameters : ndarray, shape (n_fits, n_parameters)
        NaN where a fit failed.
    objective : ndarray, shape (n_fits,)
        Weighted sum of the losses.
    normal : ndarray, shape (n_fits, n_parameters, n_parameters)
        JᵀWJ at the minimum, with the weights of the loss and of the errors in rate.
    """

    parameters: FloatArray
    objective: FloatArray
    normal: FloatArray


def refit(
    problem: Problem, start: FloatArray, weights: FloatArray, *, held: np.ndarray | None = None
) -> Refits:
    """Fit a curve once per row of ``start`` and ``weights``.

    Parameters
    ----------
    problem : Problem
        The curve and its data.
    start : ndarray, shape (n_fits, n_parameters)
        Starting points; a fit from a neighbouring optimum takes a handful of steps.
    weights : ndarray, shape (n_fits, n)
        How often each observation counts; multiplies its loss.
    held : ndarray of bool, shape (n_fits, n_parameters), optional
        Parameters that keep their starting value.

    Returns
    -------
    Refits
    """
    if problem.family.linear:
        return _linear_refit(problem, weights * problem.weights)
    return _RefitBatch(problem, start, weights, np.zeros(start.shape, bool) if held is None else held).run()


def loss_values(loss: str, squares: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return a loss and its derivative at squared scaled residuals, as SciPy defines them."""
    if loss == "soft_l1":
        root = np.sqrt(1 + squares)
        return 2 * (root - 1), 1 / root
    if loss == "huber":
        root = np.sqrt(np.maximum(squares, 1.0))
        return np.where(squares <= 1, squares, 2 * root - 1), 1 / root
    if loss == "cauchy":
        return np.log1p(squares), 1 / (1 + squares)
    if loss == "arctan":
        return np.arctan(squares), 1 / (1 + squares**2)
    return squares, np.ones_like(squares)


def _linear_refit(problem: Problem, weights: FloatArray) -> Refits:
    """Fit a family that is linear in non-negative parameters; each fit is exact, by active sets."""
    basis = problem.family.jacobian(problem.rate)
    fits = [nnls(basis * root[:, None], problem.distortion * root) for root in np.sqrt(weights)]
    parameters = np.array([solution for solution, _ in fits])
    objective = np.array([norm**2 for _, norm in fits])
    return Refits(parameters, objective, np.einsum("np,bn,nq->bpq", basis, weights, basis))


class _RefitBatch:
    """State of the iteration; rows that have converged are no longer touched."""

    def __init__(self, problem: Problem, start: FloatArray, weights: FloatArray, held: np.ndarray) -> None:
        self.problem = problem
        self.weights = weights
        self.held = held
        self.low, self.high = problem.family.low, problem.family.high
        self.parameters = np.array(start, dtype=float)
        self.shift = np.zeros_like(weights)  # of the rates; moves only where these have errors
        self.damping = np.full(len(start), 1e-3)
        self.objective = np.empty(len(start))

    def run(self) -> Refits:
        """Step until every row has converged or used up its steps."""
        with np.errstate(all="ignore"):
            everything = np.arange(len(self.parameters))
            self.objective = self._objective(self.parameters, self.shift, everything)
            active = everything
            for _ in range(_MAX_STEPS):
                active = self._step(active)
                if len(active) == 0:
                    break
            normal, _, _ = self._linearized(everything)
        failed = ~np.isfinite(self.objective)
        failed[active] = True
        self.parameters[failed] = np.nan
        return Refits(self.parameters, self.objective, normal)

    def _step(self, rows: np.ndarray) -> np.ndarray:
        """Try one step in each row and return the rows that have not converged."""
        normal, gradient, jacobian = self._linearized(rows)
        old = self.parameters[rows]
        fixed = self.held[rows] | ((old <= self.low) & (gradient < 0)) | ((old >= self.high) & (gradient > 0))
        step = _damped_step(normal, gradient, fixed, self.damping[rows])
        new = np.clip(old + step, self.low, self.high)
        shift = self._new_shift(rows, jacobian, new - old)
        objective = self._objective(new, shift, rows)
        better = objective <= self.objective[rows]
        accepted = rows[better]
        self.parameters[accepted], self.shift[accepted] = new[better], shift[better]
        self.objective[accepted] = objective[better]
        self.damping[rows] = np.clip(self.damping[rows] * np.where(better, 0.1, 10.0), *_DAMPING)
        size = np.max(np.abs(new - old) / np.maximum(np.abs(old), 1e-8), axis=1)
        return np.asarray(rows[~(size < _STEP_TOLERANCE)])

    def _linearized(self, rows: np.ndarray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return JᵀWJ, JᵀWr and J; errors in the rates are eliminated from the normal equations [1]_.

        .. [1] Boggs, Byrd and Schnabel (1987), SIAM J. Sci. Stat. Comput. 8, 1052-1078, section 3.
        """
        jacobian = self.problem.family.jacobian(self._rate(rows), *columns(self.parameters[rows]))
        residual, slope = self._residual_and_slope(rows)
        ratio = self.problem.error_ratio
        weights = self.weights[rows] * self.problem.weights * self._loss_weight(residual, self.shift[rows])
        weights = weights / (1 + (ratio * slope) ** 2)
        residual = residual + slope * self.shift[rows]
        weighted = jacobian * weights[..., None]
        normal = np.matmul(np.swapaxes(weighted, 1, 2), jacobian)
        return normal, np.einsum("bnp,bn->bp", weighted, residual), jacobian

    def _rate(self, rows: np.ndarray) -> FloatArray:
        return np.asarray(self.problem.rate + self.shift[rows])

    def _residual_and_slope(self, rows: np.ndarray) -> tuple[FloatArray, FloatArray]:
        parameters = columns(self.parameters[rows])
        residual = self.problem.distortion - self.problem.family.function(self._rate(rows), *parameters)
        if self.problem.error_ratio == 0:
            return residual, np.zeros_like(residual)
        return residual, self.problem.family.derivative(self._rate(rows), *parameters)

    def _new_shift(self, rows: np.ndarray, jacobian: FloatArray, step: FloatArray) -> FloatArray:
        if self.problem.error_ratio == 0:
            return np.asarray(self.shift[rows])
        residual, slope = self._residual_and_slope(rows)
        remaining = residual + slope * self.shift[rows] - np.einsum("bnp,bp->bn", jacobian, step)
        squared = self.problem.error_ratio**2
        # A rate cannot be negative.
        shift = squared * slope * remaining / (1 + squared * slope**2)
        return np.asarray(np.maximum(shift, -self.problem.rate))

    def _squares(self, residual: FloatArray, shift: FloatArray) -> FloatArray:
        """Return weighted squared distances to the curve per squared loss scale."""
        ratio = self.problem.error_ratio
        squares = residual**2 + (shift / ratio) ** 2 if ratio > 0 else residual**2
        return np.asarray(self.problem.weights * squares / self.problem.loss_scale**2)

    def _loss_weight(self, residual: FloatArray, shift: FloatArray) -> FloatArray:
        return loss_values(self.problem.loss, self._squares(residual, shift))[1]

    def _objective(self, parameters: FloatArray, shift: FloatArray, rows: np.ndarray) -> FloatArray:
        curve = self.problem.family.function(self.problem.rate + shift, *columns(parameters))
        losses, _ = loss_values(self.problem.loss, self._squares(self.problem.distortion - curve, shift))
        return np.asarray((self.weights[rows] * losses).sum(axis=1) * self.problem.loss_scale**2)


def _damped_step(
    normal: FloatArray, gradient: FloatArray, fixed: np.ndarray, damping: FloatArray
) -> FloatArray:
    """Solve the damped normal equations after scaling to unit diagonal; fixed parameters do not move."""
    diagonal = np.einsum("bpp->bp", normal)
    scale = np.where(fixed | (diagonal <= 0), 0.0, 1 / np.sqrt(np.maximum(diagonal, math.ulp(0.0))))
    system = normal * scale[:, :, None] * scale[:, None, :]
    identity = np.eye(normal.shape[1])
    system = system + identity * (damping[:, None, None] + (scale == 0)[:, :, None])
    system = np.where(np.isfinite(system), system, identity)
    step = np.linalg.solve(system, (gradient * scale)[..., None])[..., 0] * scale
    return np.asarray(np.where(np.isfinite(step), step, 0.0))
