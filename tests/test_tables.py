"""Experiments are told apart in estimates.csv."""

import nqmbench as nq
from nqmbench.tables import experiment_names


def named(*experiments):
    return list(experiment_names({e.key: e for e in experiments}).values())


def test_an_experiment_is_named_by_its_label_and_steps():
    e = nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.5), steps=7)
    assert named(e) == ["SGD(lr=0.5), B=1, h=1, steps=7"]


def test_experiments_with_equal_labels_get_the_start_of_their_keys():
    spectra = ([1, 2, 3, 4, 5], [1, 2, 3, 4, 6])
    first, second = (nq.Experiment(nq.NoisyQuadratic(h), nq.sgd(0.1), steps=10) for h in spectra)
    assert first.label == second.label
    names = named(first, second)
    assert names[0] != names[1]
    assert names[0].endswith(f"[{first.key[:8]}]")


def test_labels_keep_every_digit_of_a_step_size():
    problem = nq.NoisyQuadratic(1.0)
    labels = {nq.Experiment(problem, nq.sgd(lr)).label for lr in (0.12345678, 0.1234567)}
    assert len(labels) == 2


def test_listed_schedules_show_how_they_begin():
    assert str(nq.schedule([0.3, 0.2, 0.1, 0.05])) == "schedule(0.3, 0.2, 0.1, ...)"
