"""Files of trainings: runs and checkpoints read back, the bit-identical continuation, and what is refused."""

import io
import json
import tracemalloc
import zipfile

import numpy as np
import pytest

import symcnn
from symcnn.train import load_checkpoint
from symcnn.train.store import checksum_of_arrays, checksum_of_words
from tests.train.conftest import OPTIMIZERS, overfitted

COURSE = {"batch_size": 8, "learning_rate": 0.1, "seed": 3}

# --- runs -----------------------------------------------------------------------------------------------------------


def test_a_saved_run_is_the_same_run(net, data, tmp_path):
    run = symcnn.train(net, data, steps=500, seed=3, reduction="mean", learning_rate=0.7)
    again = symcnn.Run.load(run.save(tmp_path / "run.json"))
    for one, other in ((run.theta, again.theta), (run.initial, again.initial), (run.loss, again.loss)):
        assert np.array_equal(one, other)
    assert again.network == net
    assert (again.learning_rate, again.reduction, again.backend, again.stopped) == (0.7, "mean", run.backend, "steps")
    assert np.array_equal(again.predictions, run.predictions)
    assert again.save(tmp_path / "again.json").read_bytes() == (tmp_path / "run.json").read_bytes()


def test_a_training_goes_on_from_a_saved_run(net, data, tmp_path):
    first = symcnn.train(net, data, steps=150, backend="python")
    second = symcnn.train(
        net, data, steps=150, initial=symcnn.Run.load(first.save(tmp_path / "a.json")), backend="python"
    )
    whole = symcnn.train(net, data, steps=300, backend="python")
    assert np.array_equal(second.theta, whole.theta)


def test_a_run_by_epochs_is_saved_and_goes_on(net, many, tmp_path):
    run = symcnn.train(net, many, batch_size=8, epochs=3, optimizer="adam", validation=many, dtype="float32", seed=2)
    again = symcnn.Run.load(run.save(tmp_path / "run.json"))
    for word in ("course", "history", "stopped", "reduction", "learning_rate", "backend", "steps"):
        assert getattr(again, word) == getattr(run, word)
    assert np.array_equal(again.theta, run.theta)
    assert again.save(tmp_path / "again.json").read_bytes() == (tmp_path / "run.json").read_bytes()
    further = symcnn.train(net, many, batch_size=8, epochs=1, initial=again)
    assert np.array_equal(further.initial, run.theta)


def test_a_run_with_its_best_parameters_is_saved(net, many, tmp_path):
    train, unseen = overfitted(many)
    run = symcnn.train(net, train, batch_size=4, epochs=300, optimizer="adam", validation=unseen, patience=3)
    path = run.save(tmp_path / "run.json")
    again = symcnn.Run.load(path)
    assert (again.best_epoch, again.measured, again.history) == (run.best_epoch, run.measured, run.history)
    assert np.array_equal(again.theta, run.theta)
    assert np.array_equal(again.last_theta, run.last_theta)
    assert again.save(tmp_path / "again.json").read_bytes() == path.read_bytes()
    plain = symcnn.train(net, train, batch_size=4, epochs=5, validation=unseen)
    document = json.loads(plain.save(tmp_path / "plain.json").read_text("utf-8"))
    assert document["format"] == "symcnn run 2"  # as earlier versions wrote it, and read it
    assert "last_theta" not in document
    assert symcnn.Run.load(tmp_path / "plain.json").best_epoch == plain.best_epoch


@pytest.mark.parametrize("value", [-1, 999, 1.0, True, None, "2"])
def test_a_best_epoch_that_was_none(net, many, tmp_path, value):
    train, unseen = overfitted(many)
    run = symcnn.train(net, train, batch_size=4, epochs=300, optimizer="adam", validation=unseen, patience=3)
    document = json.loads(run.save(tmp_path / "run.json").read_text("utf-8"))
    assert document["format"] == "symcnn run 3"
    rest = {k: v for k, v in {**document, "best_epoch": value}.items() if k not in ("format", "checksum")}
    text = json.dumps({"format": document["format"], "checksum": checksum_of_words(rest), **rest})
    (tmp_path / "run.json").write_text(text, "utf-8")
    with pytest.raises(symcnn.InputError, match=r"run\.json: best_epoch="):
        symcnn.Run.load(tmp_path / "run.json")


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("course", None), ("course", {}), ("course", {"seed": 1}), ("history", []), ("history", [[1.0, 0.5]]),
        ("history", [["a", 0.5, None, None]]), ("history", [[1.0, 1.5, None, None]]), ("history", {"a": 1}),
        ("stopped", "tired"),
    ],
)  # fmt: skip
def test_a_damaged_run_by_epochs(net, data, tmp_path, word, value):
    path = symcnn.train(net, data, epochs=1).save(tmp_path / "run.json")
    document = {**json.loads(path.read_text("utf-8")), word: value}
    rest = {k: v for k, v in document.items() if k not in ("format", "checksum")}
    path.write_text(json.dumps({**document, "checksum": checksum_of_words(rest)}), "utf-8")
    with pytest.raises(symcnn.InputError, match=rf"run\.json: {word}"):
        symcnn.Run.load(path)


# --- checkpoints ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_three_epochs_and_three_more_are_six(net, many, tmp_path, optimizer, dtype):
    settings = {**COURSE, "optimizer": optimizer, "dtype": dtype, "validation": many}
    first, second = tmp_path / "first.npz", tmp_path / "second.npz"
    whole = symcnn.train(net, many, epochs=6, checkpoint=second, **settings)
    at_once = second.read_bytes()
    symcnn.train(net, many, epochs=3, checkpoint=first, **settings)
    resumed = symcnn.train(net, many, epochs=6, resume=first, checkpoint=second, validation=many)
    for word in ("theta", "loss", "initial"):
        assert np.array_equal(getattr(resumed, word), getattr(whole, word)), word
    assert resumed.history == whole.history
    assert resumed.course == whole.course
    assert second.read_bytes() == at_once  # also what the optimizer remembers


def test_it_may_go_on_in_its_own_file(net, many, tmp_path):
    path = tmp_path / "c.npz"
    for epochs in (1, 2, 4):
        resume = {"resume": path} if path.exists() else {"optimizer": "adam", **COURSE}
        run = symcnn.train(net, many, epochs=epochs, checkpoint=path, **resume)
    whole = symcnn.train(net, many, epochs=4, optimizer="adam", **COURSE)
    assert np.array_equal(run.theta, whole.theta)
    assert load_checkpoint(path).state.epochs == 4


def test_patience_goes_on_too(net, many, tmp_path):
    train, wrong = overfitted(many)
    settings = {"optimizer": "adam", **COURSE, "validation": wrong}
    whole = symcnn.train(net, train, epochs=300, patience=3, **settings)
    end = whole.history[-1].number
    symcnn.train(net, train, epochs=end - 2, checkpoint=tmp_path / "c.npz", **settings)
    resumed = symcnn.train(net, train, epochs=300, patience=3, resume=tmp_path / "c.npz", validation=wrong)
    assert resumed.stopped == "patience"
    assert resumed.history == whole.history


def test_the_best_parameters_are_kept_across_checkpoints(net, many, tmp_path):
    """Stopped behind the best epoch: it is before the checkpoint."""
    train, wrong = overfitted(many)
    settings = {"optimizer": "adam", **COURSE, "validation": wrong}
    whole = symcnn.train(net, train, epochs=300, patience=3, **settings)
    path = tmp_path / "c.npz"
    symcnn.train(net, train, epochs=whole.best_epoch + 1, checkpoint=path, **settings)
    found = load_checkpoint(path)
    assert found.state.best_epoch == whole.best_epoch
    assert np.array_equal(found.state.best, whole.theta)
    resumed = symcnn.train(net, train, epochs=300, patience=3, resume=path, validation=wrong)
    assert resumed.stopped == "patience"
    for word in ("theta", "last_theta", "loss"):
        assert np.array_equal(getattr(resumed, word), getattr(whole, word)), word
    assert resumed.best_epoch == whole.best_epoch
    # as written before a checkpoint had the best parameters: those of its own epoch are all that is known
    rewritten(path, path, lambda arrays: [settings_with(format="symcnn checkpoint 1")(arrays), arrays.pop("best")])
    old = load_checkpoint(path)
    assert (old.state.best_epoch, old.state.epochs) == (whole.best_epoch + 1, whole.best_epoch + 1)
    resumed = symcnn.train(net, train, epochs=300, patience=3, resume=path, validation=wrong)
    assert resumed.history == whole.history
    assert resumed.best_epoch == whole.best_epoch + 1
    assert np.array_equal(resumed.theta, old.theta)
    assert np.array_equal(resumed.last_theta, whole.last_theta)


@pytest.fixture(scope="module")
def saved(net, many, tmp_path_factory):
    path = tmp_path_factory.mktemp("c") / "c.npz"
    symcnn.train(net, many, epochs=2, optimizer="momentum", checkpoint=path, **COURSE)
    return path


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "adam"}, "optimizer='adam': the checkpoint was trained with optimizer='momentum'"),
        ({"batch_size": 4}, "batch_size=4"),
        ({"learning_rate": 0.2}, "learning_rate=0.2"),
        ({"dtype": "float32"}, "dtype='float32'"),
        ({"seed": 4}, "seed=4"),
        ({"reduction": "sum"}, "reduction='sum'"),
        ({"initial": "uniform"}, "initial: a resumed training starts from its checkpoint"),
        ({"epochs": 2}, "epochs=2: 2 are done; give a larger total"),
        ({"validation": True}, "a checkpoint of other samples"),
    ],
)
def test_other_settings_are_refused(net, many, saved, settings, message):
    if "validation" in settings:
        settings = {"validation": many}
    with pytest.raises(symcnn.InputError) as error:
        symcnn.train(net, many, **{"epochs": 3, **settings}, resume=saved)
    assert message in str(error.value)
    assert str(saved) in str(error.value)


def test_the_same_settings_are_not(net, many, saved):
    run = symcnn.train(net, many, epochs=3, optimizer="momentum", resume=saved, **COURSE)
    assert (run.history[-1].number, run.backend) == (3, "numpy")
    assert symcnn.train(net, many, epochs=3, resume=saved, backend="python").backend == "python"


def test_another_network_or_other_data_are_refused(net, many, saved):
    other = symcnn.Network((3, 3), [symcnn.Dense(2)])
    with pytest.raises(symcnn.InputError, match="a checkpoint of another network"):
        symcnn.train(other, many, resume=saved, epochs=3)
    images = many.images.copy()
    images[-1, -1, -1] = np.nextafter(images[-1, -1, -1], 2)
    with pytest.raises(symcnn.InputError, match="a checkpoint of other samples"):
        symcnn.train(net, (images, many.targets), resume=saved, epochs=3)


def rewritten(path, target, change, sign=True):
    """The checkpoint with its arrays changed, and a checksum that fits."""
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files if name != "checksum"}
        checksum = archive["checksum"]
    change(arrays)
    np.savez(target, checksum=checksum_of_arrays(arrays) if sign else checksum, **arrays)


def settings_with(**words):
    def change(arrays):
        settings = {**json.loads(arrays["settings"].tobytes()), **words}
        arrays["settings"] = np.frombuffer(json.dumps(settings).encode(), np.uint8)

    return change


def array_with(name, value):
    return lambda arrays: arrays.update({name: np.asarray(value)})


BAD = {
    "another format": settings_with(format="symcnn checkpoint 9"),
    "a run": settings_with(format="symcnn run 1"),
    "no network": settings_with(network=3),
    "a network without loss": settings_with(network={"input_shape": [2], "loss": "none", "layer": []}),
    "another network": settings_with(network={"input_shape": [2], "layer": [{"type": "Dense", "units": 1}]}),
    "no course": settings_with(course=None),
    "half a course": settings_with(course={"seed": 3}),
    "a course without a seed": settings_with(course={"optimizer": "momentum", "batch_size": 8, "learning_rate": 0.1,
                                                     "reduction": "mean", "dtype": "float64", "seed": None}),
    "another optimizer": settings_with(course={"optimizer": "adam", "batch_size": 8, "learning_rate": 0.1,
                                               "reduction": "mean", "dtype": "float64", "seed": 3}),
    "a course that cannot be": settings_with(course={"optimizer": "momentum", "batch_size": 0, "learning_rate": 0.1,
                                                     "reduction": "mean", "dtype": "float64", "seed": 3}),
    "no backend": settings_with(backend="gpu"),
    "scalars": settings_with(scalars={"power_1": 0.5}),
    "no history": settings_with(history=[]),
    "half a row": settings_with(history=[[0.5, 0.5]]),
    "an accuracy of 2": settings_with(history=[[0.5, 2, None, None]]),
    "few classes": settings_with(classes=["a"]),
    "classes that are no words": settings_with(classes=["a", 3]),
    "short theta": array_with("theta", [1.0]),
    "theta in float32": array_with("theta", np.zeros(20, np.float32)),
    "theta in two dimensions": array_with("theta", np.zeros((20, 1))),
    "a best epoch that is none": settings_with(best_epoch=3),
    "no best epoch": settings_with(best_epoch=None),
    "short best parameters": array_with("best", [1.0]),
    "NaN": array_with("velocity", np.full(20, np.nan)),
    "no velocity": lambda arrays: arrays.pop("velocity"),
    "no loss": lambda arrays: arrays.pop("loss"),
    "no settings": lambda arrays: arrays.pop("settings"),
    "settings that are no JSON": array_with("settings", np.arange(10, dtype=np.uint8)),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_damaged_checkpoint_is_one_clear_line(net, many, saved, tmp_path, what):
    path = tmp_path / "bad.npz"
    rewritten(saved, path, BAD[what])
    with pytest.raises(symcnn.InputError) as error:
        symcnn.train(net, many, resume=path, epochs=3)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_one_changed_bit_is_seen(net, many, saved, tmp_path):
    path = tmp_path / "bad.npz"

    def change(arrays):
        arrays["theta"][7] = np.nextafter(arrays["theta"][7], 9)

    rewritten(saved, path, change, sign=False)
    with pytest.raises(symcnn.InputError, match="its checksum does not fit"):
        symcnn.train(net, many, resume=path, epochs=3)
    rewritten(saved, path, lambda arrays: None, sign=False)
    symcnn.train(net, many, resume=path, epochs=3)


@pytest.mark.parametrize("part", [0, 1, 100, 1000, 0.5, 0.9, -1])
def test_a_truncated_checkpoint(net, many, saved, tmp_path, part):
    content = saved.read_bytes()
    path = tmp_path / "half.npz"
    path.write_bytes(content[: int(part * len(content)) if isinstance(part, float) else part])
    with pytest.raises(symcnn.InputError, match=r"half\.npz: "):
        symcnn.train(net, many, resume=path, epochs=3)


def test_every_byte_counts(saved, tmp_path):
    """A flipped byte anywhere is refused, or changes nothing that is read."""
    content, path = saved.read_bytes(), tmp_path / "flip.npz"
    good = load_checkpoint(saved)
    rng = np.random.default_rng(0)
    for place in rng.choice(len(content), 300, replace=False):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        try:
            found = load_checkpoint(path)
        except symcnn.InputError:
            continue
        assert np.array_equal(found.theta, good.theta)
        assert found.state.history == good.state.history


def test_nothing_is_unpickled(saved, tmp_path):
    path = tmp_path / "objects.npz"

    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    with np.load(saved) as archive:
        arrays = dict(archive)
    arrays["theta"] = np.array([Trap()], dtype=object)
    np.savez(path, **arrays)
    with pytest.raises(symcnn.InputError, match="theta: holds Python objects; expected numbers"):
        load_checkpoint(path)
    assert not (tmp_path / "sprung").exists()


def test_a_head_that_lies_about_its_size_is_never_believed(tmp_path):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    path = tmp_path / "huge.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("theta", "settings"):
            archive.writestr(f"{name}.npy", head.getvalue() + bytes(100))
    with pytest.raises(symcnn.InputError, match=r"settings: shape \(1000000000000,\); expected at most"):
        load_checkpoint(path)


def packed(path, saved, **more):
    """The checkpoint, packed, with members that unpack to much more."""
    with np.load(saved) as archive:
        np.savez_compressed(path, **{**archive, **more})


@pytest.mark.parametrize("name", ["settings", "theta", "loss", "checksum", "more"])
def test_a_small_file_that_would_unpack_to_much_is_not_unpacked(saved, tmp_path, name):
    path = tmp_path / "bomb.npz"
    packed(path, saved, **{name: np.zeros(150_000_000, np.uint8)})
    assert path.stat().st_size < 200_000
    tracemalloc.start()
    with pytest.raises(symcnn.InputError, match=r"bomb\.npz: \w+\.npy: compressed; expected a checkpoint"):
        load_checkpoint(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("theta", (21,), r"theta: shape \(21,\); expected \(20,\)"),
        ("initial", (20, 1), r"initial: shape \(20, 1\); expected \(20,\)"),
        ("loss", (2, 2), r"loss: shape \(2, 2\); expected one axis"),
        ("more", (3,), "unknown array 'more'; expected best, initial, loss, theta, velocity"),
    ],
)
def test_lengths_are_those_of_the_network(saved, tmp_path, name, shape, message):
    rewritten(saved, tmp_path / "bad.npz", array_with(name, np.zeros(shape)))
    with pytest.raises(symcnn.InputError, match=message):
        load_checkpoint(tmp_path / "bad.npz")


def test_what_is_no_checkpoint_is_never_written_over(net, many, saved, tmp_path):
    samples, other = tmp_path / "samples.npz", tmp_path / "other.npz"
    np.savez(samples, images=many.images, targets=many.targets)
    rewritten(saved, other, settings_with(format="mine"))
    for path in (samples, other):
        before = path.read_bytes()
        with pytest.raises(symcnn.InputError, match=r"holds something else than a checkpoint .*expected another name"):
            symcnn.train(net, many, epochs=1, checkpoint=path)
        assert path.read_bytes() == before
    symcnn.train(net, many, epochs=1, checkpoint=tmp_path / "c.npz")
    symcnn.train(net, many, epochs=2, checkpoint=tmp_path / "c.npz")
    assert load_checkpoint(tmp_path / "c.npz").state.epochs == 2


def test_a_setting_that_equals_a_default_is_asked_for(net, many, tmp_path):
    path = tmp_path / "c.npz"
    symcnn.train(net, many, epochs=1, optimizer="adam", dtype="float32", seed=5, checkpoint=path)
    for asked, there in (
        ({"optimizer": "sgd"}, "adam"), ({"dtype": "float64"}, "float32"), ({"seed": 0}, "5")
    ):  # fmt: skip
        with pytest.raises(symcnn.InputError, match=rf"{next(iter(asked))}=.*: the checkpoint was .*{there}"):
            symcnn.train(net, many, epochs=2, resume=path, **asked)
    run = symcnn.train(net, many, epochs=2, resume=path)
    assert (run.course.optimizer, run.course.dtype, run.course.seed) == ("adam", "float32", 5)
