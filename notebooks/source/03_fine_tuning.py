# %% [markdown]
# # 03 · Fine-tuning: when should the weights move?
#
# **The question.** A frozen network gives the features that ImageNet needed. If we let its weights move
# to what *we* need: how much is gained, which choices matter, and what is lost?
#
# **After this lesson you can**
# - write one training step by hand, and say which weights it moves;
# - freeze a network so that it stays frozen, and let it train again in parts;
# - find a learning rate with a short test, and see in a validation curve when to stop;
# - follow a recipe for fine-tuning of which every line was measured;
# - measure what a network forgets, and get some of it back by mixing old and new weights;
# - train a few per cent of the weights with LoRA.
#
# **Time**: {{reading}} of reading, {{exercises}}, {{computing}} of computing (recorded elsewhere;
# lesson 00 tells it for this machine). **Needs**: lessons 01 and 02.

# %%
import copy
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from tlhelpers import figures
from tlhelpers.course import check, claim, claim_value, claims_table, quiz, record_prediction, show_outcome
from tlhelpers.data import load_wild_emoji, photograph_crops, split_by_group
from tlhelpers.evaluation import compare, wilson
from tlhelpers.experiments import load_sweep, provenance_of, rerun
from tlhelpers.models import Classifier, extract_features, layer_groups, load_backbone
from tlhelpers.training import (
    add_lora, agreement, count_weights, find_rate, fit, fit_head, freeze, freeze_to, frozen_hash,
    hold_statistics, measure_mixes, param_groups, predict, unfreeze,
)

# %% [markdown]
# ## The set-up

# %%
figures.setup_diagram(
    "a drawing\nin the wild", [("stem and\nblocks 0–6", "tuned"), ("last convolution,\naverage", "tuned"),
                               ("linear head", "trained")], "one of\n20 classes",
    source="EfficientNet-Lite0, trained on ImageNet photographs")

# %% [markdown]
# Lesson 02 ended with *drawings in the wild*: each emoji smaller, turned, moved, in another light, on a
# piece of a photograph. Frozen features lost a good part of their accuracy there. So here is a task on
# which a network could learn something new.
#
# We learn from **one** picture of each training drawing, about twenty-five per class. We test on **four**
# pictures of each drawing that was not trained on: in Twemoji's style, which training saw (*in style*),
# and in OpenMoji's, which it did not (*other style*).

# %%
one_view = load_wild_emoji("twemoji", views=1)
four_views = load_wild_emoji("twemoji", views=4)
train = one_view.subset(split_by_group(one_view, seed=0).train)
test = four_views.subset(split_by_group(four_views, seed=0).test)
print(f"{len(train)} pictures to learn from, {len(test)} to be tested on,",
      f"{len(set(train.groups) & set(test.groups))} drawings on both sides")

# %%
figures.contact_sheet(test, per_class=10)

# %% [markdown]
# The pictures are 96 pixels high, since training passes each of them forward and backward many times.

# %%
backbone = load_backbone(size=96)
names = [*backbone.layers, "linear head"]
print(backbone)

# %% [markdown]
# ## 1 · One step by hand
# A classifier is the pretrained backbone and a new head with random weights. One batch goes forward, the
# loss is computed, and its gradient goes backward to every weight.

# %%
model = Classifier(backbone, 20, train.class_names, seed=0)
batch = np.random.default_rng(0).permutation(len(train))[:16]
x, y = model.transform(train.pixels[batch]), torch.tensor(train.labels[batch])

loss = nn.functional.cross_entropy(model.eval()(x), y)
loss.backward()
print(f"loss before: {loss.item():.2f}, a head that knows nothing: {np.log(20):.2f}")

# %% [markdown]
# Whose weights are asked to change? A *layer group* is a piece of the network, from the stem to the head.
# For each group, the length of its gradient beside the length of its weights:

# %%
def length(tensors):
    return float(torch.cat([t.detach().flatten() for t in tensors]).norm())

groups = [[p for layer in group for p in layer.parameters()] for group in layer_groups(model)]
pd.DataFrame({"weights": [sum(p.numel() for p in ps) for ps in groups],
              "gradient": [length([p.grad for p in ps]) for ps in groups],
              "gradient / weights": [length([p.grad for p in ps]) / length(ps) for ps in groups]},
             index=names).round(3)

# %% [markdown]
# The head's ratio is by far the largest: it has everything to learn. But every group of the backbone gets a
# gradient as well, and that gradient went through a random head. It tells the backbone how to serve a head
# that knows nothing. This is the argument for training the *head first*. Now the step itself:

# %%
with torch.no_grad():
    for weight in model.parameters():
        weight -= 0.01 * weight.grad
    after = nn.functional.cross_entropy(model(x), y)
print(f"loss after one step: {after.item():.2f}")

# %% [markdown]
# ### Exercise 03.1
# Write one step of plain gradient descent by hand, without `torch.optim`. The loss is the
# cross-entropy of `model(x)` against the labels `y`, its mean over the items. Every weight that
# requires a gradient becomes weight − `lr` · gradient; **frozen weights stay**. The model may still
# hold gradients from before: they must not leak in. Return the loss **before** the step, as a float.
# The check refuses `torch.optim`.

# %% nbgrader={"grade": false, "grade_id": "answer-03-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def training_step(model, x, y, lr):
    ### BEGIN SOLUTION
    model.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.requires_grad:
                weight -= lr * weight.grad
    return loss.item()
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-03-1", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("03.1", training_step)

# %% [markdown]
# ## 2 · What may move: freezing in parts
# `freeze_to(model, n)` freezes the first *n* layer groups and lets the others train; `freeze` leaves the
# head alone, `unfreeze` leaves nothing frozen. The words are fastai's.

# %%
rows = []
for n in (9, 8, 6, 4, 2, 0):
    freeze_to(model, n)
    trained, total = count_weights(model)
    rows.append({"freeze_to": n, "trains from": names[n], "trained weights": trained,
                 "share": f"{trained / total:.1%}"})
pd.DataFrame(rows)

# %% [markdown]
# Most weights sit near the end; much of the computing sits near the picture, where there are many
# pixels. Nothing has to go backward through frozen groups at the front, which saves time (section 8).
#
# Frozen must mean frozen: weights, and the running statistics of BatchNorm (the trap of lesson 02), and
# through every later `.train()`. `fit` checks it with a hash of everything that is frozen.

# %%
model = Classifier(backbone, 20, train.class_names, seed=0)
freeze_to(model, 6)
before = frozen_hash(model)
fit(model, train.subset(np.arange(48)), epochs=1, lr=3e-4, quiet=True)

# %% tags=["claim"]
claim_value("03.a", "after an epoch of training, everything in the frozen groups is what it was, bit "
            "for bit (1 for yes)", float(frozen_hash(model) == before), at_least=1)

# %% [markdown]
# ### Exercise 03.2
# How many numbers of a torch model are open to training? Write the function that counts them: all
# numbers in all weights that require a gradient. A weight that two layers share counts once.

# %% nbgrader={"grade": false, "grade_id": "answer-03-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def trained_weights(model):
    ### BEGIN SOLUTION
    return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-03-2", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("03.2", trained_weights)

# %% [markdown]
# ### Exercise 03.3
# An optimizer was built while the backbone was frozen, from the weights with `requires_grad` alone. Then
# the backbone was unfrozen, and a training loop in plain torch goes on with **the same optimizer**. What
# happens to the backbone?
#
# - `"a"`: torch stops with an error at the next step of the loop
# - `"b"`: it is trained from now on, with the optimizer's rate
# - `"c"`: its weights get no gradients, so it stays as it is
# - `"d"`: its weights get gradients, and yet it stays as it is

# %% nbgrader={"grade": false, "grade_id": "answer-03-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "d"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-03-3", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("03.3", answer)

# %% [markdown]
# ### An optimizer remembers what it was given
# The case of the exercise, for real. `fit` looks whether the optimizer holds every weight that trains.

# %%
freeze(model)
optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.01)
unfreeze(model)
try:
    fit(model, train, epochs=1, optimizer=optimizer)
except ValueError as error:
    print("fit refuses:", error)

# %% [markdown]
# ## 3 · A first run, watched
# Before the long measurements, one run with open eyes. A quarter of the training drawings is set aside as
# *validation* items, to decide with.

# %%
inner = split_by_group(train, test=0.25, seed=0)
learn, valid = train.subset(inner.train), train.subset(inner.test)
print(f"{len(learn)} pictures to learn from, {len(valid)} to decide with")

# %% [markdown]
# ### Which rate?
# Smith (arXiv:1506.01186) trains for a few dozen steps while the rate grows from step to step, and looks at
# the loss. Too low a rate changes nothing, a good one lets the loss fall, too high a one drives it up.
# `find_rate` does this on a copy of the model and suggests a third of the rate at which the loss is lowest.
#
# > **Before you run it:** heads on frozen features are trained with a rate of 0.003. Will the whole network
# > stand a higher or a lower one?

# %%
record_prediction("03.rate")

# %%
fresh = Classifier(backbone, 20, train.class_names, seed=0)
hold_statistics(fresh)
found = find_rate(fresh, learn, low=1e-5, high=0.1, steps=50)
times = found.suggested / 0.003
show_outcome("03.rate", "higher" if times > 1.5 else "lower" if times < 0.67 else "about the same")
figures.rate_test(found, "one step of 16 pictures at each rate")

# %% [markdown]
# The suggestion is a rate to begin with, from one seed and a few dozen steps; section 4 measures what a
# third of a rate and three times as much are worth. (The test needs a loss that can fall: a head that knows
# its few items by heart has a loss near zero, and the test then shows nothing.)

# %% [markdown]
# ### Head first, then everything
# The head learns on frozen features. They are computed once, so sixty epochs take next to no time
# (whether sixty are wise is asked in section 4). Then the whole network trains. (Kumar and others,
# arXiv:2202.10054, call it *LP-FT*, linear probing then fine-tuning; `fine_tune` does both in one call.)
# BatchNorm keeps its pretrained statistics, as in lesson 02.

# %%
tuned = Classifier(backbone, 20, train.class_names, seed=0)
fit_head(tuned, extract_features(backbone, learn), learn.labels, epochs=60, lr=3e-3,
         schedule="cosine", quiet=True)
head_weights = copy.deepcopy(tuned.state_dict())
print(f"the head alone: {(predict(tuned, valid) == valid.labels).mean():.2f} on validation items")

# %% [markdown]
# Now everything trains. The rate climbs in the first steps (*warm-up*) and then goes down to zero along half a
# cosine. Three epochs are few; they show the course of things in seconds.

# %%
unfreeze(tuned)
hold_statistics(tuned)
told = fit(tuned, learn, epochs=3, lr=4e-4, schedule="cosine", warmup=0.1, validation=valid, quiet=True)
print(f"{told.seconds:.0f} s")

# %%
figures.history(told, "everything trains, after its head")

# %% [markdown]
# The loss on validation items is high from the start, since the head knows its training items by heart and
# is sure of itself; look at the accuracy. It passes that of the head alone within three epochs.
#
# Three signs to know. A training loss that hardly falls: the rate is too low, or too much is frozen. A loss
# that jumps and stays up, accuracy near chance: the rate is too high. A validation accuracy that falls while
# the training loss goes on to fall: the network learns its drawings by heart; stop there (`patience=`).

# %% [markdown]
# ## 4 · What ten seeds say
# One run is a story, not a result. Ten ways of training with ten seeds each take longer than a lesson: they
# were run with the command that the next cell shows, and stored. Each run learned from one view of each
# training drawing of its seed, and was tested on four views of the others, in both styles.
#
# The row *everything* is the reference: head first, then six epochs of the whole network at the rate 0.0003,
# warm-up and cosine, BatchNorm's statistics held. Each other row **changes one thing** of it.

# %%
in_style = load_sweep("vision-tuning", "twemoji")
other_style = load_sweep("vision-tuning", "openmoji")
print("{command}, {date}, {seeds} seeds, {processor}".format(**provenance_of("vision-tuning")))

# %% [markdown]
# A stored table is a promise. Here is one of its runs again, on your machine. `same` is the share of test
# pictures with the same prediction. One view of each test drawing is predicted here; the stored seconds hold
# more, namely four views of each in both styles.

# %%
again = rerun("vision-tuning", ["head only"], None, seeds=[0])
again.round(2)

# %% tags=["claim"]
claim_value("03.b", "a head that is trained again here predicts what the stored table says",
            again.same.mean(), at_least=0.95)

# %% [markdown]
# ### Does it pay to let the backbone move, and how deep?
#
# > **Before you move the slider:** a head on frozen features names about a third of the test pictures. What
# > will tuning the last convolution bring? And everything?

# %%
record_prediction("03.last-convolution")

# %%
depths = ["head only", "last convolution", "from blocks.5", "from blocks.3", "everything"]
figures.depth_explorer({"Twemoji, in style": in_style, "OpenMoji, other style": other_style}, depths)

# %%
gain, gain_elsewhere = (compare(table, "everything", "head only") for table in (in_style, other_style))
last = compare(in_style, "last convolution", "head only")
show_outcome("03.last-convolution", last)
figures.intervals([gain, gain_elsewhere, last], notes=["in style", "other style", "in style"])

# %% tags=["claim"]
claim("03.c", "on drawings in the wild, a tuned network beats a head on frozen features, in style", gain)
claim("03.d", "in style, no gain of the last convolution alone over the head is resolved", last,
      expect="not resolved")

# %% [markdown]
# In style tuning pays, and it pays more the deeper it goes; the last convolution alone brings nothing that ten
# seeds could see. In the other style the same networks gain nothing that is resolved: what was learned belongs to
# the style it was learned from.

# %% [markdown]
# ### Which choices matter?
# Order, statistics, rate, LoRA: each row is a run in which that one thing is other than in *everything*, minus
# *everything*. To the right of zero the change helps.
#
# > **Before you run it:** lesson 02 called moving statistics a trap. Kumar and others found that training all at
# > once distorts good features. Which signs do you expect?

# %%
record_prediction("03.at-once")

# %%
changes = ["all at once", "statistics moving", "rate 0.0001", "rate 0.001", "LoRA"]
effects = {name: compare(in_style, name, "everything") for name in changes}
figures.intervals(list(effects.values()), title="in style")

# %%
figures.intervals([compare(other_style, name, "everything") for name in changes], title="other style")

# %% tags=["claim"]
claim("03.e", "on drawings in the wild, six epochs at the rate 0.0003 beat six at 0.0001, in style",
      effects["rate 0.0001"], expect="less")
claim("03.f", "held BatchNorm statistics beat moving ones, in style", effects["statistics moving"],
      expect="less")
claim("03.g", "tuning everything beats LoRA of rank 8, in style", effects["LoRA"], expect="less")

# %% tags=["claim"]
at_once = compare(other_style, "all at once", "everything")
show_outcome("03.at-once", at_once)
claim("03.h", "training everything at once beats head first on a style that was not trained on", at_once)
claim("03.i", "tuning everything beats tuning from blocks.5 on, in style",
      compare(in_style, "everything", "from blocks.5"))

# %% [markdown]
# The rate 0.001 is not resolved, and why is the most useful thing in this table. Look at every seed:

# %%
by_rate = in_style[in_style.strategy.isin(["head only", "rate 0.0001", "everything", "rate 0.001"])]
every_seed = by_rate.pivot(index="strategy", columns="seed", values="accuracy")
every_seed.round(2)

# %% tags=["claim"]
worst = (every_seed.loc["rate 0.001"] - every_seed.loc["head only"]).min()
claim_value("03.j", "at the rate 0.001, one of ten seeds ends ten points or more below its own frozen head "
            "(difference)", worst, at_most=-0.1, seeds=10)

# %% [markdown]
# At the high rate most seeds do well and some fall far below the head alone. Whoever trains once and is lucky
# publishes that rate; whoever is unlucky writes that fine-tuning does not work. The rate test had warned: the
# loss was lowest near 0.001, and a third of that is what it suggests. (Mosbach and others, arXiv:2006.04884,
# found the same with BERT.)

# %% [markdown]
# ### How long should the head train first?
# Kumar and others found head first as good in domain as all at once, and better out of domain. Here all at once
# is better in the other style. A guess: sixty epochs teach the head its few items by heart, its loss is near zero,
# and what it then sends back to the network says little. If so, a head that is trained for **three** epochs must do
# better. A second stored table tries this, and what more epochs and augmentation bring to *all at once*.

# %%
ways = {place: pd.concat([table, load_sweep("vision-recipe", style)]) for place, table, style in
        (("in style", in_style, "twemoji"), ("other style", other_style, "openmoji"))}
short = [compare(table, "short head first", rival) for rival in ("everything", "all at once")
         for table in ways.values()]
figures.intervals(short, notes=list(ways) * 2)

# %% tags=["claim"]
claim("03.v", "a head start of three epochs beats one of sixty, in style", short[0])
claim("03.w", "a head start of three epochs beats one of sixty in the other style, too", short[1])

# %% [markdown]
# The guess holds. Between the short head start and all at once no difference is resolved, and the short head start
# leaves more of the old answers (section 6). Now length and augmentation (crops, mirrored, in another light), with
# twelve epochs in place of six:

# %%
steps = [("12 epochs", "all at once"), ("12 epochs, augmented", "12 epochs")]
longer = [compare(table, a, b) for a, b in steps for table in ways.values()]
figures.intervals(longer, notes=list(ways) * 2)

# %% tags=["claim"]
claim("03.x", "twelve epochs of everything at once beat six, in style", longer[0])
claim("03.y", "with twelve epochs, augmentation helps in style", longer[2])

# %% [markdown]
# ## 5 · The recipe
# One page to keep. The cell computes what each line rests on; a line whose interval holds zero is advice that
# these data do not decide.

# %%
lines = {
    "Measure frozen features first: the score to beat": ("everything", "head only"),
    "Find the rate by a test; stay below the lowest loss": ("everything", "rate 0.001"),
    "… but not far below": ("everything", "rate 0.0001"),
    "Let early layers train too, not the end alone": ("everything", "from blocks.5"),
    "Hold BatchNorm's statistics": ("everything", "statistics moving"),
    "Train the head first for a few epochs, not to the end": ("short head first", "everything"),
    "Train longer": ("12 epochs", "all at once"),
    "Augment": ("12 epochs, augmented", "12 epochs"),
    "Few weights to store? LoRA, at a price": ("LoRA", "everything"),
    "Long and augmented, against frozen features": ("12 epochs, augmented", "head only"),
}
recipe = pd.DataFrame({place: [compare(table, a, b) for a, b in lines.values()]
                       for place, table in ways.items()}, index=list(lines))
recipe.map(lambda c: f"{c.difference:+.3f} [{c.low:+.3f}, {c.high:+.3f}]")

# %% tags=["claim"]
best = recipe.loc["Long and augmented, against frozen features"]
claim("03.k", "twelve augmented epochs at the rate 0.0003 beat frozen features by more than 5 points in style",
      best["in style"], by=0.05)
claim("03.l", "they beat frozen features in a style that they never saw, too", best["other style"])

# %% [markdown]
# And the size of the pictures? Everything so far was fed with 96×96 pixels, since that is quick. The network was
# trained with 224×224, and the same recipe at that size takes several times as long. Three seeds:

# %%
full_size = pd.concat([ways["in style"], load_sweep("vision-size-tuned", "twemoji")]).query("seed < 3")
size = compare(full_size, "recipe, 224 px", "12 epochs, augmented")
seconds = full_size.groupby("strategy").seconds.median()
print(f"times the CPU seconds: {seconds['recipe, 224 px'] / seconds['12 epochs, augmented']:.1f}")
figures.intervals([size], notes=["in style, three seeds"])

# %% tags=["claim"]
claim("03.aa", "the recipe at 224×224 pixels beats the same recipe at 96×96 by more than 5 points, in style", size,
      by=0.05)

# %% [markdown]
# So the size comes first: try everything small, and run what you keep at the size that the network knows. When to
# stop? When validation accuracy no longer rises (`validation=`, `patience=`). What is *not* measured here: still
# longer training, and the short head start together with the long training. They are the first things to try with
# more time, each beside the row without it.

# %% [markdown]
# ### Further: one rate for each layer group
# Early layers are general, late ones special (lesson 02). So early layers might move less: one
# *discriminative* rate for each group, a factor apart (Howard and Ruder, arXiv:1801.06146), and groups that
# are unfrozen one after the other. Neither is measured here. `fit` takes such rates as a slice:

# %%
by_group = param_groups(tuned, lr=slice(3e-5, 1e-3))
pd.Series({names[group["layer_group"]]: group["lr"] for group in by_group}, name="rate").map("{:.1e}".format)

# %% [markdown]
# ### Exercise 03.4
# One learning rate per layer group: return `n` rates, from `low` for the first group to `high` for
# the last, with **the same factor** from each to the next. A single group is the last one: with
# `n=1` return `[high]`.

# %% nbgrader={"grade": false, "grade_id": "answer-03-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def rates(low, high, n):
    ### BEGIN SOLUTION
    if n == 1:
        return [high]
    factor = (high / low) ** (1 / (n - 1))
    return [low * factor**i for i in range(n)]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-03-4", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("03.4", rates)

# %% [markdown]
# ## 6 · What is forgotten, and how to get some of it back
# The backbone knew a thousand kinds of photographs. Does it still, after it learned twenty kinds of
# drawings? We put ImageNet's own last layer back on top and ask it about photographs: eighty crops of two
# pictures that scikit-learn ships. Nobody labelled the crops; we ask whether the **answer is the old one**.

# %%
photographs = photograph_crops(40)
figures.contact_sheet(photographs, per_class=8)

# %%
kept = ways["in style"].set_index("strategy").agreement
figures.forgetting_bars(kept.loc[[*depths, "LoRA", "short head first", "statistics moving", "all at once",
                                  "12 epochs, augmented", "rate 0.001"]])

# %% [markdown]
# The head alone forgets nothing, it cannot. From `blocks.5` on, most answers change. All at once leaves hardly
# anything, and neither does the high rate; a short head start leaves some. Two photographs are an
# illustration, no more; every seed is a point. (With LoRA the old network is still there: take the adapter off,
# and every old answer is back.)

# %% tags=["claim"]
left = kept.groupby("strategy").mean()
claim_value("03.m", "tuning everything leaves less than half of the old answers (share)",
            left["everything"], at_most=0.5, seeds=10)
claim_value("03.n", "at the rate 0.001 hardly any old answer is left (share)", left["rate 0.001"],
            at_most=0.05, seeds=10)
claim_value("03.o", "moving statistics leave at most half of what held ones leave (ratio)",
            left["statistics moving"] / left["everything"], at_most=0.5, seeds=10)
claim_value("03.p", "LoRA keeps at least 1.3 times the old answers of tuning everything (ratio)",
            left["LoRA"] / left["everything"], at_least=1.3, seeds=10)

# %% [markdown]
# **The repair.** Wortsman and others (arXiv:2109.01903) found that the weights *between* old and new are
# often good networks too: (1 − s) · old + s · new, for each weight, where s is the share of the new. For
# *old* we take the network whose head alone was trained, from section 3, so that both ends have a head.
#
# > **Before you run it:** at half and half, will the network do the new task, the old one, both or neither?

# %%
record_prediction("03.half")

# %%
new_weights = copy.deepcopy(tuned.state_dict())
mixes = measure_mixes(tuned, head_weights, new_weights, on_new=valid, on_old=agreement, shares=5)
figures.mix_curve(mixes, "one seed, validation items", old="share of old answers")

# %% [markdown]
# The more of the old weights, the more old answers come back, and nothing was trained for it. What does a mix
# lose at the new task? One seed and so few validation items cannot tell. Ten seeds of the half-and-half mix on
# test pictures can:

# %%
mixed = pd.concat([in_style, load_sweep("vision-mixes", "twemoji")])
half = [compare(mixed, "half and half", rival) for rival in ("everything", "head only")]
figures.intervals(half, notes=["in style"] * 2)

# %% tags=["claim"]
claim("03.s", "the half-and-half mix is behind the tuned network by less than 3 points, in style", half[0],
      by=-0.03)
claim("03.z", "the half-and-half mix still beats a head on frozen features, in style", half[1])
still = mixed.groupby("strategy").agreement.mean()
claim_value("03.r", "the half-and-half mix keeps at least 1.3 times the old answers of the tuned network (ratio)",
            still["half and half"] / still["everything"], at_least=1.3, seeds=10)
keeps = {"new": half[1].low > 0, "old": still["half and half"] > 1.3 * still["everything"]}
show_outcome("03.half", " and ".join(task for task, kept in keeps.items() if kept) or "neither")

# %% [markdown]
# The mix keeps more of both than one would expect from an average: more old answers than the tuned network, for
# one to three points of the new task. Which share to take depends on what the two tasks are worth to you; choose
# it on validation items.

# %% [markdown]
# ## 7 · LoRA: few weights, trained
# LoRA (Hu and others, arXiv:2106.09685) keeps a weight matrix *W* frozen and trains two thin ones beside
# it: *W* + α/r · *B A*, where *A* has *r* rows and *B* has *r* columns. *B* starts at zero, so the first
# output is the old one; α only scales the product. What is saved and sent is small: one network, many
# adapters. In our network the matrices are those of the 1×1 convolutions, which mix channels at each
# place of the picture as a linear layer would. The head is trained along.

# %%
adapted = add_lora(Classifier(backbone, 20, train.class_names, seed=0), rank=8)
trained, total = count_weights(adapted)
print(f"{trained:,} of {total:,} weights train: {trained / total:.1%}")

# %% [markdown]
# LoRA was made for language models with billions of weights, where it saves the optimizer's memory. On a
# small convolutional network it is here to be understood; lesson 06 uses it where it belongs.

# %% [markdown]
# ### Exercise 03.5
# Write what a linear layer with LoRA computes, in numpy and without bias. `x` has the shape (n, in),
# the frozen weight `W` (out, in), `A` (rank, in) and `B` (out, rank). The product of `B` and `A` is
# scaled by `alpha` / rank and added to `W`. Return an array of shape (n, out).

# %% nbgrader={"grade": false, "grade_id": "answer-03-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lora_forward(x, W, A, B, alpha):
    ### BEGIN SOLUTION
    rank = A.shape[0]
    return x @ (W + alpha / rank * B @ A).T
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-03-5", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("03.5", lora_forward)

# %% [markdown]
# ### Exercise 03.6
# A linear layer takes 640 numbers to 1,280 and has no bias. It is adapted by LoRA of rank 8. How
# many numbers are trained in it?

# %% nbgrader={"grade": false, "grade_id": "answer-03-6", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put a number here
### BEGIN SOLUTION
answer = 8 * 640 + 1280 * 8
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-03-6", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("03.6", answer)

# %% [markdown]
# What did it cost, and what did it bring?

# %%
summary = in_style.groupby("strategy").agg(
    accuracy=("accuracy", "mean"), cpu_seconds=("seconds", "median"),
    trained_weights=("trained_weights", "first"), old_answers=("agreement", "mean"))
summary.loc[["head only", "last convolution", "LoRA", "from blocks.5", "everything"]].round(3)

# %% tags=["claim"]
claim_value("03.q", "LoRA takes at least 70 % of the CPU seconds of tuning everything (ratio)",
            summary.cpu_seconds["LoRA"] / summary.cpu_seconds["everything"], at_least=0.7)

# %% [markdown]
# LoRA trains a few per cent of the weights. It hardly saves time here, since forward and backward go
# through the whole network as before. It was made for language models with billions of weights, where it
# saves the optimizer's memory; lesson 06 uses it there.

# %% [markdown]
# ## 8 · In practice: interrupted, saved, loaded
# A laptop closes, a machine is taken away. With `checkpoint=`, `fit` writes its state after each epoch
# and goes on from there. The result is that of a run without interruption, to the last bit.

# %%
few = train.subset(np.arange(48))

def short_run(epochs, checkpoint=None):
    one = Classifier(backbone, 20, train.class_names, seed=0)
    freeze_to(one, 8)
    fit(one, few, epochs=epochs, lr=1e-3, checkpoint=checkpoint, quiet=True)
    return one

with tempfile.TemporaryDirectory() as folder:
    short_run(1, Path(folder) / "run.pt")            # the machine is taken away after one epoch
    resumed = short_run(3, Path(folder) / "run.pt")  # the same call with three epochs goes on
whole = short_run(3)

# %% tags=["claim"]
same = all(torch.equal(a, b) for a, b in zip(resumed.parameters(), whole.parameters(), strict=True))
claim_value("03.t", "a run that was cut and went on ends with the weights of one that was not (1 for "
            "yes)", float(same), at_least=1)

# %% [markdown]
# A saved model must know its classes, in their order: index 3 means nothing by itself. `save` writes the
# names along, and `load` refuses a data set that has others.

# %%
with tempfile.TemporaryDirectory() as folder:
    tuned.save(Path(folder) / "emoji.safetensors")
    loaded = Classifier.load(Path(folder) / "emoji.safetensors", class_names=train.class_names)
    try:
        Classifier.load(Path(folder) / "emoji.safetensors", class_names=sorted(train.class_names)[::-1])
    except ValueError as error:
        print("refused:", str(error).split("safetensors")[-1])
print("same predictions:", (predict(loaded, valid) == predict(tuned, valid)).all())

# %% [markdown]
# ## 9 · The same in plain torch
# What `fit` does, without the course's helpers: what trains and what is frozen, a `DataLoader`, a device, an
# optimizer, BatchNorm in evaluation mode. With your own folder, `torchvision.datasets.ImageFolder` takes the
# place of `TensorDataset`. One batch holds all pictures, so that no order matters and both must agree.

# %%
from torch.utils.data import DataLoader, TensorDataset

device = "cuda" if torch.cuda.is_available() else "cpu"
plain = Classifier(backbone, 20, train.class_names, seed=0).to(device)
plain.requires_grad_(False)
for layer in layer_groups(plain)[8] + layer_groups(plain)[9]:  # the last convolution and the head
    layer.requires_grad_(True)
trained = [p for p in plain.parameters() if p.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=1e-3, weight_decay=0.01)
batch = train.subset(np.linspace(0, len(train) - 1, 16).astype(int))
loader = DataLoader(TensorDataset(plain.transform(batch.pixels), torch.tensor(batch.labels)), batch_size=16)

# %%
for _ in range(3):
    plain.eval()  # BatchNorm uses its pretrained statistics
    for pictures, labels in loader:
        loss = nn.functional.cross_entropy(plain(pictures.to(device)), labels.to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

# %%
ours = Classifier(backbone, 20, train.class_names, seed=0)
freeze_to(ours, 8)
hold_statistics(ours)
fit(ours, batch, epochs=3, lr=1e-3, batch_size=16, quiet=True)
apart = max((a.detach().cpu() - b.detach().cpu()).abs().max()
            for a, b in zip(plain.parameters(), ours.parameters(), strict=True))

# %% tags=["claim"]
claim_value("03.u", "the plain loop ends with the weights of fit (largest difference)",
            float(apart), at_most=1e-3)

# %% [markdown]
# ### Exercise 03.7
# The whole way, data in, a number with its interval out. `model` is any model that gives logits; some
# of its weights may be frozen. `x` is a float tensor (n, …), `y` an int64 tensor (n,), `train` and `test`
# are arrays of indices. Write `transfer` so that it
#
# - tunes all that is not frozen, in `model` itself, in `epochs` steps: each on the mean cross-entropy of all
#   training items and of nothing else, with any optimizer of `torch.optim` at the constant rate `lr` (a step
#   by hand is weight − lr · gradient);
# - leaves what is frozen as it is: a frozen BatchNorm layer stays in evaluation mode, or its running statistics
#   would move;
# - then measures once, after the last step, on the test items, in evaluation mode; the model gets the items of
#   `x` as they are;
# - returns three numbers: the accuracy on the test items, and the lower and the upper end of its 95 %
#   interval, from `wilson(right, n)`.
#
# Plain torch will do: `model(x[train])`, a loss and its `backward()`. So will the course's `fit` and `predict`,
# which also take a function from indices to inputs, such as `lambda items: x[train][items]`; `fit` makes one
# step per epoch if `batch_size` is the number of training items.

# %% nbgrader={"grade": false, "grade_id": "answer-03-7", "locked": false, "schema_version": 3, "solution": true, "task": false}
def transfer(model, x, y, train, test, lr, epochs):
    ### BEGIN SOLUTION
    hold_statistics(model)
    fit(model, lambda items: x[train][items], y[train], epochs=epochs, lr=lr,
        batch_size=len(train), quiet=True)
    predicted = predict(model, lambda items: x[test][items], len(test))
    right = int((predicted == y[test].numpy()).sum())
    low, high = wilson(right, len(test))
    return right / len(test), low, high
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-03-7", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("03.7", transfer)
# %% [markdown]
# ## What we measured
# Many claims, each with its own chance to hold by luck; they are not corrected for their number.

# %%
claims_table()

# %% [markdown]
# ## Quiz
# Six questions about this lesson. Each wrong answer gets a hint, and another round asks other questions.

# %%
quiz("03")

# %% [markdown]
# ## What comes next
# - **Lesson 04** asks when all this pays: every strategy, from one label to all, with labels, trials and
#   seconds counted.
# - To read: Kumar and others on head first (arXiv:2202.10054), Wortsman and others on mixing weights
#   (arXiv:2109.01903), Howard and Ruder on rates and gradual unfreezing (arXiv:1801.06146), Hu and others on
#   LoRA (arXiv:2106.09685).
