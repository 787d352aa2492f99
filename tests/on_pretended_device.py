"""Run by `test_pretended_device.py` in a process of its own, since the device stays in it."""

import copy

import numpy as np
import pretend_device
import pytest
import torch
from device_checks import FEW, HELPERS, IMAGES, check, nothing_moves, places
from tiny_nets import tiny_classifier
from torch import nn

from tlhelpers.errors import CourseError
from tlhelpers.models import devices
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.devices import best_device, device_of, on_device
from tlhelpers.training.fitting import fit
from tlhelpers.training.predicting import predict

AWAY = pretend_device.DEVICE


@pytest.fixture(scope="module", autouse=True)
def _device():
    torch.set_num_threads(1)
    kept = pretend_device.install()
    yield kept


def same(a: nn.Module, b: nn.Module) -> bool:
    b = b.state_dict()
    return all(torch.equal(value, b[name]) for name, value in a.state_dict().items())


# ---------------------------------------------------------------- the device


def test_it_computes_what_the_processor_computes_and_mixes_with_nothing():
    x = torch.arange(6.0).reshape(2, 3)
    y = x.to(AWAY)
    assert str(best_device()) == AWAY == str(y.device)
    assert torch.equal((y @ y.T + 1).cpu(), x @ x.T + 1)
    for mixed in (lambda: x + y, lambda: torch.cat([x, y]), lambda: nn.Linear(3, 2)(y)):
        with pytest.raises(RuntimeError, match="same"):
            mixed()
    with pytest.raises(TypeError, match="copy the tensor to host memory first"):
        y.numpy()


def test_another_choice_is_the_users(monkeypatch):
    monkeypatch.setenv("TLHELPERS_DEVICE", "cpu")
    assert str(best_device()) == "cpu"
    with on_device(tiny_classifier()) as device:
        assert str(device) == "cpu"


@pytest.mark.parametrize("choice", ["tpu", "cuda:7", "the quick one"])
def test_a_choice_that_is_not_there_is_told(monkeypatch, choice):
    monkeypatch.setenv("TLHELPERS_DEVICE", choice)
    with pytest.raises(CourseError, match=f"TLHELPERS_DEVICE={choice} cannot be used here"):
        best_device()


def test_without_it_there_is_the_processor(monkeypatch):
    monkeypatch.setattr(pretend_device.MODULE, "there", False)
    assert str(best_device()) == "cpu"


# ---------------------------------------------------------------- there and back


def test_inside_all_is_there_and_afterwards_all_is_back_with_what_was_changed():
    model, start = tiny_classifier(), tiny_classifier()
    held = torch.optim.SGD(model.parameters(), lr=1.0)
    with nothing_moves(model), on_device(model) as device:
        assert set(places(model).values()) == {AWAY} == {str(device)}
        with torch.no_grad():
            for group in held.param_groups:
                for p in group["params"]:
                    p.add_(1)
            model.backbone.model.bn1.running_mean.add_(2)
    for name, p in model.named_parameters():
        assert torch.equal(p, dict(start.named_parameters())[name] + 1)
    assert torch.equal(model.backbone.model.bn1.running_mean, torch.full((4,), 2.0))


def test_gradients_come_back_too():
    model = nn.Linear(3, 2)
    with on_device(model) as device:
        model(torch.ones(1, 3, device=device)).sum().backward()
    assert torch.equal(model.weight.grad, torch.ones(2, 3))
    with on_device(model):
        assert str(model.weight.grad.device) == AWAY
    assert str(model.weight.grad.device) == "cpu"


def test_one_parameter_under_two_names_stays_one():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    with nothing_moves(model), on_device(model), torch.no_grad():
        assert model[1].weight is model[0].weight
        model[0].weight.fill_(7)
    assert model[1].weight is model[0].weight and (model[1].weight == 7).all()


def test_weights_in_memory_that_is_shared_are_changed_there():
    values = np.zeros((2, 3), dtype=np.float32)
    model = nn.Linear(3, 2)
    model.weight.data = torch.from_numpy(values)
    with on_device(model), torch.no_grad():
        model.weight.fill_(5)
    assert (values == 5).all()


def test_what_stood_still_is_not_written(monkeypatch):
    model = tiny_classifier()
    versions = {name: p.data._version for name, p in model.named_parameters()}
    with on_device(model):
        pass
    assert {name: p.data._version for name, p in model.named_parameters()} == versions


def test_a_pass_that_promises_to_change_nothing_copies_no_weight_back():
    model, start = nn.Linear(3, 2), nn.Linear(3, 2)
    start.load_state_dict(model.state_dict())
    with on_device(model, changes=False), torch.no_grad():
        model.weight.fill_(5)
    assert same(model, start)


def test_after_an_error_all_is_back():
    model = tiny_classifier()
    with pytest.raises(ZeroDivisionError), nothing_moves(model), on_device(model):
        1 / 0  # noqa: B018
    with pytest.raises(ZeroDivisionError), nothing_moves(model):
        predict(model, lambda items: 1 / 0, 3)


def test_what_comes_to_the_module_inside_goes_along():
    model = nn.Sequential(nn.Linear(3, 3))
    with on_device(model) as device:
        model.append(nn.BatchNorm1d(3).to(device))
        model[0].bias = nn.Parameter(torch.ones(5, device=device))
        model.register_buffer("seen", torch.zeros(1, device=device))
    assert set(places(model).values()) == {"cpu"}


def test_a_module_that_lies_in_two_places_is_together_inside_and_apart_afterwards():
    model = tiny_classifier()
    model.linear_head.to(AWAY)
    before = places(model)
    assert str(device_of(model)) == AWAY
    with on_device(model):
        assert set(places(model).values()) == {AWAY}
    assert places(model) == before
    assert predict(model, IMAGES).tolist() == predict(tiny_classifier(), IMAGES).tolist()
    assert places(model) == before


def test_a_module_without_tensors_stays():
    with on_device(nn.ReLU()) as device:
        assert str(device) == "cpu"


def test_one_inside_the_other_moves_once():
    model = tiny_classifier()
    with nothing_moves(model), on_device(model), on_device(model.linear_head) as device:
        assert str(device) == AWAY
    with nothing_moves(model), on_device(model):
        with on_device(model.backbone):
            pass
        assert set(places(model).values()) == {AWAY}


# ---------------------------------------------------------------- each helper


@pytest.mark.parametrize("away", [False, True], ids=["from the processor", "from the device"])
@pytest.mark.parametrize("name", HELPERS)
def test_a_helper_computes_there_and_leaves_the_model_where_it_was(name, away):
    check(name, pretend_device.NAME, AWAY if away else None)


def test_a_helper_that_leaves_a_model_elsewhere_is_caught(monkeypatch):
    def careless(model):
        return predict(model.to(best_device()), IMAGES)

    monkeypatch.setitem(HELPERS, "careless", (tiny_classifier, careless, True))
    with pytest.raises(AssertionError, match=r"tensors lie elsewhere, e\.g\. backbone\.model"):
        check("careless", pretend_device.NAME)
    monkeypatch.setitem(HELPERS, "lazy", (tiny_classifier, lambda m: m(torch.ones(2, 3, 9, 9)), 0))
    with pytest.raises(AssertionError, match=r"layers were computed on \{'cpu'\}"):
        check("lazy", pretend_device.NAME)


def test_a_classifier_is_made_where_its_backbone_lies():
    backbone = tiny_classifier().backbone.to(AWAY)
    assert set(places(Classifier(backbone, 3)).values()) == {AWAY}


def test_a_checkpoint_of_one_kind_of_device_goes_on_at_another(tmp_path, monkeypatch):
    whole, short, again = (tiny_classifier() for _ in range(3))
    options = {**FEW, "lr": 1e-4}
    fit(whole, IMAGES, **{**options, "epochs": 2})
    fit(short, IMAGES, checkpoint=tmp_path / "c", **options)
    assert all(t.device.type == "cpu" for t in torch.load(tmp_path / "c")["model"].values())
    elsewhere = copy.deepcopy(again)
    fit(again, IMAGES, checkpoint=tmp_path / "c", **{**options, "epochs": 2})
    assert same(again, whole)
    monkeypatch.setattr(devices, "best_device", lambda: torch.device("cpu"))
    fit(elsewhere, IMAGES, checkpoint=tmp_path / "c", **{**options, "epochs": 2})
    assert same(elsewhere, whole), "a run that had come to its end is only loaded"
