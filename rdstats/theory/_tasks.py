"""What a limited rate allows for a task: the best accuracy and the best F1."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import entr, xlogy

from rdstats._validate import FloatArray, as_float_array, check_same_length
from rdstats.theory._corridors import N_COLUMNS, N_PIXELS
from rdstats.theory._macro_f1 import best_macro_f1
from rdstats.theory._mixture_source import check_probabilities

Labels = NDArray[np.intp]

_BIN_OF_COLUMN = np.array([0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4])


def corridor_tasks() -> dict[str, Labels]:
    """Return the class of each position under the four tasks of the Corridors source.

    Returns
    -------
    dict of ndarray, shape (169,)
        ``"order"``: x_uc <= x_lc. ``"region"``: x_uc < 6, or both at least 6. ``"equality"``: x_uc = x_lc.
        ``"bins"``: 5 g(x_uc) + g(x_lc) with the 13 columns in five groups g. Position ``(x_uc, x_lc)`` has
        the index ``13 * x_uc + x_lc``.

    Examples
    --------
    >>> {name: int(classes.sum()) for name, classes in corridor_tasks().items() if name != "bins"}
    {'order': 91, 'region': 127, 'equality': 13}
    """
    x_uc, x_lc = np.divmod(np.arange(N_PIXELS), N_COLUMNS)
    return {
        "order": (x_uc <= x_lc).astype(np.intp),
        "region": ((x_uc < 6) | (x_lc >= 6)).astype(np.intp),
        "equality": (x_uc == x_lc).astype(np.intp),
        "bins": (5 * _BIN_OF_COLUMN[x_uc] + _BIN_OF_COLUMN[x_lc]).astype(np.intp),
    }


def best_accuracy(rate: ArrayLike, labels: ArrayLike, weights: ArrayLike) -> FloatArray:
    """Return the largest accuracy that a code of a given rate can reach.

    Parameters
    ----------
    rate : array_like, shape (n_rates,)
        Nats per image; at least 0.
    labels : array_like of int, shape (n_states,)
        Class of each state.
    weights : array_like, shape (n_states,)
        Probabilities of the states; positive, sum to 1.

    Returns
    -------
    ndarray, shape (n_rates,)
        The largest probability of a correct decision; that of the most frequent class at zero rate, and 1
        from the entropy of the class on.

    Raises
    ------
    ValueError, TypeError
        If shapes disagree, a rate is negative or ``weights`` is no probability vector.

    Notes
    -----
    The rate-distortion function of a discrete source under Hamming distortion in closed form [1]_: given the
    decision, each other class has the posterior probability ``theta``, or its prior where that is less, and
    classes rarer than ``theta`` are never decided for.

    References
    ----------
    .. [1] V. Erokhin, "Epsilon-entropy of a discrete random variable", Theory of Probability and its
       Applications 3(1), 97-100, 1958.

    Examples
    --------
    >>> best_accuracy([0.0, 0.368064, 1.0], [0, 1], [0.5, 0.5]).round(4)
    array([0.5, 0.9, 1. ])
    """
    rates, classes = _validated(rate, labels, weights)
    ranked = np.sort(classes)[::-1]
    entropy = float(entr(ranked).sum())
    theta_at_zero_rate = float(ranked[1]) if len(ranked) > 1 else 0.0
    # The rate at which nothing is told, up to rounding.
    silence = max(_hamming_point(ranked, theta_at_zero_rate)[0], 0.0)

    def accuracy(one: float) -> float:
        if one <= silence:
            return float(ranked[0])
        if one >= entropy:
            return 1.0
        theta = brentq(lambda t: _hamming_point(ranked, t)[0] - one, 0.0, theta_at_zero_rate, xtol=1e-15)
        return _hamming_point(ranked, theta)[1]

    return np.array([accuracy(one) for one in rates])


def best_f1(rate: ArrayLike, labels: ArrayLike, weights: ArrayLike) -> FloatArray:
    """Return the largest F1 score that a code of a given rate can reach: of class 1, or the macro average.

    Parameters
    ----------
    rate : array_like, shape (n_rates,)
        Nats per image; at least 0.
    labels : array_like of int, shape (n_states,)
        Class of each state. Two classes are 0 and 1; with more of them F1 is the mean over classes.
    weights : array_like, shape (n_states,)
        Probabilities of the states; positive, sum to 1.

    Returns
    -------
    ndarray, shape (n_rates,)
        The largest F1 on an infinite test set. At zero rate that is the F1 of "always 1" or, with more than
        two classes, one over their number: that of answers drawn as often as each class occurs.

    Raises
    ------
    ValueError, TypeError
        If shapes disagree, a rate is negative, ``weights`` is no probability vector or ``labels`` hold a
        single class.

    Notes
    -----
    Of two classes, with hit rate a and false-alarm rate b, F1 is linear-fractional in (a, b) and the codes of
    bounded rate form a convex set, so along its boundary F1 has a single maximum.

    Macro F1 is not concave in the code. What is returned is the largest value found by climbing from the
    silent code to the perfect one; other starts gave none that was higher by more than 0.0003.

    Examples
    --------
    >>> best_f1([0.0, 0.1, 1.0], [0, 1], [0.5, 0.5]).round(4)
    array([0.6667, 0.7488, 1.    ])
    """
    rates, classes = _validated(rate, labels, weights)
    if len(classes) < 2:
        raise ValueError(f"labels must hold at least two classes, but got {len(classes)}")
    return best_macro_f1(rates, classes) if len(classes) > 2 else _best_binary_f1(rates, classes)


def _best_binary_f1(rates: FloatArray, classes: FloatArray) -> FloatArray:
    """Return the largest F1 of the second of two classes at each rate."""
    positive = float(classes[1])
    entropy = float(entr(classes).sum())

    def negative_f1(hit_rate: float, one: float) -> float:
        false_alarms = _fewest_false_alarms(positive, hit_rate, one)
        return -2.0 * positive * hit_rate / (positive * (1 + hit_rate) + (1 - positive) * false_alarms)

    def f1(one: float) -> float:
        if one >= entropy:
            return 1.0
        search = minimize_scalar(
            negative_f1, bounds=(1e-9, 1.0), args=(one,), method="bounded", options={"xatol": 1e-10}
        )
        return -min(float(search.fun), negative_f1(1.0, one))

    return np.array([f1(one) for one in rates])


def class_entropy(labels: ArrayLike, weights: ArrayLike) -> float:
    """Return the entropy of the class in nats: the least rate at which a task is solved without error.

    Examples
    --------
    >>> round(class_entropy([0, 1, 1, 1], [0.25] * 4), 4)
    0.5623
    """
    _, classes = _validated([], labels, weights)
    return float(entr(classes).sum())


def _validated(rate: ArrayLike, labels: ArrayLike, weights: ArrayLike) -> tuple[FloatArray, FloatArray]:
    rates = as_float_array("rate", rate)
    p = as_float_array("weights", weights)
    check_probabilities("weights", p)
    if not np.all(rates >= 0):
        raise ValueError(f"rate must be at least 0, but got {rates.min():g}")
    check_same_length(labels=as_float_array("labels", labels), weights=p)
    _, of_state = np.unique(np.asarray(labels), return_inverse=True)
    return rates, np.bincount(of_state, p).astype(np.float64)


def _hamming_point(ranked: FloatArray, theta: float) -> tuple[float, float]:
    """Return rate and accuracy when every wrong class keeps at most the posterior ``theta``."""
    kept = ranked > theta
    kept[0] = True
    n_others = int(kept.sum()) - 1
    accuracy = 1.0 - n_others * theta - float(ranked[~kept].sum())
    rate = float(entr(ranked[kept]).sum()) + float(xlogy(accuracy, accuracy) + n_others * xlogy(theta, theta))
    return rate, accuracy


def _fewest_false_alarms(positive: float, hit_rate: float, rate: float) -> float:
    """Return the smallest false-alarm rate at a hit rate that takes no more than ``rate`` nats."""

    def excess(false_alarms: float) -> float:
        decided = positive * hit_rate + (1.0 - positive) * false_alarms
        conditional = positive * _entropy(hit_rate) + (1.0 - positive) * _entropy(false_alarms)
        return _entropy(decided) - conditional - rate

    if excess(0.0) <= 0.0:
        return 0.0
    if excess(hit_rate) >= 0.0:
        return hit_rate
    return float(brentq(excess, 0.0, hit_rate, xtol=1e-14))


def _entropy(p: float) -> float:
    return float(entr(p) + entr(1.0 - p))
