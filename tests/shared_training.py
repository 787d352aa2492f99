"""What processes that train together do in the tests: each of them imports this file."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import torch
from tiny_nets import tiny_classifier, tiny_images
from torch import nn

from tlhelpers.errors import CourseError
from tlhelpers.training.disk_batches import DiskBatches
from tlhelpers.training.fitting import fit
from tlhelpers.training.team import join_team

X = torch.randn(30, 3, 2, 2, generator=torch.Generator().manual_seed(1))
LABELS = np.arange(30) % 3
IMAGES = tiny_images(30)
OPTIONS = {"epochs": 4, "lr": 0.01, "batch_size": 7, "quiet": True}
HELD_OUT = (lambda items: X[items], LABELS)


def plain_net(seed: int = 0) -> nn.Module:
    """Nothing in it draws numbers or looks at a whole batch; one layer is never used."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.Tanh(), nn.Linear(8, 3))
        net.unused = _Unused()
    return net


class _Unused(nn.Linear):
    def __init__(self):
        super().__init__(2, 2)

    def forward(self, x):
        return x


def batches(items):
    return X[items]


def flipped(picture: torch.Tensor) -> torch.Tensor:
    """An augmentation that draws from all three kinds of random numbers."""
    import random

    noise = torch.rand(1) + np.random.rand() + random.random()  # noqa: NPY002
    picture = picture.flip(-1) if noise > 1.5 else picture
    return (picture * (0.8 + noise / 15)).to(torch.uint8)


def one(options: dict, net: nn.Module | None = None, data=batches, labels=LABELS) -> tuple:
    """Train once; table without seconds, and the weights."""
    net = net or plain_net()
    table = fit(net, data, labels, **{**OPTIONS, **options}).table.drop(columns="seconds")
    return table, {name: value.clone() for name, value in net.state_dict().items()}


def flat_net() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 3))
    return net


CASES = {
    "plain": lambda: one({"validation": HELD_OUT, "patience": 2}),
    "weighted": lambda: one({"class_weights": [1.0, 2.0, 4.0], "schedule": "cosine"}),
    "drawn": lambda: one({"balanced_draws": True, "batch_size": 2}),
    "from disk": lambda: one(
        {}, flat_net(), DiskBatches(IMAGES, tiny_classifier().transform, flipped), IMAGES.labels
    ),
}


def seen_items() -> list[list[int]]:
    """The items that each step of one epoch has shown to this process."""
    seen = []

    def noting(items):
        seen.append(items.tolist())
        return X[items]

    fit(plain_net(), noting, LABELS, **{**OPTIONS, "epochs": 1})
    return seen


def sentence(work) -> str:
    try:
        work()
    except CourseError as error:
        return str(error)
    return "nothing was told"


def everything(folder: str) -> dict:
    """All cases, and what each process has seen and told, gathered in the first one."""
    team = join_team()
    torch.manual_seed(100 + team.rank)  # what a script draws itself differs in each process
    found = {name: case() for name, case in CASES.items()}
    found["accumulated"] = one({"accumulate": 3})
    net = tiny_classifier(seed=team.rank)  # with BatchNorm, and other weights in each
    found["norms"] = one({"lr": 1e-3}, net, IMAGES, None)
    found["whole"] = one({"checkpoint": f"{folder}/whole"})
    own = {"rank": team.rank, "seen": seen_items(), "norms": found["norms"][1]}
    bad = torch.full_like(X, float("nan")) if team.rank else X
    own["nan"] = sentence(lambda: fit(plain_net(), lambda i: bad[i], LABELS, **OPTIONS))
    nets = plain_net()
    own["valid nan"] = sentence(
        lambda: fit(nets, batches, LABELS, validation=(lambda i: bad[i], LABELS), **OPTIONS)
    )
    other = np.roll(LABELS, team.rank)
    own["labels"] = sentence(lambda: fit(plain_net(), batches, other, **OPTIONS))
    every = [None] * team.size
    torch.distributed.all_gather_object(every, own)
    return found | {"every": every}


def dying_batches(items):
    """As `batches`; the second process is killed in the epoch after the one a file names."""
    flag = Path(os.environ.get("DIE_AFTER", "none"))
    kept = flag.with_name("whole")
    if os.environ.get("RANK") == "1" and flag.exists() and kept.exists():
        done = len(torch.load(kept, weights_only=True)["rows"])
        if done == int(flag.read_text()):
            flag.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
    return X[items]
