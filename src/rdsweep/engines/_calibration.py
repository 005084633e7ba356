"""Measuring packs where they will be trained: what a worker of any engine does before a sweep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rdsweep.config import Protocol, RunConfig, TaskConfig, TrainingConfig
from rdsweep.engines._calibration_cache import find_calibration, keep_calibration
from rdsweep.engines._engine import Device
from rdsweep.engines._tasks import register_all
from rdsweep.sweeps import REFERENCE_BATCH, DeviceProfile, training_set_bytes
from rdsweep.tasks import Task

if TYPE_CHECKING:
    from rdsweep.training import Calibration

_STEPS_OF_TRIAL = 64
_MEMORY_FOR_TRAINING = 0.5
"""Share of the memory that the training of a pack may take; evaluation and probes come on top."""


@dataclass(frozen=True)
class Calibrator:
    """Measures packs of the shapes of a sweep; can be pickled.

    Attributes
    ----------
    trial : RunConfig
        As `trial_run` makes it; its id names the shapes.
    bytes_per_set : int
        Largest training set of a run.
    tasks : tuple of Task
        The tasks that the user added to the built-in ones.
    """

    trial: RunConfig
    bytes_per_set: int
    tasks: tuple[Task, ...] = ()

    @classmethod
    def of(cls, configs: Sequence[RunConfig], *, tasks: tuple[Task, ...] = ()) -> Calibrator:
        """Return the calibrator for a sweep of ``configs``, of which there is at least one."""
        return cls(trial_run(configs), max(map(training_set_bytes, configs)), tasks)

    def __call__(self, device: Device, *, n_sharing: int = 1) -> DeviceProfile | None:
        """Return what packs take on this machine, ``n_sharing`` at a time on each core or GPU.

        It is looked up if it was measured before. None if it cannot be measured: why, training will say.
        """
        from rdsweep.training import calibrate

        try:
            register_all(self.tasks)
            calibration = find_calibration(self.trial, device)
            if calibration is None:
                calibration = calibrate(self.trial, device=device)
                keep_calibration(self.trial, device, calibration)
            return self.profile(calibration, device, n_sharing=n_sharing)
        except Exception:
            return None

    def known(self, device: Device, *, n_sharing: int = 1) -> DeviceProfile | None:
        """Return what a call would, without measuring; None if it would measure."""
        calibration = find_calibration(self.trial, device)
        return None if calibration is None else self.profile(calibration, device, n_sharing=n_sharing)

    def timed(self, profile: DeviceProfile, device: Device, *, pack_size: int) -> DeviceProfile:
        """Return ``profile`` with the time of a step in packs of one size; as it is where that fails."""
        from rdsweep.training import calibrate

        try:
            calibration = calibrate(self.trial, device=device, pack_sizes=(pack_size,))
        except (ValueError, RuntimeError):
            return profile
        return replace(
            profile,
            seconds_per_step=self._per_reference_step(calibration.seconds_per_step[0]),
            measured_on=calibration.device,
        )

    def profile(self, calibration: Calibration, device: Device, *, n_sharing: int) -> DeviceProfile:
        """Choose a size of packs and return what packs of this size take."""
        from rdsweep.training import free_memory

        memory = _MEMORY_FOR_TRAINING * free_memory(device) / n_sharing
        size = calibration.best_pack_size(memory / (calibration.bytes_per_run + self.bytes_per_set))
        seconds = dict(zip(calibration.pack_sizes, calibration.seconds_per_step, strict=True))
        return DeviceProfile(
            seconds_per_step=self._per_reference_step(seconds.get(size, calibration.seconds_per_step[0])),
            pack_size=size,
            bytes_per_run=calibration.bytes_per_run,
            measured_on=calibration.device,
        )

    def _per_reference_step(self, seconds: float) -> float:
        """Return the seconds of a step of 64 images, from those of a step of the trial."""
        return seconds * (REFERENCE_BATCH / self.trial.training.batch_size)


def trial_run(configs: Sequence[RunConfig]) -> RunConfig:
    """Return a short run that stands for ``configs``: it has the shapes and heads of most of their images.

    Memory grows with the batch, so only runs with the largest batch count: what fits for them fits for all.
    What costs no time is left at its default, so that sweeps of equal shapes have equal trials.

    Examples
    --------
    >>> short, long = (RunConfig(training=TrainingConfig(epochs=epochs), seed=epochs) for epochs in (1, 6))
    >>> trial_run([short]) == trial_run([long, short])
    True
    """
    n_runs = Counter((config.training, config.tasks, config.protocol) for config in configs)
    n_images: Counter[RunConfig] = Counter()
    for (training, tasks, protocol), count in n_runs.items():
        trial = _short_run(training, tasks, protocol)
        n_images[trial] += count * training.n_steps * training.batch_size
    return max(n_images, key=lambda trial: (trial.training.batch_size, n_images[trial], trial.run_id))


def _short_run(training: TrainingConfig, tasks: tuple[TaskConfig, ...], protocol: Protocol) -> RunConfig:
    shapes = TrainingConfig(
        n_train=_STEPS_OF_TRIAL * training.batch_size,
        epochs=1,
        batch_size=training.batch_size,
        shards=training.shards,
        n_latents=training.n_latents,
        precision=training.precision,
    )
    return RunConfig(
        tasks=tuple(replace(task, weight=1.0) for task in tasks), training=shapes, protocol=protocol
    )
