"""Binary image sources whose pixels are independent once a hidden state is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rdstats._validate import FloatArray, as_float_array, check_count, check_same_length

_SUM_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class BernoulliMixture:
    """A mixture of products of Bernoulli pixels, with identically distributed rows.

    Given the state ``s``, each of ``copies`` rows holds ``n_columns`` independent pixels, and the pixel in
    column ``c`` is 1 with probability ``probabilities[s, c]`` in every row.

    Parameters
    ----------
    weights : array_like, shape (n_states,)
        Probability of each state; positive, sums to 1.
    probabilities : array_like, shape (n_states, n_columns)
        Probability that a pixel is 1, in [0, 1].
    copies : int, default 1
        Number of rows.
    block_sizes : tuple of int, optional
        Widths of consecutive groups of columns that depend on different parts of the state (one group by
        default). States that agree on a group share its dual variables, which speeds up
        `pixel_lower_bound`; the model is the same whatever the grouping.

    Raises
    ------
    ValueError
        If shapes disagree, a number is out of range or the widths do not add up to ``n_columns``.

    Examples
    --------
    >>> source = BernoulliMixture([0.5, 0.5], [[0.0, 0.5], [1.0, 0.5]], copies=3)
    >>> source.known_state_distortion, source.zero_rate_distortion
    (0.75, 1.5)
    """

    weights: FloatArray
    probabilities: FloatArray
    copies: int = 1
    block_sizes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        weights = as_float_array("weights", self.weights)
        probabilities = as_float_array("probabilities", self.probabilities, ndim=2)
        check_same_length(weights=weights, probabilities=probabilities)
        check_probabilities("weights", weights)
        if not np.all((probabilities >= 0) & (probabilities <= 1)):
            worst = probabilities.flat[np.argmax(np.abs(probabilities - 0.5))]
            raise ValueError(f"probabilities must lie in [0, 1], but got {worst!r}")
        n_columns = probabilities.shape[1]
        sizes = tuple(self.block_sizes) or (n_columns,)
        if sum(sizes) != n_columns or min(sizes) < 1:
            raise ValueError(
                f"block_sizes must be positive and add up to {n_columns}, but got {self.block_sizes!r}"
            )
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "probabilities", probabilities)
        object.__setattr__(self, "copies", check_count("copies", self.copies))
        object.__setattr__(self, "block_sizes", sizes)

    @property
    def points(self) -> FloatArray:
        """Mean images up to an isometry, shape (n_states, n_columns): the rows of a state are equal."""
        return np.asarray(np.sqrt(self.copies) * self.probabilities)

    @property
    def known_state_distortion(self) -> float:
        """Squared error per image left when the state is known and the pixel noise is not."""
        noise = self.probabilities * (1.0 - self.probabilities)
        return float(self.copies * (self.weights @ noise).sum())

    @property
    def zero_rate_distortion(self) -> float:
        """Squared error per image of the best constant image."""
        mean = self.weights @ self.probabilities
        return float(self.copies * (mean * (1.0 - mean)).sum())

    @property
    def state_entropy(self) -> float:
        """Entropy of the state, in nats."""
        return float(-(self.weights * np.log(self.weights)).sum())

    def blocks(self) -> Iterator[tuple[slice, FloatArray, NDArray[np.intp]]]:
        """Yield the columns, the distinct rows of probabilities and each state's row, block by block."""
        stop = 0
        for size in self.block_sizes:
            columns = slice(stop, stop + size)
            stop += size
            distinct, of_state = np.unique(self.probabilities[:, columns], axis=0, return_inverse=True)
            yield columns, distinct, of_state


def check_probabilities(name: str, values: FloatArray) -> None:
    """Raise unless ``values`` is a probability vector without zeros."""
    total = float(values.sum())
    if not (np.all(values > 0) and abs(total - 1.0) <= _SUM_TOLERANCE):
        raise ValueError(
            f"{name} must be positive and sum to 1, but got a minimum of "
            f"{values.min() if values.size else float('nan'):g} and a sum of {total:.12g}"
        )
