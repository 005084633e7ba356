"""The result of a test of several differences at once, which has no single estimate."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rdstats._status import Status


@dataclass(frozen=True)
class OmnibusTest:
    """Outcome of a test that some difference exists among conditions or along a curve.

    Attributes
    ----------
    statistic : float
        Test statistic, large where the conditions differ; its kind is part of ``method``.
    p_value : float
        In (0, 1]; NaN where the test is undefined, and then ``status`` says why.
    df_num, df_den : float
        Degrees of freedom of an F statistic; NaN for permutation tests.
    n : int
        Runs that entered.
    n_seeds : int
        Seeds they belong to; 0 where the test knows no seeds.
    n_dropped : int
        Runs left out.
    method : str
        Name of the test.
    smallest_p : float
        Smallest p-value that data of this size can reach; 0 for F tests.
    status : Status
        ``OK``, or what the data cannot support.
    message : str
        Cause and remedy where ``status`` is not ``OK``, else empty.
    """

    statistic: float
    p_value: float
    df_num: float
    df_den: float
    n: int
    n_seeds: int
    n_dropped: int
    method: str
    smallest_p: float
    status: Status = Status.OK
    message: str = ""


def undefined_omnibus(
    status: Status, message: str, *, method: str, n: int = 0, n_seeds: int = 0, n_dropped: int = 0
) -> OmnibusTest:
    """Return the result for data that allow no test."""
    nan = math.nan
    return OmnibusTest(nan, nan, nan, nan, n, n_seeds, n_dropped, method, nan, status, message)
