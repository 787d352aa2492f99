"""Networks that are built like the real one and train in milliseconds, and data for them."""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import nn

from tlhelpers.data.images import ImageSet
from tlhelpers.models.backbones import Backbone, Transform
from tlhelpers.models.classifier import Classifier
from tlhelpers.training.batches import ImageBatches
from tlhelpers.training.fitting import fit

CLASSES = ["red", "green", "blue"]


class TinyNet(nn.Module):
    """Stem, two blocks (the second depthwise), final: the names that EfficientNet has in timm."""

    num_features = 8

    def __init__(self):
        super().__init__()
        self.conv_stem, self.bn1 = nn.Conv2d(3, 4, 3, stride=2, bias=False), nn.BatchNorm2d(4)
        self.blocks = nn.Sequential(
            nn.Sequential(nn.Conv2d(4, 6, 1), nn.BatchNorm2d(6), nn.ReLU()),
            nn.Sequential(nn.Conv2d(6, 6, 3, groups=6), nn.BatchNorm2d(6), nn.ReLU()),
        )
        self.conv_head, self.bn2 = nn.Conv2d(6, 8, 1), nn.BatchNorm2d(8)

    def forward(self, x):
        x = self.blocks(self.bn1(self.conv_stem(x)).relu())
        return self.bn2(self.conv_head(x)).relu().mean((2, 3))


def tiny_backbone(seed: int = 0) -> Backbone:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = TinyNet()
    return Backbone("tiny", net, Transform(16, (0.5,) * 3, (0.5,) * 3), {"weights": "none"}).eval()


def assert_same_step(model: nn.Module, twin: nn.Module) -> None:
    """Weights and statistics are those of the twin, which went one step by hand."""
    for a, b in zip(model.parameters(), twin.parameters(), strict=True):
        clear = b.grad.abs() > 1e-5  # the first step of Adam follows the sign, also of noise
        torch.testing.assert_close(a[clear], b[clear], rtol=1e-4, atol=1e-5)
    for a, b in zip(model.buffers(), twin.buffers(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def tiny_classifier(seed: int = 0) -> Classifier:
    return Classifier(tiny_backbone(seed), len(CLASSES), CLASSES, seed)


def tiny_images(n: int = 30, seed: int = 0, noise: float = 60) -> ImageSet:
    """Noisy squares of three colours: easy, but not at the first step."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    pixels = rng.normal(128, noise, (n, 16, 16, 3))
    pixels[np.arange(n), :, :, labels] += 40
    groups = [str(i) for i in range(n)]
    return ImageSet(pixels.clip(0, 255).astype(np.uint8), labels, CLASSES, groups, "colours")


def fit_slowly(path: str | None, pause: float = 0.0) -> nn.Module:
    """Train with all that draws random numbers, keeping each epoch; each batch takes a pause."""
    model, images = nn.Sequential(tiny_classifier(), nn.Dropout(0.2)), tiny_images()
    inner = ImageBatches(images, model[0].transform, lambda p: p + (torch.rand(1) > 0.5))

    def batches(items):
        time.sleep(pause)
        return inner(items)

    validation = (batches, images.labels)
    options = {"epochs": 6, "lr": 0.01, "validation": validation, "patience": 5}
    fit(model, batches, images.labels, checkpoint=path, **options)
    return model
