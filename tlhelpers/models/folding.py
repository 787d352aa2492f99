"""Batch normalisation folded into the convolution before it: same output, fewer steps."""

from __future__ import annotations

from itertools import pairwise

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights


def fold_batchnorm(model: nn.Module) -> nn.Module:
    """Fold each BatchNorm layer, in place, into the convolution that is defined before it.

    They need not be neighbours in the forward pass: compare the output before you rely on it.
    """
    for parent in list(model.modules()):
        children = list(parent.named_children())
        for (_, conv), (name, norm) in pairwise(children):
            if _is_pair(conv, norm):
                _fold(conv, norm)
                # What timm's layers do after it stays, under the same name: hooks still fire.
                rest = [getattr(norm, part) for part in ("drop", "act") if hasattr(norm, part)]
                setattr(parent, name, nn.Sequential(*rest))
    return model


def _is_pair(conv: nn.Module, norm: nn.Module) -> bool:
    return (
        isinstance(conv, nn.Conv2d)
        and isinstance(norm, nn.BatchNorm2d)
        and norm.track_running_stats
        and conv.out_channels == norm.num_features
    )


def _fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    conv.weight, conv.bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight,
        norm.bias,
    )  # fmt: skip
