"""``rdsweep verify``: whether every file of the results is what was stored."""

from __future__ import annotations

import typer

from rdsweep.cli._activity import Activity
from rdsweep.store import Verification, open_results, verify_results, without_secret


def verify_and_tell(results: str, *, repair: bool, activity: Activity) -> bool:
    """Check results, print a line for each flaw and one for the whole, and return whether all is well."""
    verification = verify_results(open_results(results), repair=repair, on_pack=activity)
    activity.end()
    for problem in verification.problems:
        typer.echo(problem)
    typer.echo(f"{without_secret(results)}: {_outcome(verification)}")
    return not verification.problems


def _outcome(verification: Verification) -> str:
    checked = f"{verification.n_packs} packs checked, {verification.n_runs} runs are sound"
    if not verification.problems:
        return checked
    broken = f"{checked}, {verification.n_broken} packs are broken"
    if verification.quarantine is None:
        return f"{broken}; --repair puts them aside, so that their runs are trained again"
    return f"{broken} and now in {verification.quarantine}; rdsweep run trains their runs again"
