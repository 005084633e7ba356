"""The best macro F1 of a code of bounded rate, for tasks with more than two classes."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax, xlogy

from rdstats._validate import FloatArray

# Prices of rate, in macro F1 per nat: at the first the code is silent, at the last it tells the class.
_PRICES = np.geomspace(3.0, 0.02, 120)
_FIRST_LOGIT = 0.1
_OPTIONS = {"maxiter": 2000, "ftol": 1e-11, "gtol": 1e-7, "maxcor": 20}


def best_macro_f1(rates: FloatArray, classes: FloatArray) -> FloatArray:
    """Return the largest macro F1 found at each rate.

    Along ``F1 - price * rate`` the best channel from class to decision has the form
    ``W[t, d] = v_d c_d^[t = d] / Z_t``: two numbers per class, which are climbed from the silent code to the
    perfect one, price by price. The problem is not concave, so the result is a maximum along that path.

    Parameters
    ----------
    rates : ndarray, shape (n_rates,)
        Nats per image; at least 0.
    classes : ndarray, shape (n_classes,)
        Probabilities of the classes.
    """
    if len(rates) == 0:  # asked to check the arguments only
        return rates
    n_classes = len(classes)
    parameters = np.concatenate([np.log(classes), np.full(n_classes, _FIRST_LOGIT)])
    # Silent, the best decisions are as frequent as the classes; with the class told, all are right.
    reached = [(0.0, 1.0 / n_classes), (float(-xlogy(classes, classes).sum()), 1.0)]
    for price in _PRICES:
        climbed = minimize(
            _negative, parameters, args=(classes, price), jac=True, method="L-BFGS-B", options=_OPTIONS
        )
        parameters = climbed.x
        reached.append(_rate_and_f1(_channel(parameters, n_classes), classes))
    rate, f1 = np.array(sorted(reached)).T
    return np.interp(rates, rate, np.maximum.accumulate(f1))


def _channel(parameters: FloatArray, n_classes: int) -> FloatArray:
    decision, agreement = np.split(parameters, 2)
    return np.asarray(softmax(np.tile(decision, (n_classes, 1)) + np.diag(agreement), axis=1))


def _rate_and_f1(channel: FloatArray, classes: FloatArray) -> tuple[float, float]:
    decided = classes @ channel
    rate = classes @ xlogy(channel, channel).sum(axis=1) - xlogy(decided, decided).sum()
    return float(rate), float((2.0 * classes * np.diag(channel) / (classes + decided)).mean())


def _negative(parameters: FloatArray, classes: FloatArray, price: float) -> tuple[float, FloatArray]:
    """Return price * rate - macro F1 and its gradient."""
    n_classes = len(classes)
    channel = _channel(parameters, n_classes)
    rate, f1 = _rate_and_f1(channel, classes)
    decided = classes @ channel
    share = 2.0 / (n_classes * (classes + decided))
    per_answer = np.diag(share) - share * classes * np.diag(channel) / (classes + decided)
    log_ratio = np.log(np.maximum(channel, 1e-300)) - np.log(np.maximum(decided, 1e-300))
    slope = classes[:, None] * (price * log_ratio - per_answer)
    through_softmax = channel * (slope - (channel * slope).sum(axis=1, keepdims=True))
    return price * rate - f1, np.concatenate([through_softmax.sum(axis=0), np.diag(through_softmax)])
