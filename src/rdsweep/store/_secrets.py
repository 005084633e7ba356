"""Places of results as messages show them."""

from __future__ import annotations

import re


def without_secret(place: str) -> str:
    """Return a place as it was given, or a message about one, but for the password in a URI.

    A password that was not encoded may hold anything, so it is taken to end at the last ``@``.

    Examples
    --------
    >>> without_secret("s3://key:a/b@c d@bucket/quick"), without_secret("results/quick")
    ('s3://key:…@bucket/quick', 'results/quick')
    """
    return re.sub(r"(?<=://)([^/@:]*):.*@", r"\1:…@", place)
