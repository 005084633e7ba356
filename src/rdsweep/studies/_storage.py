"""Where Optuna keeps a study: a journal in the results folder, or any database that Optuna can reach."""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from pathlib import Path

import optuna
from optuna.exceptions import ExperimentalWarning, OptunaError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from sqlalchemy.pool import NullPool

from rdsweep.store import Results
from rdsweep.studies._errors import StudyError
from rdsweep.studies._goals import directions, objective_names
from rdsweep.studies._study_file import StudyFile
from rdsweep.sweeps import settled_keys

JOURNAL = "optuna.journal"
"""Name of the default storage in the results folder."""

_FREE_KEYS = {"description", "n_configs", "stop", "prune", "pack_size", "weights"}
"""What may change between launches: it decides neither what a configuration is nor what is sought."""

_DEFINITION = "rdsweep.definition"


def open_optuna_storage(url: str | None, *, results: Results) -> BaseStorage:
    """Open Optuna's storage.

    Parameters
    ----------
    url : str or None
        A database, as SQLAlchemy takes it; None for the journal in ``results``.
    results : Results
        Of the study.

    Raises
    ------
    StudyError
        If the storage cannot be opened, or is left out where the results are in an object store.
    """
    # Each proposal, warning and skipped trial would be a line on the terminal.
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if url is None and not results.storage.is_local:
        raise StudyError(
            f"storage must name a database where the results lie in an object store, but {results.location} "
            "has no place for a journal"
        )
    try:
        if url is None:
            path = Path(results.location) / JOURNAL
            _mend(path)
            return JournalStorage(JournalFileBackend(str(path)))
        return optuna.storages.get_storage(RDBStorage(url, engine_kwargs=_engine_options(url)))
    except Exception as error:  # SQLAlchemy, its drivers and the file system each have their own kinds
        raise StudyError(f"storage cannot be opened: {_without_password(error, url)}") from None


def open_study(storage: BaseStorage, file: StudyFile, condition: str) -> optuna.Study:
    """Open the search of a condition, or begin it.

    Raises
    ------
    StudyError
        If the storage holds a study of that name that is defined otherwise.
    """
    name = search_name(file, condition)
    try:
        study = optuna.create_study(
            storage=storage, study_name=name, directions=directions(file), load_if_exists=True
        )
    except OptunaError as error:
        raise StudyError(f"study {name!r} cannot be opened: {error}") from None
    definition = _definition(file, condition)
    stored = study.user_attrs.get(_DEFINITION, definition)
    if stored != definition:
        keys = [key for key in {**stored, **definition} if stored.get(key) != definition.get(key)]
        raise StudyError(
            f"study {name!r} must be defined as it was before, but {', '.join(sorted(keys))} changed; "
            "give it another name, or use another storage"
        )
    study.set_user_attr(_DEFINITION, definition)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # it has been there since Optuna 3.2
        study.set_metric_names(objective_names(file))
    return study


def search_name(file: StudyFile, condition: str) -> str:
    """Return the name under which Optuna knows the search of a condition.

    Examples
    --------
    >>> search = {"beta": [3.0, 300.0]}
    >>> search_name(StudyFile(name="beta", kind="frontier", seeds=2, n_configs=8, search=search), "")
    'beta'
    """
    return f"{file.name}/{condition}" if condition else file.name


def _definition(file: StudyFile, condition: str) -> dict[str, str]:
    """Return a short digest of each key that the search of a condition depends on."""
    free = _FREE_KEYS | {"condition", "conditions", "reference"}
    plain = {key: value for key, value in settled_keys(file).items() if key not in free}
    plain["condition"] = file.named_conditions[condition]
    texts = {key: json.dumps(value, sort_keys=True) for key, value in plain.items()}
    return {key: hashlib.sha256(text.encode()).hexdigest()[:8] for key, text in texts.items()}


def _mend(journal: Path) -> None:
    """Cut off a last line that a full disk or a power failure left unfinished."""
    if not journal.exists():
        return
    lock = JournalFileSymlinkLock(str(journal))
    lock.acquire()
    try:
        data = journal.read_bytes()
        if data and not data.endswith(b"\n"):
            with journal.open("r+b") as file:
                file.truncate(data.rfind(b"\n") + 1)
    finally:
        lock.release()


def _engine_options(url: str) -> dict[str, object]:
    # A connection per query: none stays open, and a database that restarts does not end the study.
    return {} if url.startswith("sqlite") else {"poolclass": NullPool}


def _without_password(error: Exception, url: str | None) -> str:
    text = str(error).strip() or type(error).__name__
    secret = re.search(r"://[^:/@]*:([^@]*)@", url or "")
    return " ".join(text.split()) if secret is None else text.replace(secret[1], "***")
