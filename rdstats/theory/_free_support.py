"""The rate-distortion optimum for squared error, with reproductions anywhere in space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from rdstats._status import Status
from rdstats._validate import FloatArray, as_float_array, check_count, check_real
from rdstats.theory._blahut_arimoto import mutual_information
from rdstats.theory._certificate import certificate
from rdstats.theory._mixture_source import check_probabilities
from rdstats.theory._reproductions import Atoms, Problem, log_joint

_EM_STEPS = 20
_MERGE_DISTANCE = 1e-5
_SMALLEST_WEIGHT = 1e-10
_INSERTED_WEIGHT = 0.01


@dataclass(frozen=True, eq=False)
class FreeSupportSolution:
    """The optimum of ``rate + beta * distortion``, penalty and log loss included, at one slope.

    Attributes
    ----------
    rate : float
        Mutual information of state and reproduction, in nats.
    distortion : float
        Expected squared distance of the state's point from the reproduction.
    value : float
        Achieved objective; the optimum lies in ``[value - gap, value]``.
    gap : float
        Bound on the excess of ``value`` over the optimum, in nats, as far as the search for the supremum in
        the certificate went (see `free_support`).
    beta : float
        Nats per unit of squared distance.
    support : ndarray, shape (n_reproductions, n_dimensions)
        Reproductions.
    labels : ndarray of int, shape (n_reproductions,)
        Decision that goes with each reproduction; all 0 without ``penalty``.
    beliefs : ndarray, shape (n_reproductions, n_classes)
        Class probabilities that go with each reproduction; no columns without ``classes``.
    weights : ndarray, shape (n_reproductions,)
        Their probabilities.
    channel : ndarray, shape (n_states, n_reproductions)
        Conditional law of the reproduction given the state.
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
    support: FloatArray
    labels: NDArray[np.intp]
    beliefs: FloatArray
    weights: FloatArray
    channel: FloatArray
    status: Status
    message: str


def free_support(
    points: ArrayLike,
    weights: ArrayLike,
    beta: float,
    *,
    penalty: ArrayLike | None = None,
    classes: ArrayLike | None = None,
    class_price: float = 0.0,
    start: FreeSupportSolution | None = None,
    tol: float = 1e-7,
    max_rounds: int = 20,
) -> FreeSupportSolution:
    """Minimize rate + beta * squared error over all channels and all real reproductions.

    Parameters
    ----------
    points : array_like, shape (n_states, n_dimensions)
        The vectors to be reproduced.
    weights : array_like, shape (n_states,)
        Their probabilities; positive, sum to 1.
    beta : float
        Price of distortion, in nats per unit of squared distance; positive.
    penalty : array_like, shape (n_labels, n_states), optional
        Makes every reproduction carry one of ``n_labels`` decisions, and adds ``penalty[label, state]`` nats
        to the objective; infinity forbids the pair, but each state needs a label that it may have.
    classes : array_like of int, shape (n_states,), optional
        Class of each state, from 0. Makes every reproduction carry class probabilities, and adds
        ``class_price`` times their log loss to the objective.
    class_price : float, default 0
        Nats per nat of log loss, in [0, 1]. From 1 on the best code tells the class outright, so that a
        higher price is the same as a ``penalty`` that forbids errors.
    start : FreeSupportSolution, optional
        Solution at a nearby slope to start from; by default every point reproduces itself.
    tol : float, default 1e-7
        Gap at which to stop, in nats.
    max_rounds : int, default 20
        Rounds of optimizing and inserting points after which to stop in any case.

    Returns
    -------
    FreeSupportSolution
        Rate, distortion, support and the gap.

    Raises
    ------
    ValueError, TypeError
        If ``weights`` is no probability vector, or a shape or a value is out of range.

    Notes
    -----
    The objective is ``F = -sum_s p_s log Z_s`` with ``Z_s = sum_k q_k exp(-beta |y_s - a_k|^2)``, minimized
    over weights and locations by expectation-maximization and then L-BFGS. By duality the optimum is at least
    ``F - log sup_a sum_s (p_s / Z_s) exp(-beta |y_s - a|^2)`` [1]_. That inequality is rigorous; the
    supremum, over a mixture of Gaussians, is searched by ascent from all points, all reproductions and (with
    up to 20 points) all midpoints, so the reported gap is only as good as that search. Locations that exceed
    1 are inserted as reproductions until the gap is under ``tol``.

    References
    ----------
    .. [1] K. Rose, "A mapping approach to rate-distortion computation and analysis", IEEE Transactions on
       Information Theory 40(6), 1939-1952, 1994.

    Examples
    --------
    Two equally likely points at distance 2, close to the limit of one bit:

    >>> solution = free_support([[-1.0], [1.0]], [0.5, 0.5], 1.0)
    >>> round(solution.rate, 3), round(solution.distortion, 3), solution.gap < 1e-7
    (0.59, 0.083, True)
    """
    points, weights, penalty = _validated(points, weights, penalty)
    one_hot = _one_hot(classes, len(weights))
    beta = check_real("beta", beta, low=0.0, open_interval=True)
    class_price = check_real("class_price", class_price, low=0.0, high=1.0)
    tol = check_real("tol", tol, low=0.0, open_interval=True)
    max_rounds = check_count("max_rounds", max_rounds)
    if start is not None:
        _check_start(start, points, one_hot)

    center, basis = _principal_axes(points, weights)
    targets = np.hstack([(points - center) @ basis, one_hot])
    problem = Problem(targets, np.log(weights), beta, penalty, one_hot.shape[1], class_price)
    atoms = _optimize(problem, _first_atoms(problem, start, center, basis))
    gap, locations, labels = certificate(problem, atoms, tol=tol)
    for _ in range(max_rounds - 1):
        if gap <= tol:
            break
        atoms = _optimize(problem, _insert(atoms, locations, labels))
        gap, locations, labels = certificate(problem, atoms, tol=tol)
    return _solution(problem, atoms, gap=gap, tol=tol, center=center, basis=basis)


def _validated(
    points: ArrayLike, weights: ArrayLike, penalty: ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    vectors = as_float_array("points", points, ndim=2)
    p = as_float_array("weights", weights)
    check_probabilities("weights", p)
    if vectors.shape[0] != len(p) or not np.isfinite(vectors).all():
        raise ValueError(f"points must be finite with one row per weight ({len(p)}), but got {vectors.shape}")
    if penalty is None:
        return vectors, p, np.zeros((1, len(p)))
    costs = as_float_array("penalty", penalty, ndim=2)
    if costs.shape[1] != len(p) or not np.all(costs >= 0) or not np.isfinite(costs.min(axis=0)).all():
        raise ValueError(
            f"penalty must be at least 0 with one column per state ({len(p)}) and a finite entry in each, "
            f"but got shape {costs.shape} and a minimum of {costs.min() if costs.size else float('nan'):g}"
        )
    return vectors, p, costs


def _one_hot(classes: ArrayLike | None, n_states: int) -> FloatArray:
    """Return the class of each state as a row of zeros with a one; without classes, rows of no length."""
    if classes is None:
        return np.zeros((n_states, 0))
    numbers = as_float_array("classes", classes)
    if len(numbers) != n_states or not np.all((numbers >= 0) & (numbers == np.round(numbers))):
        raise ValueError(f"classes must be {n_states} integers from 0, one per state, but got {numbers}")
    return np.asarray(numbers[:, None] == np.arange(numbers.max() + 1.0), dtype=np.float64)


def _check_start(start: FreeSupportSolution, points: FloatArray, one_hot: FloatArray) -> None:
    needed, given = (points.shape[1], one_hot.shape[1]), (start.support.shape[1], start.beliefs.shape[1])
    if given != needed:
        raise ValueError(
            f"start must have {needed[0]} dimensions and {needed[1]} classes like points and classes, "
            f"but got {given[0]} and {given[1]}"
        )


def _principal_axes(points: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean and an orthonormal basis of the points' span; optimal reproductions lie in it."""
    center = weights @ points
    _, scales, axes = np.linalg.svd(points - center, full_matrices=False)
    kept = scales > 1e-12 * max(scales[0], 1e-300)
    return center, axes[kept].T


def _first_atoms(
    problem: Problem, start: FreeSupportSolution | None, center: FloatArray, basis: FloatArray
) -> Atoms:
    if start is None:
        labels = problem.penalty.argmin(axis=0)
        return Atoms(problem.starts(), labels, problem.log_p.copy())
    locations = np.hstack([(start.support - center) @ basis, start.beliefs])
    return Atoms(locations, start.labels, np.log(start.weights))


def _optimize(problem: Problem, atoms: Atoms) -> Atoms:
    return _merge(_polish(problem, _expectation_maximization(problem, atoms)))


def _expectation_maximization(problem: Problem, atoms: Atoms) -> Atoms:
    """Alternate the Blahut-Arimoto weight update with the condition that a location is a mean."""
    for _ in range(_EM_STEPS):
        joint = np.exp(log_joint(problem, atoms)[0])
        mass = np.maximum(joint.sum(axis=0), 1e-300)
        atoms = Atoms((joint.T @ problem.targets) / mass[:, None], atoms.labels, np.log(mass))
    return atoms


def _polish(problem: Problem, atoms: Atoms) -> Atoms:
    """Minimize over log-weights and locations together by L-BFGS."""
    n_atoms = len(atoms.labels)

    def unpack(flat: FloatArray) -> Atoms:
        log_weights = flat[:n_atoms] - logsumexp(flat[:n_atoms])
        return Atoms(problem.locations(flat[n_atoms:].reshape(n_atoms, -1)), atoms.labels, log_weights)

    def objective(flat: FloatArray) -> tuple[float, FloatArray]:
        current = unpack(flat)
        log_terms, log_z = log_joint(problem, current)
        joint = np.exp(log_terms)
        mass = joint.sum(axis=0)
        pull = joint.T @ problem.targets - mass[:, None] * current.locations
        gradient = [np.exp(current.log_weights) - mass, (-problem.sensitivity * pull).ravel()]
        return float(-np.exp(problem.log_p) @ log_z), np.concatenate(gradient)

    first = np.concatenate([atoms.log_weights, problem.natural(atoms.locations).ravel()])
    options = {"maxiter": 3000, "maxfun": 4000, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 30}
    return unpack(minimize(objective, first, jac=True, method="L-BFGS-B", options=options).x)


def _merge(atoms: Atoms) -> Atoms:
    """Join atoms of one label that coincide, and drop those without weight."""
    order = np.argsort(-atoms.log_weights)
    locations, labels = atoms.locations[order], atoms.labels[order]
    weights = np.exp(atoms.log_weights[order])
    close = ((locations[:, None] - locations) ** 2).sum(axis=2) <= _MERGE_DISTANCE**2
    close &= labels[:, None] == labels
    representative = close.argmax(axis=1)
    kept = np.unique(representative[weights > _SMALLEST_WEIGHT])
    merged = np.bincount(representative, weights, minlength=len(weights))[kept]
    return Atoms(locations[kept], labels[kept], np.log(merged / merged.sum()))


def _insert(atoms: Atoms, locations: FloatArray, labels: NDArray[np.intp]) -> Atoms:
    """Add reproductions with a small joint weight."""
    share = np.full(len(labels), np.log(_INSERTED_WEIGHT / len(labels)))
    return Atoms(
        np.concatenate([atoms.locations, locations]),
        np.concatenate([atoms.labels, labels]),
        np.concatenate([atoms.log_weights + np.log1p(-_INSERTED_WEIGHT), share]),
    )


def _solution(
    problem: Problem, atoms: Atoms, *, gap: float, tol: float, center: FloatArray, basis: FloatArray
) -> FreeSupportSolution:
    p = np.exp(problem.log_p)
    joint = np.exp(log_joint(problem, atoms)[0])
    channel = joint / p[:, None]
    points, beliefs = np.split(atoms.locations, [problem.n_dimensions], axis=1)
    cost = -problem.log_kernel(atoms)
    used = joint > 0
    rate = max(mutual_information(p, channel), 0.0)
    converged = gap <= tol
    return FreeSupportSolution(
        rate=rate,
        distortion=float((joint * problem.squared_errors(atoms.locations)).sum()),
        value=rate + float((joint[used] * cost[used]).sum()),
        gap=gap,
        beta=problem.beta,
        support=center + points @ basis.T,
        labels=atoms.labels,
        beliefs=beliefs,
        weights=joint.sum(axis=0),
        channel=channel,
        status=Status.OK if converged else Status.NOT_CONVERGED,
        message="" if converged else f"gap {gap:.2g} exceeds tol {tol:.2g}: raise max_rounds or tol",
    )
