# %% [markdown]
# # 08 · Domain adaptation: can unlabelled target data help?
#
# **The question.** Pictures of the target are there, their labels are not. Lesson 07 moved or weighted fixed
# features. Here a network is *trained* with both: it learns the labels of the source, and meets pictures of
# the target on the way. Does that help? When does it harm? And who tells, if there are no labels to tell?
#
# **After this lesson you can**
# - write gradient reversal, the CORAL loss and AdaBN, and say what each one wants to make equal;
# - read a table of adaptation: source only, a control, oracle, and what happened to the source;
# - recognise *negative transfer*, and why well-mixed features do not prove that classes meet their own;
# - choose among adapted models without target labels, and know what that choice costs;
# - avoid the trap of BatchNorm statistics from batches of one class.
#
# **Time**: {{reading}} of reading, {{exercises}}, {{computing}} of computing (recorded elsewhere;
# lesson 00 tells it for this machine). **Needs**: lessons 03 and 07.

# %%
import copy

import numpy as np
import pandas as pd
import torch

from tlhelpers import figures
from tlhelpers.adaptation import (
    SCORERS, adapt_batchnorm, adaptation_table, choose_by, extract_head_inputs, fit_dann,
    fit_deep_coral, with_bounds,
)
from tlhelpers.course import check, claim, claim_value, claims_table
from tlhelpers.data import load_digits_pair, load_emoji, split_by_group
from tlhelpers.evaluation import compare, repeat
from tlhelpers.experiments import load_sweep, rerun
from tlhelpers.models import Classifier, SmallCNN, extract_features, load_backbone, new_linear_head
from tlhelpers.training import fit, predict

# %% [markdown]
# ## The set-up

# %%
figures.setup_diagram(
    "source pictures\nwith labels,\ntarget without", [("four\nconvolutions", "trained"), ("linear head", "trained")],
    "classes of\nthe target")

# %% [markdown]
# Two pairs of domains, each in both directions. **Digits**: MNIST (scanned from forms) and the digits of
# scikit-learn (8×8 pixels), both at 16×16. **Emoji**: one set of emoji in two drawing styles, at 32×32.

# %%
mnist, digits = (load_digits_pair(name, size=16) for name in ("mnist", "digits"))
figures.contact_sheet(mnist, per_class=6)

# %%
figures.contact_sheet(digits, per_class=6)

# %% [markdown]
# A person reads both without a thought. A small network has to learn it: we train one on MNIST, and test it
# on both.
#
# > **Before you run it:** how many of the other digits will it get right?

# %%
def new_model(seed=0):
    return Classifier(SmallCNN(16, seed=seed), 10, mnist.class_names, seed)

inside, outside = split_by_group(mnist, 0.3, seed=0), split_by_group(digits, 0.3, seed=0)
source, target = mnist.subset(inside.train), digits.subset(outside.train)
tests = {"MNIST": mnist.subset(inside.test), "digits": digits.subset(outside.test)}
training = {"epochs": 4, "lr": 1e-3, "batch_size": 64, "schedule": "cosine", "seed": 0, "quiet": True}

def accuracies(model):
    right = {name: (predict(model, images) == images.labels).mean() for name, images in tests.items()}
    return pd.DataFrame(right, index=["accuracy"]).round(2)

plain = new_model()
fit(plain, source, **training)
accuracies(plain)

# %% [markdown]
# Nearly all in the source domain, and far fewer in the target: that is the *source-only* row. Below, `target`
# is handed to functions that never read its labels; what they keep of it is what makes its batches, and how
# many there are.
#
# ## 1 · Three ideas
# ### AdaBN: other means, other variances
# Each BatchNorm layer subtracts a mean and divides by a standard deviation that it has seen in *training*:
# those of MNIST. On darker or thicker digits they are wrong. AdaBN (Li and others, 2018) puts in those of the
# target. No weight moves; nothing is learned.

# %%
shifted = adapt_batchnorm(plain, target)
accuracies(shifted)

# %% [markdown]
# ### Exercise 08.1
# Compute what BatchNorm computes in training mode: `x` is a numpy array of shape (n, c, h, w), that is items,
# channels, rows and columns. Return two arrays of shape (c,): the mean of each channel, and its variance, the
# *biased* one, which divides by the number of values.

# %% nbgrader={"grade": false, "grade_id": "answer-08-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def batch_statistics(x):
    ### BEGIN SOLUTION
    return x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-08-1", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("08.1", batch_statistics)

# %% [markdown]
# **The trap.** Some let the network take the statistics of whatever batch it is used on. With mixed batches
# that is nearly AdaBN. But in use, batches come as they come.
#
# > **Before you run it:** the same network, the same digits, in batches of about 64; once mixed, once sorted,
# > so that a batch holds two or three digits in place of ten. What happens?

# %%
@torch.inference_mode()
def by_batch(model, images, order, size=64):
    """Predictions with BatchNorm's statistics of the very batch that an item stands in."""
    model, guesses = copy.deepcopy(model).train(), np.empty(len(images.labels), dtype=int)
    for items in np.array_split(order, len(order) // size):
        guesses[items] = model(model.transform(images.pixels[items])).argmax(1).numpy()
    return guesses == images.labels

abroad = tests["digits"]
mixed = by_batch(plain, abroad, np.random.default_rng(0).permutation(len(abroad.labels)))
by_class = by_batch(plain, abroad, np.argsort(abroad.labels, kind="stable"))
pd.DataFrame({"mixed batches": mixed, "sorted batches": by_class}).mean().round(2)

# %%
def with_interval(values):
    """Mean and its 95 % interval: what was averaged is drawn anew, with replacement."""
    drawn = np.random.default_rng(0).choice(values, (10_000, len(values))).mean(1)
    return values.mean(), *np.quantile(drawn, [0.025, 0.975])

# %% tags=["claim"]
claim_value("08.a", "sorted batches cost accuracy, with the statistics of each batch (one network, its test "
            "digits)", *with_interval(mixed.astype(float) - by_class), at_least=0.1)

# %% [markdown]
# Two or three digits in a batch were enough to do harm. Now take it to the extreme.

# %% [markdown]
# ### Exercise 08.2
# AdaBN replaces BatchNorm's statistics, its means and variances, by those of the target. In use, they are
# computed anew for each batch, and the items arrive sorted: every batch holds items of **one class** only.
# What happens?
#
# - `"a"`: nothing special, since the statistics come from features, and no label is read
# - `"b"`: the statistics become more exact, since items of one class are more alike
# - `"c"`: the mean of that class is subtracted, which is what told it from the others
# - `"d"`: every item is given the class that most of the batches before it had

# %% nbgrader={"grade": false, "grade_id": "answer-08-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "c"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-08-2", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("08.2", answer)

# %% [markdown]
# ### DeepCORAL: features that vary alike
# CORAL of lesson 07, as a *loss*: while the network learns, the covariance of its features of a target batch
# shall be that of a source batch (Sun and Saenko, 2016). The weight says how much that counts beside the
# labels.

# %% [markdown]
# ### Exercise 08.3
# Write the loss of Deep CORAL in torch. `a` has the shape (n, d), `b` (m, d), with at least two rows each; n
# and m may differ. Take the covariance of each, shape (d, d), which divides by n − 1 (or m − 1). Return the
# sum of all squared entries of their difference, divided by 4 d², as a tensor of shape () that gradients of
# both `a` and `b` pass through. The class head still needs `a` as it is: make new tensors, change none.

# %% nbgrader={"grade": false, "grade_id": "answer-08-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def coral_loss_by_hand(a, b):
    ### BEGIN SOLUTION
    def covariance(x):
        centred = x - x.mean(dim=0)
        return centred.T @ centred / (len(x) - 1)

    difference = covariance(a) - covariance(b)
    return difference.square().sum() / (4 * a.shape[1] ** 2)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-08-3", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("08.3", coral_loss_by_hand)

# %%
correlated = new_model()
fit_deep_coral(correlated, source, target, weight=100, **training)
accuracies(correlated)

# %% [markdown]
# **MMD**, a fourth idea for the table below, is a penalty too. It is small where a target feature row is as
# near to source rows as source rows are to each other. CORAL compares covariances only; MMD sees a shifted
# mean as well.
#
# ### DANN: features that give nothing away
# A second head learns to tell the domains apart. The features shall make that impossible: the head gets its
# gradient as usual, the network below gets it *reversed* (Ganin and others, 2016). Ten lines do it:

# %%
class Reversal(torch.autograd.Function):
    """Forward: nothing. Backward: the gradient times −strength."""

    @staticmethod
    def forward(context, x, strength):
        context.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(context, gradient):
        return -context.strength * gradient, None

x = torch.ones(3, requires_grad=True)
Reversal.apply(x, 0.5).sum().backward()
x.grad

# %% [markdown]
# ### Exercise 08.4
# Write gradient reversal **without** a class of your own (no `torch.autograd.Function`). Return a tensor with
# the same values as the float tensor `x` (of any shape), such that the gradient that comes back through it is
# multiplied by `-strength`. What else is computed from `x`, such as the loss of the class head, must get its
# gradient as usual. One line is enough: `x.detach()` has the values of `x`, but lets no gradient through.

# %% nbgrader={"grade": false, "grade_id": "answer-08-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def reverse(x, strength):
    ### BEGIN SOLUTION
    return x.detach() * (1 + strength) - strength * x
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-08-4", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("08.4", reverse)

# %% [markdown]
# At the beginning the domain head knows nothing, and its gradient is noise. So the strength grows from 0,
# with the *share* of the training that is done. Tied to a number of steps instead, a short training would
# never reach it.

# %% [markdown]
# ### Exercise 08.5
# How strongly to reverse, as training goes on: return 2 / (1 + exp(−`gamma` · p)) − 1, where p is the **share
# of the training** that is done. `step` counts from 0 to `steps`. Return a float: 0 at the beginning, nearly
# 1 at the end.

# %% nbgrader={"grade": false, "grade_id": "answer-08-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def strength(step, steps, gamma=10.0):
    ### BEGIN SOLUTION
    return float(2 / (1 + np.exp(-gamma * step / steps)) - 1)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-08-5", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("08.5", strength)

# %%
adversary = new_model()
told = fit_dann(adversary, source, target, strength=0.1, **training)
accuracies(adversary)

# %%
told.table.round(2)

# %% [markdown]
# `domain_accuracy` is what the domain head gets right while it trains; 0.5 would be guessing. Below that, the
# network turns faster than the head can follow: the head is right about where the domains
# *were*. It does not mean that the domains are mixed: a new head, trained afterwards, may well tell them apart.
#
# ## 2 · Before and after
# > **Before you look:** if two domains are mixed in the picture, have the classes found their own?

# %%
some = [np.random.default_rng(0).permutation(len(images.labels))[:300] for images in tests.values()]
shown = [images.subset(items) for images, items in zip(tests.values(), some, strict=True)]
models = {"source only": plain, "AdaBN": shifted, "DeepCORAL": correlated, "DANN": adversary}
views = {name: np.concatenate([extract_head_inputs(model, images) for images in shown])
         for name, model in models.items()}
figures.before_after(views, ["MNIST"] * 300 + ["digits"] * 300, np.concatenate([images.labels for images in shown]),
             mnist.class_names, tsne=True)

# %% [markdown]
# Above, colours are domains; the number says how many items have their nearest neighbour in the other domain.
# In none of the four are the domains really mixed. Below, colours are classes, and there the number counts:
# how often the nearest MNIST digit of a digit from the other set is the same digit. It rises all the same.
# So
# classes can come nearer to their own without the domains being mixed. The reverse, mixed domains with
# classes in the wrong place, is not in this picture; the next exercise asks about it.

# %% [markdown]
# ### Exercise 08.6
# After training with gradient reversal, the domain head is right for 50 % of held-out items, half of which
# come from each domain: it cannot tell the features of the two domains apart. Does the class head, trained on
# the source, now classify the target well?
#
# - `"a"`: not necessarily: the target's 3 may lie where the source's 8 lies, unnoticed by the heads
# - `"b"`: yes: what fits the source's features must also fit features that nobody can tell from them
# - `"c"`: no: a domain head that does no better than guessing shows that training has failed
# - `"d"`: yes, as long as the class head is right for nearly all held-out items of the source

# %% nbgrader={"grade": false, "grade_id": "answer-08-6", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "a"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-08-6", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("08.6", answer)

# %% [markdown]
# ## 3 · Ten seeds, both directions
# One network proves nothing. `python3 -m tlhelpers sweep vision-domains` trained each way ten times, with
# other splits, other weights, other orders. Read the row **both in BatchNorm** first. It is a control: batches
# hold digits of both domains, the loss knows the source's labels alone, *nothing* is aligned. What it gains
# comes from BatchNorm having seen the target.
#
# > **Before you run it:** how much of the gain of DeepCORAL and DANN is in the control already?

# %%
def both_sides(source, target):
    return load_sweep(f"vision-domains-{source}", target), load_sweep(f"vision-domains-{source}", source)

onward, onward_home = both_sides("mnist", "digits")
adaptation_table(onward, onward_home).round(3)

# %%
back, back_home = both_sides("digits", "mnist")
adaptation_table(back, back_home).round(3)

# %% [markdown]
# Two of these runs, made anew here; on another processor, a training takes another way in the last digits:

# %%
again = rerun("vision-domains-digits", ["AdaBN"], None, range(2), tested_on="mnist")
again.round(3)

# %%
aligned = ["DeepCORAL 100", "MMD 1", "DANN 0.1"]
asked = [("AdaBN", "source only"), ("both in BatchNorm", "source only"),
         *((name, "both in BatchNorm") for name in aligned)]
found = {pair: [compare(runs, *pair) for runs in (onward, back)] for pair in asked}
figures.intervals([one for pair in asked for one in found[pair]],
          notes=["MNIST to digits", "digits to MNIST"] * len(asked))

# %% tags=["claim"]
claim_value("08.b", "runs that are made again here come out like the stored ones (difference in accuracy)",
            abs(again.stored.mean() - again.here.mean()), at_most=0.1)
claim("08.c", "from MNIST to digits, AdaBN beats source only", found[asked[0]][0])
claim("08.d", "from MNIST to digits, the control, which aligns nothing, beats source only", found[asked[1]][0])
claim("08.e", "from digits to MNIST, AdaBN beats source only", found[asked[0]][1])
claim("08.f", "from MNIST to digits, MMD beats the control", found["MMD 1", "both in BatchNorm"][0])
claim("08.g", "from digits to MNIST, MMD beats the control", found["MMD 1", "both in BatchNorm"][1])
claim("08.h", "from MNIST to digits, DANN at strength 0.1 is worse than the control",
      found["DANN 0.1", "both in BatchNorm"][0], expect="less")

# %% [markdown]
# BatchNorm's share is large: without a single aligned feature, the control has about half of what the best
# row gains, in both directions. Tables in papers often lack this row. Beyond it, MMD and DeepCORAL with a
# weight that is not too large win more (which weight that is, we know from target labels). Gradient reversal
# at strength 0.1 loses *a part* of what BatchNorm had won: better than source only, worse than the control.
# All stay far from the oracle, and the accuracy on the source tells next to nothing of it.
#
# ### The lottery
# Every dot is one seed.

# %%
figures.every_seed(onward, ["source only", "AdaBN", "both in BatchNorm", *aligned, "oracle"])

# %%
figures.every_seed(back, ["source only", "AdaBN", "both in BatchNorm", *aligned, "oracle"])

# %% [markdown]
# ## 4 · How strongly?
# Move the slider: the strength of the reversal, from the control (0) on. Each line is one seed, on the source
# and on the target.

# %%
walk = {0.0: "both in BatchNorm"} | {s: f"DANN {s:g}" for s in (0.03, 0.1, 0.3, 1.0)}
figures.strength_walk(onward, onward_home, walk, control="source only", oracle="oracle")

# %%
figures.strength_walk(back, back_home, walk, control="source only", oracle="oracle")

# %% tags=["claim"]
claim("08.i", "from MNIST to digits, DANN at full strength is worse than the control, which aligns nothing",
      compare(onward, "DANN 1", "both in BatchNorm"), expect="less")
claim("08.j", "from digits to MNIST, DANN at full strength is worse than source only: negative transfer",
      compare(back, "DANN 1", "source only"), expect="less")
claim_value("08.k", "at every strength of DANN, each run is right on its own source (lowest accuracy there)",
            min(home[home.strategy.isin(walk.values())].accuracy.min() for home in (onward_home, back_home)),
            at_least=0.9)

# %% [markdown]
# With the gentlest strength no harm is seen here; with the strength of the paper it destroys what BatchNorm
# had won, and from digits to MNIST more than that. The source, which one can see, stays fine throughout. Our
# networks are small and trained shortly, and other settings may do better; but who would find them, without
# target labels? That is the next question.
#
# ## 5 · Who chooses, without labels?
# Eleven candidates for each seed: which one do you take home? On the target's test labels one may not look:
# who does is an *oracle*, and the table must say so. What is left are scores that look at the labelled source
# and at the target without labels: `choosing` has eight of them. Larger is better for all.
#
# *source accuracy*: right at home. *importance weighted*: the same, source items like the target count more.
# *deep embedded validation*: the weighted loss, steadied. *thresholded confidence*: lesson 07. *entropy*: how
# sure of target items. *matrix norm*: confidence, measured by high powers. *mutual information*: confident, and all
# classes occur. *soft neighbourhood density*: how many target items get answers like each one's. Those that
# ask for confidence or for alike answers only are also pleased by a model that calls everything the same.

# %%
candidates = [name for name in onward.strategy.unique() if name != "oracle"]
figures.scorer_scatter(onward, SCORERS, candidates)

# %% [markdown]
# ### Exercise 08.7
# Choose a model without labels: `probabilities` is a dict from the name of a model to its probabilities for
# target items, an array of shape (m, k); m may differ. The entropy of a row is the sum of −p · log p over its
# classes, where 0 · log 0 counts as 0: the lower, the more confident. Return the name with the lowest
# **mean** entropy over its rows; of equal ones, the first in the dict.

# %% nbgrader={"grade": false, "grade_id": "answer-08-7", "locked": false, "schema_version": 3, "solution": true, "task": false}
def least_entropy(probabilities):
    ### BEGIN SOLUTION
    def mean_entropy(name):
        p = probabilities[name]
        return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=1).mean()

    return min(probabilities, key=mean_entropy)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-08-7", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("08.7", least_entropy)

# %%
def choices(runs):
    """Runs as they are, and for each scorer the runs that it would have picked."""
    picks = [choose_by(runs, scorer, candidates) for scorer in (*SCORERS, "accuracy")]
    return pd.concat([runs, *picks], ignore_index=True)

chosen = {"MNIST to digits": choices(onward), "digits to MNIST": choices(back)}
pd.DataFrame({name: runs.groupby("strategy").accuracy.mean() for name, runs in chosen.items()}).loc[
    ["source only", *(f"chosen by {scorer}" for scorer in SCORERS), "oracle choice"]].round(2)

# %%
price = [compare(runs, f"chosen by {scorer}", "oracle choice") for runs in chosen.values() for scorer in SCORERS]
figures.intervals(price, notes=[name for name in chosen for _ in SCORERS])

# %%
few = [f"chosen by {name}" for name in ("entropy", "mutual information", "soft neighbourhood density")]
chosen["digits to MNIST"].query("strategy in @few").groupby("strategy").picked.value_counts().unstack(0).fillna(0)

# %% tags=["claim"]
by = {name: {scorer: compare(runs, f"chosen by {scorer}", "oracle choice") for scorer in SCORERS}
      for name, runs in chosen.items()}
claim("08.l", "from digits to MNIST, choosing by accuracy on the source is worse than an oracle's choice",
      by["digits to MNIST"]["source accuracy"], expect="less")
claim("08.m", "from MNIST to digits, choosing by entropy is not shown to be worse than an oracle's choice",
      by["MNIST to digits"]["entropy"], expect="not resolved")
claim("08.n", "from digits to MNIST, choosing by entropy is worse than an oracle's choice",
      by["digits to MNIST"]["entropy"], expect="less")
claim("08.o", "from digits to MNIST, choosing by mutual information beats not adapting at all",
      compare(chosen["digits to MNIST"], "chosen by mutual information", "source only"))
claim("08.p", "from digits to MNIST, choosing by soft neighbourhood density is worse than not adapting",
      compare(chosen["digits to MNIST"], "chosen by soft neighbourhood density", "source only"), expect="less")

# %% [markdown]
# (Nothing can beat this oracle: it picks and is judged on the same items. The size matters, not the sign. And
# the claims were picked from sixteen intervals after looking, without a correction: examples.)
#
# The choice matters as much as the strategies: a bad scorer takes home the worst of them. On one way entropy
# chooses nearly like the oracle; on the way back it falls, with some seeds, for a network that DANN has made
# sure of wrong answers. *Mutual information* asks for confidence *and* for all classes to occur. It costs
# little both ways; but it picked the same strategy each time, so this is one good decision, not twenty. It may
# fail where the target's classes are unequal. Accuracy on the source is nearly a blind draw, since all but
# AdaBN are nearly alike at home.
#
# We know all that because we looked at the labels. Which scorer to trust on *your* target, no score tells. A
# few labelled target items, kept for nothing but this choice, measure what we want to know; the scores only
# guess it. (We did not try how many it takes. Musgrave and others found at a larger scale that the drop from
# the choice outweighs the differences between the strategies.)
#
# ## 6 · Drawings in another style
# The second pair: ten classes of emoji, drawn by two teams.

# %%
pair = {style: load_emoji(style, size=32) for style in ("twemoji", "openmoji")}
figures.contact_sheet(pair["openmoji"], per_class=6)

# %%
drawn = {f"{a} to {b}": both_sides(a, b) for a, b in (("twemoji", "openmoji"), ("openmoji", "twemoji"))}
adaptation_table(*drawn["twemoji to openmoji"]).round(3)

# %%
adaptation_table(*drawn["openmoji to twemoji"]).round(3)

# %% tags=["claim"]
there = drawn["twemoji to openmoji"][0]
claim("08.q", "from Twemoji to OpenMoji, MMD beats source only", compare(there, "MMD 1", "source only"))
claim("08.r", "from Twemoji to OpenMoji, MMD is not shown to beat the control",
      compare(there, "MMD 1", "both in BatchNorm"), expect="not resolved")
claim("08.s", "from OpenMoji to Twemoji, DANN is not shown to beat source only",
      compare(drawn["openmoji to twemoji"][0], "DANN 0.1", "source only"), expect="not resolved")

# %% [markdown]
# Only in part the same picture: some eighty test emoji per seed leave wide intervals. From Twemoji to
# OpenMoji most ways are better than source only, but MMD is not shown to beat the control. In the other
# direction the control gains next to nothing, and after the correction no way is resolved. That DANN at this
# strength is worse than the control, as on the digits, is not seen here.
#
# ### Another way out: a network that has seen more
# All this was about a small network that knows one style. What if nothing is adapted, but the features come
# from ImageNet (lesson 02), frozen?

# %%
backbone = load_backbone(size=96)
large = {style: load_emoji(style, size=96) for style in pair}
features = {style: extract_features(backbone, images, progress=False) for style, images in large.items()}
bounds = with_bounds({}, lambda: new_linear_head(C=10), large["openmoji"])
both = repeat(bounds, large, labels=[None], features=features)
frozen, frozen_home = both.on("openmoji"), both.on("twemoji")
frozen.groupby("strategy").accuracy.mean().round(2)

# %%
small = drawn["twemoji to openmoji"][0].assign(labels=0)
small["strategy"] = "small network, " + small.strategy
together = pd.concat([frozen.assign(labels=0, strategy="ImageNet features, " + frozen.strategy), small])
bridge = [compare(together, "ImageNet features, source only", f"small network, {name}")
          for name in ("source only", "MMD 1", "oracle")]
figures.intervals(bridge, notes=["tested on OpenMoji"] * 3)

# %% tags=["claim"]
claim("08.t", "without any adaptation, ImageNet features from Twemoji beat the small network that MMD adapted",
      bridge[1])
claim("08.u", "unadapted ImageNet features are not shown to be worse than a small network with target labels", bridge[2],
      expect="not resolved")

# %% [markdown]
# Nothing was adapted here: a head on frozen features from photographs, trained on one style, does better in
# the other style than the small network after adaptation, and is not shown to be worse than one with *labels*
# of that style. (It saw 96×96 pixels, the small network 32×32.) Before one adapts a weak model, one looks for
# a stronger one to reuse.
#
# ## 7 · What to take along
# - Never without **source only**, **oracle** and a **control**, and never one direction alone.
# - BatchNorm first: it needs no training, but many items of all classes; and AdaBN costs accuracy on the
#   source, so keep the old statistics for that.
# - A gentle penalty on the features may add to it. A strong adversary may destroy it, and no number at home
#   tells.
# - Settle *how to choose* before training: keep a few labelled target items for it if there are any.

# %% [markdown]
# ## What we measured

# %%
claims_table()

# %% [markdown]
# ## What comes next
# - To read: Ganin and others on gradient reversal (arXiv:1505.07818); Sun and Saenko on Deep CORAL
#   (arXiv:1607.01719); Gulrajani and Lopez-Paz on how strong plain training is (arXiv:2007.01434); Musgrave and
#   others on the price of choosing without labels (arXiv:2111.15672).
