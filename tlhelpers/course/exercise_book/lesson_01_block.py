"""Exercise 01.5: the block that small networks are made of."""

import torch
from torch import nn
from torch.nn import functional

from tlhelpers.course.exercise_kinds import Function, alike
from tlhelpers.course.watched_answer import Fault

# Channels in, channels out, height, width.
ASKED = [(3, 5, 8, 8), (4, 4, 6, 10), (6, 2, 4, 4), (1, 7, 8, 6)]
LAYERS = {"Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d", "Identity"}
SAYS = {
    "no network": "These are layers, not yet a network: put them into one nn.Sequential.",
    "one for all": "Two calls gave one and the same block, so two blocks of a network would share "
    "their weights. Make the layers inside the function.",
    "evaluation": "The block comes out in evaluation mode. A new network starts in training mode.",
    "convolution": "There must be one convolution, and its filters must be 3×3.",
    "no BatchNorm": "There is no nn.BatchNorm2d in the block.",
    "stride": "The convolution jumps over places, which is its stride. Let it visit all of them "
    "and leave the halving to the pooling.",
    "dilation": "The filter's places lie apart, which is its dilation. Leave it at 1, so that a "
    "filter sees nine neighbours.",
    "groups": "The channels are split into groups, so a filter does not see all that come in. "
    "Leave groups at 1.",
    "border": "The border is not padded with zeros: leave padding_mode as it is.",
    "no padding": "The output is too small: without padding a 3×3 convolution cuts off the border.",
    "no pooling": "Height and width are as they were: the pooling is missing.",
    "slow pooling": "The pooling moves by one place at a time, so it hardly makes the picture "
    "smaller. Let it move by two.",
    "BatchNorm first": "BatchNorm stands before the convolution. Put it behind, on the channels "
    "that come out.",
    "no statistics": "BatchNorm keeps no running statistics, so it cannot be used for one picture "
    "alone. Leave track_running_stats as it is.",
    "negative": "Some outputs are negative: the ReLU is missing, or a later layer undoes it.",
    "fixed statistics": "The running statistics of BatchNorm do not move in training. Leave its "
    "momentum as it is.",
    "frozen norm": "No gradient reaches the weight and bias of BatchNorm, so they could not learn.",
    "no filters": "All weights of the convolution are 0, so every filter gives the same and learns "
    "the same. Leave them as nn.Conv2d draws them.",
    "no gradient": "No gradient reaches the weights of the convolution, so it could not learn.",
    "numbers": "The size is right, but the numbers are not those of convolution, BatchNorm, ReLU "
    "and max pooling in this order. Did you take the average instead of the maximum?",
}


def _conv_block(channels_in, channels_out):
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )


def _other_block(padding=1, stride=1, norm=nn.BatchNorm2d, relu=nn.ReLU, pool=None):
    """A function like `_conv_block` with something changed."""
    pool = pool or (lambda: nn.MaxPool2d(2))
    return lambda channels_in, channels_out: nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=padding, stride=stride),
        norm(channels_out),
        relu(),
        pool(),
    )


def _nothing(*given):
    return nn.Identity()


def _norm_first(channels_in, channels_out):
    convolution = nn.Conv2d(channels_in, channels_out, 3, padding=1)
    return nn.Sequential(nn.BatchNorm2d(channels_in), convolution, nn.ReLU(), nn.MaxPool2d(2))


def _frozen_block(channels_in, channels_out):
    block = _conv_block(channels_in, channels_out)
    block[0].requires_grad_(False)
    return block


def _look_at_block(make_block):
    """Raises what is wrong with blocks of several sizes, "right" if nothing is."""
    with torch.random.fork_rng(devices=[]):
        for place, (n_in, n_out, *size) in enumerate(ASKED):
            torch.default_generator.manual_seed(place)
            block = make_block(n_in, n_out)
            if block is None or block is Ellipsis:
                return [None]
            if not isinstance(block, nn.Module):
                raise Fault(SAYS["no network"])
            _look_inside(block, n_in, n_out, torch.randn(4, n_in, *size))
        blocks = [make_block(3, 5) for _ in range(2)]
        weights = [{id(weight) for weight in block.parameters()} for block in blocks]
        if weights[0] & weights[1]:
            raise Fault(SAYS["one for all"])
    return ["right"]


def _run(block, x):
    try:
        return block(x)
    except Exception as error:
        raise Fault(
            f"The block stopped on pictures of shape {tuple(x.shape)} with "
            f"{type(error).__name__}: {error}"
        ) from error


def _look_inside(block, n_in, n_out, x):
    """The layers first, then what comes out of them."""
    _must(all(module.training for module in block.modules()), "evaluation")
    for layer in block.modules():
        if isinstance(layer, nn.Conv2d) and layer.in_channels not in (0, n_in):
            _tell_channels(n_in, n_out, layer.in_channels, layer.out_channels)
    out = _run(block, x)  # now lazy layers know their sizes
    convolutions = [m for m in block.modules() if isinstance(m, nn.Conv2d)]
    norms = [m for m in block.modules() if isinstance(m, nn.BatchNorm2d)]
    _must(len(convolutions) == 1 and convolutions[0].kernel_size == (3, 3), "convolution")
    _must(bool(norms), "no BatchNorm")
    _look_at_convolution(convolutions[0])
    _look_at_shape(tuple(out.shape), n_in, n_out, x)
    _must(norms[0].num_features == n_out, "BatchNorm first")
    _must(norms[0].running_mean is not None, "no statistics")
    _look_at_numbers(block, convolutions[0], norms[0], x)


def _must(holds, fault):
    if not holds:
        raise Fault(SAYS[fault])


def _tell_channels(n_in, n_out, *found):
    raise Fault(
        f"Asked for {n_in} channels to {n_out}, the convolution takes {found[0]} to {found[1]}: "
        "use channels_in and channels_out instead of numbers."
    )


def _look_at_convolution(convolution):
    _must(convolution.stride == (1, 1), "stride")
    _must(convolution.dilation == (1, 1), "dilation")
    _must(convolution.groups == 1, "groups")
    _must(convolution.padding_mode == "zeros", "border")


def _look_at_shape(shape, n_in, n_out, x):
    height, width = x.shape[2:]
    sizes = {
        (height // 2, width // 2): "",
        (height // 2 - 1, width // 2 - 1): "no padding",
        (height, width): "no pooling",
        (height - 1, width - 1): "slow pooling",
    }
    if len(shape) == 4 and shape[1] != n_out:
        _tell_channels(n_in, n_out, n_in, shape[1])
    if fault := sizes.get(shape[2:], "other"):
        raise Fault(
            SAYS.get(fault, f"Pictures of {height}×{width} places come out with shape {shape}.")
        )


def _look_at_numbers(block, convolution, norm, x):
    """What comes out in training and in evaluation, with statistics and scales that show much."""
    with torch.no_grad():
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
        if norm.affine:
            norm.weight.normal_(std=8)
            norm.bias.normal_()
    _must(convolution.weight.any(), "no filters")
    before = norm.running_mean.clone()
    for training in (True, False):
        expected = _expected(convolution, norm, x, training)
        out = _run(block.train(training), x)
        _must(out.min() >= 0, "negative")
        if not alike(out, expected):
            raise Fault(_what_else(block))
    _must(not torch.equal(before, norm.running_mean), "fixed statistics")
    if out.requires_grad:
        out.sum().backward()
    _must(not norm.affine or (norm.weight.requires_grad and norm.bias.requires_grad), "frozen norm")
    _must(convolution.weight.grad is not None and convolution.weight.grad.any(), "no gradient")


def _expected(convolution, norm, x, training):
    statistics = (None, None) if training else (norm.running_mean, norm.running_var)
    weights = (norm.weight, norm.bias, training)
    with torch.no_grad():
        maps = functional.conv2d(x, convolution.weight, convolution.bias, padding=1)
        maps = functional.batch_norm(maps, *statistics, *weights, eps=norm.eps)
        return functional.max_pool2d(functional.relu(maps), 2)


def _what_else(block):
    """A layer that does not belong here, or that the numbers are others."""
    leaves = [module for module in block.modules() if not list(module.children())]
    others = [type(m).__name__ for m in leaves if type(m).__name__ not in LAYERS]
    if others and others[0] != "AvgPool2d" and hasattr(nn, others[0]):
        return (
            f"There is nn.{others[0]} in the block, and with it the numbers are others. The four "
            "layers are nn.Conv2d, nn.BatchNorm2d, nn.ReLU and nn.MaxPool2d."
        )
    return SAYS["numbers"]


BLOCK = Function(
    "01.5",
    praise="The padding keeps height and width, the pooling halves them. A few such blocks in "
    "a row make a small network.",
    hints=(
        "Put four layers in a row: convolution, BatchNorm, ReLU, max pooling.",
        "nn.Conv2d(channels_in, channels_out, 3, padding=1) keeps height and width; "
        "nn.BatchNorm2d needs the number of channels that come out of it.",
        "nn.Sequential(first, second, third, fourth) runs its layers one after the other; "
        "nn.MaxPool2d(2) halves height and width.",
    ),
    reference=_conv_block,
    observe=_look_at_block,
    mistakes=[
        (_other_block(padding=0), SAYS["no padding"]),
        (_other_block(pool=_nothing), SAYS["no pooling"]),
        (_other_block(relu=_nothing), SAYS["negative"]),
        (_other_block(norm=_nothing), SAYS["no BatchNorm"]),
        (_other_block(pool=lambda: nn.MaxPool2d(2, stride=1)), SAYS["slow pooling"]),
        (_other_block(stride=2, pool=_nothing), SAYS["stride"]),
        (_norm_first, SAYS["BatchNorm first"]),
        (_other_block(pool=lambda: nn.AvgPool2d(2)), SAYS["numbers"]),
        (_frozen_block, SAYS["no gradient"]),
        (
            _other_block(norm=lambda channels: nn.BatchNorm2d(channels, momentum=0.0)),
            SAYS["fixed statistics"],
        ),
        (
            _other_block(norm=lambda channels: nn.BatchNorm2d(channels).requires_grad_(False)),
            SAYS["frozen norm"],
        ),
        (
            lambda channels_in, channels_out: nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1), nn.BatchNorm2d(channels_out)
            ),
            SAYS["convolution"],
        ),
        (
            lambda channels_in, channels_out: list(_conv_block(channels_in, channels_out)),
            SAYS["no network"],
        ),
    ],
)
