"""A small network that knows nothing yet: what a reused one has to beat."""

from __future__ import annotations

import torch
from torch import nn

from tlhelpers.checks import whole
from tlhelpers.models.backbones import Transform, seeded


class SmallCNN(nn.Module):
    """Four convolutions, each halving the picture, and the average over what is left.

    Ready to be the backbone of a `Classifier`; its weights are drawn at random.

    Parameters
    ----------
    size : int
        Height and width in pixels of its input, a multiple of 16.
    width : int
        Channels of the first convolution; each later one has twice as many.
    seed : int
        Draws the weights.

    Attributes
    ----------
    feature_size : int
    transform : Transform
        Makes its input out of uint8 pictures.

    Raises
    ------
    ValueError
        If `size` is no multiple of 16, or `width` below 1.
    """

    def __init__(self, size: int = 32, width: int = 16, seed: int = 0):
        super().__init__()
        if size < 16 or size % 16:
            raise ValueError(f"size must be a multiple of 16 pixels, got {size!r}")
        whole("width", width)
        widths = [3, *(width * 2**i for i in range(4))]
        self.feature_size = widths[-1]
        self.transform = Transform(size, (0.5,) * 3, (0.5,) * 3)
        with seeded(seed):
            self.blocks = nn.Sequential(*map(_block, widths[:-1], widths[1:]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float (n, 3, size, size) to features (n, feature_size)."""
        return self.blocks(x).mean(dim=(2, 3))

    def layer_groups(self) -> list[list[nn.Module]]:
        """One group per convolution."""
        return [[block] for block in self.blocks]


def _block(channels_in: int, channels_out: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )
