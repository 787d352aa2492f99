"""What each helper that takes a network must do on a machine with an accelerator.

Done for real where there is one (`test_gpu.py`), and on one that is pretended elsewhere.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from tiny_encoders import checkpoint, opinions
from tiny_nets import tiny_backbone, tiny_classifier, tiny_images
from torch import nn

from tlhelpers.adaptation.deep import (
    adapt_batchnorm,
    fit_aligned,
    fit_dann,
    fit_deep_coral,
    mmd_loss,
)
from tlhelpers.adaptation.evidence import gather_evidence
from tlhelpers.adaptation.tent import adapt_tent
from tlhelpers.data.texts import TextSet
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.embedding import MeanOfWords, WordIds, embedding_layer
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.features import extract_features
from tlhelpers.models.text_features import encode
from tlhelpers.training.batches import ImageBatches
from tlhelpers.training.fitting import fine_tune, fit, fit_head
from tlhelpers.training.freezing import freeze
from tlhelpers.training.lora import add_lora
from tlhelpers.training.predicting import predict, predict_outputs, predict_proba

OPINIONS = opinions(12)
IMAGES, OTHER = tiny_images(24), tiny_images(24, seed=1)
MORE = tiny_images(70, seed=2)
ROWS = np.random.default_rng(0).normal(size=(24, 8)).astype(np.float32)
WORDS = WordIds(["good", "bad", "film"])
TEXTS = TextSet(["good", "bad film", "good film", "bad"] * 3, np.array([1, 0, 1, 0] * 3),
                ["no", "yes"], list(map(str, range(12))), np.zeros(12))  # fmt: skip
# Plain steps: the first ones of Adam follow the sign of a gradient, also where it is noise.
FEW = {"epochs": 1, "quiet": True, "batch_size": 12}


def _sgd(model: nn.Module) -> dict:
    return {**FEW, "optimizer": torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)}


def _text_model() -> Classifier:
    return Classifier(MeanOfWords(embedding_layer(4, WORDS, False, 0), WORDS), 2, ["no", "yes"])


def _with_lora() -> nn.Module:
    return add_lora(tiny_classifier(), rank=2)


def _encoder() -> nn.Module:
    with tempfile.TemporaryDirectory() as folder:
        return load_encoder(checkpoint(Path(folder) / "small"))


def _encoder_with_head() -> Classifier:
    return Classifier(_encoder(), 2, ["no", "yes"])


def _with_dropout_and_a_function(model):
    batches = ImageBatches(IMAGES, tiny_backbone().transform)
    return fit(model, batches, IMAGES.labels, **_sgd(model))


def _after_freezing(model):
    freeze(model)
    return fit(model, IMAGES, epochs=1, quiet=True)


def _twice_with_one_optimizer(model):
    options = _sgd(model)
    fit(model, IMAGES, **options)
    fit(model, IMAGES, **options)
    options["optimizer"].zero_grad()
    pictures = model.transform(IMAGES.pixels).to(model.linear_head.weight.device)
    model(pictures).square().sum().backward()
    options["optimizer"].step()


# Of each helper: what makes a model, and what is done with it. What comes out is compared with the
# processor's, where it does not hang on the sign of a small gradient.
HELPERS: dict[str, tuple[Callable, Callable, bool]] = {
    "fit": (tiny_classifier, lambda m: fit(m, IMAGES, validation=OTHER, **_sgd(m)), True),
    "fit, early stopping": (
        tiny_classifier,
        lambda m: fit(m, IMAGES, validation=OTHER, patience=1, **{**_sgd(m), "epochs": 2}),
        True,
    ),
    "fit, a function": (tiny_classifier, _with_dropout_and_a_function, True),
    "fit, texts": (_text_model, lambda m: fit(m, TEXTS, **_sgd(m)), True),
    "fit, frozen": (tiny_classifier, _after_freezing, False),
    "fit, bfloat16": (tiny_classifier, lambda m: fit(m, IMAGES, precision="auto", **FEW), False),
    "fit, LoRA": (_with_lora, lambda m: fit(m, IMAGES, **FEW), False),
    "fit twice": (tiny_classifier, _twice_with_one_optimizer, True),
    "fit_head": (tiny_classifier, lambda m: fit_head(m, ROWS, IMAGES.labels, **FEW), True),
    "fine_tune": (
        tiny_classifier,
        lambda m: fine_tune(m, IMAGES, head_epochs=1, epochs=1, quiet=True),
        False,
    ),
    "fine_tune on features": (
        tiny_classifier,
        lambda m: fine_tune(m, IMAGES, features=ROWS, head_epochs=1, epochs=1, quiet=True),
        False,
    ),
    "predict": (tiny_classifier, lambda m: predict(m, IMAGES), True),
    "predict, the backbone": (tiny_backbone, lambda m: predict_outputs(m, IMAGES), True),
    "predict_proba": (tiny_classifier, lambda m: predict_proba(m, IMAGES, batch_size=5), True),
    "fit_head, then predict": (
        tiny_classifier,
        lambda m: (fit_head(m, ROWS, IMAGES.labels, **FEW), predict_proba(m, IMAGES))[1],
        True,
    ),
    "fit_dann": (tiny_classifier, lambda m: fit_dann(m, IMAGES, OTHER, **FEW), False),
    "fit_deep_coral": (tiny_classifier, lambda m: fit_deep_coral(m, IMAGES, OTHER, **FEW), False),
    "fit_aligned": (
        tiny_classifier,
        lambda m: fit_aligned(m, IMAGES, OTHER, mmd_loss, **FEW),
        False,
    ),
    "adapt_batchnorm": (tiny_classifier, lambda m: adapt_batchnorm(m, OTHER, fewest=8), True),
    "adapt_tent": (tiny_classifier, lambda m: adapt_tent(m, MORE, steps=[0, 1, 3]), False),
    "gather_evidence": (tiny_classifier, lambda m: gather_evidence(m, IMAGES, OTHER), True),
    "extract_features": (
        tiny_backbone,
        lambda m: extract_features(m, IMAGES, cache=False, progress=False),
        True,
    ),
    "encode": (
        _encoder,
        lambda m: encode(m, OPINIONS, cache=False, progress=False),
        True,
    ),
    "fit, an encoder": (_encoder_with_head, lambda m: fit(m, OPINIONS, **FEW), False),
    "predict, an encoder": (_encoder_with_head, lambda m: predict_proba(m, OPINIONS), True),
}


def places(model: nn.Module) -> dict[str, str]:
    """Where each tensor of a model lies, with its gradient."""
    tensors = [*model.named_parameters(), *model.named_buffers()]
    tensors += [(f"{n}.grad", p.grad) for n, p in model.named_parameters() if p.grad is not None]
    return {name: str(tensor.device) for name, tensor in tensors}


@contextmanager
def nothing_moves(model: nn.Module):
    """Each tensor of the model is the same one afterwards, on the device where it was."""
    before = places(model)
    parameters = dict(model.named_parameters())
    memory = {name: p.data_ptr() for name, p in parameters.items() if p.device.type == "cpu"}
    yield
    after = places(model)
    moved = [name for name, place in before.items() if after.get(name) != place]
    assert not moved, f"{len(moved)} tensors lie elsewhere, e.g. {moved[0]} on {after[moved[0]]}"
    grads = {place for name, place in after.items() if name.endswith(".grad")}
    assert grads <= set(before.values()), f"gradients lie on {grads}"
    for name, p in model.named_parameters():
        assert p is parameters[name], f"{name} is another parameter than before"
        assert name not in memory or p.data_ptr() == memory[name], f"{name} has other memory"


@contextmanager
def devices_of_layers():
    """Notes on which kinds of devices layers with weights compute."""
    kinds = set()

    def note(module, inputs):
        kinds.update(p.device.type for p in module.parameters(recurse=False))

    hook = nn.modules.module.register_module_forward_pre_hook(note)
    try:
        yield kinds
    finally:
        hook.remove()


def check(name: str, kind: str, away: str | None = None, near: float = 1e-3) -> None:
    """One helper on a model that lies on the processor, or `away`, computes on a kind of device."""
    make, use, exact = HELPERS[name]
    model = make() if away is None else make().to(away)
    with nothing_moves(model), devices_of_layers() as kinds:
        result = use(model)
    assert kinds - {"cpu"} == {kind}, f"layers were computed on {kinds}"
    if away is None:
        assert set(places(model).values()) == {"cpu"}
        if isinstance(result, nn.Module):
            assert set(places(result).values()) == {"cpu"}
        _use_by_hand(model)
    if exact:
        alike(result, model, *_on_the_processor(name), near)


def _use_by_hand(model: nn.Module) -> None:
    """As in a lesson: what the transform gives lies on the processor."""
    given = model.transform(IMAGES.pixels if _takes_pictures(model) else TEXTS.texts)
    model.eval()
    model(**given) if isinstance(given, dict) else model(given)


def _takes_pictures(model: nn.Module) -> bool:
    return not hasattr(model.transform, "numbers")


def _on_the_processor(name: str):
    from tlhelpers.models import devices

    make, use, _ = HELPERS[name]
    model, found = make(), devices.best_device
    devices.best_device = lambda: torch.device("cpu")
    try:
        return use(model), model
    finally:
        devices.best_device = found


def alike(result, model, wanted, wanted_model, near: float) -> None:
    """The same numbers but for rounding: of the model, and of what was returned."""
    others = wanted_model.state_dict()
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor.cpu(), others[name], rtol=near, atol=near)
    if isinstance(result, nn.Module):
        alike(None, result, None, wanted, near)
    if isinstance(result, np.ndarray):
        np.testing.assert_allclose(result, wanted, rtol=near, atol=near)
    if hasattr(result, "table"):
        a, b = (h.table.drop(columns="seconds").to_numpy(float) for h in (result, wanted))
        np.testing.assert_allclose(a, b, rtol=near, atol=near)
