"""Places of results as messages show them."""

from __future__ import annotations

import re


def without_secret(place: str) -> str:
    """Return a place as it was given, but for the password in a URI.

    Examples
    --------
    >>> without_secret("s3://key:secret@bucket/quick"), without_secret("results/quick")
    ('s3://key:…@bucket/quick', 'results/quick')
    """
    return re.sub(r"(?<=://)([^/@:]*):[^/@]*@", r"\1:…@", place)
