import numpy as np

from rdsweep.figures._embedding import embed_positions
from rdsweep.figures._stimuli import LOWER, UPPER

PLANE = np.column_stack([LOWER, UPPER, *np.zeros((3, 169))]) / 3.0


def test_rotated_seeds_fall_on_the_same_points_in_the_orientation_of_the_maps() -> None:
    rng = np.random.default_rng(0)
    turned = [PLANE @ np.linalg.qr(rng.normal(size=(5, 5)))[0] for _ in range(3)]
    embedding = embed_positions(turned)
    target = np.column_stack([LOWER - 6, 6 - UPPER]) / 3.0
    # 1e-4: SMACOF stops at a relative change of stress of 1e-6.
    np.testing.assert_allclose(embedding.points, target, atol=1e-4)
    np.testing.assert_allclose(embedding.by_seed, np.broadcast_to(target, (3, 169, 2)), atol=1e-4)


def test_a_code_of_more_dimensions_has_stress() -> None:
    code = np.random.default_rng(0).normal(size=(1, 169, 5))
    assert 0.1 < embed_positions(code).stress < 0.6


def test_a_constant_code_is_one_point_without_stress() -> None:
    embedding = embed_positions(np.zeros((2, 169, 5)))
    assert not embedding.points.any()
    assert embedding.stress == 0
