"""Results of a sweep that was never trained: codes are the stimulus plane, shrunk at low capacity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from rdsweep.config import ObjectiveConfig, Protocol, RunConfig
from rdsweep.figures._stimuli import LOWER, UPPER
from rdsweep.models import MODELS
from rdsweep.store import MEASURES, Results, open_results
from rdsweep.sweeps import plan_packs
from rdsweep.training import PackResult, RunResult

_IMAGES_PER_POSITION = 9


def _run(config: RunConfig, *, with_codes: bool) -> RunResult:
    capacity = config.objective.capacity or 0.0
    rng = np.random.default_rng(config.seed)
    plane = np.column_stack([LOWER, UPPER, *np.zeros((3, 169))]) - [6, 6, 0, 0, 0]
    code = np.tanh(capacity) * plane / 4 + 0.02 * rng.standard_normal(plane.shape)
    images = np.repeat(code, _IMAGES_PER_POSITION, axis=0)
    noisy = (images + 0.05 * rng.standard_normal(images.shape)).astype(np.float32)
    flat = np.full((13, 13), 0.1, dtype=np.float32)
    maps = {
        "latent_mean": code.reshape(13, 13, 5).astype(np.float32),
        "latent_mean_sd": np.full((13, 13, 5), 0.05, dtype=np.float32),
        "latent_scale": np.full((13, 13, 5), 0.5, dtype=np.float32),
        "distortion_mse": flat,
        "rate": capacity * flat,
    }
    measures = {column.name: 1 for column in MEASURES} | {"rate": capacity, "distortion_mse": 0.1}
    return RunResult(config, "completed", measures=measures, maps=maps, codes=noisy if with_codes else None)


@pytest.fixture
def make_results(tmp_path: Path) -> Callable[..., Results]:
    """Return the maker of a results folder."""

    def make(
        *,
        models: Sequence[str] = ("baseline", "E2M1"),
        capacities: Sequence[float] = (0.3, 3.0),
        seeds: Sequence[int] = (0, 1),
        with_codes: bool = True,
        protocols: Sequence[Protocol] = ("matched",),
    ) -> Results:
        results = open_results(tmp_path / "results", create=True)
        configs = [
            RunConfig(
                MODELS[model].source(protocol=protocol), MODELS[model].heads(),
                ObjectiveConfig(capacity=capacity), protocol=protocol, seed=seed,
            )
            for model in models for capacity in capacities for seed in seeds for protocol in protocols
        ]  # fmt: skip
        for pack in plan_packs(configs, pack_size=64):
            runs = tuple(_run(config, with_codes=with_codes) for config in pack.configs)
            results.write_pack(pack, PackResult(runs, "cpu", "fp32", 1.0), sweep_name="made")
        return results

    return make
