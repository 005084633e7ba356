"""What figures say where they have more conditions than looks can tell apart."""

from __future__ import annotations

from rdsweep.drawing import crowd_note
from rdsweep.report._selection import Selection


def with_crowd(caption: str, selection: Selection) -> str:
    """Return ``caption``, and behind it which conditions of ``selection`` its figure cannot tell apart."""
    note = crowd_note(selection.conditions, baseline=selection.file.baseline)
    return " ".join(filter(None, [caption, note]))
