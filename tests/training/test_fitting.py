"""Training: the loop against one by hand, guards, early stopping, and going on after kill -9."""

import copy
import random
import sys

import numpy as np
import pytest
import tiny
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_nets import CLASSES, assert_same_step, fit_slowly, tiny_classifier, tiny_images
from torch import nn

from tlhelpers.data.images import ImageSet
from tlhelpers.data.texts import TextSet
from tlhelpers.errors import CourseError
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.embedding import MeanOfWords, WordIds, embedding_layer
from tlhelpers.training import fitting
from tlhelpers.training.batches import ImageBatches, cut_into_batches, cut_into_steps
from tlhelpers.training.fitting import fine_tune, fit, fit_head
from tlhelpers.training.freezing import freeze, freeze_to, frozen_hash, hold_statistics, unfreeze
from tlhelpers.training.optimizers import param_groups
from tlhelpers.training.predicting import predict, predict_proba
from tlhelpers.training.schedules import rate_factor

IMAGES = tiny_images()


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


def same(a, b):
    b = b.state_dict()
    return all(torch.equal(value, b[name]) for name, value in a.state_dict().items())


def quiet_fit(model, data=IMAGES, *arguments, **options):
    return fit(model, data, *arguments, **{"epochs": 2, "quiet": True, **options})


# ---------------------------------------------------------------- the loop


def test_one_step_over_all_items_is_the_one_by_hand():
    model, twin = tiny_classifier(), tiny_classifier()
    history = quiet_fit(model, epochs=1, batch_size=30, lr=0.01, weight_decay=0.1)
    optimizer = torch.optim.AdamW(param_groups(twin, 0.01, 0.1))
    x = twin.transform(IMAGES.pixels)
    loss = nn.functional.cross_entropy(twin.train()(x), torch.tensor(IMAGES.labels))
    loss.backward()
    optimizer.step()
    assert_same_step(model, twin)
    assert history.table.loss[0] == pytest.approx(loss.item(), rel=1e-5)


def test_it_learns_and_says_what_it_did(capsys):
    model = tiny_classifier()
    held_out = tiny_images(60, seed=1)
    history = fit(model, IMAGES, epochs=6, lr=0.03, validation=held_out)
    assert list(history.table.columns) == [
        *("epoch", "loss", "accuracy", "valid_loss", "valid_accuracy", "seconds")
    ]
    assert history.table.epoch.tolist() == [1, 2, 3, 4, 5, 6] and history.best_epoch == 6
    assert history.seconds == pytest.approx(history.table.seconds.sum()) and history.seconds > 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6 and lines[-1].startswith("epoch 6/6: loss ")
    accuracy = np.mean(predict(model, held_out) == held_out.labels)
    assert accuracy > 0.9 and not model.training
    last = history.table.iloc[-1]
    assert last.valid_accuracy == pytest.approx(accuracy)
    x, y = model.transform(held_out.pixels), torch.tensor(held_out.labels)
    loss = nn.functional.cross_entropy(model(x), y).item()
    assert last.valid_loss == pytest.approx(loss, rel=1e-4)


def test_quiet_is_quiet(capsys):
    quiet_fit(tiny_classifier())
    assert capsys.readouterr().out == ""


def test_the_real_backbone_learns_emoji_with_a_frozen_backbone(backbone, twemoji):
    rows = np.concatenate([np.flatnonzero(twemoji.labels == label)[:6] for label in (0, 1)])
    names = twemoji.class_names[:2]
    images = ImageSet(twemoji.pixels[rows], twemoji.labels[rows], names, twemoji.groups[rows])
    model = Classifier(backbone, 2, names)
    model.backbone.transform = type(backbone.transform)(64, (0.5,) * 3, (0.5,) * 3)
    freeze(model)
    before = frozen_hash(model)
    quiet_fit(model, images, epochs=6, lr=0.01)
    assert frozen_hash(model) == before
    assert model.backbone.fingerprint() == backbone.fingerprint()
    assert np.mean(predict(model, images) == images.labels) == 1


def test_each_epoch_shows_every_item_once_in_an_order_of_its_own():
    seen = []

    def batches(items):
        seen.extend(items.tolist())
        return torch.randn(len(items), 4)

    model = nn.Sequential(nn.Linear(4, 3))
    quiet_fit(model, batches, IMAGES.labels, epochs=3, batch_size=7)
    epochs = [seen[i : i + 30] for i in (0, 30, 60)]
    assert all(sorted(epoch) == list(range(30)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_no_step_is_left_with_a_single_item():
    assert [len(part) for part in cut_into_batches(np.arange(33), 16)] == [11, 11, 11]
    assert [len(part) for part in cut_into_batches(np.arange(32), 16)] == [16, 16]
    assert [len(part) for part in cut_into_batches(np.arange(3), 16)] == [3]
    assert [len(part) for part in cut_into_steps(np.arange(5), 2)] == [3, 2]
    assert [len(part) for part in cut_into_steps(np.arange(3), 1)] == [1, 1, 1]


@given(st.integers(2, 200), st.integers(2, 70))
def test_a_step_has_two_items_or_more_and_each_item_comes_once(n, batch_size):
    order = np.random.default_rng(n).permutation(n)
    parts = cut_into_steps(order, batch_size)
    sizes = [len(part) for part in parts]
    assert np.array_equal(np.concatenate(parts), order)
    assert min(sizes) >= 2 and max(sizes) <= max(batch_size, 3) and max(sizes) - min(sizes) <= 1
    if batch_size > 2 or n % 2 == 0:
        assert all(map(np.array_equal, parts, cut_into_batches(order, batch_size)))


def test_steps_of_two_train_on_an_odd_number_of_items():
    """Seen: BatchNorm stopped at the single item that was left, in the middle of an epoch."""
    model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 3))
    rows = torch.randn(9, 4, generator=torch.Generator().manual_seed(0))
    history = quiet_fit(model, lambda items: rows[items], np.arange(9) % 3, batch_size=2)
    assert len(history.table) == 2


def test_features_may_be_a_view_in_any_order_and_kind():
    """Seen: features that were turned round ended in an error about strides."""
    rows = np.random.default_rng(0).normal(size=(30, 8)).astype(np.float32)
    wanted = tiny_classifier()
    fit_head(wanted, rows, IMAGES.labels, epochs=1, quiet=True)
    frozen = rows.copy()
    frozen.flags.writeable = False
    turned = np.ascontiguousarray(rows[::-1, ::-1])[::-1, ::-1]
    grows = torch.tensor(rows, requires_grad=True)
    columns = np.asfortranarray(rows)
    for features in (turned, columns, rows.tolist(), frozen, torch.tensor(rows), grows):
        model = tiny_classifier()
        fit_head(model, features, IMAGES.labels, epochs=1, quiet=True)
        assert same(model, wanted)
    with pytest.raises(ValueError, match=r"features must have the shape \(n, 8\), got \(30, 4\)"):
        fit_head(tiny_classifier(), rows[:, ::2], IMAGES.labels)


def test_pictures_and_labels_may_be_turned_round():
    wanted, model = tiny_classifier(), tiny_classifier()
    turned = IMAGES.pixels[::-1].copy()[::-1]
    labels = IMAGES.labels[::-1].copy()[::-1]
    for changed, pixels, marks in ((wanted, IMAGES.pixels, IMAGES.labels), (model, turned, labels)):
        images = ImageSet(pixels, marks, CLASSES, IMAGES.groups)
        quiet_fit(changed, images, epochs=1, augment=lambda picture: picture.flip(2))
    assert same(model, wanted)


def test_the_seed_decides_all_and_the_process_random_numbers_stay():
    states = random.getstate(), torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    drops = [nn.Sequential(tiny_classifier(), nn.Dropout()) for _ in range(3)]
    for model, seed in zip(drops, (0, 0, 1), strict=True):
        torch.rand(seed + 1), random.random()
        states = random.getstate(), torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
        batches = ImageBatches(IMAGES, model[0].transform)
        quiet_fit(model, batches, IMAGES.labels, seed=seed)
        assert random.getstate() == states[0] and torch.equal(torch.get_rng_state(), states[1])
        assert np.array_equal(np.random.get_state()[1], states[2])  # noqa: NPY002
    assert same(drops[0], drops[1]) and not same(drops[0], drops[2])


class Text(nn.Module):
    """A bag of words behind the interface of a text model."""

    feature_size = 8

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(20, 8)

    def layer_groups(self):
        return [[self.words]]

    def forward(self, input_ids, attention_mask):
        x = self.words(input_ids) * attention_mask[..., None]
        return x.sum(1) / attention_mask.sum(1, keepdim=True)


@pytest.mark.parametrize("as_mapping", [True, False])
def test_a_text_model_trains_on_named_or_listed_arguments(as_mapping):
    labels = np.arange(24) % 2
    ids = torch.tensor(np.random.default_rng(0).integers(0, 10, (24, 5)) + 10 * labels[:, None])

    def batches(items):
        x, mask = ids[items], torch.ones(len(items), 5)
        return {"input_ids": x, "attention_mask": mask} if as_mapping else (x, mask)

    model = Classifier(Text(), 2)
    quiet_fit(model, batches, labels, epochs=10, lr=0.05, validation=(batches, labels))
    assert np.array_equal(predict(model, batches, 24), labels)


def test_augmentation_is_per_picture_for_training_only_and_before_the_transform():
    calls = []

    def augment(picture):
        calls.append((picture.dtype, tuple(picture.shape)))
        return torch.flip(picture, [2])

    batch = ImageBatches(IMAGES, tiny_classifier().transform, augment)(np.array([3, 5]))
    wanted = tiny_classifier().transform(IMAGES.pixels[[3, 5], :, ::-1])
    assert torch.equal(batch, wanted) and calls == [(torch.uint8, (3, 16, 16))] * 2
    calls.clear()
    quiet_fit(tiny_classifier(), epochs=1, augment=augment, validation=tiny_images(9, seed=2))
    assert len(calls) == 30


def test_bfloat16_can_follow_float32_in_one_process_and_weights_stay_float32():
    seen = []
    for precision in ("float32", "bfloat16", "auto"):
        model = tiny_classifier()
        head = model.linear_head
        head.register_forward_hook(lambda module, given, out: seen.append(out.dtype))
        quiet_fit(model, precision=precision, epochs=1, batch_size=30)
        assert {p.dtype for p in model.parameters()} == {torch.float32}
        assert copy.deepcopy(model)(torch.zeros(1, 3, 16, 16)).dtype == torch.float32
    assert seen[0] == torch.float32 and seen[2] == torch.bfloat16


# ---------------------------------------------------------------- frozen means frozen


def test_what_is_frozen_stays_and_what_is_not_moves():
    model, before = tiny_classifier(), tiny_classifier().state_dict()
    freeze_to(model, 2)
    quiet_fit(model)
    still = {name for name, value in model.state_dict().items() if torch.equal(value, before[name])}
    wanted = {n for n in before if any(p in n for p in ("stem", "model.bn1", "blocks.0"))}
    assert still == wanted


def test_statistics_frozen_by_requires_grad_alone_are_reported():
    model = tiny_classifier()
    model.backbone.requires_grad_(False)
    with pytest.raises(CourseError, match=r"12 frozen tensors moved .*running_mean"):
        quiet_fit(model)


def test_an_optimizer_that_moves_frozen_weights_is_reported():
    class Careless(torch.optim.SGD):
        def step(self, closure=None):
            super().step(closure)
            with torch.no_grad():
                for group in self.param_groups:
                    for p in group["params"]:
                        p.mul_(0.99)

    model = tiny_classifier()
    freeze(model)
    with pytest.raises(CourseError, match=r"frozen tensors moved .*conv_stem\.weight"):
        quiet_fit(model, optimizer=Careless(model.parameters(), lr=0.01))


def test_old_gradients_of_frozen_weights_move_nothing():
    model = tiny_classifier()
    freeze(model)
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.5)
    before = frozen_hash(model)
    quiet_fit(model, optimizer=optimizer)
    assert frozen_hash(model) == before


def test_an_optimizer_built_before_unfreezing_is_refused():
    model = tiny_classifier()
    freeze(model)
    optimizer = torch.optim.AdamW(param_groups(model))
    quiet_fit(model, optimizer=optimizer)
    unfreeze(model)
    before = copy.deepcopy(model)
    with pytest.raises(ValueError, match=r"lacks 15 of 17 weights .*conv_stem\.weight: build it"):
        quiet_fit(model, optimizer=optimizer)
    assert same(model, before)


def test_an_optimizer_of_another_model_is_refused():
    optimizer = torch.optim.SGD(tiny_classifier().parameters(), lr=0.1)
    with pytest.raises(ValueError, match="lacks 17 of 17 weights"):
        quiet_fit(tiny_classifier(), optimizer=optimizer)


def test_ones_own_optimizer_is_the_one_that_steps():
    model, before = tiny_classifier(), tiny_classifier()
    quiet_fit(model, optimizer=torch.optim.SGD(model.parameters(), lr=0.0))
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), before.parameters()))  # noqa: B905


# ---------------------------------------------------------------- early stopping


def test_it_stops_after_patience_and_goes_back_to_the_best_epoch():
    # The validation labels are wrong, so that what is learned makes them less likely.
    wrong = tiny_images(30, seed=1)
    wrong = (ImageBatches(wrong, tiny_classifier().transform), (wrong.labels + 1) % 3)
    model, at_best = tiny_classifier(), tiny_classifier()
    history = quiet_fit(model, epochs=20, lr=0.03, validation=wrong, patience=2)
    losses = history.table.valid_loss
    assert history.best_epoch == 1 + losses.argmin()
    assert len(losses) == history.best_epoch + 2 < 20
    quiet_fit(at_best, epochs=history.best_epoch, lr=0.03)
    assert same(model, at_best)


def test_without_patience_the_last_epoch_stays():
    model, plain = tiny_classifier(), tiny_classifier()
    history = quiet_fit(model, epochs=3, validation=tiny_images(9, seed=1))
    quiet_fit(plain, epochs=3)
    assert history.best_epoch == 3 and same(model, plain)


# ---------------------------------------------------------------- checkpoints

SLOW = """
import sys
sys.path.insert(0, "tests")
import torch
torch.set_num_threads(1)
from tiny_nets import fit_slowly
fit_slowly(PATH, 0.05)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no kill -9 there")
def test_killed_and_started_again_it_ends_with_the_same_weights(tmp_path, capsys):
    path = str(tmp_path / "cut")
    cut = tiny.start(tiny.ROOT, f"PATH = {path!r}\n{SLOW}", OMP_NUM_THREADS="1")
    lines = [cut.stdout.readline() for _ in range(2)]
    assert lines[1].startswith("epoch 2/6: loss "), lines
    tiny.kill_group(cut)
    assert cut.returncode == -9
    whole = fit_slowly(None)
    capsys.readouterr()
    again = fit_slowly(path)
    assert 0 < len(capsys.readouterr().out.splitlines()) < 5, "it began anew"
    assert same(whole, again)


def test_going_on_for_more_epochs_is_as_one_long_run(tmp_path):
    long, short, again = tiny_classifier(), tiny_classifier(), tiny_classifier()
    whole = quiet_fit(long, epochs=4, validation=IMAGES)
    quiet_fit(short, epochs=2, validation=IMAGES, checkpoint=tmp_path / "c")
    rest = quiet_fit(again, epochs=4, validation=IMAGES, checkpoint=tmp_path / "c")
    assert same(long, again)
    columns = ["epoch", "loss", "accuracy", "valid_loss", "valid_accuracy"]
    assert rest.table[columns].equals(whole.table[columns])


@pytest.mark.parametrize("patience", [None, 1])
def test_a_run_at_its_end_is_only_loaded(tmp_path, patience):
    wrong = (ImageBatches(IMAGES, tiny_classifier().transform), (IMAGES.labels + 1) % 3)
    options = {"epochs": 6, "validation": wrong, "patience": patience, "checkpoint": tmp_path / "c"}
    first, second = tiny_classifier(), tiny_classifier()
    one = quiet_fit(first, **options, lr=0.03)
    written = (tmp_path / "c").read_bytes()
    two = quiet_fit(second, **options, lr=0.03)
    assert same(first, second) and one.table.equals(two.table)
    assert one.best_epoch == two.best_epoch
    assert (tmp_path / "c").read_bytes() == written


def test_without_resume_it_begins_anew(tmp_path):
    quiet_fit(tiny_classifier(), epochs=3, checkpoint=tmp_path / "c")
    model, plain = tiny_classifier(), tiny_classifier()
    quiet_fit(model, epochs=1, checkpoint=tmp_path / "c", resume=False)
    quiet_fit(plain, epochs=1)
    assert same(model, plain)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"seed": 1}, "seed"),
        ({"batch_size": 5}, "batch_size"),
        ({"lr": 0.5}, "optimizer"),
        ({"precision": "bfloat16"}, "precision"),
        ({"validation": tiny_images(9)}, "validation labels, validation data"),
        (
            {"validation": tiny_images(9), "patience": 1},
            "patience, validation labels, validation data",
        ),
        ({"augment": torch.clone}, "augmentation"),
        ({"data": tiny_images(seed=4)}, "training data"),
    ],
    ids=lambda given: ", ".join(given) if isinstance(given, dict) else "",
)
def test_the_checkpoint_of_another_run_is_refused(tmp_path, change, what):
    quiet_fit(tiny_classifier(), epochs=1, checkpoint=tmp_path / "c")
    model = tiny_classifier()
    with pytest.raises(CourseError, match=rf"another run, which differs in its {what}: build"):
        quiet_fit(model, **{"checkpoint": tmp_path / "c", **change})
    assert same(model, tiny_classifier())


def test_a_checkpoint_of_another_backbone_or_of_more_epochs_is_refused(tmp_path):
    models = tiny_classifier(), tiny_classifier(seed=1)
    for model in models:
        freeze(model)
    quiet_fit(models[0], epochs=2, checkpoint=tmp_path / "c")
    with pytest.raises(CourseError, match="differs in its start weights: build"):
        quiet_fit(models[1], checkpoint=tmp_path / "c")
    with pytest.raises(CourseError, match="holds 2 epochs, more than the 1 asked for"):
        quiet_fit(models[0], epochs=1, checkpoint=tmp_path / "c")


@pytest.mark.parametrize("keep", [0, 100, -1])
def test_a_damaged_checkpoint_is_told(tmp_path, keep):
    path = tmp_path / "c"
    quiet_fit(tiny_classifier(), epochs=1, checkpoint=path)
    path.write_bytes(path.read_bytes()[:keep] if keep >= 0 else b"not a checkpoint")
    with pytest.raises(CourseError, match=r"cannot read the checkpoint .*c: delete it"):
        quiet_fit(tiny_classifier(), checkpoint=path)


# ---------------------------------------------------------------- head first, then everything


def test_fine_tune_is_freeze_fit_unfreeze_fit():
    model, by_hand, plain = tiny_classifier(), tiny_classifier(), tiny_classifier()
    rates = slice(1e-4, 1e-2)
    history = fine_tune(model, IMAGES, head_epochs=2, epochs=3, lr=rates, quiet=True)
    freeze(by_hand)
    quiet_fit(by_hand, epochs=2, lr=1e-2)
    assert same(by_hand.backbone, plain.backbone)
    unfreeze(by_hand)
    hold_statistics(by_hand)
    quiet_fit(by_hand, epochs=3, lr=rates)
    assert same(model, by_hand) and all(p.requires_grad for p in model.parameters())
    assert history.table.epoch.tolist() == [1, 2, 3, 4, 5] and history.best_epoch == 5
    assert history.table.part.tolist() == ["head"] * 2 + ["all"] * 3


@pytest.mark.parametrize("hold_bn", [True, False])
def test_statistics_move_with_the_batches_only_if_asked(hold_bn):
    model, plain = tiny_classifier(), tiny_classifier()
    fine_tune(model, IMAGES, head_epochs=1, epochs=2, lr=1e-2, hold_bn=hold_bn, quiet=True)
    ours, given = (m.backbone.model.bn1 for m in (model, plain))
    assert torch.equal(ours.running_mean, given.running_mean) == hold_bn
    assert not torch.equal(ours.weight, given.weight)


def test_a_head_on_features_is_the_head_through_the_frozen_backbone():
    through, ready = tiny_classifier(), tiny_classifier()
    with torch.no_grad():
        features = ready.backbone(ready.transform(IMAGES.pixels)).numpy()
    options = {"head_epochs": 5, "epochs": 1, "lr": 1e-9, "head_lr": 0.05, "quiet": True}
    fine_tune(through, IMAGES, **options)
    history = fine_tune(ready, IMAGES, features=features, **options)
    torch.testing.assert_close(through.linear_head.weight, ready.linear_head.weight)
    assert history.table.part.tolist() == ["head"] * 5 + ["all"]
    assert same(ready.backbone, tiny_classifier().backbone) is False  # 1e-9 is not 0


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (np.ones((30, 3)), {}, r"must have the shape \(n, 8\), got \(30, 3\)"),
        (np.ones((29, 8)), {}, "29 rows of features, but 30 labels"),
        (np.ones((30, 8)), {"train_bn": True}, "leave out features or train_bn"),
        (np.ones((30, 8)), {"augment": lambda x: x}, "leave out features or augment"),
        (np.ones((30, 8)), {"validation": IMAGES}, "leave out features or validation"),
    ],
)
def test_features_that_do_not_fit_are_refused(given, options, message):
    with pytest.raises(ValueError, match=message):
        fine_tune(tiny_classifier(), IMAGES, features=given, quiet=True, **options)


# ---------------------------------------------------------------- schedule


@pytest.mark.parametrize(
    ("progress", "schedule", "warmup", "factor"),
    [
        (0.0, "constant", 0.0, 1.0),
        (0.9, "constant", 0.0, 1.0),
        (0.05, "constant", 0.2, 0.25),
        (0.2, "linear", 0.2, 1.0),
        (0.6, "linear", 0.2, 0.5),
        (0.6, "cosine", 0.2, 0.5),
        (0.25, "cosine", 0.0, (1 + 2**-0.5) / 2),
    ],
)
def test_the_rate_climbs_and_falls(progress, schedule, warmup, factor):
    assert rate_factor(progress, schedule, warmup) == pytest.approx(factor)


def test_each_step_has_the_rate_of_its_schedule(monkeypatch):
    rates = []
    step = torch.optim.AdamW.step
    monkeypatch.setattr(
        torch.optim.AdamW,
        "step",
        lambda self, *a, **k: (rates.append(self.param_groups[0]["lr"]), step(self, *a, **k))[1],
    )
    quiet_fit(tiny_classifier(), epochs=2, batch_size=15, lr=1.0, schedule="linear", warmup=0.25)
    assert rates == pytest.approx([0.5, 5 / 6, 0.5, 1 / 6])


def test_a_scheduled_run_goes_on_where_it_was_cut_but_not_for_more_epochs(tmp_path, monkeypatch):
    options = {"epochs": 4, "schedule": "cosine", "warmup": 0.1, "lr": 1e-2}
    whole, cut = tiny_classifier(), tiny_classifier()
    quiet_fit(whole, **options)
    true = fitting.Checkpoint.write

    def stop_after_two(self, model, optimizer, rows, best):
        true(self, model, optimizer, rows, best)
        if len(rows) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(fitting.Checkpoint, "write", stop_after_two)
        quiet_fit(cut, checkpoint=tmp_path / "c", **options)
    again = tiny_classifier()
    quiet_fit(again, checkpoint=tmp_path / "c", **options)
    assert same(whole, again)
    with pytest.raises(CourseError, match="schedule"):
        quiet_fit(tiny_classifier(), checkpoint=tmp_path / "c", **{**options, "epochs": 5})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"schedule": "step"}, "unknown schedule 'step': known: constant, linear, cosine"),
        ({"warmup": 1.0}, "a share of all steps"),
        ({"warmup": float("nan")}, "a share of all steps"),
    ],
)
def test_a_schedule_that_is_none_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        quiet_fit(tiny_classifier(), **options)


def test_head_first_spares_the_backbone(monkeypatch):
    """The first gradient that reaches the backbone comes from a head that knows something."""
    seen = []
    true = fitting.fit
    monkeypatch.setattr(
        fitting, "fit", lambda m, *a, **o: (seen.append(frozen(m)), true(m, *a, **o))[1]
    )

    def frozen(model):
        return [
            p.requires_grad
            for p in (model.backbone.model.conv_stem.weight, model.linear_head.weight)
        ]

    fine_tune(tiny_classifier(), IMAGES, head_epochs=1, epochs=1, quiet=True)
    assert seen == [[False, True], [True, True]]


def test_fine_tune_goes_on_where_it_was_cut(tmp_path):
    options = {"head_epochs": 2, "lr": 1e-2, "quiet": True}
    whole, cut, again = (tiny_classifier() for _ in range(3))
    fine_tune(whole, IMAGES, epochs=3, **options)
    fine_tune(cut, IMAGES, epochs=1, checkpoint=tmp_path / "c", **options)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.all", "c.head"]
    fine_tune(again, IMAGES, epochs=3, checkpoint=tmp_path / "c", **options)
    assert same(whole, again)


def test_fine_tune_takes_its_head_rate_and_no_optimizer():
    model, by_hand = tiny_classifier(), tiny_classifier()
    fine_tune(model, IMAGES, head_epochs=1, epochs=1, lr=1e-9, head_lr=0.01, quiet=True)
    freeze(by_hand)
    quiet_fit(by_hand, epochs=1, lr=0.01)
    a, b = (m.linear_head.weight for m in (model, by_hand))
    torch.testing.assert_close(a, b, rtol=0, atol=1e-6)
    with pytest.raises(ValueError, match="builds an optimizer for each part"):
        fine_tune(model, IMAGES, optimizer=torch.optim.SGD(model.parameters(), lr=1))


# ---------------------------------------------------------------- bad input


def test_a_loss_that_is_no_number_is_told_with_epoch_and_batch():
    def batches(items):
        calls.append(items)
        return torch.full((len(items), 4), float("nan") if len(calls) == 8 else 1.0)

    for validation, where in ((None, "the loss is nan in epoch 2, batch 3"), (True, "validation")):
        calls = []
        labels = IMAGES.labels
        with pytest.raises(CourseError, match=where):
            quiet_fit(
                nn.Sequential(nn.Linear(4, 3)),
                batches,
                labels,
                epochs=3,
                batch_size=6,
                validation=validation and (batches, labels),
            )


@pytest.mark.parametrize(
    ("data", "labels", "options", "message"),
    [
        (IMAGES, [0, 1], {}, "30 items of data, but 2 labels"),
        (IMAGES, [1] * 30, {}, "all labels are 1: there is nothing to tell apart"),
        (IMAGES.subset([]), None, {}, "labels are empty"),
        (IMAGES, [-1] + [1] * 29, {}, "labels must be 0 or more, got -1"),
        (
            IMAGES,
            [3] + [1] * 29,
            {"batch_size": 30},
            "labels up to 3: it needs one output per class",
        ),
        (IMAGES, [0.5] + [1] * 29, {}, "labels must be whole numbers"),
        (
            IMAGES.pixels,
            IMAGES.labels,
            {},
            "must be an ImageSet, a TextSet or a function, got ndarray",
        ),
        (len, None, {}, "labels are missing"),
        (len, [0, 1], {"augment": len}, "augment is for an ImageSet"),
        (lambda i: torch.zeros(5, 3, 16, 16), [0, 1], {}, r"shape \(5, 3\) for 2 items"),
        (IMAGES, None, {"epochs": 0}, "epochs must be a whole number from 1"),
        (IMAGES, None, {"batch_size": 2.5}, "batch_size must be a whole number from 1"),
        (IMAGES, None, {"seed": -1}, "seed must be a whole number from 0"),
        (IMAGES, None, {"patience": 2}, "patience needs validation"),
        (IMAGES, None, {"patience": 0, "validation": IMAGES}, "patience must be a whole number"),
        (IMAGES, None, {"precision": "half"}, "unknown precision 'half'"),
        (
            IMAGES,
            None,
            {"validation": [1, 2, 3]},
            "validation must be an ImageSet, a TextSet or a tuple",
        ),
        (IMAGES, None, {"lr": -1}, "lr must be a positive number"),
    ],
)
def test_bad_input_is_refused_before_anything_is_learned(data, labels, options, message):
    model = tiny_classifier()
    weights = [p.detach().clone() for p in model.parameters()]
    with pytest.raises(ValueError, match=message):
        quiet_fit(model, data, labels, **options)
    assert all(torch.equal(a, b) for a, b in zip(weights, model.parameters(), strict=True))


def test_classes_in_another_order_than_the_models_are_refused():
    other = ImageSet(IMAGES.pixels, IMAGES.labels, CLASSES[::-1], IMAGES.groups)
    for options in ({"data": other}, {"validation": other}):
        with pytest.raises(ValueError, match="other classes: class 0 is 'red', not 'blue'"):
            quiet_fit(tiny_classifier(), **options)


def test_nothing_to_train_is_refused():
    model = tiny_classifier().requires_grad_(False)
    for optimizer in (None, torch.optim.SGD(model.parameters(), lr=1)):
        with pytest.raises(ValueError, match="every weight is frozen: unfreeze"):
            quiet_fit(model, optimizer=optimizer)


def test_predictions_need_to_know_how_many():
    for use in (predict, predict_proba):
        with pytest.raises(ValueError, match="how many items"):
            use(tiny_classifier(), len)
    with pytest.raises(ValueError, match="batch_size must be a whole number from 1 on, got 0"):
        predict(tiny_classifier(), IMAGES, batch_size=0)
    with pytest.raises(ValueError, match="there are no items to predict"):
        predict(tiny_classifier(), IMAGES.subset([]))
    for count in (0, -3):
        with pytest.raises(ValueError, match=f"count must be a whole number .*{count}"):
            predict(tiny_classifier(), len, count)


# ---------------------------------------------------------------- probabilities


def by_hand(model, batch) -> np.ndarray:
    """exp(z) / Σ exp(z) of the logits."""
    with torch.no_grad():
        z = np.exp(model.eval()(batch).double().numpy())
    return z / z.sum(axis=1, keepdims=True)


def test_probabilities_are_the_softmax_of_the_logits():
    model = tiny_classifier()
    quiet_fit(model, epochs=6, lr=0.03)
    wanted = by_hand(model, model.transform(IMAGES.pixels))
    for batch_size in (32, 7, 1):
        found = predict_proba(model.train(), IMAGES, batch_size=batch_size)
        assert found.dtype == np.float64 and found.shape == (30, 3) and not model.training
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-12)
        np.testing.assert_array_equal(found.argmax(axis=1), predict(model, IMAGES))
    assert len(np.unique(found.argmax(axis=1))) > 1


def test_probabilities_of_large_logits_are_numbers():
    model = nn.Linear(1, 2, bias=False)
    with torch.no_grad():
        model.weight[:] = torch.tensor([[1000.0], [-1000.0]])
    found = predict_proba(model, lambda items: torch.ones(len(items), 1), 3)
    assert found.tolist() == [[1.0, 0.0]] * 3


def test_probabilities_of_texts_stand_in_the_order_of_the_texts():
    """Texts of like length go together, and are put back."""
    rng = np.random.default_rng(0)
    said = ["good", "bad", "film", "plot", "walk", "bank"]
    texts = [" ".join(rng.choice(said, rng.integers(1, 12))) for _ in range(25)]
    words = WordIds.of(texts)
    model = Classifier(MeanOfWords(embedding_layer(8, words, False, 0), words), 3, None, 0)
    some = TextSet(texts, np.arange(25) % 3, list("abc"), list(map(str, range(25))), np.zeros(25))
    found = predict_proba(model, some, batch_size=4)
    alone = np.concatenate([predict_proba(model, some.subset([i])) for i in range(25)])
    np.testing.assert_allclose(found, alone, rtol=1e-5)
    np.testing.assert_allclose(found, by_hand(model, model.transform(texts)), rtol=1e-5)
    np.testing.assert_array_equal(found.argmax(axis=1), predict(model, some))
    np.testing.assert_allclose(predict_proba(model, some.subset(np.arange(25)[::-1])), found[::-1])
    assert not np.allclose(found[:-1], found[1:], atol=1e-2)


def test_of_a_function_so_many_items_are_predicted():
    batches = ImageBatches(IMAGES, tiny_classifier().transform)
    found = predict_proba(tiny_classifier(), batches, 11)
    np.testing.assert_allclose(found, predict_proba(tiny_classifier(), IMAGES)[:11], rtol=1e-5)
