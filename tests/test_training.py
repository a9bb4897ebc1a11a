import json
import math
import os
import signal
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate import distribution, interrupts, training
from tests.support import train_process
from tests.support.processes import WITHOUT_GPU, finish, free_ports
from tests.support.tolerances import assert_close


class Recorder(keras.Model):
    """Adds up in `total` the mean of what it is given, and reports it."""

    def __init__(self, size=3):
        super().__init__()
        self.total = self.add_weight(shape=(size,), initializer="zeros", name="total")
        self.tracker = keras.metrics.Mean(name="position")
        self.built = True

    @property
    def metrics(self):
        return [self.tracker]

    def train_step(self, data):
        self.tracker.update_state(data)
        # Gradients are added up over the replicas.
        gradient = -tf.reduce_mean(data) / self.distribute_strategy.num_replicas_in_sync
        self.optimizer.apply([tf.fill(self.total.shape, gradient)], [self.total])
        return self.get_metrics_result()


def run(strategy="default", size=3, momentum=0.0, jit_compile=False, **options):
    """Trains a Recorder on the positions themselves; its weights, and step and metrics of each log."""
    tf_strategy = distribution.make_strategy(strategy)
    with tf_strategy.scope():
        model = Recorder(size)
        model.compile(optimizer=keras.optimizers.SGD(1.0, momentum), jit_compile=jit_compile)
    logs = []

    def on_log(step, values):
        logs.append((step, values["position"]))
        return {"twice": 2 * values["position"]}

    last = training.train(
        model,
        options.pop("make_batch", lambda positions: tf.cast(positions, tf.float32)),
        **({"num_steps": 7, "batch_size": 4, "steps_per_log": 3, "on_log": on_log} | options),
        strategy=tf_strategy,
    )
    return model.total.numpy(), logs, last


def expected_logs(*ends, start=0, batch_size=4):
    """Position n lies in step n // batch_size: the mean of a chunk's positions is that of its first and last."""
    starts = (start, *ends[:-1])
    return [(end, (begin * batch_size + end * batch_size - 1) / 2) for begin, end in zip(starts, ends, strict=True)]


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("strategy", ["default", "mirrored"])
def test_steps_take_the_positions_in_turn_and_metrics_are_means_over_a_log(strategy, jit_compile):
    total, logs, last = run(strategy, jit_compile=jit_compile)
    assert logs == expected_logs(3, 6, 7)
    assert last == {"position": logs[-1][1], "twice": 2 * logs[-1][1]}
    # Seven steps of the mean of four positions each.
    assert_close(total, 7 * 13.5, rtol=1e-6)


def test_training_goes_on_where_it_stopped_with_the_logs_at_the_same_steps(tmp_path):
    unbroken = run(momentum=0.9, num_steps=11)
    _, first_logs, _ = run(momentum=0.9, num_steps=4, workdir=tmp_path)
    total, logs, _ = run(momentum=0.9, num_steps=11, workdir=tmp_path)
    assert first_logs == expected_logs(3, 4)
    assert logs == expected_logs(6, 9, 11, start=4)
    np.testing.assert_array_equal(total, unbroken[0])


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)], ids=["Ctrl-C", "SIGTERM"]
)
def test_signal_writes_a_checkpoint_first_so_that_nothing_is_lost(number, error, tmp_path, capsys):
    trained = []

    def positions_with_signal(positions):
        def note(position):
            trained.append(int(position) // 4)
            if len(trained) == 15:
                os.kill(os.getpid(), number)
            return position

        first = tf.py_function(note, [positions[0]], tf.int64)
        return tf.cast(tf.concat([[first], positions[1:]], axis=0), tf.float32)

    options = {"num_steps": 60, "steps_per_log": 50, "logs_per_checkpoint": 2, "momentum": 0.9}
    unbroken = run(**options)
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(error) as raised:
        run(**options, workdir=tmp_path, make_batch=positions_with_signal)
    assert error is KeyboardInterrupt or raised.value.code == 143
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
    assert 15 <= len(trained) < 50
    said = f"training: stopped at step {len(trained)} of 60. The same command goes on from there."
    assert capsys.readouterr().err.endswith(f"\n{said}\n")  # The progress bar is not shown again.

    total, logs, _ = run(**options, workdir=tmp_path)
    assert logs == expected_logs(50, 60, start=len(trained))
    np.testing.assert_array_equal(total, unbroken[0])


def test_second_signal_ends_at_once_and_other_threads_hear_none():
    with pytest.raises(KeyboardInterrupt), interrupts.deferred() as interrupted:
        os.kill(os.getpid(), signal.SIGTERM)
        assert interrupted()
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("The second signal ends the block.")
    answers = []

    def in_thread():
        with interrupts.deferred() as interrupted:
            answers.append(interrupted())

    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
    assert answers == [False]


def test_training_ends_early_when_it_is_told_and_stays_ended(tmp_path):
    seen = tf.Variable(0)

    def on_log(step, values):
        seen.assign_add(1)
        return {}

    options = {
        "num_steps": 12,
        "on_log": on_log,
        "state": {"seen": seen},
        "should_stop": lambda: int(seen.numpy()) >= 2,
    }
    total, _, last = run(**options, workdir=tmp_path)
    np.testing.assert_array_equal(total, run(num_steps=6)[0])
    assert last
    again, _, last = run(**options, workdir=tmp_path)
    np.testing.assert_array_equal(again, total)
    assert last == {}


def test_run_that_has_ended_changes_nothing(tmp_path):
    total, _, _ = run(workdir=tmp_path)
    again, logs, last = run(workdir=tmp_path)
    assert (logs, last) == ([], {})
    np.testing.assert_array_equal(again, total)


def test_run_that_is_told_to_stop_ends_with_a_checkpoint_and_stays_ended(tmp_path):
    seen = tf.Variable(0, dtype=tf.int64)

    def on_log(step, values):
        seen.assign(step)
        return {}

    def ended():
        model = Recorder()
        model.compile(optimizer=keras.optimizers.SGD(1.0))
        training.train(
            model,
            lambda positions: tf.cast(positions, tf.float32),
            num_steps=20,
            batch_size=4,
            steps_per_log=3,
            workdir=tmp_path,
            on_log=on_log,
            state={"seen": seen},
            should_stop=lambda: int(seen.numpy()) >= 6,
        )
        return model.total.numpy()

    first = ended()
    assert_close(first, 6 * 11.5, rtol=1e-6)  # Six steps of four positions each, 0 to 23.
    seen.assign(0)
    np.testing.assert_array_equal(ended(), first)


def test_checkpoints_are_kept_at_the_asked_logs_and_at_the_end(tmp_path):
    run(num_steps=14, workdir=tmp_path, logs_per_checkpoint=2)
    assert sorted(path.name for path in (tmp_path / "checkpoints").glob("*.index")) == [
        "ckpt-12.index",
        "ckpt-14.index",
    ]


def test_further_state_is_kept(tmp_path):
    for start, end in ((0, 3), (3, 6)):
        counter = tf.Variable(0)

        def on_log(step, values, counter=counter):
            counter.assign_add(10)
            return {}

        run(num_steps=end, workdir=tmp_path, state={"counter": counter}, on_log=on_log)
        assert int(counter) == 10 * end / 3, start


def test_events_hold_every_logged_metric(tmp_path):
    _, logs, _ = run(workdir=tmp_path)
    found = {"position": {}, "twice": {}}
    for path in (tmp_path / "events").iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                found[value.tag][event.step] = float(tf.make_ndarray(value.tensor))
    assert found == {"position": dict(logs), "twice": {step: 2 * value for step, value in logs}}


def test_nothing_is_written_without_a_workdir(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run()
    assert not list(tmp_path.iterdir())


def test_batch_that_replicas_cannot_share_is_refused():
    with pytest.raises(ValueError, match="Batch size 5 cannot be split evenly over 2 replicas"):
        run("mirrored", batch_size=5)


def test_training_that_diverges_stops_with_the_last_good_checkpoint(tmp_path):
    def poisoned(positions):
        return tf.where(positions < 20, tf.cast(positions, tf.float32), np.nan)  # From the sixth step on.

    model = Recorder()
    model.compile(optimizer=keras.optimizers.SGD(1.0))
    with pytest.raises(ValueError, match="Training has diverged: at step 6 position is nan. Lower the learning rate"):
        training.train(model, poisoned, num_steps=9, batch_size=4, workdir=tmp_path, steps_per_log=3)
    assert tf.train.latest_checkpoint(tmp_path / "checkpoints").endswith("ckpt-3")


def test_model_that_is_found_wanting_in_its_log_is_not_kept(tmp_path):
    with pytest.raises(ValueError, match="at step 6 score is nan"):
        run(num_steps=9, workdir=tmp_path, on_log=lambda step, logs: {"score": math.nan if step > 3 else 0.5})
    assert tf.train.latest_checkpoint(tmp_path / "checkpoints").endswith("ckpt-3")


# ---- Bad checkpoints --------------------------------------------------------------------------


def shorten(path, size):
    path.write_bytes(path.read_bytes()[:size])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: shorten(next(folder.glob("ckpt-7.data-*")), 10),
        lambda folder: shorten(next(folder.glob("ckpt-7.data-*")), 0),
        lambda folder: shorten(folder / "ckpt-7.index", 30),
        lambda folder: (folder / "ckpt-7.index").write_bytes(b"another file altogether" * 10),
        lambda folder: next(folder.glob("ckpt-7.data-*")).unlink(),
        lambda folder: (folder / "ckpt-7.index").unlink(),
        lambda folder: (folder / "checkpoint").write_text("model_check"),
    ],
    ids=["truncated", "emptied", "truncated index", "foreign index", "no data", "no index", "truncated state"],
)
def test_damaged_checkpoint_is_refused_by_name(spoil, tmp_path):
    run(workdir=tmp_path)
    spoil(tmp_path / "checkpoints")
    with pytest.raises(ValueError, match="checkpoint.*Delete .*checkpoints.* to start anew"):
        run(workdir=tmp_path)


@pytest.mark.parametrize("other", [{"size": 4}, {"state": {"counter": tf.Variable(0)}}])
def test_checkpoint_of_another_model_is_refused(other, tmp_path):
    run(workdir=tmp_path)
    with pytest.raises(ValueError, match="ckpt-7 cannot be restored .*of another model"):
        run(workdir=tmp_path, **other)


def test_what_a_kill_in_the_first_save_leaves_behind_is_no_obstacle(tmp_path):
    (tmp_path / "checkpoints" / "ckpt-4_temp").mkdir(parents=True)
    for name in ("ckpt-3.data-00000-of-00001.tempstate123", "ckpt-4_temp/part-00000-of-00001.index"):
        (tmp_path / "checkpoints" / name).write_bytes(b"half")
    assert run(workdir=tmp_path)[1] == expected_logs(3, 6, 7)
    assert list((tmp_path / "checkpoints").glob("*temp*")) == []


def test_parts_and_forgotten_checkpoints_of_a_killed_run_are_removed_and_other_files_are_not(tmp_path):
    run(workdir=tmp_path, num_steps=3)
    folder = tmp_path / "checkpoints"
    kept = sorted(folder.iterdir())
    for name in ("ckpt-2.index", "ckpt-5.data-00000-of-00001", "ckpt-3.index.tempstate7", "checkpoint.tmp0a"):
        (folder / name).write_bytes(b"half")
    (folder / "notes.txt").write_text("mine")
    run(workdir=tmp_path, num_steps=3)
    assert sorted(folder.iterdir()) == sorted([*kept, folder / "notes.txt"])


def test_rest_of_the_oldest_checkpoint_that_a_killed_run_was_removing_goes_although_it_is_listed(tmp_path):
    run(workdir=tmp_path, num_steps=9)
    folder = tmp_path / "checkpoints"
    kept = sorted(folder.iterdir())
    assert {path.stem for path in kept} == {"checkpoint", "ckpt-6", "ckpt-9"}
    (folder / "ckpt-3.data-00000-of-00001").write_bytes(b"half")
    listed = ["ckpt-3", "ckpt-6", "ckpt-9"]
    tf.compat.v1.train.update_checkpoint_state(str(folder), listed[-1], listed, None, [1.0, 2.0, 3.0], 0.0)
    run(workdir=tmp_path, num_steps=9)
    assert sorted(folder.iterdir()) == kept


# ---- Processes --------------------------------------------------------------------------------


def load_weights(workdir):
    with np.load(workdir / "weights.npz") as arrays:
        return list(arrays.values())


@pytest.mark.long
def test_killed_and_resumed_run_ends_with_the_bits_of_an_unbroken_one(tmp_path):
    # At step 15 the last checkpoint is that of step 10.
    status, output = finish(train_process.start(tmp_path / "killed", "default", str(tmp_path / "unbroken"), "15"))
    assert status == -signal.SIGKILL, output
    assert not (tmp_path / "killed" / "weights.npz").exists()
    status, output = finish(train_process.start(tmp_path / "killed"))
    assert status == 0, output
    assert "Resuming from" in output
    assert "ckpt-10" in output
    for ours, theirs in zip(load_weights(tmp_path / "killed"), load_weights(tmp_path / "unbroken"), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.long
def test_two_workers_train_as_one_process_does(tmp_path):
    workers = [f"localhost:{port}" for port in free_ports(2)]
    processes = [
        train_process.start(
            tmp_path,
            "multi_worker",
            TF_CONFIG=json.dumps({"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}),
            **WITHOUT_GPU,
        )
        for index in range(2)
    ]
    expected = train_process.train(None)
    for status, output in [finish(process) for process in processes]:
        assert status == 0, output
    for ours, theirs in zip(load_weights(tmp_path), expected, strict=True):
        assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoints", "events", "weights.npz"}


@pytest.mark.slow
@pytest.mark.parametrize("step", [5, 15])  # Before the first checkpoint, and after it.
def test_workers_of_which_one_is_killed_go_on_where_they_were_once_all_are_started_again(tmp_path, step):
    """As Kubernetes does: it starts again whatever container has ended with an error."""
    workers = [f"localhost:{port}" for port in free_ports(3)]

    def start(index: int, *arguments: str):
        cluster = json.dumps({"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}})
        return train_process.start(tmp_path, "multi_worker", *arguments, TF_CONFIG=cluster, **WITHOUT_GPU)

    killed = 1 + step % 2
    ended = [finish(each) for each in [start(index, "", str(step) * (index == killed) or "0") for index in range(3)]]
    for index, (status, output) in enumerate(ended):
        assert status == (-signal.SIGKILL if index == killed else 1), output
        if index != killed:
            assert "ConnectionError: A process of the cluster that TF_CONFIG describes is gone" in output
    assert not (tmp_path / "weights.npz").exists()
    for status, output in [finish(process) for process in [start(index) for index in range(3)]]:
        assert status == 0, output
        assert ("Resuming from" in output) == (step > 10)
    for ours, theirs in zip(load_weights(tmp_path), train_process.train(None), strict=True):
        assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


# ---- Work directories --------------------------------------------------------------------------


def test_config_of_a_work_directory_is_written_once_and_then_compared(tmp_path):
    config = {"name": "mnist", "sizes": (1, 2), "model": {"beta_kl": 0.05, "beta_swd": 1.0}}
    folder = training.open_workdir(tmp_path / "run", config)
    assert folder == tmp_path / "run"
    assert json.loads((folder / "config.json").read_text()) == config | {"sizes": [1, 2]}
    assert training.open_workdir(folder, config) == folder


def test_work_directory_of_another_config_is_refused_with_the_fields_that_differ(tmp_path):
    training.open_workdir(tmp_path, {"seed": 0, "steps": 5, "model": {"beta_kl": 0.05, "beta_swd": 1.0}, "old": 1})
    with pytest.raises(ValueError, match="another configuration") as error:
        training.open_workdir(tmp_path, {"seed": 1, "steps": 5, "model": {"beta_kl": 0.1, "beta_swd": 1.0}, "new": 2})
    fields = (
        "model.beta_kl: 0.05 there, 0.1 here",
        "new: absent there, 2 here",
        "old: 1 there, absent here",
        "seed: 0 there, 1 here",
    )
    assert f"({'; '.join(fields)})" in str(error.value)
    assert json.loads((tmp_path / "config.json").read_text())["seed"] == 0


def test_free_fields_of_a_work_directory_may_change(tmp_path):
    training.open_workdir(tmp_path, {"seed": 0, "maps": {"points": 5}}, free=["maps"])
    for config in ({"seed": 0, "maps": {"points": 7, "more": 1}}, {"seed": 0}):
        training.open_workdir(tmp_path, config, free=["maps"])
        assert json.loads((tmp_path / "config.json").read_text()) == config
    with pytest.raises(ValueError, match="another configuration .seed: 0 there, 1 here"):
        training.open_workdir(tmp_path, {"seed": 1, "maps": {"points": 5}}, free=["maps"])


@pytest.mark.parametrize("content", ["{", "[1]", '"text"'])
def test_work_directory_with_a_foreign_config_is_refused(content, tmp_path):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(ValueError, match="config.json is not"):
        training.open_workdir(tmp_path, {"seed": 1})
