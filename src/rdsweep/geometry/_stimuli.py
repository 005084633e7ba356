"""The images whose codes are stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rdsweep.geometry._checks import IntArray

_SIDE = 13


@dataclass(frozen=True, eq=False)
class Stimuli:
    """Images and their positions.

    Attributes
    ----------
    images : ndarray of uint8, shape (n_images, 13, 13)
        0 for corridor, 1 for wall.
    positions : ndarray of int64, shape (n_images,)
        ``13 * upper + lower``, in ascending order.
    """

    images: NDArray[np.uint8]
    positions: IntArray

    @property
    def upper(self) -> IntArray:
        """x_UC of each image, 0 to 12."""
        return self.positions // _SIDE

    @property
    def lower(self) -> IntArray:
        """x_LC of each image, 0 to 12."""
        return self.positions % _SIDE


def geometry_stimuli() -> Stimuli:
    """Return the test images whose latent means the table ``codes`` holds, in its order.

    They are the first nine of each of the 169 positions in the fixed test set: 1,521 images, the same for
    every run of every sweep, so that codes compare image by image.

    Examples
    --------
    >>> stimuli = geometry_stimuli()
    >>> stimuli.images.shape, np.bincount(stimuli.positions).tolist() == 169 * [9]
    ((1521, 13, 13), True)
    """
    from rdsweep.training import coded_images  # and with it PyTorch, which nothing else here needs

    images, positions = coded_images()
    return Stimuli(images.view(-1, _SIDE, _SIDE).numpy(), positions.numpy())
