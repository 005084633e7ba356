"""The one error of the store."""


class ResultsError(ValueError):
    """A results folder that cannot be used: where, why and what to do about it, in one line."""
