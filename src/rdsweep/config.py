"""What a run is: frozen, resolved settings with one canonical form and one hash.

A *condition* is everything but the seed; condition and seed make a *run*.

A setting that comes after the first version is declared with `added`, so that stored runs keep their ids.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Literal, get_args

from rdsweep._canonical import digest_of, is_part, part_json, read_part, to_json, written
from rdsweep.tasks import get_task

Imbalance = Literal["none", "lower_corridor", "alignment"]
HeadKind = Literal["linear", "nonlinear"]
ObjectiveKind = Literal["constrained", "capacity", "beta"]
Protocol = Literal["matched", "published"]
Precision = Literal["auto", "fp32", "tf32", "bf16"]


def _require(holds: bool, name: str, rule: str, value: object) -> None:
    if not holds:
        raise ValueError(f"{name} must {rule}, but got {value!r}")


def _require_choice(name: str, value: str, literal: object) -> None:
    choices = get_args(literal)
    _require(value in choices, name, f"be one of {', '.join(choices)}", value)


def _require_number(name: str, value: float | None, *, above: float = 0.0, strict: bool = True) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    inside = number and (value > above if strict else value >= above)  # type: ignore[operator]
    _require(inside, name, f"be a finite number {'above' if strict else 'of at least'} {above:g}", value)


def _require_count(name: str, value: int, *, minimum: int = 1) -> None:
    counts = isinstance(value, int) and not isinstance(value, bool) and value >= minimum
    _require(counts, name, f"be an integer of at least {minimum}", value)


@dataclass(frozen=True)
class SourceConfig:
    """The distribution over stimulus positions that images are drawn from.

    Attributes
    ----------
    imbalance : {"none", "lower_corridor", "alignment"}
        Which positions are more frequent: none, x_LC <= 6, or x_UC = x_LC.
    ratio : float
        How many times as frequent each of them is, at least 1. Ratio 1 *is* the uniform source and is
        stored as such, so that equal sources have equal identities.
    """

    imbalance: Imbalance = "none"
    ratio: float = 1.0

    def __post_init__(self) -> None:
        _require_choice("imbalance", self.imbalance, Imbalance)
        _require_number("ratio", self.ratio, above=1.0, strict=False)
        if self.imbalance == "none":
            _require(self.ratio == 1.0, "ratio", "be 1 where imbalance is 'none'", self.ratio)
        if self.ratio == 1.0:
            object.__setattr__(self, "imbalance", "none")


@dataclass(frozen=True)
class TaskConfig:
    """A classifier head: the task it reads, its weight in the objective and its kind.

    Attributes
    ----------
    name : str
        A registered task (`rdsweep.tasks`).
    weight : float
        λ, the weight of the task's cross-entropy (nats) against the mean squared error; above 0.
    head : {"linear", "nonlinear"}
        ``linear``: n_latents→1024→n_logits without a non-linearity; ``nonlinear``: n_latents→1500,
        LeakyReLU(0.2), dropout 0.25, →n_logits.
    """

    name: str
    weight: float = 1.0
    head: HeadKind = "linear"

    def __post_init__(self) -> None:
        get_task(self.name)
        _require_number("weight", self.weight)
        _require_choice("head", self.head, HeadKind)


@dataclass(frozen=True)
class ObjectiveConfig:
    """What training minimizes; rate R in nats per image, distortion D as mean squared error per pixel.

    Attributes
    ----------
    kind : {"constrained", "capacity", "beta"}
        ``constrained``: D + Σ λ L subject to R = C, by dual ascent on log β.
        ``capacity``: D + γ w |R − C(t)| + Σ λ L. ``beta``: D + β w R + Σ λ L.
    capacity : float or None
        C, the target rate in nats; for the first two kinds.
    beta : float or None
        β of the ``beta`` kind, per ``rate_weight``.
    gamma : float or None
        γ of the ``capacity`` kind, per ``rate_weight``.
    rate_weight : float
        w, the paper's weight of the rate terms.
    ramp_calls : int
        Calls of the loss over which C(t) rises linearly to C (``capacity`` kind).
    early_calls : int
        Before this call C(t) and task weights are divided by four (a jump of the published code); 0 for none.
    validation_calls : int
        Calls that each epoch's validation adds to the schedule (published code); 0 for none.
    task_ramp_calls : int
        Calls over which task weights rise from 0; 0 for constant weights.
    """

    kind: ObjectiveKind = "constrained"
    capacity: float | None = None
    beta: float | None = None
    gamma: float | None = None
    rate_weight: float = 0.0003
    ramp_calls: int = 2500
    early_calls: int = 0
    validation_calls: int = 0
    task_ramp_calls: int = 0

    def __post_init__(self) -> None:
        _require_choice("kind", self.kind, ObjectiveKind)
        needed = {"constrained": {"capacity"}, "capacity": {"capacity", "gamma"}, "beta": {"beta"}}[self.kind]
        for name in ("capacity", "beta", "gamma"):
            value = getattr(self, name)
            if name in needed:
                _require_number(name, value)
            else:
                _require(value is None, name, f"be left out of a {self.kind!r} objective", value)
        _require_number("rate_weight", self.rate_weight)
        for name in ("ramp_calls", "early_calls", "validation_calls", "task_ramp_calls"):
            _require_count(name, getattr(self, name), minimum=0)


@dataclass(frozen=True)
class TrainingConfig:
    """Data budget, optimizer and numerics of a run.

    Attributes
    ----------
    n_train : int
        Images per epoch: a fixed sample that is reshuffled each epoch, or drawn anew if ``fresh``.
    epochs, batch_size : int
        The last batch of an epoch is filled up from the start of the epoch's order, so that every step
        sees ``batch_size`` images.
    fresh : bool
        Whether every batch is sampled anew instead of from a fixed training set.
    shards : int
        Parts of a batch over which the rate penalty is taken separately and averaged, as data-parallel
        devices do; divides ``batch_size``.
    learning_rate, learning_rate_decay : float
        Adam's rate in the first epoch and its factor per epoch.
    cooldown : float
        Last share of training, in [0, 1], over which the learning rate falls linearly to 0 besides. Without
        it the rate of the last iterate swings by several per cent around its target.
    n_latents : int
        Dimensions of the latent code.
    precision : {"auto", "fp32", "tf32", "bf16"}
        Matrix arithmetic; ``auto`` is fp32 on CPU and tf32 on CUDA.
    """

    n_train: int = 75_000
    epochs: int = 6
    batch_size: int = 64
    fresh: bool = False
    shards: int = 1
    learning_rate: float = 5e-4
    learning_rate_decay: float = 0.9
    cooldown: float = 0.2
    n_latents: int = 5
    precision: Precision = "auto"

    def __post_init__(self) -> None:
        for name in ("n_train", "epochs", "batch_size", "shards", "n_latents"):
            _require_count(name, getattr(self, name))
        _require(self.n_train >= self.batch_size, "n_train", "be at least batch_size", self.n_train)
        _require(self.batch_size % self.shards == 0, "shards", "divide batch_size", self.shards)
        _require_number("learning_rate", self.learning_rate)
        _require_number("learning_rate_decay", self.learning_rate_decay)
        _require_number("cooldown", self.cooldown, strict=False)
        _require(self.cooldown <= 1.0, "cooldown", "be at most 1", self.cooldown)
        _require_choice("precision", self.precision, Precision)
        # 1 equals True, but they look different in the canonical form.
        _require(isinstance(self.fresh, bool), "fresh", "be true or false", self.fresh)

    @property
    def steps_per_epoch(self) -> int:
        """Number of optimizer steps in an epoch."""
        return math.ceil(self.n_train / self.batch_size)

    @property
    def n_steps(self) -> int:
        """Number of optimizer steps in the run."""
        return self.epochs * self.steps_per_epoch


@dataclass(frozen=True)
class ProbeConfig:
    """A classifier that is trained on the frozen latents after its model.

    Attributes
    ----------
    name : str
        The task.
    head : {"linear", "nonlinear"}
        As for `TaskConfig`.
    """

    name: str
    head: HeadKind = "linear"

    def __post_init__(self) -> None:
        get_task(self.name)
        _require_choice("head", self.head, HeadKind)


@dataclass(frozen=True)
class RunConfig:
    """Everything that determines a run.

    Attributes
    ----------
    source, objective, training : SourceConfig, ObjectiveConfig, TrainingConfig
    tasks : tuple of TaskConfig
        Joint heads; empty for a plain β-VAE. Stored sorted by name.
    probes : tuple of ProbeConfig
        Classifiers trained on the frozen latents afterwards. Stored sorted.
    protocol : {"matched", "published"}
        ``published`` reproduces the quirks of the paper's code: double softmax in multi-class heads, probes
        on one fixed latent sample per image, batch-averaged F1 beside the pooled one.
    seed : int
        At least 0. The same seed pairs runs across conditions (common random numbers).
    """

    source: SourceConfig = SourceConfig()
    tasks: tuple[TaskConfig, ...] = ()
    objective: ObjectiveConfig = ObjectiveConfig(capacity=1.0)
    training: TrainingConfig = TrainingConfig()
    probes: tuple[ProbeConfig, ...] = ()
    protocol: Protocol = "matched"
    seed: int = 0

    def __post_init__(self) -> None:
        _require_choice("protocol", self.protocol, Protocol)
        _require_count("seed", self.seed, minimum=0)
        object.__setattr__(self, "tasks", tuple(sorted(self.tasks, key=lambda task: task.name)))
        object.__setattr__(self, "probes", tuple(sorted(self.probes, key=lambda p: (p.name, p.head))))
        names = [task.name for task in self.tasks]
        _require(len(set(names)) == len(names), "tasks", "name each task once", names)
        _require(len(set(self.probes)) == len(self.probes), "probes", "be distinct", self.probes)

    @cached_property
    def run_id(self) -> str:
        """Hash of condition and seed, 16 hexadecimal digits."""
        return run_id_of(self.canonical_json())

    @cached_property
    def condition_id(self) -> str:
        """Hash of everything but the seed, 16 hexadecimal digits."""
        condition = _canonical_parts(self)
        del condition["seed"]
        return digest_of(_joined(condition))

    def canonical_json(self) -> str:
        """Return the run as JSON with sorted keys, in which equal settings look equal (floats are floats)."""
        return _joined(_canonical_parts(self))


PackKey = tuple[Protocol, TrainingConfig]


def pack_key(config: RunConfig) -> PackKey:
    """Return what the runs of a pack have to share: protocol, shapes, number of steps and arithmetic.

    Sources, tasks, objectives, probes, learning rates and seeds may differ within a pack.
    """
    return config.protocol, _without_rates(config.training)


@lru_cache(maxsize=10_000)
def _without_rates(training: TrainingConfig) -> TrainingConfig:
    return replace(training, learning_rate=1.0, learning_rate_decay=1.0, cooldown=0.0)


def run_id_of(canonical_json: str) -> str:
    """Return the id of the run with this canonical form; it needs no task to be registered.

    Examples
    --------
    >>> run_id_of(RunConfig().canonical_json()) == RunConfig().run_id
    True
    """
    return digest_of(canonical_json)


def run_config_from_json(text: str) -> RunConfig:
    """Rebuild a `RunConfig` from `RunConfig.canonical_json`, also from one of an earlier version.

    Raises
    ------
    ValueError
        If a task has other labels than it had, or a setting is unknown.

    Examples
    --------
    >>> config = RunConfig(tasks=(TaskConfig("order"),), seed=3)
    >>> run_config_from_json(config.canonical_json()) == config
    True
    """
    plain = json.loads(text)
    for entry in (*plain["tasks"], *plain["probes"]):
        digest = entry.pop("labels")
        known = get_task(entry["name"]).digest()
        _require(digest == known, f"task {entry['name']!r}", f"have the registered labels ({known})", digest)
    return read_part(RunConfig, plain)


_READERS = (TaskConfig, ProbeConfig)


def _canonical_parts(config: RunConfig) -> dict[str, str]:
    """Return the JSON of each part of a run, sorted by name; runs of a sweep share most of their parts."""
    return {name: _text(value) for name, value in sorted(written(config))}


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{','.join(map(_text, value))}]"
    if isinstance(value, _READERS):
        return part_json(value, labels=get_task(value.name).digest())
    return part_json(value) if is_part(value) else to_json(value)


def _joined(parts: Mapping[str, str]) -> str:
    return "{" + ",".join(f'"{name}":{text}' for name, text in parts.items()) + "}"
