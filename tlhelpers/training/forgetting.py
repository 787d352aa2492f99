"""What a tuned network has left of what it knew: its old answers on photographs, asked again."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import nn

from tlhelpers.data.images import ImageSet
from tlhelpers.data.photographs import photograph_crops
from tlhelpers.models.backbones import Backbone, load_backbone, load_classifier
from tlhelpers.models.devices import on_device

FULL_SIZE = 224
AT_ONCE = 4  # of that size: sixteen take 340 MB in place of 80, and no less time


def predict_imagenet_classes(backbone: Backbone, photographs: ImageSet) -> np.ndarray:
    """ImageNet classes, int64 (n,), from the network's own last layer on top of a backbone.

    The backbone is EfficientNet-Lite0, as it came or tuned; it is left in evaluation mode.
    """
    transform, last_layer = _imagenet()
    backbone.eval()
    pixels = photographs.pixels
    with on_device(backbone, last_layer, changes=False) as device, torch.inference_mode():
        starts = range(0, len(pixels), AT_ONCE)
        parts = (transform(pixels[i : i + AT_ONCE]) for i in starts)
        logits = [last_layer(backbone(part.to(device))).cpu() for part in parts]
    return torch.cat(logits).argmax(1).numpy()


def agreement(model: nn.Module, photographs: ImageSet | None = None) -> float:
    """Share of photographs that get the ImageNet class which the pretrained network gave.

    Parameters
    ----------
    model : Classifier or peft.PeftModel
        Whose backbone may have been tuned.
    photographs : ImageSet, optional
        Crops of two photographs when left out.

    Returns
    -------
    float
        1 for a backbone that answers as before on every one.
    """
    photographs = _photographs() if photographs is None else photographs
    base = model.get_base_model() if hasattr(model, "peft_config") else model
    after = predict_imagenet_classes(base.backbone, photographs)
    return float((after == _before(photographs)).mean())


@cache
def _photographs() -> ImageSet:
    return photograph_crops(40, FULL_SIZE)


@cache
def _before(photographs: ImageSet) -> np.ndarray:
    return predict_imagenet_classes(load_backbone("efficientnet_lite0"), photographs)


@cache
def _imagenet():
    network, transform = load_classifier("efficientnet_lite0")
    return transform, network.classifier
