"""What figures say where they have more conditions than looks can tell apart."""

from __future__ import annotations

from rdsweep.drawing import crowd_note
from rdsweep.report._study import Study


def with_crowd(caption: str, study: Study) -> str:
    """Return ``caption``, and behind it which conditions of ``study`` its figure cannot tell apart."""
    note = crowd_note(study.conditions, baseline=study.file.baseline)
    return " ".join(filter(None, [caption, note]))
