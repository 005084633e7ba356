"""Trying again while a storage does not answer, and saying in one line why it is given up."""

from __future__ import annotations

import errno
import logging
import os
import re
import time
from collections.abc import Callable
from typing import TypeVar

import pyarrow as pa

from rdsweep.store._errors import ResultsError

T = TypeVar("T")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0

_PASSING = {
    errno.EAGAIN,
    errno.EBUSY,
    errno.ECONNABORTED,
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.EIO,
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.EPIPE,
    errno.ESTALE,
    errno.ETIMEDOUT,
}
"""Errors of a network file system that go away by themselves."""

_REFUSAL = re.compile(
    r"access.?denied|forbidden|invalid.?access|no.?such.?bucket|not.?found|permission.?denied"
    r"|signature|unauthenticated|unauthorized",
    re.IGNORECASE,
)
"""Answers of an object store, which have no error number, that will be the same a minute later."""

_ORNAMENT = re.compile(r" \(Request ID: \w+\)|^google::cloud::Status\(| error_info=\{.*")
"""What answers of Amazon's and Google's stores say besides."""

_log = logging.getLogger(__name__)


def insist(verb: str, place: str, call: Callable[[], T], *, patience: float) -> T:
    """Return ``call()``, trying again with growing pauses while the storage does not answer.

    Parameters
    ----------
    verb, place : str
        What is being done to what, as messages say it: "write", "results/quick/sweep.yaml". If an error has
        the name of a file, it goes before ``place``.
    call : Callable
        May be called any number of times.
    patience : float
        Seconds after the first failure at which to give up.

    Raises
    ------
    ResultsError
        If the storage refuses, or does not answer for so long.

    Examples
    --------
    >>> answers = iter([OSError(errno.ETIMEDOUT, "timed out"), b"content"])
    >>> def call():
    ...     answer = next(answers)
    ...     if isinstance(answer, OSError):
    ...         raise answer
    ...     return answer
    >>> insist("read", "a file", call, patience=60.0)
    b'content'
    """
    pause, give_up = _FIRST_PAUSE, time.monotonic() + patience
    while True:
        try:
            return call()
        except ResultsError:
            raise
        except pa.ArrowInvalid as error:
            raise ResultsError(f"cannot {verb} {place}: {one_reason(error)}") from error
        except OSError as error:
            problem = f"cannot {verb} {error.filename or place}: {one_reason(error)}"
            if not _may_pass(error) or time.monotonic() + pause > give_up:
                raise ResultsError(problem) from error
        _log.warning("%s; trying again in %g s", problem, pause)
        time.sleep(pause)
        pause = min(2.0 * pause, _LONGEST_PAUSE)


def one_reason(error: OSError | pa.ArrowInvalid) -> str:
    """Return why an operation failed, in one line.

    Examples
    --------
    >>> one_reason(OSError(errno.ENOSPC, "Failed to write. Detail: ..."))
    'No space left on device'
    """
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return _ORNAMENT.sub("", " ".join(str(error).split())) or type(error).__name__


def _may_pass(error: OSError) -> bool:
    if error.errno is not None:
        return error.errno in _PASSING
    return not _REFUSAL.search(str(error))
