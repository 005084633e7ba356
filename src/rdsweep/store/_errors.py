"""The one error of the store."""


class ResultsError(OSError):
    """Results that cannot be read or written: where, why and what to do about it, in one line."""
