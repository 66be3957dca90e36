"""What one feature costs beside another, per unit of work, both by the package's own kernels."""

import pytest

from nqmbench.perf.benchmarks import named
from nqmbench.threads import available_threads


@pytest.mark.parametrize(
    ("name", "than"),
    [
        ("averaged-mixed", "sgd-mixed"),
        ("sgd-f32", "sgd-mixed"),
        ("cosine", "sgd-mixed"),
        ("coordinates", "sgd-mixed"),
        ("large-d", "sgd-mixed"),
        ("batch-uniform", "sgd-mixed"),
        ("batch-laplace", "sgd-mixed"),
    ],
)
def test_a_feature_beside_plain_sgd(beside, name, than):
    a, b = named(name), named(than)
    beside(name, than, a.prepare(), b.prepare(), a.work / b.work)


@pytest.mark.skipif(available_threads() < 2, reason="there is one core")
def test_two_threads_beside_one(beside):
    two, one = named("two-threads"), named("averaged-mixed")
    beside("two threads", "one", two.prepare(), one.prepare(), two.work / one.work)


def test_eight_methods_on_the_same_noise_beside_one(beside):
    eight, one = named("shared"), named("sgd-mixed")
    beside(
        "shared, each of eight",
        "one alone",
        eight.prepare(),
        one.prepare(),
        eight.work / one.work,
    )
