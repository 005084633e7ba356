"""The error of studies."""


class StudyError(ValueError):
    """A study cannot be opened or go on; the message is one line with cause and remedy."""
