"""Reconstruction and a task at once: what a code of the positions can do for both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

from rdstats._validate import FloatArray, as_float_array, check_choice, check_real
from rdstats.theory._curves import solutions
from rdstats.theory._mixture_source import BernoulliMixture

TaskLoss = Literal["zero_one", "log"]


@dataclass(frozen=True, eq=False)
class JointCurve:
    """The optima of rate + beta * squared error + price * task loss at a grid of slopes.

    Arrays have the shape (n_slopes,) and run from the smallest slope to the largest.

    Attributes
    ----------
    beta : ndarray
        Nats per unit of squared error per image.
    loss : {"zero_one", "log"}
        What the price is paid for: an error, or a nat of cross-entropy.
    task_price : float
        Nats per unit of loss; infinite where the task had to be solved without error.
    rate : ndarray
        Nats per image.
    distortion : ndarray
        Squared error per image, pixel noise included.
    accuracy : ndarray
        Probability that the most likely class, given the reproduction, is the right one.
    cross_entropy : ndarray
        Entropy of the class given the reproduction, in nats: the least log loss.
    gap : ndarray
        Certified excess of the objective over the optimum, in nats.
    """

    beta: FloatArray
    loss: TaskLoss
    task_price: float
    rate: FloatArray
    distortion: FloatArray
    accuracy: FloatArray
    cross_entropy: FloatArray
    gap: FloatArray

    @property
    def value_lower(self) -> FloatArray:
        """Lower bound of the objective at each slope, in nats."""
        loss = self.cross_entropy if self.loss == "log" else 1.0 - self.accuracy
        paid = 0.0 if np.isinf(self.task_price) else self.task_price * loss
        return np.asarray(self.rate + self.beta * self.distortion + paid - self.gap)


def joint_curve(
    source: BernoulliMixture,
    labels: ArrayLike,
    task_price: float,
    *,
    betas: ArrayLike,
    loss: TaskLoss = "zero_one",
    tol: float = 1e-5,
) -> JointCurve:
    """Solve reconstruction and a classification task together, for an encoder that is shown the state.

    Several tasks are one: number the combinations of their classes.

    Parameters
    ----------
    source : BernoulliMixture
        The source, in one part: a task ties the parts together.
    labels : array_like of int, shape (n_states,)
        Class of each state.
    task_price : float
        Nats per unit of loss; at least 0. ``inf`` asks for a code that solves the task.
    betas : array_like
        Slopes in nats per unit of squared error per image; positive.
    loss : {"zero_one", "log"}, default "zero_one"
        The task's loss: the probability of a wrong decision, or cross-entropy in nats.
    tol : float, default 1e-5
        Certified gap to reach at each slope, in nats.

    Returns
    -------
    JointCurve
        Rate, distortion, accuracy, cross-entropy and gap at each slope.

    Raises
    ------
    ValueError, TypeError
        If shapes disagree, a number is out of range or ``loss`` is unknown.

    Notes
    -----
    A reproduction is an image together with a decision or, under log loss, with class probabilities. So this
    is a rate-distortion problem with the distortion ``beta |x - a|^2 + price * loss``, solved and certified
    by `free_support`. The distortion price of a perfect task at a rate is the distance between the curve of
    an infinite price and that of price 0 there.

    Under log loss the price of 1 is special. The chain rule ``I(S;A) + H(T|A) = H(T) + I(S;A|T)`` shows that
    from there on every nat spent on the class T pays for itself, whatever the slope, so that the best code
    tells it outright.

    Examples
    --------
    The image carries next to nothing here, so the rate is the task's. An error costs ln 9 nats, as it must
    where one answer in ten is to be wrong:

    >>> source = BernoulliMixture([0.5, 0.5], [[0.499], [0.501]])
    >>> curve = joint_curve(source, [0, 1], np.log(9), betas=[0.1])
    >>> curve.rate.round(4), curve.accuracy.round(4), curve.cross_entropy.round(4)
    (array([0.3681]), array([0.9]), array([0.3251]))

    Below a price of 1 nat per nat of log loss such a task is not worth learning:

    >>> joint_curve(source, [0, 1], 0.99, loss="log", betas=[0.1]).accuracy.round(4)
    array([0.5])
    """
    check_choice("loss", loss, ("zero_one", "log"))
    price = np.inf if task_price == np.inf else check_real("task_price", task_price, low=0.0)
    slopes = np.sort(as_float_array("betas", betas))
    of_state = _classes(labels, len(source.weights))
    is_class = of_state[:, None] == np.arange(of_state.max() + 1)
    rate, distortion, accuracy, cross_entropy, gap = np.zeros((5, len(slopes)))
    for index, solution in solutions(source, slopes, tol, **_task(is_class, price, loss)):
        joint = is_class.T @ (source.weights[:, None] * solution.channel)
        rate[index] = solution.rate
        distortion[index] = solution.distortion + source.known_state_distortion
        accuracy[index] = joint.max(axis=0).sum()
        cross_entropy[index] = xlogy(joint, joint.sum(axis=0)).sum() - xlogy(joint, joint).sum()
        gap[index] = solution.gap
    return JointCurve(slopes, loss, price, rate, distortion, accuracy, cross_entropy, gap)


def _classes(labels: ArrayLike, n_states: int) -> NDArray[np.intp]:
    """Return each state's class as a number from 0."""
    given = as_float_array("labels", labels)
    if len(given) != n_states or not np.all(given == np.round(given)):
        raise ValueError(f"labels must be {n_states} integers, one per state, but got shape {given.shape}")
    return np.unique(given, return_inverse=True)[1]


def _task(is_class: NDArray[np.bool_], price: float, loss: TaskLoss) -> dict[str, Any]:
    """Return the options of `free_support` that add the task."""
    if loss == "log" and price <= 1.0:
        return {"classes": is_class.argmax(axis=1), "class_price": price}
    per_error = np.inf if loss == "log" else price
    return {"penalty": np.where(is_class.T, 0.0, per_error)}
