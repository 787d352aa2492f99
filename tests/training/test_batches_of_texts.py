"""Texts in training and prediction: each keeps its place, and what fills up a batch is nothing."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_encoders import CALM, WORDS, checkpoint
from tiny_nets import tiny_classifier, tiny_images

from tlhelpers.data.images import ImageSet
from tlhelpers.data.texts import TextSet
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.embedding import PADDING, MeanOfWords, WordIds, embedding_layer
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.training import predicting
from tlhelpers.training.batches import attach_labels, batches_of, text_batches
from tlhelpers.training.checkpoints import settings_of_data
from tlhelpers.training.fitting import fit
from tlhelpers.training.predicting import predict

CLASSES = ["no", "yes"]
PLAIN = [word for word in WORDS if word.isalpha()]


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


def text_set(texts, labels=None, class_names=CLASSES) -> TextSet:
    n = len(texts)
    labels = np.arange(n) % 2 if labels is None else labels
    return TextSet(texts, labels, list(class_names), [str(i) for i in range(n)], np.zeros(n))


def of_many_lengths(n: int = 37, seed: int = 0) -> TextSet:
    """From one to thirty words, mixed."""
    rng = np.random.default_rng(seed)
    return text_set([" ".join(rng.choice(PLAIN, rng.integers(1, 31))) for _ in range(n)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return checkpoint(tmp_path_factory.mktemp("models") / "small", **CALM)


@pytest.fixture(scope="module")
def encoder(folder, one_thread):
    return Classifier(load_encoder(folder), 2, CLASSES, seed=1).eval()


@pytest.fixture(scope="module")
def of_words():
    words = WordIds(PLAIN)
    layer = embedding_layer(6, words, frozen=False, seed=0)
    return Classifier(MeanOfWords(layer, words), 2, CLASSES, seed=1).eval()


@pytest.fixture(params=["encoder", "of_words"])
def model(request):
    """A copy of either kind, to change."""
    return copy.deepcopy(request.getfixturevalue(request.param))


def logits_of(model, text: str) -> torch.Tensor:
    given = model.transform([text])
    with torch.inference_mode():
        return (model(**given) if isinstance(given, dict) else model(given))[0]


def made_undecided(model, data: TextSet) -> np.ndarray:
    """Let the model say yes to half of the texts; their labels, predicted one by one."""
    logits = torch.stack([logits_of(model, text) for text in data.texts])
    lead = (logits[:, 1] - logits[:, 0]).sort().values
    middle = len(lead) // 2
    with torch.no_grad():
        model.linear_head.bias[1] -= (lead[middle - 1] + lead[middle]) / 2
    return np.array([logits_of(model, text).argmax().item() for text in data.texts])


# ---------------------------------------------------------------- predictions


@pytest.mark.parametrize("batch_size", [1, 3, 32, 100])
def test_predictions_stand_in_the_order_of_the_texts(model, batch_size):
    data = of_many_lengths()
    wanted = made_undecided(model, data)
    assert 0.4 < wanted.mean() < 0.6
    found = predict(model, data, batch_size=batch_size)
    assert found.dtype == np.int64 and found.tolist() == wanted.tolist()


def test_texts_of_like_length_go_together(model, monkeypatch):
    shapes, true = [], predicting.apply_to

    def watching(model, x, device):
        shapes.append(tuple((x["input_ids"] if isinstance(x, dict) else x).shape))
        return true(model, x, device)

    monkeypatch.setattr(predicting, "apply_to", watching)
    predict(model, of_many_lengths(48), batch_size=8)
    assert [n for n, _ in shapes] == [8] * 6
    lengths = [length for _, length in shapes]
    assert lengths[0] < 12 < lengths[-1] and np.all(np.diff(lengths) >= -3)


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(11)), batch_size=st.integers(1, 12))
def test_another_order_gives_the_same_predictions_in_that_order(of_words, order, batch_size):
    model, data = copy.deepcopy(of_words), of_many_lengths(11, seed=4)
    wanted = made_undecided(model, data)
    found = predict(model, data.subset(np.array(order)), batch_size=batch_size)
    assert found.tolist() == wanted[list(order)].tolist()


def test_prediction_leaves_the_model_evaluating_and_unchanged(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    predict(model.train(), of_many_lengths(5))
    assert not model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


# ---------------------------------------------------------------- training


def trained(model, data, **options):
    """By plain gradient steps: AdamW makes a step of each rounding error."""
    model = copy.deepcopy(model)
    steps = torch.optim.SGD(model.parameters(), lr=0.05)
    history = fit(model, data, epochs=2, batch_size=8, optimizer=steps, quiet=True, **options)
    return history.table["loss"].to_numpy(), model.state_dict()


def filled_up(given, more: int):
    """A batch with so many more places that hold nothing."""
    if isinstance(given, dict):
        fill = {"input_ids": WORDS.index("[PAD]"), "attention_mask": 0}
        return {
            name: torch.nn.functional.pad(x, (0, more), value=fill[name])
            for name, x in given.items()
        }
    return torch.nn.functional.pad(given, (0, more), value=PADDING)


def test_training_does_not_depend_on_what_fills_up(model):
    data = of_many_lengths(24)
    plain = batches_of(model, data)
    losses, weights = trained(model, data)
    wider, others = trained(model, lambda i: filled_up(plain(i), 5), labels=data.labels)
    np.testing.assert_allclose(losses, wider, atol=1e-5)
    for name, weight in weights.items():
        torch.testing.assert_close(weight, others[name], atol=1e-5, rtol=1e-4, msg=name)
    assert any(not torch.equal(w, weights[name]) for name, w in model.state_dict().items())


def test_one_step_is_that_of_the_texts_one_by_one(model):
    data = of_many_lengths(8)
    by_hand = copy.deepcopy(model).train()
    for text, label in zip(data.texts, data.labels, strict=True):
        given = by_hand.transform([text])
        logits = by_hand(**given) if isinstance(given, dict) else by_hand(given)
        torch.nn.functional.cross_entropy(logits, torch.tensor([label])).div(8).backward()
    steps = torch.optim.SGD(model.parameters(), lr=0.1)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    fit(model, data, epochs=1, batch_size=8, optimizer=steps, quiet=True)
    for name, p in by_hand.named_parameters():
        wanted = before[name] - 0.1 * (0 if p.grad is None else p.grad)
        torch.testing.assert_close(model.get_parameter(name), wanted, atol=1e-6, rtol=1e-4)


def test_a_set_is_its_texts_and_labels_by_a_function(model):
    data = of_many_lengths(24)
    own = copy.deepcopy(model)
    losses, weights = trained(model, data)
    same, others = trained(own, lambda i: own.transform(list(data.texts[i])), labels=data.labels)
    assert losses.tolist() == same.tolist()
    assert all(torch.equal(weights[name], others[name]) for name in weights)


def test_other_labels_than_the_sets_own_can_be_given(model):
    data = of_many_lengths(24)
    _, plain = trained(model, data)
    _, same = trained(model, data, labels=data.labels)
    _, other = trained(model, data, labels=1 - data.labels)
    assert torch.equal(plain["linear_head.weight"], same["linear_head.weight"])
    assert not torch.equal(plain["linear_head.weight"], other["linear_head.weight"])


def test_texts_are_cut_once_and_filled_up_by_batch(of_words):
    class Counting(WordIds):
        cut = 0

        def numbers(self, texts):
            self.cut += 1
            return super().numbers(texts)

    transform = Counting(PLAIN)
    batch = text_batches(text_set(["a river", "bad", "the bank of the river"]), transform)
    assert [batch(np.array(i)).shape[1] for i in ([0, 1], [2], [1], [1, 2])] == [2, 5, 1, 5]
    assert transform.cut == 1
    assert torch.equal(batch(np.array([1, 0])), transform(["bad", "a river"]))


# ---------------------------------------------------------------- what does not fit


def test_texts_for_a_model_of_pictures_are_refused():
    picture_model, texts = tiny_classifier(), of_many_lengths(6)
    message = r"the model's transform Transform\(size=16.*\) takes no texts"
    for use in (batches_of, predict, attach_labels, lambda m, d: fit(m, d, epochs=1, quiet=True)):
        with pytest.raises(ValueError, match=message):
            use(picture_model, texts)


def test_pictures_for_a_model_of_texts_are_refused_before_anything_is_learned(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    pictures = tiny_images(6)
    pictures = ImageSet(pictures.pixels, pictures.labels % 2, CLASSES, pictures.groups)
    for use in (predict, lambda m, d: fit(m, d, epochs=1, quiet=True)):
        with pytest.raises(ValueError, match="text"):
            use(model, pictures)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_pictures_for_a_model_of_texts_are_refused_at_once(model):
    with pytest.raises(ValueError, match="takes no pictures"):
        batches_of(model, tiny_images(6))


def test_a_model_without_a_transform_takes_neither():
    for data in (of_many_lengths(6), tiny_images(6)):
        with pytest.raises(ValueError, match="the model has no transform"):
            batches_of(torch.nn.Linear(3, 2), data)


def test_texts_are_not_augmented(model):
    data = of_many_lengths(6)
    for use in (
        lambda: batches_of(model, data, augment=str.upper),
        lambda: attach_labels(model, data, augment=str.upper),
        lambda: fit(model, data, epochs=1, augment=str.upper),
    ):
        with pytest.raises(ValueError, match="augment is for an ImageSet"):
            use()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["yes", "no"], "the model has other classes: class 0 is 'no', not 'yes'"),
        (["no", "Yes"], "class 1 is 'yes', not 'Yes'"),
        (["no", "yes", "perhaps"], "the model has other classes: 2 of them, not 3"),
    ],
)
def test_texts_with_other_classes_are_refused(model, names, message):
    other = text_set(of_many_lengths(6).texts, class_names=names)
    fitting = of_many_lengths(6)
    for use in (
        lambda: attach_labels(model, other),
        lambda: fit(model, other, epochs=1, quiet=True),
        lambda: fit(model, fitting, epochs=1, validation=other, quiet=True),
    ):
        with pytest.raises(ValueError, match=message):
            use()
    assert attach_labels(model, fitting).labels.tolist() == [0, 1] * 3


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1], "6 items of data, but 2 labels"),
        ([1] * 6, "all labels are 1"),
        ([-1, 1] * 3, "labels must be 0 or more, got -1"),
        ([0.5, 1] * 3, "labels must be whole numbers"),
    ],
)
def test_labels_that_do_not_fit_the_texts_are_refused(model, labels, message):
    with pytest.raises(ValueError, match=message):
        attach_labels(model, of_many_lengths(6), labels)


def test_what_a_checkpoint_notes_of_data_tells_texts_and_labels_apart(of_words):
    def noted(*data):
        return tuple(settings_of_data(attach_labels(of_words, text_set(*data)), None, 4, 0).items())

    texts = ["a river", "bad", "the bank", "good"]
    given = [(texts,), (texts[::-1],), (texts, [1, 0, 0, 1]), ([*texts[:3], "fine"],)]
    found = {noted(*data) for data in given}
    assert len(found) == 4
    assert noted(texts) == noted(list(texts)) and noted(texts) in found
