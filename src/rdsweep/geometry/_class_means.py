"""Mean codes of classes."""

from __future__ import annotations

import numpy as np

from rdsweep.geometry._checks import FloatArray, IntArray


def class_means(codes: FloatArray, classes: IntArray) -> FloatArray:
    """Return the mean code of each class 0, 1, ...: shape (n_classes, n_latents).

    Examples
    --------
    >>> class_means(np.array([[0.0], [2.0], [5.0]]), np.array([0, 0, 1]))
    array([[1.],
           [5.]])
    """
    sizes = np.bincount(classes)
    sums = np.zeros((len(sizes), codes.shape[1]))
    np.add.at(sums, classes, codes)
    return sums / sizes[:, None]
