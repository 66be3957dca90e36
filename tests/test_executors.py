"""Executors: the same bits from whoever simulates, in whatever order, after whatever failure."""

import sys
import time

import pytest
from fake_clusters import FakeClient, KilledWorker, fake_kernels, scheduler_lost, sometimes_slow

import nqmbench as nq
import nqmbench.kernels
from nqmbench.address import code_digest
from nqmbench.arguments import Arguments
from nqmbench.errors import ClusterError, InvalidArguments, UsageError
from nqmbench.executors import Local, check_executor, cluster, connection, flights, open_executor
from nqmbench.executors.cluster import Cluster
from nqmbench.executors.task import make_task, run_task, traffic
from nqmbench.kernels import Bundle, Contrast
from nqmbench.portions import Portion
from nqmbench.programs import compile_program

TRIALS = 20_000  # twenty superblocks, the last of them short
SEED = 2**64 - 1


def programs(*methods, steps=10, **arguments):
    problem = nq.NoisyQuadratic([1.0, 0.1], **arguments)
    experiments = [nq.Experiment(problem, m, steps=steps, checkpoints=[1, steps]) for m in methods]
    return tuple(compile_program(e, "mixed") for e in experiments)


@pytest.fixture(scope="module")
def bundle():
    return Bundle(programs(nq.sgd(0.1), nq.heavy_ball(0.1, 0.9)), (Contrast(0, 0, 1, 0),))


@pytest.fixture
def kernels(monkeypatch):
    """Kernels that need no compiler."""
    monkeypatch.setattr(nqmbench.kernels, "simulate", fake_kernels)
    return fake_kernels


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    monkeypatch.setattr(flights, "TICK", 0.01)
    monkeypatch.setattr(flights, "LOOK", 0.01)


def simulate(executor, bundle, trials=TRIALS, block=7, **arguments):
    return bits(executor.simulate(bundle, SEED, block, trials, **arguments))


def bits(moments):
    return moments.count, moments.mean.tobytes(), moments.central.tobytes()


def small_portions(client, superblocks=1, **arguments):
    """A cluster of which a task is one superblock, or a few, of the bundle."""
    return Cluster(client, "the cluster", 2, rate=superblocks * 1024 * 60.0, **arguments)


@pytest.mark.parametrize("superblocks", [1, 2, 3, 16])
@pytest.mark.parametrize("workers", [1, 3])
def test_any_number_of_workers_and_any_size_of_tasks_give_the_same_bits(
    kernels, bundle, workers, superblocks
):
    client = FakeClient(workers, sometimes_slow)
    told = []
    found = simulate(small_portions(client, superblocks), bundle, progress=told.append)
    assert found == simulate(Local(), bundle)
    assert len(client.tasks) == -(-20 // {1: 1, 2: 2, 3: 4, 16: 16}[superblocks])
    assert client.most <= 2 * workers
    assert told == sorted(told)
    assert told[-1] == TRIALS


def test_answers_wait_for_the_first_one_in_limited_number(kernels, bundle, monkeypatch):
    monkeypatch.setattr(flights, "MOST_AHEAD", 3)
    seen = []

    def first_is_slow(number, task):
        if number == 0:
            while len(client.tasks) < 6:
                time.sleep(0.01)
            time.sleep(0.1)  # and no more are sent
            seen.append(len(client.tasks))

    client = FakeClient(2, first_is_slow)
    assert simulate(small_portions(client), bundle) == simulate(Local(), bundle)
    assert seen == [6]
    assert len(client.tasks) == 20


def test_what_is_not_worth_two_portions_stays_here(kernels, bundle, monkeypatch):
    nobody = None
    assert simulate(Cluster(nobody, "", 0), bundle) == simulate(Local(), bundle)
    monkeypatch.setattr(cluster, "LARGEST_TRAFFIC", traffic(bundle) - 1)
    assert simulate(small_portions(nobody), bundle) == simulate(Local(), bundle)


def test_a_portion_grows_with_the_fastest_worker(kernels, bundle, monkeypatch):
    monkeypatch.setattr(cluster, "SHORTEST", 1e-9)
    client = FakeClient()
    executor = small_portions(client)
    simulate(executor, bundle)
    assert executor.rate > 1024 * 60
    sizes = {task["trials"] for task in client.tasks}
    assert sizes == {1024, TRIALS % 1024}


def test_the_work_is_what_is_drawn_and_what_is_stepped():
    one, two = programs(nq.sgd(0.1)), programs(nq.sgd(0.1), nq.sgd(0.2))
    assert Bundle(one).work == 2 * (10 + 10)
    assert Bundle(two).work == 2 * (10 + 20)
    problem = nq.NoisyQuadratic(1.0, noise="laplace")
    ramp = nq.Experiment(problem, nq.sgd(0.1), batch=nq.schedule([1, 2, 3]), steps=3)
    assert Bundle((compile_program(ramp, "mixed"),)).work == 6 + 3
    long = programs(nq.sgd(nq.cosine(0.1, 5000)), steps=5000)
    assert traffic(Bundle(long)) - traffic(Bundle(one)) > 8 * 5000


def test_a_task_is_plain_data_and_its_answer_depends_on_nothing_else(kernels, bundle):
    task = make_task(bundle, SEED, 7, Portion(2048, 1024), "plain")
    assert (task["first_block"], task["trials"], task["kernels"]) == (7 + 64, 1024, "plain")
    kinds = {type(value).__name__ for _, program in task["programs"] for value in program.values()}
    assert kinds == {"str", "float", "int", "ndarray"}
    first, again = run_task(task), run_task(task)
    assert first.central.tobytes() == again.central.tobytes()
    assert first.mean.tobytes() == fake_kernels(bundle, SEED, 71, 1024).mean.tobytes()


# --- failures


def test_a_task_that_loses_its_workers_is_sent_again(kernels, bundle):
    lost = []

    def dies(number, task):
        if task["first_block"] == 7 + 5 * 32 and len(lost) < flights.LIVES - 1:
            lost.append(number)
            raise KilledWorker

    client = FakeClient(2, dies)
    assert simulate(small_portions(client), bundle) == simulate(Local(), bundle)
    assert len(lost) == flights.LIVES - 1
    assert len(client.tasks) == 20 + len(lost)


def test_a_task_that_loses_every_worker_ends_the_run(kernels, bundle):
    def dies(number, task):
        if task["first_block"] == 7 + 5 * 32:
            raise KilledWorker

    with pytest.raises(ClusterError, match="loses every worker that one task is given to") as said:
        simulate(small_portions(FakeClient(2, dies)), bundle)
    assert said.value.exit_code == 75


def test_the_scheduler_is_lost(kernels, bundle):
    client = FakeClient(2, scheduler_lost)
    with pytest.raises(ClusterError, match="the cluster does not answer any more: start it again"):
        simulate(small_portions(client), bundle)
    client.status = "closed"
    with pytest.raises(ClusterError, match="does not answer any more"):
        simulate(small_portions(client), bundle)


def test_all_workers_are_lost_for_too_long(kernels, bundle):
    def leave(number, task):
        if number == 3:
            client.workers = 0
        if number >= 3:
            time.sleep(0.5)

    client = FakeClient(2, leave)
    with pytest.raises(ClusterError, match="has no worker any more: see that it has some") as said:
        simulate(small_portions(client, patience=0.05), bundle)
    assert "what its results file holds" in str(said.value)


def test_workers_that_come_back_in_time_are_waited_for(kernels, bundle):
    def leave_for_a_while(number, task):
        if number == 3:
            client.workers = 0
            time.sleep(0.2)
            client.workers = 2

    client = FakeClient(2, leave_for_a_while)
    found = simulate(small_portions(client, patience=20.0), bundle)
    assert found == simulate(Local(), bundle)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError("of the one who watches")])
def test_tasks_are_called_back_when_a_run_is_interrupted(kernels, bundle, error):
    def interrupt(done):
        raise error

    client = FakeClient(2)
    with pytest.raises(error if isinstance(error, type) else RuntimeError):
        simulate(small_portions(client), bundle, progress=interrupt)
    assert client.cancelled >= 1
    assert len(client.tasks) < 20


def test_an_error_of_the_kernels_is_raised_here(kernels, bundle):
    def fails(number, task):
        raise ZeroDivisionError("of a worker")

    with pytest.raises(ZeroDivisionError, match="of a worker"):
        simulate(small_portions(FakeClient(2, fails)), bundle)


def test_a_cluster_without_workers_is_waited_for_and_then_given_up(monkeypatch):
    opened = []

    def client(address, **how):
        assert how["set_as_default"] is False
        opened.append(FakeClient(workers=0))
        return opened[-1]

    monkeypatch.setattr("distributed.Client", client)
    with (
        pytest.raises(ClusterError, match=r"tcp://a:1 has 0 workers after .*dask worker tcp://a:1"),
        connection.connected("tcp://a:1", starting=0.05),
    ):
        pass
    assert opened[0].status == "closed"


def test_a_scheduler_that_does_not_answer_has_no_workers():
    class Client:
        def nthreads(self, callback_timeout):
            raise TimeoutError

    assert connection.slots(Client()) == 0


# --- versions


def test_a_worker_with_other_sources_refuses_a_task(kernels, bundle, monkeypatch):
    task = make_task(bundle, SEED, 0, Portion(0, 1024)) | {"code": "another"}
    with pytest.raises(UsageError, match=r"other sources of nqmbench.*install the same version"):
        run_task(task)


class Asked:
    """A client that was asked for the sources of its workers."""

    def __init__(self, **answers):
        self.answers = answers

    def run(self, function, on_error):
        assert (function, on_error) == (code_digest, "return")
        return self.answers


def test_workers_are_asked_for_their_sources_before_anything_is_sent():
    connection.check_sources(Asked(a=code_digest(), b=code_digest()))
    with pytest.raises(UsageError, match=r"other sources.*\(0123\) than this process"):
        connection.check_sources(Asked(a=code_digest(), b="0123"))
    with pytest.raises(MemoryError):
        connection.check_sources(Asked(a=MemoryError()))


@pytest.mark.parametrize(
    "error",
    [
        Exception("""ModuleNotFoundError("No module named 'nqmbench'")"""),  # of a worker
        RuntimeError("Error during deserialization of the task graph. This"),  # of the scheduler
    ],
)
def test_a_part_of_the_cluster_has_no_nqmbench(kernels, bundle, error):
    with pytest.raises(UsageError, match="need nqmbench as well: install the same version there"):
        connection.check_sources(Asked(a=error))

    def fails(number, task):
        raise error

    with pytest.raises(UsageError, match="need nqmbench as well"):
        simulate(small_portions(FakeClient(2, fails)), bundle)


# --- the choice


@pytest.mark.parametrize(
    "wrong",
    ["", "Dask", "dask=", "dask=localhost:8786", "dask=tcp://", "dask=tcp://a:x", "dask=tcp://a/b:1",
     "ray", 3, None, "dask=tcp://a:1 "],
)  # fmt: skip
def test_another_executor_is_refused_by_name(wrong):
    with pytest.raises(InvalidArguments, match=r'executor: got .*allowed: "local", "dask"'):
        nq.run("sgd", executor=wrong)


@pytest.mark.parametrize("right", ["local", "dask", "dask=tcp://10.0.0.1:8786", "dask=tls://h:1"])
def test_executors_that_there_are(right):
    checks = Arguments("run")
    assert check_executor(checks, right) == right
    checks.done()


def test_a_cluster_without_the_extra_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"needs the extra: pip install 'nqmbench\[dask\]'"):
        nq.run("sgd", executor="dask")
    assert check_executor(Arguments("run"), "local") == "local"


def test_the_local_executor_is_this_process():
    with open_executor("local", 1) as executor:
        assert isinstance(executor, Local)
        assert executor.about == "local"
