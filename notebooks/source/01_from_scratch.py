# %% [markdown]
# # 01 · From scratch: what can a few labels teach an empty network?
#
# **The question.** Before we reuse anything, we need to know what it has to beat. How good does a
# network get that starts with random weights and sees nothing but our own few labels? Do tricks of
# training, or simply more of it, make up for what it does not know?
#
# **After this lesson you can**
# - split data so that a test means something, and say why the test set is opened once;
# - draw the lines for chance and majority, below which nothing counts;
# - write a training loop, see when a network only learns by heart, and stop it in time;
# - draw a learning curve over labels per class for a network trained from scratch;
# - say, with an interval, what augmentation, longer training and reused weights bought.
#
# **Time**: {{reading}} of reading, {{exercises}}, {{computing}} of computing (recorded on another
# machine; lesson 00 shows it for yours). **Needs**: lesson 00.

# %%
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
import torchvision.transforms.v2 as T
from torch import nn

from tlhelpers import figures
from tlhelpers.course import check, claim, claim_value, claims_table, quiz, record_prediction, show_outcome
from tlhelpers.data import chance, duplicates_across, load_emoji, majority, split_by_group
from tlhelpers.evaluation import compare, price_list, repeat
from tlhelpers.experiments import load_sweep, provenance_of, rerun
from tlhelpers.models import (
    Classifier, SmallCNN, extract_features, linear_head, load_backbone, nearest_neighbours, raw_pixels,
)
from tlhelpers.training import count_weights, fit, predict

# %% [markdown]
# ## The set-up

# %%
figures.setup_diagram("a drawing,\n32×32 px", [("4 convolutions", "trained"), ("linear head", "trained")],
              "one of\n10 classes")

# %% [markdown]
# Nothing is reused: all weights are drawn at random and all of them are trained. The task is that of
# lesson 00: ten classes of emoji, as Twemoji draws them. Here they are 32 pixels high, to keep
# training fast.

# %%
emoji = load_emoji("twemoji", size=32)
print(emoji)
figures.contact_sheet(emoji, per_class=10)

# %% [markdown]
# ## 1 · A test that means something
# A model is good if it is right about drawings **that it has never seen**. So some drawings are put
# aside before anything is learned:
#
# - the model learns from the **training** items;
# - the **validation** items are for decisions: which setting, when to stop;
# - the **test** items are used once, at the end, and the accuracy on them is the one to report.

# %% [markdown]
# ### Two lines below which nothing counts
# *Chance* is guessing among ten classes. *Majority* is always saying the most common class of the
# training items. A model that does not beat both has learned nothing that a constant could not do.

# %%
split = split_by_group(emoji, test=0.3, seed=0)
print(split)

# %%
ten_splits = [split_by_group(emoji, test=0.3, seed=seed) for seed in range(10)]
same_answer = np.mean([majority(emoji.labels[s.train], emoji.labels[s.test]) for s in ten_splits])
lines = {"chance": chance(emoji.labels), "majority": same_answer}
print({name: round(float(value), 3) for name, value in lines.items()})

# %% [markdown]
# ### Exercise 01.1
# A third model that never looks at a picture guesses at random, and each class **as often as it
# comes in training**. Write the accuracy that it reaches on the **test** labels on average, without
# drawing anything. Labels are whole numbers from 0 on, shape (n,); not every number need occur, and
# a class may be missing on one side. Return one number between 0 and 1.

# %% nbgrader={"grade": false, "grade_id": "answer-01-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def guess_as_often(train_labels, test_labels):
    ### BEGIN SOLUTION
    return np.mean([(train_labels == label).mean() for label in test_labels])
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-01-1", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("01.1", guess_as_often)

# %% [markdown]
# ### Copies on both sides
# The first way to fool oneself: something like the test item is among the training items. It
# happens whenever copies are made **before** the split: augmented copies, frames of one film, slices
# of one patient.
#
# We make one changed copy of every drawing (moved, turned, scaled a little). One learner gets copies
# of training drawings only. For the other one the copies were made before the split, so they are
# copies of any drawing, also of test drawings. Both have the same number of items, and both are
# tested on the same unchanged drawings.
#
# From here on we write *strategies* of our own. A strategy is a function that `repeat` calls with a
# *trial*: the items to learn from (`trial.train`), the items to predict (`trial.test`) and a seed
# (`trial.seed`). It gives the predicted labels of the test items.

# %%
change = T.Compose([T.RandomAffine(8, translate=(0.06, 0.06), scale=(0.9, 1.1), fill=255)])
torch.manual_seed(0)
copies = torch.stack([change(torch.tensor(p).permute(2, 0, 1)) for p in emoji.pixels])
rows = np.concatenate([raw_pixels(emoji), copies.float().flatten(1).numpy() / 255])
labels_twice = np.tile(emoji.labels, 2)

# %%
def with_copies(head, of_test):
    def strategy(trial):
        pool = np.concatenate([trial.train, trial.test]) if of_test else trial.train
        chosen = np.random.default_rng(trial.seed).permutation(pool)[:len(trial.train)]
        return head(replace(trial, train=np.concatenate([trial.train, len(emoji) + chosen])))
    return strategy

head = nearest_neighbours(rows, labels_twice)
leak = repeat({"copies of anything": with_copies(head, True),
               "copies of training items": with_copies(head, False)}, emoji, labels=[None])

# %% tags=["claim"]
claim("01.a", "copies of test drawings among the training items make the same learner look better",
      compare(leak, "copies of anything", "copies of training items"))

# %% [markdown]
# Nothing was learned better; the test became easier. So `split_by_group` splits by *group* (here: by
# emoji, whatever the drawing style), never by item.
#
# Exact copies can be found afterwards, since equal pictures have equal hashes. Changed copies, like
# those above, cannot.

# %%
print(len(duplicates_across(emoji, split)), "pairs of equal drawings across this split")

# %% [markdown]
# ### Exercise 01.2
# Several items may share a group, as drawings of one thing do. `groups` holds the name of each
# item's group, a text array of shape (n,). Write a split by whole groups: no group is on both
# sides, every item is on exactly one, and about `share` of the **groups** (rounded up or down),
# drawn at random, are test groups. The same `seed` always gives the same split, also in another Python process, and
# another seed gives another split. Return two arrays of indices: the training items, then the test
# items.

# %% nbgrader={"grade": false, "grade_id": "answer-01-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def split_by_name(groups, share, seed):
    ### BEGIN SOLUTION
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    in_test = np.isin(groups, names[:round(share * len(names))])
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-01-2", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("01.2", split_by_name)

# %% [markdown]
# ### Why open the test set once?
# The second way to fool oneself is to look too often.
#
# > **Before you run it:** two hundred "models" guess at random. What will the best of them reach on
# > the test set? What will *that same model* reach on other drawings?

# %%
record_prediction("01.guessers")

# %%
rng = np.random.default_rng(0)
guesses = rng.integers(0, 10, size=(200, len(emoji)))
right = guesses == emoji.labels

on_test = right[:, split.test].mean(axis=1)
winner = on_test.argmax()
print(f"best of 200 guessers on the test set: {on_test[winner]:.2f}")
print(f"the same guesser on other drawings:   {right[winner, split.train].mean():.2f}")
show_outcome("01.guessers", on_test[winner])

# %% [markdown]
# No guesser knows anything. But whoever tries two hundred and reports the best has a "result". Once
# may be luck, so we repeat the game a thousand times and look at the mean.

# %% tags=["claim"]
games = rng.binomial(len(split.test), 0.1, size=(1000, 200)).max(axis=1) / len(split.test)
low, high = np.quantile(games, [0.025, 0.975])
claim_value("01.b", "the best of 200 guessers looks clearly better than chance, 0.1, on the test set "
            "that it was picked by", games.mean(), low, high, at_least=0.13)

# %% [markdown]
# That is why every choice in this course (a layer, a rate, a number of epochs) is made on training
# items, some of which are set aside as validation items. The test items only judge.

# %% [markdown]
# ### Exercise 01.3
# Twelve settings were trained, each was measured on the test drawings, and the best of the twelve
# is reported with that number. What is that number?
#
# - `"a"`: a fair estimate, since no test drawing was used in training
# - `"b"`: too low on average, since the eleven others pull it down
# - `"c"`: too high on average, but right with all twelve listed beside it
# - `"d"`: too high on average, so choose on validation items instead

# %% nbgrader={"grade": false, "grade_id": "answer-01-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "d"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-01-3", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("01.3", answer)

# %% [markdown]
# ## 2 · A small network, written out
# Our network is made of four equal blocks. In a block, a 3×3 *convolution* slides small filters over
# the picture, one for each output channel, with 3×3 numbers for every input channel. *BatchNorm*
# brings each channel to mean 0 and variance 1, *ReLU* sets what is negative to 0, and *max pooling*
# keeps the largest of each 2×2 pixels. After four blocks, 32×32 pixels have become 2×2 places with
# 128 channels. Their mean goes into a linear head.

# %% [markdown]
# ### Exercise 01.4
# A 3×3 convolution from 32 to 64 channels, without bias, is followed by BatchNorm over its 64
# channels, with a weight and a bias for each. How many trained weights have the two layers
# together?

# %% nbgrader={"grade": false, "grade_id": "answer-01-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put a number or a calculation here
### BEGIN SOLUTION
answer = 3 * 3 * 32 * 64 + 2 * 64
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-01-4", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("01.4", answer)

# %% [markdown]
# ### Exercise 01.5
# Write the block that small networks are made of, as an `nn.Sequential`: a 3×3 convolution with
# padding 1, BatchNorm, ReLU, 2×2 max pooling. It turns `channels_in` channels into `channels_out`
# and halves height and width. A bias in the convolution is allowed.

# %% nbgrader={"grade": false, "grade_id": "answer-01-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv_block(channels_in, channels_out):
    ### BEGIN SOLUTION
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-01-5", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("01.5", conv_block)

# %% [markdown]
# `SmallCNN` is four such blocks and the mean over the places that are left. With a linear head behind
# it, the network is complete.

# %%
def new_network():
    torch.manual_seed(0)
    return nn.Sequential(SmallCNN(32, seed=0), nn.Linear(128, 10))

network = new_network()
print(f"{count_weights(network)[0]:,} weights, all trained")

# %% [markdown]
# ## 3 · The training loop, once by hand
# *Forward*: the network's answer. *Loss*: cross-entropy, large where the right class got a small
# probability. *Backward*: the gradient of the loss for every weight. *Step*: each weight moves a
# little against its gradient. AdamW is a rule for the size of that step, and `lr`, the *learning rate*,
# scales it. An *epoch* is one pass over all training drawings, in *batches* of about fifteen.
#
# A quarter of the training drawings become validation items: the loop measures the accuracy on them
# after every epoch. The test drawings stay closed.

# %%
inner = split_by_group(emoji.subset(split.train), test=0.25, seed=0)
learn, validate = (emoji.subset(split.train[part]) for part in (inner.train, inner.test))
print(f"{len(learn)} drawings to learn from, {len(validate)} to validate")

# %%
def to_input(drawings):
    return torch.tensor(drawings.pixels).permute(0, 3, 1, 2) / 127.5 - 1

def accuracy_on(drawings):
    network.eval()
    with torch.no_grad():
        return (network(to_input(drawings)).argmax(1).numpy() == drawings.labels).mean()

optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
shuffle = np.random.default_rng(0)

# %%
rows_of_history = []
for epoch in range(1, 31):
    network.train()
    for items in np.array_split(shuffle.permutation(len(learn)), 10):
        batch = learn.subset(items)
        loss = nn.functional.cross_entropy(network(to_input(batch)), torch.tensor(batch.labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    rows_of_history.append({"epoch": epoch, "loss": loss.item(), "training": accuracy_on(learn),
                            "validation": accuracy_on(validate)})

# %%
by_hand = pd.DataFrame(rows_of_history)
by_hand.iloc[[0, 4, 9, 19, 29]].round(2)

# %% [markdown]
# The two columns on the right are accuracies. On the drawings that it learned from, the network becomes
# nearly perfect. On the others it stops far below: it knows its training drawings by heart.

# %% [markdown]
# ### The same with `fit`
# `fit` is this loop with what one needs around it: validation items, stopping early, a schedule for the
# learning rate, a history, going on after an interruption.

# %%
model = Classifier(SmallCNN(32, seed=0), 10, emoji.class_names)
training = fit(model, learn, epochs=40, lr=3e-3, validation=validate, patience=10, quiet=True)
print(f"stopped after {len(training.table)} epochs, best epoch {training.best_epoch}")
figures.history(training.table, "a small network from scratch")

# %% [markdown]
# On the validation items the loss stops falling while the training loss goes on to nearly zero. With
# `patience=10` training stops ten epochs after the lowest validation loss, and the weights of that
# epoch are put back.
#
# ### Exercise 01.6
# Write this rule. `losses` is a list with the validation losses of the first epoch, the second, and so
# on. Training stops as soon as `patience` epochs in a row were not lower than the lowest loss so far
# (an equal one is not lower), and at the end of the list at the latest. Return two whole numbers, both
# counted from 1: after how many epochs training stops, and which of these epochs was the best one, the
# first one if several are equally low.

# %% nbgrader={"grade": false, "grade_id": "answer-01-6", "locked": false, "schema_version": 3, "solution": true, "task": false}
def stop_early(losses, patience):
    ### BEGIN SOLUTION
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best == patience:
            break
    return epoch + 1, best + 1
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-01-6", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("01.6", stop_early)

# %% [markdown]
# What does this network get wrong? Here are validation drawings with its answers.

# %%
figures.prediction_grid(validate.subset(range(0, len(validate), 3)),
                        predict(model, validate)[::3], columns=9)

# %% [markdown]
# ## 4 · The learning curve
# Ten seeds: each has its own split, its own labels and its own random weights, so that all that is
# left to chance varies. The learning rate climbs during the first tenth of the steps (*warm-up*) and then
# goes down to zero along half a cosine. The rival is a linear head on raw pixels, no network at all.
#
# > **Before you run it:** which one is better with one label per class, network or pixels? And with
# > all labels?

# %%
record_prediction("01.one-label")

# %%
def small_network(trial, epochs=25, augment=None):
    seed = trial.seed
    model = Classifier(SmallCNN(32, seed=seed), 10, emoji.class_names, seed)
    fit(model, emoji.subset(trial.train), epochs=epochs, lr=3e-3, schedule="cosine", warmup=0.1,
        augment=augment, seed=seed, quiet=True)
    return predict(model, emoji.subset(trial.test))

# %%
rivals = {"from scratch": small_network,
          "raw pixels": linear_head(raw_pixels(emoji), emoji.labels)}
few_labels = repeat(rivals, emoji, labels=[1, 2, 5], seeds=10, n_jobs=2)

# %%
ten_labels = repeat(rivals, emoji, labels=[10], seeds=10, n_jobs=2)

# %%
all_labels = repeat(rivals, emoji, labels=[None], seeds=10, n_jobs=2)
runs = pd.concat([few_labels, ten_labels, all_labels], ignore_index=True)

# %%
figures.learning_curves(runs, lines)

# %% tags=["claim"]
everything = runs.whole
claim("01.c", "with all labels, the network from scratch beats raw pixels",
      compare(runs, "from scratch", "raw pixels", labels=everything))

# %% [markdown]
# And at the left end of the curve?

# %%
at_left = compare(runs, "from scratch", "raw pixels", labels=1)
print(at_left)
show_outcome("01.one-label", at_left)
with_one = runs[runs["labels"] == 1].groupby("strategy", sort=False).accuracy.mean()
with_one["majority line"] = same_answer
with_one.round(2)

# %% [markdown]
# With one label per class neither is clearly above the majority line, which needs no picture at all. Ten
# drawings teach an empty network next to nothing.

# %% [markdown]
# Do more labels still help at the right end of the curve, from ten per class to all? (`compare` takes
# strategies, so the two numbers of labels take their place here.)

# %% tags=["claim"]
ends = runs[(runs.strategy == "from scratch") & runs["labels"].isin([10, everything])]
ends = ends.assign(strategy=ends["labels"].map({10: "ten labels", everything: "all labels"}), labels=0)
claim("01.d", "all labels instead of ten per class make the network from scratch better",
      compare(ends, "all labels", "ten labels"))

# %% [markdown]
# Every point costs labels, and labels cost somebody's time. The question of this course is whether what
# another model has already learned can stand in for them.

# %% [markdown]
# ## 5 · What does augmentation buy?
# *Augmentation* shows each drawing a little changed in every epoch: mirrored, turned, moved, scaled.
# The class stays, the pixels do not. It promises more data for free. (For digits, mirroring would
# change the class: an augmentation is a statement about what does not matter.)

# %%
augment = T.Compose([T.RandomHorizontalFlip(),
                     T.RandomAffine(10, translate=(0.08, 0.08), scale=(0.85, 1.1), fill=255)])
one = torch.tensor(emoji.pixels[3]).permute(2, 0, 1)
torch.manual_seed(0)
shown = torch.stack([one, *(augment(one) for _ in range(7))]).permute(0, 2, 3, 1).numpy()
figures.picture_row(shown, ["as drawn", *["changed"] * 7])

# %% [markdown]
# > **Before you run it:** all labels, the same number of epochs, eight seeds. By how many points will
# > the accuracy rise?

# %%
record_prediction("01.augmented")

# %%
def augmented_network(trial):
    return small_network(trial, augment=augment)

with_augmentation = repeat({"augmented": augmented_network}, emoji, labels=[None], seeds=8, n_jobs=2)
plain = runs[(runs["labels"] == everything) & (runs["seed"] < 8)]
gain = compare(pd.concat([plain, with_augmentation]), "augmented", "from scratch")
print(gain)
show_outcome("01.augmented", gain)

# %% [markdown]
# With the same twenty-five epochs, eight seeds resolve no difference. Changed drawings are harder to learn by
# heart, so they may need more epochs; the next section gives them more than twice as many. (A verdict this
# near to zero could come out otherwise on another processor, so it is no claim.)
#
# ### Exercise 01.7
# Which of these augmentations breaks the labels?
#
# - `"a"`: mirroring road signs, labelled *turn left* or *turn right*
# - `"b"`: mirroring drawings of animals, labelled *mammal* or *bird*
# - `"c"`: moving handwritten digits by one pixel, labelled *0* to *9*
# - `"d"`: darkening photographs of flowers, labelled by their species

# %% nbgrader={"grade": false, "grade_id": "answer-01-7", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "a"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-01-7", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("01.7", answer)

# %% [markdown]
# ## 6 · Does scratch catch up if it trains longer?
# He and others (arXiv:1811.08883) found that a network from scratch, *given enough time and enough
# data*, catches up with a pretrained one. We have little data, so this is a question. Training for
# hundreds of epochs with ten seeds takes longer than a lesson should. So these runs were made once, with
# `python3 -m tlhelpers sweep vision-schedules`, and stored. All learned from all labels, about twenty
# per class, on the ten splits that you see here.

# %%
schedules, made = load_sweep("vision-schedules"), provenance_of("vision-schedules")
print(f"{made['seeds']} seeds, made on {made['date']}, {made['processor']}")
price_list(schedules).drop(columns="labels").round(2)

# %% [markdown]
# *small* is the network above, *large* is EfficientNet-Lite0 with random weights and 96×96 pixels. Can you
# trust a stored table? Two of its runs again, on your machine: the next cell measures on which share of the
# test drawings the new networks say what the table says.

# %% tags=["claim"]
again = rerun("vision-schedules", ["small, 10 epochs"], None, seeds=[0, 1])
claim_value("01.e", "small networks that are trained again here agree with the stored table on most "
            "drawings", again.same.mean(), at_least=0.8)

# %%
longest = compare(schedules, "small, 300 epochs", "small, 10 epochs")
changed = compare(schedules, "small, augmented, 100 epochs", "small, 100 epochs")
large = compare(schedules, "large, 24 epochs", "large, 8 epochs")
figures.intervals([longest, changed, large])

# %% [markdown]
# Ten seeds resolve no gain for the small network, neither from thirty times as many epochs nor from
# augmentation over a hundred epochs; a small gain remains possible. The large network, far below the small
# one, still got better from 8 to 24 epochs. Where it would have stopped was not measured.

# %% tags=["claim"]
claim("01.f", "thirty times as many epochs make the small network better by less than ten points "
      "(stored table)", compare(schedules, "small, 10 epochs", "small, 300 epochs"), by=-0.1)

# %% [markdown]
# ## 7 · The network that knows photographs
# Now the rival from lesson 00: frozen ImageNet features and a linear head. Its backbone takes 96×96 pixels,
# our small network 32×32. A comparison that changes two things at once explains neither, so there are two
# rows: drawings drawn at 96 pixels, and *the very drawings of this lesson*, scaled up from 32 to 96. In
# these is nothing that the small network could not see as well.
#
# > **Before you run it:** how much worse will the head get if its drawings were scaled up from 32 pixels?

# %%
record_prediction("01.scaled-up")

# %%
backbone = load_backbone("efficientnet_lite0", size=96)
start = time.perf_counter()
drawn_at_96 = extract_features(backbone, load_emoji("twemoji", size=96), cache=False)
pass_seconds = time.perf_counter() - start
scaled_up = extract_features(backbone, emoji)

# %%
heads = {"frozen, drawn at 96 px": linear_head(drawn_at_96, emoji.labels),
         "frozen, 32 px scaled up": linear_head(scaled_up, emoji.labels)}
frozen = repeat(heads, emoji, labels=[1, 2, 5, 10, None], seeds=10)
finer = compare(frozen, "frozen, drawn at 96 px", "frozen, 32 px scaled up", labels=everything)
print(finer)
show_outcome("01.scaled-up", finer)
figures.learning_curves(pd.concat([runs, frozen], ignore_index=True), lines)

# %% [markdown]
# Both frozen curves lie above everything that was trained from scratch, and ten seeds do not show that the
# finer drawings help. The schedules of section 6 were
# made on the same ten splits, so the best of them can be compared drawing by drawing.

# %% tags=["claim"]
all_frozen = pd.concat([schedules, frozen[frozen["labels"] == everything]])
longest_small = "small, 300 epochs"
claim("01.g", "with all labels, frozen ImageNet features beat the small network's longest schedule",
      compare(all_frozen, "frozen, drawn at 96 px", longest_small))
claim("01.h", "with all labels, frozen ImageNet features of the small network's own 32-pixel drawings "
      "beat its longest schedule, too", compare(all_frozen, "frozen, 32 px scaled up", longest_small))

# %% tags=["claim"]
few_frozen = pd.concat([runs, frozen], ignore_index=True)
claim("01.i", "with five labels per class, frozen features of the same 32-pixel drawings beat the network "
      "from scratch", compare(few_frozen, "frozen, 32 px scaled up", "from scratch", labels=5))

# %% [markdown]
# ### Exercise 01.8
# What does the row *32 px scaled up* add to this comparison?
#
# - `"a"`: it shows that scaling a drawing up adds detail to it
# - `"b"`: it shows that frozen features need no labels at all
# - `"c"`: it rules out that the lead is due to sharper input
# - `"d"`: it rules out that the lead is due to the test drawings

# %% nbgrader={"grade": false, "grade_id": "answer-01-8", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "c"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-01-8", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("01.8", answer)

# %% [markdown]
# And the cost, on your machine? A frozen pass is made once and serves every head that follows. It used
# all cores, the small networks had one each, so compare the size of these numbers and not their digits.

# %%
at_all = {name: own[own["labels"] == everything].seconds.median() for name, own in
          few_frozen.groupby("strategy")}
print(f"frozen pass over all drawings: {pass_seconds:.1f} s, then a head: "
      f"{at_all['frozen, drawn at 96 px']:.2f} s per seed")
print(f"small network, 25 epochs: {at_all['from scratch']:.1f} s per seed")

# %% [markdown]
# So on these few drawings scratch does **not** catch up, as long as it was trained here. He and others said
# *enough data*: whether more drawings would change the answer was not tried. (No setting was tuned, neither
# of the networks nor of the heads.)

# %% [markdown]
# ## What we measured

# %%
claims_table()

# %% [markdown]
# ## Quiz
# Six questions about this lesson. Each wrong answer gets a hint, and another round asks other questions.

# %%
quiz("01")

# %% [markdown]
# ## What comes next
# - **Next lesson**: `02_feature_extraction.ipynb` keeps the pretrained network frozen and asks how far
#   that carries.
# - **Lesson 03** lets its weights move, and **lesson 04** helps to choose.
# - He, Girshick and Dollár, *Rethinking ImageNet pre-training*, arXiv:1811.08883.
