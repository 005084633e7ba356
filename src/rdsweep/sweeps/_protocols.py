"""What the two protocols set where a sweep file says nothing."""

from __future__ import annotations

from typing import Any

from rdsweep.config import Imbalance, ObjectiveKind, Protocol

DEFAULT_GAMMA = 300.0
"""γ of the ``capacity`` objective: the baseline's in the paper's public repository."""

# Read from the paper's public repository (damat-le/geom_eff_codes): C(t) and the task weights rise over 2,500
# calls of the loss and are divided by four before call 1,500; each epoch's validation makes 235 calls (15,000
# images in batches of 32 on two devices).
_PUBLISHED_SCHEDULE = {
    "rate_weight": 0.0003,
    "ramp_calls": 2500,
    "early_calls": 1500,
    "validation_calls": 235,
    "task_ramp_calls": 2500,
}


def default_objective_kind(protocol: Protocol) -> ObjectiveKind:
    """Return the kind of objective that a protocol has unless a sweep says otherwise."""
    return "capacity" if protocol == "published" else "constrained"


def objective_defaults(protocol: Protocol, *, kind: ObjectiveKind, n_tasks: int) -> dict[str, Any]:
    """Return the settings of `ObjectiveConfig` that follow from the protocol.

    Examples
    --------
    >>> objective_defaults("published", kind="capacity", n_tasks=1)["gamma"]
    10000.0
    """
    published = protocol == "published"
    settings: dict[str, Any] = dict(_PUBLISHED_SCHEDULE) if published else {}
    if kind == "capacity":
        settings["gamma"] = _published_gamma(n_tasks) if published else DEFAULT_GAMMA
    return settings


def training_defaults(protocol: Protocol, *, imbalance: Imbalance) -> dict[str, Any]:
    """Return the settings of `TrainingConfig` that follow from the protocol.

    Examples
    --------
    >>> training_defaults("published", imbalance="alignment")["n_train"]
    75000
    """
    if protocol == "matched":
        return {}
    # Read from the paper's public repository: two devices with batches of 64; 1,329 steps per epoch, but
    # 586 in the run that the alignment imbalance (E1M2) was plotted from. No cooldown.
    n_train = 75_000 if imbalance == "alignment" else 170_000
    return {"n_train": n_train, "batch_size": 128, "shards": 2, "cooldown": 0.0}


def _published_gamma(n_tasks: int) -> float:
    """Return γ as in the paper's configurations of the β-VAE, the hybrids and E2M5."""
    if n_tasks == 0:
        return DEFAULT_GAMMA
    return 10_000.0 if n_tasks == 1 else 5_000.0
