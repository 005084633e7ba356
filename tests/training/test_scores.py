import math

import pytest
import torch

from rdsweep.tasks import get_task
from rdsweep.training._scores import batch_f1_scores, constant_scores, f1_scores

# Golden numbers: sklearn.metrics.f1_score, scikit-learn 1.9.1, 2026-11-24, on the answers and labels below
# (average="macro" and zero_division=0 for more than two classes); by batches of eight where they are lists.
LABELS = "1110000001111111111101100110111001010000"
ANSWERS = "1110001101111011100101100010100011010100"
F1, BATCH_F1 = 0.7727272727272727, [0.75, 12 / 13, 0.8, 4 / 7, 2 / 3]
MANY_LABELS = "2130302231323033012022331113010132132301"
MANY_ANSWERS = "3132340231113411003122421112012122433331"
MACRO_F1 = 0.39903381642512076
BATCH_MACRO_F1 = [0.44, 0.18095238095238092, 0.2333333333333333, 0.41666666666666663, 0.3476190476190476]


def classes(*digits: str) -> torch.Tensor:
    return torch.tensor([[int(digit) for digit in row] for row in digits])


def labels_of(task: str) -> torch.Tensor:
    return torch.from_numpy(get_task(task).label_table())[None]


def test_f1_is_scikit_learns():
    assert f1_scores(classes(ANSWERS), classes(LABELS), 2).item() == pytest.approx(F1, rel=1e-14)


def test_macro_f1_is_scikit_learns():
    found = f1_scores(classes(MANY_ANSWERS), classes(MANY_LABELS), 5).item()
    assert found == pytest.approx(MACRO_F1, rel=1e-14)


def test_batch_f1_is_the_mean_over_consecutive_batches():
    binary = batch_f1_scores(classes(ANSWERS), classes(LABELS), 2, batch_size=8).item()
    assert binary == pytest.approx(sum(BATCH_F1) / 5, rel=1e-14)
    macro = batch_f1_scores(classes(MANY_ANSWERS), classes(MANY_LABELS), 5, batch_size=8).item()
    assert macro == pytest.approx(sum(BATCH_MACRO_F1) / 5, rel=1e-14)


def test_heads_are_scored_on_their_own():
    together = f1_scores(classes(ANSWERS, LABELS), classes(LABELS, LABELS), 2)
    assert together.tolist() == pytest.approx([F1, 1.0])


def test_classes_that_do_not_occur_do_not_count():
    assert f1_scores(classes("0123"), classes("0123"), 25).item() == 1.0


def test_nothing_to_find_scores_zero():
    assert f1_scores(classes("0000"), classes("0000"), 2).item() == 0.0
    assert batch_f1_scores(classes("0011"), classes("0011"), 2, batch_size=2).item() == 0.5


def test_answers_may_be_bytes():
    assert f1_scores(classes(ANSWERS).to(torch.uint8), classes(LABELS), 2).item() == pytest.approx(F1)


@pytest.mark.parametrize(
    ("task", "n_classes", "f1", "accuracy"),
    [
        # "Always 1" has precision p and recall 1: 2p / (1 + p); "always 0" scores 0.
        ("order", 2, 2 * 91 / (91 + 169), 91 / 169),
        ("region", 2, 2 * 127 / (127 + 169), 127 / 169),
        ("equality", 2, 2 * 13 / (13 + 169), 156 / 169),
        # The largest bins hold 9 of 169 positions.
        ("bins", 25, 2 * 9 / (9 + 169) / 25, 9 / 169),
    ],
)
def test_constant_answers_by_hand(task, n_classes, f1, accuracy):
    found_f1, found_accuracy, _ = constant_scores(labels_of(task), n_classes)
    assert found_f1.item() == pytest.approx(f1)
    assert found_accuracy.item() == pytest.approx(accuracy)


def test_cross_entropy_of_the_best_constant_is_the_entropy_of_the_labels():
    share = 13 / 169
    entropy = constant_scores(labels_of("equality"), 2)[2].item()
    assert entropy == pytest.approx(-share * math.log(share) - (1 - share) * math.log(1 - share))
    assert constant_scores(classes("1111"), 2)[2].item() == 0.0
