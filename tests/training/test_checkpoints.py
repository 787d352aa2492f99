"""A checkpoint goes on where nothing differs, and is refused where any one thing does."""

import copy
import os
import warnings
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_nets import CLASSES, tiny_backbone, tiny_classifier, tiny_images
from torch import nn
from torchvision.transforms import v2

from tlhelpers.data.images import ImageSet
from tlhelpers.data.texts import TextSet
from tlhelpers.errors import CourseError
from tlhelpers.models.backbones import Transform
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.embedding import MeanOfWords, WordIds, embedding_layer
from tlhelpers.training import checkpoints
from tlhelpers.training.batches import ImageBatches
from tlhelpers.training.fingerprints import describe
from tlhelpers.training.fitting import fine_tune, fit, fit_head
from tlhelpers.training.freezing import freeze_to, hold_statistics
from tlhelpers.training.optimizers import param_groups

IMAGES, HELD_OUT = tiny_images(12), tiny_images(9, seed=1)
ROWS = np.random.default_rng(0).normal(size=(12, 8)).astype(np.float32)


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


def same(a, b):
    b = b.state_dict()
    return all(torch.equal(value, b[name]) for name, value in a.state_dict().items())


# ---------------------------------------------------------------- any one thing differs


class Noise:
    """An augmentation of one's own."""

    def __init__(self, strength: int):
        self.strength = strength

    def __call__(self, picture):
        return picture + (torch.rand(picture.shape) * self.strength).to(torch.uint8)


class Cut(nn.Module):
    """A network with a number that no weight and no name tells."""

    def __init__(self, at: float):
        super().__init__()
        self.at, self.inner = at, tiny_classifier()

    @property
    def transform(self):
        return self.inner.transform

    def layer_groups(self):
        return self.inner.layer_groups()

    def forward(self, x):
        return self.inner(x).clamp(max=self.at)


def lighter(by, pixels):
    return torch.tensor(pixels).permute(0, 3, 1, 2) / 255 + by


def run(path, change=None, epochs=1):
    """One run with all that a run may have, after a change to it."""
    model = Classifier(tiny_backbone(), 3, CLASSES)
    freeze_to(model, 2)
    parts = {"model": model, "data": IMAGES, "validation": HELD_OUT, "patience": 3, "seed": 0,
             "augment": Noise(20), "batch_size": 5, "schedule": "linear", "warmup": 0.1,
             "epochs": epochs, "lr": 0.01, "weight_decay": 0.1, "quiet": True}  # fmt: skip
    (change or (lambda parts: None))(parts)
    fit(parts.pop("model"), parts.pop("data"), checkpoint=path, **parts)
    return parts


def option(**changed):
    return lambda parts: parts.update(changed)


def of_model(change):
    return lambda parts: change(parts["model"])


def with_transform(transform):
    return of_model(lambda model: setattr(model.backbone, "transform", transform))


def with_model(make):
    return lambda parts: parts.update(model=make())


def swapped_classes(parts):
    names = CLASSES[::-1]
    parts["model"].class_names = names
    for key in ("data", "validation"):
        data = parts[key]
        parts[key] = ImageSet(data.pixels, data.labels, names, data.groups)


def other_order(parts):
    parts["data"] = IMAGES.subset(np.roll(np.arange(12), 3))


def own_optimizer(kind, used=False, **numbers):
    def change(parts):
        model = parts["model"]
        optimizer = kind(param_groups(model), **numbers)
        if used:
            start = copy.deepcopy(model.state_dict())
            model(torch.zeros(2, 3, 16, 16)).sum().backward()
            optimizer.step()
            model.load_state_dict(start)
            optimizer.zero_grad()
        parts["optimizer"] = optimizer

    return change


CHANGES = {
    "seed": (option(seed=1), "seed"),
    "batch size": (option(batch_size=6), "batch_size"),
    "rate": (option(lr=0.02), "optimizer"),
    "rates": (option(lr=slice(0.001, 0.01)), "optimizer"),
    "decay": (option(weight_decay=0.2), "optimizer"),
    "precision": (option(precision="bfloat16"), "precision"),
    "patience": (option(patience=2), "patience"),
    "no patience": (option(patience=None), "patience"),
    "schedule": (option(schedule="cosine"), "schedule"),
    "warm-up": (option(warmup=0.2), "schedule"),
    "epochs of a schedule": (option(epochs=2), "schedule"),
    "validation": (option(validation=tiny_images(9, seed=2)), "validation data"),
    "augmentation left out": (option(augment=None), "augmentation"),
    "augmentation's number": (option(augment=Noise(21)), "augmentation"),
    "augmentation's rare number": (option(augment=v2.RandomInvert(p=1e-9)), "augmentation"),
    "augmentation's code": (option(augment=lambda p: p // 2), "augmentation"),
    "order of the items": (other_order, "training labels, training data|training data"),
    "class names": (swapped_classes, "class names"),
    "size": (with_transform(Transform(15, (0.5,) * 3, (0.5,) * 3)), "transform"),
    "scale": (with_transform(Transform(16, (0.5,) * 3, (0.5, 0.5, 0.501))), "transform"),
    "own transform": (with_transform(partial(lighter, 0)), "training data, .*transform"),
    "less frozen": (of_model(lambda m: freeze_to(m, 1)), "trained weights, frozen weights"),
    "held": (of_model(hold_statistics), "frozen weights"),
    "other random weights": (with_model(partial(tiny_classifier, 1)), "start weights"),
    "network": (with_model(lambda: Cut(1.0)), "network"),
    "optimizer": (own_optimizer(torch.optim.SGD), "optimizer"),
    "optimizer's numbers": (own_optimizer(torch.optim.AdamW, betas=(0.8, 0.99)), "optimizer"),
}  # fmt: skip


@pytest.fixture(scope="module")
def first(tmp_path_factory, one_thread):
    path = tmp_path_factory.mktemp("checkpoints") / "c"
    run(path)
    return path


@pytest.mark.parametrize("name", CHANGES)
def test_a_run_that_differs_in_one_thing_is_refused_and_told_in_what(first, name):
    change, what = CHANGES[name]
    written, kept = first.read_bytes(), {}

    def remember(parts):
        change(parts)
        kept["model"], kept["start"] = parts["model"], copy.deepcopy(parts["model"])

    with pytest.raises(CourseError, match=rf"another run, which differs in its .*({what})"):
        run(first, remember)
    assert same(kept["model"], kept["start"]), "a refused run leaves the model alone"
    assert first.read_bytes() == written


def test_a_run_that_differs_in_nothing_is_taken(first):
    written = first.read_bytes()
    run(first)
    run(first, option(validation=tiny_images(9, seed=1), quiet=False))
    assert first.read_bytes() == written


@pytest.mark.parametrize(
    ("one", "other", "what"),
    [
        (with_model(lambda: Cut(1.0)), with_model(lambda: Cut(2.0)), "network"),
        (
            option(augment=v2.RandomInvert(p=1e-9)),
            option(augment=v2.RandomInvert(p=2e-9)),
            "augmentation",
        ),
        (
            with_transform(partial(lighter, 0)),
            with_transform(partial(lighter, 1e-6)),
            "training data, validation data, transform",
        ),
        (
            own_optimizer(torch.optim.AdamW),
            own_optimizer(torch.optim.AdamW, used=True),
            "optimizer",
        ),
        (option(augment=lambda p: p // 2), option(augment=lambda p: p // 3), "augmentation"),
        (
            option(augment=lambda p: p * (torch.rand(()) < 1 - 1e-9)),
            option(augment=lambda p: p * (torch.rand(()) < 1 - 2e-9)),
            "augmentation",
        ),
    ],
    ids=["number", "share", "transform", "memory", "code", "number in the code"],
)
def test_small_differences_count_and_none_is_none(tmp_path, one, other, what):
    run(tmp_path / "c", one)
    run(tmp_path / "c", one)
    with pytest.raises(CourseError, match=f"differs in its {what}: build"):
        run(tmp_path / "c", other)


PLACES = st.integers(0, 2**31)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(["pixel", "weight", "statistic", "label", "validation", "text"]), PLACES)
def test_wherever_a_single_value_differs(tmp_path_factory, what, place):
    path = tmp_path_factory.mktemp("one") / "c"
    text = what == "text"
    model, data = (small_text_model(), TEXTS) if text else (tiny_classifier(), IMAGES)
    held_out = TEXTS if text else HELD_OUT
    fit(model, data, epochs=1, quiet=True, validation=held_out, checkpoint=path)
    model = small_text_model() if text else tiny_classifier()
    if what in ("pixel", "validation"):
        old = data if what == "pixel" else held_out
        pixels = old.pixels.copy()
        pixels.flat[place % pixels.size] ^= 1
        new = ImageSet(pixels, old.labels, CLASSES, old.groups)
        data, held_out = (new, held_out) if what == "pixel" else (data, new)
    elif what == "label":
        labels = data.labels.copy()
        labels[place % len(labels)] = (labels[place % len(labels)] + 1) % 3
        data = ImageSet(data.pixels, labels, CLASSES, data.groups)
    elif text:
        texts = data.texts.copy()
        texts[place % len(texts)] += " good"
        data = TextSet(texts, data.labels, data.class_names, data.groups, data.scores)
    else:
        tensors = list(model.parameters() if what == "weight" else model.buffers())
        values = tensors[place % len(tensors)].data.view(-1)
        values[place % len(values)] += 1
    with pytest.raises(CourseError, match="belongs to another run"):
        fit(model, data, epochs=1, quiet=True, validation=held_out, checkpoint=path)


def test_an_augmentation_is_told_by_what_it_makes_too(tmp_path):
    """Lists around a function are no setting, since it may note something down in them."""
    notes, shifts = [], [1]
    augment = lambda p: (notes.append(1), p + shifts[0])[1]  # noqa: E731
    run(tmp_path / "c", option(augment=augment))
    assert notes
    run(tmp_path / "c", option(augment=augment))
    shifts[0] = 2
    with pytest.raises(CourseError, match="differs in its augmentation: build"):
        run(tmp_path / "c", option(augment=augment))


def test_pictures_that_were_changed_in_place_are_other_ones(tmp_path):
    pixels = IMAGES.pixels.copy()
    data = ImageSet(pixels, IMAGES.labels, CLASSES, IMAGES.groups)
    _ = data.fingerprint
    fit(tiny_classifier(), data, epochs=1, quiet=True, checkpoint=tmp_path / "c")
    pixels[3] = 0
    if np.array_equal(data.pixels, IMAGES.pixels):
        return  # the set has pictures of its own, which nobody can change
    with pytest.raises(CourseError, match="differs in its training data"):
        fit(tiny_classifier(), data, epochs=1, quiet=True, checkpoint=tmp_path / "c")


def test_a_function_is_told_by_what_it_gives(tmp_path):
    path, model = tmp_path / "c", tiny_classifier()
    options = {"epochs": 1, "quiet": True, "checkpoint": path}

    def shown(images, note=None):
        batches = ImageBatches(images, tiny_backbone().transform)
        return lambda items: (note and note.append(items), batches(items))[1]

    fit(model, shown(IMAGES), IMAGES.labels, **options)
    again = tiny_classifier()
    fit(again, shown(IMAGES, ["another function, the same pictures"]), IMAGES.labels, **options)
    assert same(model, again)
    for other in (tiny_images(12, seed=4), IMAGES.subset(np.arange(12)[::-1])):
        with pytest.raises(CourseError, match="differs in its training data"):
            fit(tiny_classifier(), shown(other), IMAGES.labels, **options)


@pytest.mark.parametrize("of", ["data", "augment"])
def test_what_differs_each_time_is_refused_with_a_checkpoint_only(tmp_path, of):
    rng = np.random.default_rng(0)
    if of == "data":
        given = (lambda items: torch.tensor(rng.random((len(items), 4)), dtype=torch.float32),)
        model, options = nn.Sequential(nn.Linear(4, 3)), {}
        given = (*given, IMAGES.labels)
    else:
        given, model = (IMAGES,), tiny_classifier()
        options = {"augment": lambda picture: picture + int(rng.integers(1, 200))}
    fit(model, *given, epochs=1, quiet=True, **options)
    with pytest.raises(ValueError, match="something else for the same items each time"):
        fit(model, *given, epochs=1, quiet=True, checkpoint=tmp_path / "c", **options)
    assert not list(tmp_path.iterdir())


def test_looking_at_the_items_draws_no_random_number_of_the_process(tmp_path):
    state = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    run(tmp_path / "c")
    assert torch.equal(torch.get_rng_state(), state[0])
    assert np.random.get_state()[1].tolist() == state[1]  # noqa: NPY002


# ---------------------------------------------------------------- features and fine-tuning


def test_the_head_of_other_features_is_refused(tmp_path):
    """Seen: the weights of the first run were loaded, and nothing was trained."""
    options = {"epochs": 1, "quiet": True, "checkpoint": tmp_path / "c"}
    fit_head(tiny_classifier(), ROWS, IMAGES.labels, **options)
    fit_head(tiny_classifier(), ROWS.copy(), IMAGES.labels, **options)
    other = ROWS.copy()
    other[-1, -1] += 1e-6
    with pytest.raises(CourseError, match="differs in its training data"):
        fit_head(tiny_classifier(), other, IMAGES.labels, **options)
    with pytest.raises(CourseError, match="differs in its start weights"):
        fit_head(tiny_classifier(1), ROWS, IMAGES.labels, **options)


@pytest.mark.parametrize("features", [None, ROWS], ids=["pictures", "features"])
@pytest.mark.parametrize("part", ["backbone", "features", "labels", "hold_bn", "head_lr"])
def test_fine_tuning_that_differs_is_refused(tmp_path, features, part):
    options = {"head_epochs": 1, "epochs": 1, "quiet": True, "checkpoint": tmp_path / "c"}
    fine_tune(tiny_classifier(), IMAGES, features=features, **options)
    model, labels = tiny_classifier(), IMAGES.labels
    if part == "backbone":
        with torch.no_grad():
            model.backbone.model.conv_stem.weight[0, 0, 0, 0] += 1
    if part == "features":
        features = ROWS + 1
    if part == "labels":
        labels = (labels + 1) % 3
    if part == "hold_bn":
        options["hold_bn"] = False
    if part == "head_lr":
        options["head_lr"] = 0.5
    with pytest.raises(CourseError, match="belongs to another run"):
        fine_tune(model, IMAGES, labels, features=features, **options)


# ---------------------------------------------------------------- nothing differs


WORDS = WordIds(["good", "bad", "film"])
TEXTS = TextSet(["good", "bad film", "good film", "bad"], np.array([1, 0, 1, 0]), ["no", "yes"],
                list("abcd"), np.zeros(4))  # fmt: skip


def small_text_model():
    return Classifier(MeanOfWords(embedding_layer(4, WORDS, False, 0), WORDS), 2, ["no", "yes"])


def dropped(model, *arguments, **options):
    """With dropout, which draws random numbers in each step."""
    inner = ImageBatches(IMAGES, model[0].transform, lambda p: p + (torch.rand(1) > 0.5))
    return fit(model, inner, IMAGES.labels, **options)


WAYS = {
    "pictures": (tiny_classifier, partial(fit, data=IMAGES, augment=Noise(9))),
    "early stopping": (
        tiny_classifier,
        partial(fit, data=IMAGES, validation=HELD_OUT, patience=2, schedule="cosine"),
    ),
    "function": (lambda: nn.Sequential(tiny_classifier(), nn.Dropout(0.2)), dropped),
    "texts": (small_text_model, partial(fit, data=TEXTS)),
    "head": (tiny_classifier, partial(fit_head, features=ROWS, labels=IMAGES.labels)),
    "fine-tuning": (tiny_classifier, partial(fine_tune, data=IMAGES, head_epochs=2)),
    "with features": (
        tiny_classifier,
        partial(fine_tune, data=IMAGES, head_epochs=2, features=ROWS),
    ),
}
WHOLE = {}


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(list(WAYS)), st.integers(1, 60), st.booleans())
def test_cut_anywhere_and_called_again_it_ends_with_the_same_weights(
    tmp_path_factory, way, moment, the_same_model
):
    make, train = WAYS[way]
    options = {"epochs": 3, "quiet": True, "batch_size": 4}
    if way not in WHOLE:
        WHOLE[way] = make()
        train(WHOLE[way], **options)
    options["checkpoint"] = tmp_path_factory.mktemp("cut") / "c"
    cut = make()
    steps = 0

    def stop(module, inputs):
        nonlocal steps
        steps += 1
        if steps == moment:
            raise KeyboardInterrupt

    hook = nn.modules.module.register_module_forward_pre_hook(stop)
    try:
        train(cut, **options)
    except KeyboardInterrupt:
        assert same(cut, make()), "a run that is cut leaves the model as it was given"
    finally:
        hook.remove()
    again = cut if the_same_model and not same(cut, WHOLE[way]) else make()
    train(again, **options)
    assert same(again, WHOLE[way])


def test_a_model_that_the_run_has_left_goes_on_too(tmp_path):
    whole, model = tiny_classifier(), tiny_classifier()
    options = {"quiet": True, "lr": 0.01}
    fit(whole, IMAGES, epochs=4, **options)
    for epochs in (2, 4, 4):
        fit(model, IMAGES, epochs=epochs, checkpoint=tmp_path / "c", **options)
    assert same(model, whole)
    with torch.no_grad():
        model.linear_head.bias += 1
    with pytest.raises(CourseError, match="differs in its start weights"):
        fit(model, IMAGES, epochs=5, checkpoint=tmp_path / "c", **options)


def test_an_optimizer_of_ones_own_is_put_back_when_a_run_is_cut(tmp_path):
    def prepared():
        model = tiny_classifier()
        return model, torch.optim.SGD(param_groups(model), lr=0.01, momentum=0.9)

    def stop_at(number):
        def step_hook(optimizer, args, kwargs):
            nonlocal number
            number -= 1
            if number == 0:
                raise KeyboardInterrupt

        return step_hook

    options = {"epochs": 3, "quiet": True, "batch_size": 4, "schedule": "linear"}
    whole, steps = prepared()
    fit(whole, IMAGES, optimizer=steps, **options)
    model, steps = prepared()
    hook = steps.register_step_pre_hook(stop_at(5))
    with pytest.raises(KeyboardInterrupt):
        fit(model, IMAGES, optimizer=steps, checkpoint=tmp_path / "c", **options)
    hook.remove()
    assert not steps.state and same(model, prepared()[0])
    fit(model, IMAGES, optimizer=steps, checkpoint=tmp_path / "c", **options)
    assert same(model, whole)


# ---------------------------------------------------------------- before the work starts


def trained_nothing(path, error, message):
    model = tiny_classifier()
    shown = []
    batches = ImageBatches(IMAGES, model.transform)
    trains = [
        lambda: fit(model, lambda i: (shown.append(i), batches(i))[1], IMAGES.labels,
                    epochs=1, quiet=True, checkpoint=path),
        lambda: fine_tune(model, lambda i: (shown.append(i), batches(i))[1], IMAGES.labels,
                          epochs=1, quiet=True, checkpoint=path),
        lambda: fit_head(model, ROWS, IMAGES.labels, epochs=1, quiet=True, checkpoint=path),
    ]  # fmt: skip
    for train in trains:
        with pytest.raises(error, match=message):
            train()
    assert not shown and same(model, tiny_classifier())


def test_a_missing_folder_is_told_before_the_first_epoch(tmp_path):
    path = tmp_path / "runs" / "c"
    trained_nothing(path, CourseError, rf"there is no folder {tmp_path / 'runs'}, make it first")
    assert not list(tmp_path.iterdir())


def test_a_file_in_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "runs").write_text("")
    trained_nothing(tmp_path / "runs" / "c", CourseError, "cannot write the checkpoint")


def test_a_folder_in_place_of_the_file_is_told(tmp_path):
    for end in ("", ".head", ".all"):
        (tmp_path / f"c{end}").mkdir()
    trained_nothing(tmp_path / "c", CourseError, "is a folder: give the name of a file in it")


def test_only_the_second_file_of_fine_tuning_in_the_way_is_told_before_the_first(tmp_path):
    (tmp_path / "c.all").mkdir()
    model = tiny_classifier()
    with pytest.raises(CourseError, match=r"c\.all is a folder"):
        fine_tune(model, IMAGES, epochs=1, quiet=True, checkpoint=tmp_path / "c")
    assert [p.name for p in tmp_path.iterdir()] == ["c.all"] and same(model, tiny_classifier())


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the administrator may write all")
def test_a_folder_that_may_not_be_written_is_told(tmp_path):
    tmp_path.chmod(0o500)
    trained_nothing(tmp_path / "c", CourseError, "cannot write the checkpoint .*Permission denied")
    tmp_path.chmod(0o700)


def test_a_name_that_no_disk_takes_is_told(tmp_path):
    trained_nothing(tmp_path / ("c" * 300), CourseError, "cannot write the checkpoint .*too long")
    trained_nothing(f"{tmp_path}/c\0", CourseError, "cannot write the checkpoint .*null")


@pytest.mark.parametrize("path", [True, 3, b""])
def test_what_is_no_path_is_told(path):
    with pytest.raises(TypeError, match="the checkpoint must be the path of a file"):
        fit(tiny_classifier(), IMAGES, epochs=1, quiet=True, checkpoint=path)


def test_the_home_folder_may_be_written_short(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    fine_tune(tiny_classifier(), IMAGES, epochs=1, quiet=True, checkpoint="~/c")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.all", "c.head"]


def test_a_disk_that_fills_up_midway_loses_no_training(tmp_path, monkeypatch):
    real, epochs = checkpoints.write_atomically, []

    def full_in_the_second(path, data):
        epochs.append(path)
        if len(epochs) == 2:
            raise OSError(28, "No space left on device")
        real(path, data)

    monkeypatch.setattr(checkpoints, "write_atomically", full_in_the_second)
    model, whole = tiny_classifier(), tiny_classifier()
    with pytest.warns(UserWarning, match="epoch 2 could not be written .*No space left"):
        fit(model, IMAGES, epochs=3, quiet=True, checkpoint=tmp_path / "c")
    fit(whole, IMAGES, epochs=3, quiet=True)
    assert same(model, whole) and len(epochs) == 3


@pytest.mark.parametrize(
    "content", [b"", b"no checkpoint", {"settings": 3}, [1, 2], {"settings": {}, "rows": []}],
    ids=str,
)  # fmt: skip
def test_a_file_that_is_no_checkpoint_is_told(tmp_path, content):
    path = tmp_path / "c"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(CourseError, match=r"cannot read the checkpoint .*c: delete it or give"):
        fit(tiny_classifier(), IMAGES, epochs=1, quiet=True, checkpoint=path)


def test_fine_tuning_checks_its_second_part_before_the_first():
    model = tiny_classifier()
    for options, message in (
        ({"epochs": 0}, "epochs must be a whole number from 1"),
        ({"head_epochs": 0}, "head_epochs must be a whole number from 1"),
        ({"lr": slice(0.1, -1)}, "lr must be a positive number or slice"),
        ({"lr": slice(0.1, -1), "head_lr": 0.1}, "lr must be a positive number or slice"),
        ({"head_lr": 0}, "head_lr must be a positive number"),
        ({"features": ROWS, "data": "pictures"}, "data must be an ImageSet"),
    ):
        with pytest.raises(ValueError, match=message):
            fine_tune(model, **{"data": IMAGES, "quiet": True, **options})
        assert same(model, tiny_classifier())


# ---------------------------------------------------------------- how things are told apart


def test_equal_things_are_described_alike_and_others_are_not():
    strength = 3
    alike = [
        (Noise(3), Noise(3)),
        (lambda p: p + 1, lambda p: p + 1),
        (partial(lighter, 1), partial(lighter, 1)),
        ((0.5, 0.5), [0.5, 0.5]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (np.random.default_rng(1), np.random.default_rng(1)),
        (v2.Compose([v2.RandomInvert(0.1)]), v2.Compose([v2.RandomInvert(0.1)])),
        (np.arange(4)[::2], np.array([0, 2])),
    ]
    for a, b in alike:
        assert describe(a) == describe(b)
    others = [
        (Noise(3), Noise(4)),
        (lambda p: p + 1, lambda p: p + 2),
        (lambda p: p + strength, lambda p, strength=4: p + strength),
        (partial(lighter, 1), partial(lighter, 2)),
        (1, True),
        (1, 1.0),
        (np.random.default_rng(1), np.random.default_rng(2)),
        (v2.Compose([v2.RandomInvert(0.1)]), v2.Compose([v2.RandomInvert(0.2)])),
        (np.zeros(4), np.zeros((2, 2))),
        (torch.zeros(2), torch.zeros(2, dtype=torch.int64)),
        (torch.clone, torch.flip),
    ]
    for a, b in others:
        assert describe(a) != describe(b)


def test_a_description_holds_no_address_and_ends():
    loop = []
    loop.append(loop)
    thing = Noise(1)
    thing.self = thing
    for value in (loop, thing, object(), lambda: thing, torch.nn.ReLU(), print):
        assert " at 0x" not in describe(value) and describe(value) == describe(value)


# ---------------------------------------------------------------- the environment


@pytest.mark.parametrize(
    "variables",
    [
        {"WORLD_SIZE": "2", "RANK": "0"},  # and not where the others are
        {"ACCELERATE_MIXED_PRECISION": "bf16"},
        {"ACCELERATE_GRADIENT_ACCUMULATION_STEPS": "4"},
        {"ACCELERATE_DYNAMO_BACKEND": "INDUCTOR"},
    ],
    ids=lambda given: next(iter(given)),
)
def test_a_launchers_variables_are_told_and_change_nothing(monkeypatch, variables):
    plain, model = tiny_classifier(), tiny_classifier()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(plain, IMAGES, epochs=1, quiet=True)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    name, value = next(iter(variables.items()))
    with pytest.warns(UserWarning, match=f"{name}={value}.*these are ignored"):
        fit(model, IMAGES, epochs=1, quiet=True)
    assert same(model, plain)
