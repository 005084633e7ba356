import numpy as np

from rdsweep.figures._activation import activation_maps


def test_exchanged_and_mirrored_latents_add_no_spread() -> None:
    rng = np.random.default_rng(0)
    code = rng.normal(size=(169, 5)) * [5, 4, 3, 2, 1]
    seeds = [code, code[:, [4, 2, 0, 1, 3]] * [1, -1, 1, -1, -1], -code]
    maps = activation_maps(seeds)
    assert maps.deviation is not None
    # Rounding alone: the scaled values lie within 0 and 1.
    np.testing.assert_allclose(maps.deviation, 0, atol=1e-12)
    assert (maps.mean.min(), maps.mean.max()) == (0, 1)
    assert np.all(np.diff(maps.mean.var(axis=(1, 2))) < 0)


def test_one_seed_has_no_deviation_and_a_dead_code_is_flat() -> None:
    maps = activation_maps(np.zeros((1, 169, 5)))
    assert maps.deviation is None
    assert not maps.mean.any()
