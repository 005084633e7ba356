"""Reconstruction and a task at once: what a code of the positions can do for both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rdstats._validate import FloatArray, as_float_array, check_real
from rdstats.theory._curves import solutions
from rdstats.theory._mixture_source import BernoulliMixture


@dataclass(frozen=True, eq=False)
class JointCurve:
    """The optima of rate + beta * squared error + price * error probability at a grid of slopes.

    Arrays have the shape (n_slopes,) and run from the smallest slope to the largest.

    Attributes
    ----------
    beta : ndarray
        Nats per unit of squared error per image.
    task_price : float
        Nats per unit of error probability; infinite where the task had to be solved without error.
    rate : ndarray
        Nats per image.
    distortion : ndarray
        Squared error per image, pixel noise included.
    accuracy : ndarray
        Probability that the decision is right.
    gap : ndarray
        Certified excess of the objective over the optimum, in nats.
    """

    beta: FloatArray
    task_price: float
    rate: FloatArray
    distortion: FloatArray
    accuracy: FloatArray
    gap: FloatArray

    @property
    def value_lower(self) -> FloatArray:
        """Lower bound of the objective at each slope, in nats."""
        paid = 0.0 if np.isinf(self.task_price) else self.task_price * (1.0 - self.accuracy)
        return np.asarray(self.rate + self.beta * self.distortion + paid - self.gap)


def joint_curve(
    source: BernoulliMixture,
    labels: ArrayLike,
    task_price: float,
    *,
    betas: ArrayLike,
    tol: float = 1e-5,
) -> JointCurve:
    """Solve reconstruction and a classification task together, for an encoder that is shown the state.

    Parameters
    ----------
    source : BernoulliMixture
        The source, in one part: a task ties the parts together.
    labels : array_like of int, shape (n_states,)
        Class of each state.
    task_price : float
        Price of an error in nats, the 0/1 loss; at least 0. ``inf`` asks for a code that solves the task.
    betas : array_like
        Slopes in nats per unit of squared error per image; positive.
    tol : float, default 1e-5
        Certified gap to reach at each slope, in nats.

    Returns
    -------
    JointCurve
        Rate, distortion, accuracy and gap at each slope.

    Raises
    ------
    ValueError, TypeError
        If shapes disagree or a number is out of range.

    Notes
    -----
    A reproduction is an image together with a decision, so this is a rate-distortion problem with the
    distortion ``beta |x - a|^2 + price 1[decision is wrong]``, solved and certified by `free_support`. The
    distortion price of a perfect task at a rate is the distance between the curve of an infinite price and
    that of price 0 there.

    Examples
    --------
    Without a price the decision comes free with the image; here the image carries next to nothing:

    >>> source = BernoulliMixture([0.5, 0.5], [[0.45], [0.55]])
    >>> curve = joint_curve(source, [0, 1], np.inf, betas=[0.1])
    >>> curve.rate.round(4), curve.accuracy.round(4)
    (array([0.6931]), array([1.]))
    """
    classes, of_state = np.unique(_labels(labels, len(source.weights)), return_inverse=True)
    price = np.inf if task_price == np.inf else check_real("task_price", task_price, low=0.0)
    wrong = np.arange(len(classes))[:, None] != of_state
    slopes = np.sort(as_float_array("betas", betas))
    rate, distortion, accuracy, gap = np.zeros((4, len(slopes)))
    for index, solution in solutions(source, slopes, tol, penalty=np.where(wrong, price, 0.0)):
        rate[index] = solution.rate
        distortion[index] = solution.distortion + source.known_state_distortion
        right = ~wrong[solution.labels].T
        accuracy[index] = source.weights @ (solution.channel * right).sum(axis=1)
        gap[index] = solution.gap
    return JointCurve(slopes, price, rate, distortion, accuracy, gap)


def _labels(labels: ArrayLike, n_states: int) -> FloatArray:
    classes = as_float_array("labels", labels)
    if len(classes) != n_states or not np.all(classes == np.round(classes)):
        raise ValueError(f"labels must be {n_states} integers, one per state, but got shape {classes.shape}")
    return classes
