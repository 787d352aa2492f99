# %% [markdown]
# # 11 · Scaling up: and when the laptop is too small?
#
# **The question.** The model does not fit, the data do not fit, or it would take a week. What helps, what does
# it cost, and when is a larger machine not the answer at all?
#
# **After this lesson you can**
# - count the memory of a training before you buy any, and say what freezing, LoRA and a smaller batch save;
# - take a large step with little memory, or in several processes, and know when it is the same step;
# - read data that do not fit into memory, and compute over them in one pass;
# - spread many runs over a cluster so that a lost machine changes no number;
# - decide whether a model of a hub may be loaded, and say what a million items will cost;
# - tell when more labels are the better buy, and what of all this carries to large language models.
#
# **Time**: {{reading}} of reading, {{exercises}}, {{computing}} of computing (recorded elsewhere;
# lesson 00 tells it for this machine). **Needs**: lessons 03 and 04.

# %%
import copy
import pickle
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import psutil
import torch
from PIL import Image
from torch import nn

from tlhelpers import figures
from tlhelpers.course import check, claim, claim_value, claims_table, quiz, record_prediction, show_outcome
from tlhelpers.data import load_sentiment, open_pictures
from tlhelpers.evaluation import compare, cost_table, fit_cost, repeat, smallest_gap
from tlhelpers.experiments import cluster_calls, load_sweep, local_cluster
from tlhelpers.models import Classifier, extract_features, linear_head, load_backbone, load_encoder, new_linear_head
from tlhelpers.own_data import example_pictures
from tlhelpers.training import add_lora, fit, fit_in_processes, freeze_to, training_memory

# %% [markdown]
# ## The set-up

# %%
figures.shares_diagram(items=16, processes=2)

# %% [markdown]
# This is the idea behind most of what follows: cut the work into shares, and put the results together so that
# nothing changes but the time. No graphics card and no second machine was at hand here. So we measure small, check
# each formula on what was measured, and use it for the large case.
#
# ## 1 · What fills the memory? Count first
# A training step keeps four things. The **weights**. A **gradient** for each weight that trains. What the
# **optimizer** remembers: AdamW keeps two numbers for each of these. And the **activations**: what the layers
# gave, kept until the backward pass has used it. A number in float32 takes 4 bytes. Here is the small BERT of
# lesson 06 with a head, and eight long sentences from film reviews:

# %%
reviews = load_sentiment("movies")
longest = np.argsort([-len(text) for text in reviews.texts])[:8]
encoder = load_encoder("minilm-l6")
whole = Classifier(encoder, 2, reviews.class_names).train()
x, y = whole.transform([reviews.texts[i] for i in longest]), torch.tensor(reviews.labels[longest])
weights = sum(p.numel() for p in whole.parameters())
print(f"{weights:,} weights; texts and tokens: {tuple(x['input_ids'].shape)}")

# %% [markdown]
# A formula gives the first three; the activations, which depend on the batch and on the layers, are measured, at two
# sizes. `training_memory` makes one step for real and adds up the tensors. As a check, the system tells how much the
# process grew in a forward pass: usually by more than the activations, for layers also need room for a moment.

# %% tags=["claim"]
formula = pd.Series({"weights": 4 * weights, "gradients": 4 * weights, "optimizer": 2 * 4 * weights})
everything = training_memory(whole, x, y)
before = psutil.Process().memory_info().rss
logits = whole(**x)
grown = psutil.Process().memory_info().rss - before
del logits
print(f"the process grew by {grown / 1e6:.0f} MB")
print((pd.DataFrame({"formula": formula, "counted": everything}).loc[everything.index] / 1e6).round(1))
half = {name: part[:4] for name, part in x.items()}
claim_value("11.a", "weights, gradients and AdamW's memory are what the formula says (counted / formula)",
            everything[formula.index].sum() / formula.sum(), at_least=0.99, at_most=1.01)
claim_value("11.b", "activations grow in proportion to the batch (8 texts / 4 texts)",
            everything.activations / training_memory(whole, half, y[:4]).activations, at_least=1.95, at_most=2.05)

# %% [markdown]
# Now three ways to train with less. LoRA trains about three weights of a thousand.
#
# > **Before you run it:** compared with training everything, which of the three parts beside the weights does LoRA
# > shrink least?

# %%
record_prediction("11.lora")

# %%
def last_layer(model):
    freeze_to(model, 6)
    return model

def recomputed(model):
    for layer in model.backbone.model.encoder.layer:  # keep what goes into a layer, compute the rest again
        layer.forward = partial(torch.utils.checkpoint.checkpoint, layer.forward, use_reentrant=False)
    return model

ways = {"last layer and head": last_layer, "LoRA of rank 8": partial(add_lora, rank=8),
        "everything, recomputed": recomputed}
new = partial(Classifier, encoder, 2, reviews.class_names)
table = pd.DataFrame({"everything": everything} | {way: training_memory(change(new()).train(), x, y)
                                                   for way, change in ways.items()}).T
left = (table.loc["LoRA of rank 8"] / table.loc["everything"]).drop("weights")
show_outcome("11.lora", left.idxmax())
figures.memory_bars(table, "MiniLM, {} texts of {} tokens".format(*x["input_ids"].shape))

# %% tags=["claim"]
claim_value("11.c", "LoRA keeps more than half of the activations of training everything (ratio)",
            left.activations, at_least=0.5)
claim_value("11.d", "LoRA needs less than 2 % of its gradients and optimizer memory (ratio)",
            max(left.gradients, left.optimizer), at_most=0.02)
kept = table.activations["everything, recomputed"] / table.activations["everything"]
claim_value("11.e", "computing each layer anew in the backward pass keeps less than a tenth of the activations",
            kept, at_most=0.1)

# %% [markdown]
# LoRA saves what belongs to trained weights; most activations stay, since the backward pass still goes through all
# layers. With the last layer and head alone, the layers below keep nothing. *Activation checkpointing* (the last bar)
# keeps only what enters each layer and computes the rest again, layer by layer, in the backward pass: the same
# gradients for about a third more computing. `fit(..., recompute=True)` does it.

# %% [markdown]
# ### Exercise 11.1
# Which batch fits? `memory` (bytes) is what there is, `weights` the number of all weights, `trained` the number of
# those that train, `per_item` the bytes of activations of one item; all four are whole numbers. Everything is in
# float32, the optimizer is AdamW. Count these four parts alone. Return the largest number of items of one step, as a
# whole number; 0 if not even one fits.

# %% nbgrader={"grade": false, "grade_id": "answer-11-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def largest_batch(memory, weights, trained, per_item):
    ### BEGIN SOLUTION
    left = memory - 4 * weights - 12 * trained
    return max(0, left // per_item)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-11-1", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("11.1", largest_batch)

# %% [markdown]
# ## 2 · A batch in parts is the same batch
# If a batch of 16 does not fit, take four of 4, divide the loss of each by four, and let the gradients add up before
# the step: *gradient accumulation*. Or give the parts to several processes and take the mean of their gradients (an
# *all-reduce*): *data parallelism*. It is the same mean, one after the other or side by side. By hand, on the
# pictures of lesson 10, made small:

# %%
del whole, encoder, new  # memory is let go: section 3 starts two more processes
things, _ = open_pictures(example_pictures() / "pictures.csv", size=64, picture="path", label="class", group="thing")
backbone = load_backbone(size=64)
network = Classifier(backbone, len(things.class_names), things.class_names)
batch = np.random.default_rng(0).permutation(len(things))[:16]
x, y = network.transform(things.pixels[batch]), torch.tensor(things.labels[batch])

def gradient(model, x, y):
    """The gradient of the mean loss over a batch: all weights in one long vector."""
    model.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    return torch.cat([weight.grad.flatten() for weight in model.parameters()])

# %% [markdown]
# Two *replicas*, copies with the same weights, each with its half of the batch. A BatchNorm layer in training mode
# takes means and variances from the items that it sees; in evaluation mode it uses stored ones.
#
# > **Before you run it:** in which of the two modes is the mean of the halves' gradients that of the whole batch?

# %%
record_prediction("11.halves")

# %% tags=["claim"]
off = {}
for mode in ("evaluation", "training"):
    network.train(mode == "training")
    replicas = [copy.deepcopy(network) for _ in range(2)]
    halves = [gradient(replica, x[k::2], y[k::2]) for k, replica in enumerate(replicas)]
    averaged = torch.stack(halves).mean(0)  # what processes do over a network
    one = gradient(copy.deepcopy(network), x, y)
    off[mode] = float((averaged - one).norm() / one.norm())
same = [mode for mode, distance in off.items() if distance < 1e-3]
show_outcome("11.halves", {0: "neither", 1: "".join(same), 2: "both"}[len(same)])
claim_value("11.f", "with stored statistics, two halves give the gradient of the whole batch (relative distance)",
            off["evaluation"], at_most=1e-3)
claim_value("11.g", "with BatchNorm in training mode they give another one (relative distance)",
            off["training"], at_least=0.05)

# %% [markdown]
# So the parts give the gradient of the whole wherever an item's loss depends on that item alone. BatchNorm mixes the
# items of a part (and a contrastive loss compares them). Hold its statistics, as lesson 03 advises, or, between
# processes, take them from the whole batch (torch's `SyncBatchNorm`). `fit(..., accumulate=4)` takes each step in
# four parts.

# %% [markdown]
# ### Exercise 11.2
# Write gradient accumulation for parts of **unequal** size. `parts` is a list of pairs `(x, y)`, whose items together
# are the batch. The loss is the mean cross-entropy of `model(x)` against `y` over **all** items of the batch. Return
# its gradient as a list of tensors, one per weight in the order of `model.parameters()`. Only one part at a time is
# in memory: its backward pass comes before the next part goes through the model. No step is made. The model may hold
# old gradients: they must not leak in.

# %% nbgrader={"grade": false, "grade_id": "answer-11-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def batch_gradient(model, parts):
    ### BEGIN SOLUTION
    model.zero_grad()
    items = sum(len(y) for _, y in parts)
    for x, y in parts:
        (torch.nn.functional.cross_entropy(model(x), y, reduction="sum") / items).backward()
    return [weight.grad for weight in model.parameters()]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-11-2", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("11.2", batch_gradient)

# %% [markdown]
# ### Half as many bits
# *bfloat16* takes 2 bytes. It has the range of float32 and only 8 bits for the digits: the next number after 1 is
# 1.0078. So a weight of 1 that makes a thousand steps of 0.001 does not move. That is why *mixed
# precision* computes in bfloat16 and keeps the weights in float32. What is only read can be stored short: the
# features of a million pictures take 5 GB, or half of it. Does the head notice?

# %% tags=["claim"]
weight = torch.ones((), dtype=torch.bfloat16)
for _ in range(1000):
    weight += 0.001
print("1 and a thousand times 0.001:", weight.item())
features = extract_features(backbone, things)
short = torch.tensor(features).bfloat16().float().numpy()
heads = {"float32": linear_head(features, things.labels), "bfloat16": linear_head(short, things.labels)}
stored = repeat(heads, things, labels=[20], seeds=10)
claim("11.h", "features that were stored in bfloat16 cost a linear head less than one point of accuracy",
      compare(stored, "bfloat16", "float32"), by=-0.01)

# %% [markdown]
# ## 3 · Several processes
# For real: `fit_in_processes` starts two processes of this machine, which take the mean of their gradients before each
# step (the library that does it is *gloo*; on graphics cards it is *nccl*). A small network learns from the
# features, once in one process and once in two:

# %% tags=["claim"]
rows = torch.tensor(features)
def small_network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(rows.shape[1], 64), nn.Tanh(), nn.Linear(64, len(things.class_names)))

how = {"labels": things.labels, "epochs": 2, "batch_size": 32, "quiet": True}
alone, together = small_network(), small_network()
fit(alone, lambda items: rows[items], **how)
fit_in_processes(together, lambda items: rows[items], processes=2, **how)
with torch.no_grad():
    agree = (alone(rows).argmax(1) == together(rows).argmax(1)).float().mean().item()
claim_value("11.i", "two processes end with a network that gives the answers of one (share of pictures)",
            agree, at_least=0.99)

# %% [markdown]
# On the cores of one machine that wins little, since one process uses all of them. It pays where each process has a
# graphics card of its own: there, `accelerate launch --multi_gpu --num_processes 8 script.py` starts a script that
# calls `fit`. Each process holds the **whole** model; one that is too large for a card is itself spread over the cards
# (FSDP in torch). And if each card gets as many items as one had before, the batch is eight times as large: choose the
# learning rate anew. In any case, each item must be seen once per epoch, by one process.

# %% [markdown]
# ### Exercise 11.3
# Write who sees what. There are `n` items and `processes` processes; return the indices of the items that process
# number `rank` (from 0) sees in an epoch, in their order, as an array or a list. All processes call your function with
# the same `n`, `processes`, `epoch` and `seed`, and they cannot talk to each other. In every epoch each item is in
# **exactly one** share, and the shares differ in size by one at most. The order is random, drawn from `seed`
# and `epoch`: the same call gives the same share, and in another epoch a process gets other items
# (unless it is the only one).

# %% nbgrader={"grade": false, "grade_id": "answer-11-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def share_of(n, processes, rank, epoch, seed):
    ### BEGIN SOLUTION
    order = np.random.default_rng([seed, epoch]).permutation(n)
    return order[rank::processes]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-11-3", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("11.3", share_of)

# %% [markdown]
# ### How much faster?
# Some of a job can be shared out and some cannot. If a job takes $s$ seconds that cannot be divided and $p$ that can,
# $n$ workers need $s + p/n$: *Amdahl's law*. Our job reads pictures and passes them through the frozen network, which
# can be divided. Loading the network before and training one head afterwards cannot.

# %%
files = np.array(things.files)

def passed(files):
    """Features of pictures, from the files on."""
    pixels = np.stack([np.asarray(Image.open(path).convert("RGB").resize((64, 64))) for path in files])
    with torch.no_grad():
        return backbone(backbone.transform(pixels)).numpy()

def job(workers):
    """Seconds of what can be divided, and of what cannot."""
    start = time.perf_counter()
    load_backbone(size=64)
    loaded = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        found = np.concatenate(list(pool.map(passed, np.array_split(files[:160], 10))))
    done = time.perf_counter()
    new_linear_head().fit(found, things.labels[:160])
    return done - loaded, time.perf_counter() - done + loaded - start

# %%
threads = torch.get_num_threads()
torch.set_num_threads(1)  # so that a worker is one core
(parallel, serial), two = job(1), job(2)
torch.set_num_threads(threads)
print(f"can be divided: {parallel:.2f} s, cannot: {serial:.2f} s")
figures.speed_up({1: parallel + serial, 2: sum(two)}, lambda n: (parallel + serial) / (serial + parallel / n))

# %% [markdown]
# The law is a best case: workers also wait for each other, the disk and other programs, so the point may lie below.

# %% [markdown]
# ### Exercise 11.4
# A job takes 50 seconds in one process: 10 seconds cannot be divided, 40 can. How many times as fast is it with eight
# processes?

# %% nbgrader={"grade": false, "grade_id": "answer-11-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put a number or a calculation here
### BEGIN SOLUTION
answer = 50 / (10 + 40 / 8)
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-11-4", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("11.4", answer)

# %% [markdown]
# ## 4 · Data that do not fit
# Read a batch, use it, let it go: memory then follows the batch, not the data. `tracemalloc` tells its highest point:

# %% tags=["claim"]
def batches(files, size=32):
    for start in range(0, len(files), size):
        yield np.stack([np.asarray(Image.open(path).convert("RGB")) for path in files[start : start + size]])

def highest(work):
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6

reading = {"in batches": lambda part: [batch.mean() for batch in batches(part)],
           "all at once": lambda part: np.concatenate(list(batches(part))).mean()}
peaks = pd.DataFrame({f"{n} pictures": {way: highest(partial(read, files[:n])) for way, read in reading.items()}
                      for n in (140, 560)})
print(peaks.round(1))
growth = peaks["560 pictures"] / peaks["140 pictures"]
claim_value("11.j", "read in batches, four times the pictures take no more memory (ratio of the peaks)",
            growth["in batches"], at_most=1.2)

# %% [markdown]
# This is how `open_pictures` and `fit` read, so a laptop can learn from more pictures than its memory holds. Where
# decoding is slow, a `DataLoader` with workers reads ahead (`DiskBatches` here) and gives the same batches.

# %% [markdown]
# ### Exercise 11.5
# A transform needs the mean and the standard deviation of all items. `batches` is an iterator that gives float arrays
# of shape (k, d) with **different** k; it can be gone through once. Return two arrays of shape (d,): the mean
# over all rows of all batches, and the standard deviation as `np.std` has it (divided by n). Hold no batch longer
# than its turn.

# %% nbgrader={"grade": false, "grade_id": "answer-11-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mean_and_std(batches):
    ### BEGIN SOLUTION
    n, total, squares = 0, 0.0, 0.0
    for batch in batches:
        n += len(batch)
        total = total + batch.sum(axis=0)
        squares = squares + (batch**2).sum(axis=0)
    mean = total / n
    return mean, np.sqrt(squares / n - mean**2)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-11-5", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("11.5", mean_and_std)

# %% [markdown]
# ## 5 · Many runs on many machines
# The runs of a comparison need nothing of each other: such work is called *embarrassingly parallel*. A *scheduler*
# hands it out to *workers*; here both are processes of this machine, with dask. On a cluster only the address is
# another one. `module` names the code that the work needs: a worker with another version of it, or of a library, is
# refused, since its numbers could be others.

# %% tags=["claim"]
labels = things.labels

def accuracy_of(seed):
    """One piece of work: a head from half of the pictures, tested on the other half."""
    order = np.random.default_rng(seed).permutation(len(features))
    learn, test = np.array_split(order, 2)
    head = new_linear_head().fit(features[learn], labels[learn])
    return seed, head.score(features[test], labels[test])

seeds = [(seed,) for seed in range(6)]
with local_cluster(workers=2) as address:
    arrived = list(cluster_calls(accuracy_of, seeds, address, module="tlhelpers.models.heads"))
here = [accuracy_of(seed) for seed in range(6)]
print("they came in the order", [seed for seed, _ in arrived])
apart = max(abs(dict(arrived)[seed] - accuracy) for seed, accuracy in here)
claim_value("11.k", "runs on the cluster give the accuracies that they give here (largest difference)",
            apart, at_most=1e-9)

# %% [markdown]
# A worker may die, or be thought dead and come back. So a scheduler gives work out again, and a result may come
# **twice**. That does no harm if three things hold. Each piece of work draws its random numbers from its own
# seed, not from the worker's. Each result carries the name of its work. And it is counted by that name.

# %% [markdown]
# ### Exercise 11.6
# `results` is a list of dicts in the order in which they came, each with `"strategy"`, `"seed"`, `"accuracy"` and
# `"worker"`. The same work (a strategy with a seed) may be there several times, with the same accuracy. Return a dict
# from the name of each strategy to its mean accuracy over the seeds, in which each piece of work counts **once**.

# %% nbgrader={"grade": false, "grade_id": "answer-11-6", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mean_accuracies(results):
    ### BEGIN SOLUTION
    once = {(row["strategy"], row["seed"]): row["accuracy"] for row in results}
    names = {strategy for strategy, _ in once}
    return {name: np.mean([value for (own, _), value in once.items() if own == name]) for name in names}
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-11-6", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("11.6", mean_accuracies)

# %% [markdown]
# ## 6 · A larger model from a hub
# `load_backbone`, `load_encoder` and `load_vectors` take names of hubs, too. Four questions before anything is
# loaded: **May I?** (the licence) **Can the file run code?** A *safetensors* file holds a list of names and shapes,
# then numbers. It can be looked at without loading it:

# %%
from safetensors import safe_open

with TemporaryDirectory() as folder:
    network.save(Path(folder) / "model.safetensors")
    with safe_open(Path(folder) / "model.safetensors", framework="pt") as file:
        names = file.keys()
        shapes = {name: file.get_slice(name).get_shape() for name in names}
megabytes = 4 * sum(map(np.prod, shapes.values())) / 1e6
print(f"{len(shapes)} tensors, {megabytes:.1f} MB; the last:", list(shapes.items())[-1])

# %% [markdown]
# Older files (`.bin`, `.pt`, `.pkl`) are *pickles*. A pickle is a small program, and reading it runs it. Here is one
# that would only print; torch refuses it, since it asks for more than tensors:

# %%
class Greeting:
    def __reduce__(self):  # tells pickle what to call when the file is read
        return print, ("this could have been any program",)

with TemporaryDirectory() as folder:
    torch.save(Greeting(), Path(folder) / "model.bin")
    try:
        torch.load(Path(folder) / "model.bin", weights_only=True)
    except pickle.UnpicklingError as error:
        print("refused:", str(error).partition("rror: ")[2].split(" was ")[0])

# %% [markdown]
# **Does code come with it?** `trust_remote_code=True` would run the authors' Python; the course never sets it. **Will
# it be the same next year?** A name means whatever was uploaded last; `"author/model@commit"` pins it (`revision=` in
# other libraries). And the size: four bytes per weight to load, two in bfloat16, and what section 1 says to train.

# %% [markdown]
# ### Exercise 11.7
# You need an encoder for a product that your firm will sell. Four fit. Which one do you take?
#
# - `"a"`: 420 MB, `pytorch_model.bin`, licence Apache-2.0, the newest on `main`
# - `"b"`: 450 MB, `model.safetensors`, licence MIT, at the one commit `a1b2c3d4`
# - `"c"`: 430 MB, `model.safetensors`, licence MIT, at a commit, `trust_remote_code=True`
# - `"d"`: 440 MB, `model.safetensors`, licence "for research only", at the tag `v1.2`

# %% nbgrader={"grade": false, "grade_id": "answer-11-7", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "b"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-11-7", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("11.7", answer)

# %% [markdown]
# ## 7 · What will a million cost?
# Time some sizes, each twice, and draw a line through them: seconds = fixed + per item · items. The interval comes
# from the points' distances to it. Write your own price into `per_hour`.

# %%
def tuned(files):
    """Forward and backward, as an epoch of tuning does; no step is made."""
    pixels = np.stack([np.asarray(Image.open(path).convert("RGB").resize((64, 64))) for path in files])
    gradient(network.eval(), network.transform(pixels), torch.tensor(things.labels[: len(files)]))

encoder = load_encoder("minilm-l6")

def encoded(texts):
    with torch.no_grad():
        encoder(**encoder.transform(list(texts)))

def seconds_for(work, items, n, size=16):
    start = time.perf_counter()
    for place in range(0, n, size):
        work(items[place : min(n, place + size)])
    return time.perf_counter() - start

jobs = {"pictures, frozen": (passed, files), "pictures, one epoch of tuning": (tuned, files),
        "texts, frozen": (encoded, reviews.texts)}
measured = {name: [(n, seconds_for(*job, n)) for n in 2 * (8, 16, 32, 64)] for name, job in jobs.items()}
costs = {name: fit_cost(*np.transpose(points)) for name, points in measured.items()}
figures.cost_lines(measured, costs)

# %%
bill = cost_table(costs, items=(1_000, 1_000_000), per_hour=1.0)
bill[["hours", "low", "high"]] = bill[["seconds", "low", "high"]] / 3600
bill[["way", "items", "hours", "low", "high", "money", "beyond"]].round(3)

# %% [markdown]
# `beyond` says how far the line was drawn past the largest size that was measured. More than ten thousand times as
# far is a guess: a million pictures meet a slower disk and a warmer processor. Measure again with ten thousand items
# before you rent. And a frozen pass is paid once, for all trials of a head on its features; an epoch of tuning ten
# or twenty times in each trial.
#
# ## 8 · When not to scale
# Money can also buy labels. Here are stored runs of lesson 04 (pictures) and lesson 06 (tweets). Along a line there
# are more labels, from line to line there is more computing.
#
# > **Before you run it:** on the pictures, which is worth more: fine-tuning with five labels per class, for ten times
# > the computing, or frozen features with 25?

# %%
record_prediction("11.buy")

# %%
drawings = load_sweep("vision-choosing", "twemoji")
bought = pd.concat([drawings.query("labels == 5 and strategy == 'fine-tuned'").assign(strategy="computing", labels=25),
                    drawings.query("labels == 25 and strategy == 'frozen'").assign(strategy="labels")])
more_labels = compare(bought, "labels", "computing")
show_outcome("11.buy", more_labels)
figures.labels_or_computing(drawings.query("strategy in ['raw pixels', 'frozen', 'fine-tuned', 'scratch']"), "drawings")

# %%
tweets = load_sweep("text-strategies")
figures.labels_or_computing(tweets.query("strategy in ['TF-IDF', 'frozen', 'fine-tuned']"), "tweets")

# %% tags=["claim"]
def at(runs, strategy, labels):
    """The runs of a strategy at a number of labels, under one name for both."""
    own = runs[(runs.strategy == strategy) & (runs["labels"] == labels)]
    return own.assign(strategy=f"{strategy}, {labels} labels", labels=0)

pairs = pd.concat([at(tweets, *one) for one in (("frozen", 8), ("TF-IDF", 128), ("fine-tuned", 32), ("frozen", 128))])
claim("11.l", "on drawings, five times the labels beat ten times the computing, by more than 5 points (stored runs)",
      more_labels, by=0.05)
claim("11.m", "on tweets, a reused network with 8 labels per class beats counted words with 128 (stored runs)",
      compare(pairs, "frozen, 8 labels", "TF-IDF, 128 labels"))
claim("11.n", "on tweets, tuning with 32 labels is at most 3 points behind frozen features with 128 (stored runs)",
      compare(pairs, "fine-tuned, 32 labels", "frozen, 128 labels"), by=-0.03)

# %% [markdown]
# On tweets, reusing a network at all replaced sixteen times the labels, and tuning it about four times. On drawings
# with five labels per class, tuning brought hardly anything, and more labels did. No rule says which it will be for
# you: compare the lines at your own number of labels, and ask what a label costs you.

# %% [markdown]
# ## 9 · And large language models?
# We cannot run one here, but we can count. Nearly all weights of a transformer are matrices: in each layer, four of
# width × width for attention (two are smaller in many newer models) and two or three of width × inner width after it;
# and the table of words, often again where words come out. We check the formula on our encoder, and on a language
# model with 7 billion weights that torch builds on its *meta* device: shapes without numbers.

# %% tags=["claim"]
from transformers import LlamaConfig, LlamaForCausalLM

def matrices(width, layers, inner, words, after, tables):
    return layers * (4 * width**2 + after * width * inner) + tables * words * width

with torch.device("meta"):
    language_model = LlamaForCausalLM(LlamaConfig())
counts = pd.DataFrame({"formula": {"MiniLM": matrices(384, 6, 1536, 30522, after=2, tables=1),
                                   "7 billion": matrices(4096, 32, 11008, 32000, after=3, tables=2)},
                       "counted": {"MiniLM": sum(p.numel() for p in encoder.parameters()),
                                   "7 billion": sum(p.numel() for p in language_model.parameters())}})
print(counts)
ratio = counts.formula / counts.counted
claim_value("11.o", "the formula for weights is right within 2 % for the small and the large network (smaller ratio)",
            ratio.min(), at_least=0.98, at_most=1.02)

# %% [markdown]
# So section 1 tells what it takes to train. LoRA of rank 8 on the query and value matrices has
# 8 · (4096 + 4096) weights for each of them, two in each of 32 layers. In gigabytes, without activations:

# %%
n, thin = counts.counted["7 billion"], 32 * 2 * 8 * (4096 + 4096)
needs = {"tune everything, AdamW, float32": 4 * n + 12 * n, "LoRA, weights in bfloat16": 2 * n + 16 * thin,
         "LoRA, weights in 4 bits": n / 2 + 16 * thin, "only answer, bfloat16": 2 * n}
tests = {"HumanEval": 164, "GSM8K": 1319, "MMLU": 14042}  # three well-known ones, with their numbers of questions
print(f"LoRA trains {thin:,} weights, {thin / n:.3%} of all; the smallest gap that a test shows:",
      {test: round(smallest_gap(items), 3) for test, items in tests.items()})
(pd.Series(needs, name="GB") / 1e9).round(1).to_frame()

# %% [markdown]
# That is the main reason for adapters: full tuning needs more than a card of 80 GB has, LoRA leaves most of such a
# card free, and in 4 bits the weights fit on a card for games. What else carries over?
# - **Instruction data are labels.** Split them by source, and look for near duplicates across the split (lessons 09
#   and 10). A test that stood on the web may have been trained on.
# - **A prompt is a strategy.** It is chosen on validation items, and its trials are charged (lesson 04).
# - **An evaluation is a measurement.** A test with 164 questions reliably shows only gaps of several points (printed
#   above, where just one of two models is right on a tenth of the questions). Give intervals, compare on the same
#   questions, and report seeds. If another model is the judge, measure how often people agree with it.
# - **Cheap rivals first.** A frozen encoder with a linear head on your labels is the row that a large model has to
#   beat; section 7 tells its cost.
#
# ### What could not be tried here
# Graphics cards, a network between machines, queues of a cluster, a real hub, a model that does not fit.
# `benchmarks/gpu.py` measures a card where there is one; `docs/cluster.md` says, on paper, how a sweep is sent to
# Slurm or Kubernetes.
#
# ### A page before you rent
# 1. **Count** weights, gradients, optimizer, activations. Which of them does not fit?
# 2. **Train less**: frozen features, then LoRA. **Cut**: accumulate, recompute, bfloat16.
# 3. **Time some sizes**, compute the bill with its interval, measure again at ten times.
# 4. **Find what cannot be divided** before you pay for more workers.
# 5. **Ask what labels would bring** for the same money.

# %% [markdown]
# ## What we measured

# %%
claims_table()

# %% [markdown]
# ## Quiz
# Six questions about this lesson. Each wrong answer gets a hint, and another round asks other questions.

# %%
quiz("11")

# %% [markdown]
# ## What comes next
# - **Lesson 14** asks how often a model will be right elsewhere, and what one may promise. **Lesson 12** is a project
#   of your own.
# - To read: Chen and others on recomputing activations (arXiv:1604.06174); Goyal and others on large batches in
#   many processes (arXiv:1706.02677); Micikevicius and others on mixed precision (arXiv:1710.03740); Dettmers and
#   others on LoRA over 4 bits (arXiv:2305.14314); Zhou and others on few good instructions (arXiv:2305.11206).
