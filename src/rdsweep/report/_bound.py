"""The theoretical bound that runs are measured against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdsweep.report._report_file import CurveChoice, ReportError

if TYPE_CHECKING:
    from rdstats.theory import Frontier


def theoretical_bound(curve: CurveChoice) -> Frontier:
    """Return the lower bound of any code of the balanced source, solved or fetched from the user's cache.

    Rate and distortion of every run are measured on the balanced test set, whatever it was trained on, so
    the uniform source bounds them all.

    Raises
    ------
    ReportError
        If ``curve`` shows other measures: their bound is another one (own distribution), or there is none
        (a decoder of latent means reads more than the rate counts).
    """
    if (curve.rate, curve.distortion) != ("rate", "distortion_mse"):
        raise ReportError(
            "curve.bound must be false unless the curve shows rate and distortion_mse, "
            f"but it shows {curve.rate} and {curve.distortion}"
        )
    from rdstats.theory import rd_bounds

    return rd_bounds().frontier("pixel")
