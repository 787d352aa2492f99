"""Exercise 08.9: the names of the parameters that Tent trains."""

from torch import nn

from tlhelpers.course.exercise_book.nested_models import Residual, states
from tlhelpers.course.exercise_kinds import Function, alike, on_drawn
from tlhelpers.course.watched_answer import Fault

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
SAYS = {
    "changed": "Your function changes the model: weights, their requires_grad, its mode, or a "
    "setting of a layer. It should only look, and return names.",
    "parameters": "You returned the parameters themselves. What is asked for is their names, as "
    "model.named_parameters() gives them.",
    "no names": "Your function returned {}. What is asked for is a list of names, such as "
    '["1.weight"].',
}


def _word(rng):
    return "".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 5))


def _block(rng, width):
    parts = (nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, 3, 1))
    return nn.Sequential(*parts)


def _named(rng, *modules):
    """A model whose parts have names without a meaning."""
    model = nn.Module()
    for module in modules:
        setattr(model, _word(rng), module)
    return model


def _draw_models(rng):
    width = int(rng.integers(2, 7))
    head = nn.Sequential(nn.Linear(width, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 2))
    misled = nn.ModuleDict({"norm": nn.Conv2d(3, 2, 1), "conv": nn.BatchNorm2d(2)})
    frozen = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2)).requires_grad_(False)
    return {
        "where a convolution is followed by BatchNorm": (_block(rng, width),),
        "where the layers have names of their own": (
            _named(rng, nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.Linear(width, 2)),
        ),
        "where layers lie in other layers": (
            _named(rng, Residual(_block(rng, width)), Residual(Residual(_block(rng, 2)))),
        ),
        "where BatchNorm comes after a linear layer": (_named(rng, _block(rng, 2), head),),
        "where there are layers of another normalization": (
            _named(rng, nn.LayerNorm(width), nn.BatchNorm2d(2), nn.GroupNorm(1, width)),
        ),
        "where there is InstanceNorm": (
            _named(rng, nn.BatchNorm2d(width), nn.InstanceNorm2d(width, affine=True)),
        ),
        "where BatchNorm comes after a convolution in three directions": (
            _named(rng, nn.Conv3d(1, width, 1), nn.BatchNorm3d(width)),
        ),
        "where there is one channel": (_named(rng, nn.Linear(width, 1), nn.BatchNorm1d(1)),),
        "where a BatchNorm layer keeps no running statistics": (
            _named(rng, nn.BatchNorm2d(width, track_running_stats=False), nn.BatchNorm2d(2)),
        ),
        "where names mislead": (misled,),
        "where a BatchNorm layer has no scale and shift": (
            _named(rng, nn.BatchNorm2d(2, affine=False), nn.BatchNorm2d(3)),
        ),
        "where the model is frozen": (frozen,),
        "where the model is one BatchNorm layer": (nn.BatchNorm2d(width),),
        "where there is no BatchNorm": (nn.Sequential(nn.Linear(2, width), nn.LayerNorm(width)),),
    }


def _look_at_names(function):
    """The names, sorted, one a line: their order and the kind of collection are free."""

    def call(model):
        before = [*states(model), repr(model)]  # repr tells the momentum of a BatchNorm layer
        found = function(model)
        if found is None or found is Ellipsis:
            return None
        if not alike(before, [*states(model), repr(model)]):
            raise Fault(SAYS["changed"])
        return _read_names(found)

    return on_drawn(_draw_models)(call)


def _read_names(found):
    if isinstance(found, (str, dict, nn.Module)) or not hasattr(found, "__iter__"):
        raise Fault(SAYS["no names"].format(f"something else ({type(found).__name__})"))
    names = list(found)
    if any(isinstance(name, nn.Parameter) for name in names):
        raise Fault(SAYS["parameters"])
    if not all(isinstance(name, str) for name in names):
        raise Fault(SAYS["no names"].format("a list of something else"))
    return "\n".join(sorted(names))


def _names(model, kinds=NORMS, parts=("weight", "bias"), modules=None):
    """Full names of some parts of the layers of some kinds."""
    return [
        f"{name}.{part}" if name else part
        for name, layer in (model.named_modules() if modules is None else modules)
        if isinstance(layer, kinds)
        for part in parts
        if getattr(layer, part, None) is not None
    ]


def _by_name(*words):
    return lambda model: [
        name for name, _ in model.named_parameters() if any(word in name for word in words)
    ]


TENT = Function(
    "08.9",
    praise="Few numbers, two per channel, and no weight of a convolution or of the head. Even so "
    "they are enough to push all answers into one class.",
    hints=(
        "Find the BatchNorm layers by their kind, not by their name, however deep they lie. What "
        "do they learn in training, and what do they only measure?",
        "model.named_modules() gives each layer with its full name; isinstance says whether it is "
        "nn.BatchNorm1d, 2d or 3d; its own named_parameters() are its weight and its bias.",
        "for name, layer in model.named_modules(): where it is BatchNorm, join the names by a "
        'point, as in f"{name}.{part}". The outermost module\'s name is empty, without a point.',
    ),
    reference=_names,
    observe=_look_at_names,
    mistakes=[
        (
            lambda model: [name for name, _ in model.named_parameters()],
            "These are all parameters. Tent trains scale and shift of BatchNorm alone: with all of "
            "them, it would undo faster what the source has taught.",
        ),
        (
            lambda model: _names(model, parts=("weight",)),
            "These are the scales. The shifts, bias, are trained as well.",
        ),
        (
            lambda model: _names(model, parts=("bias",)),
            "These are the shifts. The scales, weight, are trained as well.",
        ),
        (
            lambda model: _names(model, parts=("running_mean", "running_var")),
            "These are the running statistics, which are measured and never trained. Tent trains "
            "the scale and the shift that come after them.",
        ),
        (
            lambda model: _names(model, parts=("weight", "bias", "running_mean", "running_var")),
            "The running statistics are no parameters: they are measured. Leave them out.",
        ),
        (
            lambda model: _names(model, (nn.BatchNorm2d,)),
            "BatchNorm after a linear layer is nn.BatchNorm1d: it belongs to them, too.",
        ),
        (
            lambda model: _names(model, (nn.BatchNorm1d, nn.BatchNorm2d)),
            "BatchNorm after nn.Conv3d is nn.BatchNorm3d: it belongs to them, too.",
        ),
        (
            lambda model: _names(model, (*NORMS, nn.LayerNorm, nn.GroupNorm)),
            "LayerNorm and GroupNorm take no statistics of the batch. Here only BatchNorm counts.",
        ),
        (
            lambda model: _names(model, (*NORMS, nn.InstanceNorm2d)),
            "InstanceNorm has scale and shift as well, but takes no statistics of the batch. Ask "
            "with isinstance for nn.BatchNorm1d, 2d or 3d.",
        ),
        (
            lambda model: _names(model, (*NORMS, nn.LayerNorm, nn.GroupNorm, nn.InstanceNorm2d)),
            "LayerNorm, GroupNorm and InstanceNorm take no statistics of the batch. Here only "
            "BatchNorm counts.",
        ),
        (
            lambda model: [name for name, one in model.named_parameters() if one.ndim == 1],
            "You took whatever has one axis. The bias of a convolution or a linear layer has one, "
            "too: ask the layer for its kind.",
        ),
        (
            lambda model: _names(model, modules=list(model.named_children())),
            "You looked at the outermost modules alone. model.named_modules() reaches all.",
        ),
        (
            lambda model: _names(model, nn.Linear),
            "These are the linear layers. Tent leaves the head as it is.",
        ),
        (
            _by_name("norm"),
            "You went by the name. It may be any: ask the layer for its kind with isinstance.",
        ),
        (
            _by_name("bn"),
            "You went by the name, which holds bn in some networks alone: ask the layer for its "
            "kind with isinstance.",
        ),
        (
            lambda model: [name for name, one in model.named_modules() if isinstance(one, NORMS)],
            "These are the layers. What is asked for is the names of their parameters, such as "
            '"1.weight" and "1.bias".',
        ),
        (
            lambda model: [
                f"{name}.{part}"
                for name, one in model.named_modules()
                if isinstance(one, NORMS)
                for part in ("weight", "bias")
            ],
            "Right for most. But the name of the outermost module is empty, without a point after "
            "it, and a BatchNorm layer may lack scale and shift (affine=False).",
        ),
        (
            lambda model: [
                f"{name}.{part}"
                for name, one in model.named_modules()
                if isinstance(one, NORMS)
                for part, _ in one.named_parameters()
            ],
            "Right for most. But the name of the outermost module is empty: a model that is one "
            'BatchNorm layer has "weight" and "bias", without a point.',
        ),
        (
            lambda model: [
                name for name in _names(model) if dict(model.named_parameters())[name].requires_grad
            ],
            "You left out what is frozen. Tent opens scale and shift of a frozen model, too.",
        ),
        (
            lambda model: [
                name for name in dict(model.named_parameters()) if name not in _names(model)
            ],
            "These are all the others, which Tent leaves as they are.",
        ),
    ],
)
