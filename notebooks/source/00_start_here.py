# %% [markdown]
# # 00 · Start here: what is transfer learning?
#
# **The question.** Ten kinds of drawings, five labelled examples of each. Somebody else trained a
# network to name photographs. Is it of any use here?
#
# **After this lesson you can**
# - say what *domain*, *task*, *source* and *target* mean, and place a problem on that map;
# - run a first transfer: pretrained network, five labels per class, a classifier;
# - tell a measured difference from luck.
#
# **Time**: {{reading}} of reading, {{exercises}}, {{computing}} of computing (recorded on another
# machine; the table below the map shows it for yours). **Needs**: nothing but this environment. No
# network: the set-up has already put data and weights on your machine.

# %% [markdown]
# ## Is everything here?
# Click into the cell below and press **Shift+Enter**. Do the same with every cell that follows.

# %%
import time

from tlhelpers import figures
from tlhelpers.course import (
    COURSE, check, claim, claims_table, lesson_times, progress, quiz, record_prediction, show_outcome,
)
from tlhelpers.data import chance, draw_labels, load_emoji, majority, split_by_group
from tlhelpers.evaluation import compare, repeat, take_turns, wilson
from tlhelpers.models import (
    extract_features, linear_head, load_backbone, new_linear_head, raw_pixels,
)

print("Everything is here.")

# %% [markdown]
# If that cell complains, run `python3 -m tlhelpers doctor` in a terminal: it says what is missing
# and how to repair it.
#
# ## The idea in one picture

# %%
figures.setup_diagram(
    "a drawing", [("EfficientNet-Lite0\nwithout its last layer", "frozen"),
                  ("linear head", "trained")], "one of\n10 classes",
    source="weights trained on ImageNet photographs")

# %% [markdown]
# Somebody trained a network to tell a thousand kinds of things apart on over a million
# photographs. We take its weights as they are and never change them: they are **frozen**. Without
# its last layer the network is called a **backbone**. It turns a drawing into a list of numbers, the
# drawing's **features**. They go into a small classifier, the **head**, and only the head is trained
# on our few labels. A *linear* head has one weight per feature and class. (These and other terms are
# explained in the [glossary](../notebooks/glossary.md).)
#
# ## The words
#
# | word | in words | in symbols |
# |---|---|---|
# | domain | which inputs there are, and how often each comes | 𝒟 = {𝒳, *P*(*X*)} |
# | task | which labels there are, and how they depend on the input | 𝒯 = {𝒴, *P*(*Y* given *X*)} |
# | source | where knowledge comes from | 𝒟<sub>S</sub>, 𝒯<sub>S</sub> |
# | target | where it is wanted | 𝒟<sub>T</sub>, 𝒯<sub>T</sub> |
#
# **Transfer learning** uses what was learnt in the source to do better in the target, where
# 𝒟<sub>S</sub> ≠ 𝒟<sub>T</sub> or 𝒯<sub>S</sub> ≠ 𝒯<sub>T</sub> (after Pan and Yang, *A survey on
# transfer learning*, IEEE TKDE 2010).
#
# Here the source is ImageNet: photographs, a thousand labels. The target is drawings with ten
# labels. Both domain and task are new.
#
# ## The data: emoji, drawn twice
# Emoji are small drawings that several projects have made, each in its own style. We load two of
# them. The classes were chosen so that a person would agree with every label.

# %%
twemoji = load_emoji("twemoji")
openmoji = load_emoji("openmoji")
print(twemoji)

# %%
figures.contact_sheet(twemoji)

# %% [markdown]
# The same emoji in both styles, one above the other. Look closely: the first exercise is about them.

# %%
figures.paired_sheet(twemoji, openmoji, [3, 30, 60, 80, 110, 130, 175, 210, 230, 270])

# %% [markdown]
# ### Exercise 00.1
# A model was trained on the upper row (Twemoji) to tell the ten classes apart, and is used on the
# lower row (OpenMoji) for the same ten classes. What is new?
#
# - `"a"`: the task but not the domain
# - `"b"`: the domain, not the task
# - `"c"`: the task and the domain
# - `"d"`: neither task nor domain

# %% nbgrader={"grade": false, "grade_id": "answer-00-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "b"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-00-1", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("00.1", answer)

# %% [markdown]
# ## A first transfer
#
# > **Before you run it:** five labelled drawings per class, ten classes. Guessing gives one in
# > ten. What share of new drawings will get the right class? Write your number into the field that the
# > next cell shows; it is kept on your machine, and shown again beside what comes out.

# %%
record_prediction("00.first")

# %% [markdown]
# First, set drawings aside for the test. The test drawings show *other emoji* than the training
# drawings; otherwise we would ask for memory, not for skill.

# %%
split = split_by_group(twemoji, test=0.3, seed=0)
drawn = split.train[draw_labels(twemoji.labels[split.train], per_class=5, seed=0)]
print(f"{len(drawn)} labelled drawings to learn from, {len(split.test)} to be tested on")

# %% [markdown]
# Now the pretrained network. It turns every drawing into a row of features.

# %%
start = time.perf_counter()
backbone = load_backbone("efficientnet_lite0")
features = extract_features(backbone, twemoji)
print(backbone)
print(f"features: {features.shape}, ready after {time.perf_counter() - start:.1f} s")

# %% [markdown]
# Only the head is trained, on the drawn labels alone. A handful of test drawings leaves much open:
# `wilson` gives the 95 % interval, the range of true accuracies that fit this count.

# %%
head = new_linear_head().fit(features[drawn], twemoji.labels[drawn])
predicted = head.predict(features[split.test])
right = predicted == twemoji.labels[split.test]
low, high = wilson(right.sum(), len(right))
print(f"accuracy {right.mean():.2f}, 95 % interval {low:.2f} to {high:.2f} ({len(right)} drawings)")
show_outcome("00.first", right.mean(), low, high)

# %% [markdown]
# How does it compare with not learning at all? *Chance* guesses all classes equally often. The
# *majority line* always says the class that is most common in training.

# %%
y = twemoji.labels
lines = {"chance": chance(y), "majority": majority(y[split.train], y[split.test])}
print({name: round(value, 2) for name, value in lines.items()})

# %% [markdown]
# Far above both lines. And here is what it says about some of the test drawings.
#
# > **Before you run it:** will its mistakes be ones that you could understand?

# %%
record_prediction("00.mistakes")

# %%
show_outcome("00.mistakes")
figures.prediction_grid(twemoji.subset(split.test[::5]), predicted[::5], columns=9)

# %% [markdown]
# Some mistakes make sense to us and some do not. The head knows our classes from five drawings each and
# goes by what a new drawing has in common with these.
#
# ### Exercise 00.2
# Write the majority line yourself: the accuracy on `test_labels` of always saying the most common
# class of `train_labels`. Both are arrays of whole numbers from 0 on; not every number need occur.

# %% nbgrader={"grade": false, "grade_id": "answer-00-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def majority_accuracy(train_labels, test_labels):
    ### BEGIN SOLUTION
    counts = {label: (train_labels == label).sum() for label in set(train_labels)}
    most_common = max(counts, key=counts.get)
    return (test_labels == most_common).mean()
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-00-2", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("00.2", majority_accuracy)

# %% [markdown]
# ## How many labels does it take?
# Move the slider. Each step draws that many labels per class, trains the head anew and looks at
# the same test drawings. (Use the arrow keys once the slider has the focus.)
#
# > **Before you move it:** does the step from 1 to 2 labels bring more than the one from 10 to 11?

# %%
record_prediction("00.step")

# %%
show_outcome("00.step")
figures.label_slider(features, twemoji, split)

# %% [markdown]
# The intervals are wide: this is one draw of labels and one set of test drawings. It shows the
# climb, but not whether one more label helped. One draw is too few to tell that.
#
# ## Was it luck?
# One split and one draw of labels is one throw of the dice. So we do it ten times, with ten
# **seeds** of the random numbers: other test drawings, other labels. And we ask what the *training
# on photographs* is worth, by running two rivals on exactly the same drawings:
#
# - **raw pixels**: no network at all, the same kind of head on the picture itself;
# - **random twin**: the same layers with random weights. There are three such twins, and the seeds
#   take turns with them.
#
# > **Before you run it:** which of the two rivals will do better?

# %%
record_prediction("00.rivals")

# %%
twins = [load_backbone("efficientnet_lite0", pretrained=False, seed=s) for s in range(3)]
twin_heads = [linear_head(extract_features(twin, twemoji), y) for twin in twins]
strategies = {
    "ImageNet features": linear_head(features, y),
    "raw pixels": linear_head(raw_pixels(twemoji), y),
    "random twin": take_turns(twin_heads),
}
runs = repeat(strategies, twemoji, labels=[5], seeds=10)

# %%
runs.groupby("strategy", sort=False).accuracy.agg(["mean", "min", "max"]).round(2)

# %% [markdown]
# The means differ, but so do single runs. `compare` takes each pair on the same drawings and asks how
# much the difference would move with other seeds and other test drawings. It gives the difference and
# its 95 % interval. If the interval leaves out 0, the order is **resolved**.

# %%
against_pixels = compare(runs, "ImageNet features", "raw pixels")
against_twin = compare(runs, "ImageNet features", "random twin")
rivals = compare(runs, "raw pixels", "random twin")
show_outcome("00.rivals", rivals)
figures.intervals([against_pixels, against_twin, rivals])

# %% [markdown]
# Blue intervals leave out 0. A grey one with a hollow mark holds 0: there the ten seeds do not tell
# which is better. The lowest row answers your prediction about the two rivals.
#
# The main statements of this course are *claims*: they are checked like this while the lesson runs.
# If one did not hold on your machine, its cell would stop. Runs that take too long for a lesson were
# made once and stored; a claim about them says so, and the lesson makes some of these runs again.

# %% tags=["claim"]
claim("00.a", "with 5 labels per class, frozen ImageNet features beat raw pixels", against_pixels)

# %% tags=["claim"]
claim("00.b", "with 5 labels per class, frozen ImageNet features beat the random twin",
      against_twin)

# %% [markdown]
# The second claim is the one that matters. The random twins have the same layers and give as many
# numbers per drawing. What they lack is the training on photographs, so the training made this
# difference.
#
# ### Exercise 00.3
# Somebody compares two strategies over ten seeds and reports a difference in accuracy of
# *+0.02 [−0.03, +0.07]*. What may they say?
#
# - `"a"`: these data do not tell which of the two is better
# - `"b"`: the two are equally good, since the interval holds 0
# - `"c"`: the first one is better, as its mean is above 0
# - `"d"`: the measurement went wrong, as it came out near 0

# %% nbgrader={"grade": false, "grade_id": "answer-00-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "a"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-00-3", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("00.3", answer)

# %% [markdown]
# ## The map
# Each lesson stands in the box that says how its target differs from its source. Lesson 01 reuses
# nothing, so it has no source: it measures what transfer has to beat. Lessons that serve in every box
# are listed below the map.

# %%
figures.course_map(COURSE)

# %% [markdown]
# How long do they take? Minutes of reading and of exercises are counted. The seconds of computing
# were recorded on another machine and **scaled** to yours: the cell does a fixed piece of work, for
# about two seconds, that the other machine was timed on, too. A first run takes longer than later ones, which
# find what was computed before.

# %%
lesson_times()

# %% [markdown]
# ## What we measured

# %%
claims_table()

# %% [markdown]
# ## Quiz
# Six questions about this lesson. Each wrong answer gets a hint, and another round asks other questions.

# %%
quiz("00")

# %% [markdown]
# ## How far you are
# Checked exercises, your predictions and your first answers to a quiz are remembered on your machine, in
# `work/progress.json`, and nowhere else. `python3 -m tlhelpers progress` shows the same table. A prediction that
# came out otherwise is no mistake: it shows you where there was something to learn.

# %%
progress()

# %% [markdown]
# ## What to read next
# - **Next lesson**: open `01_from_scratch.ipynb` from the list at the left. It asks what a network
#   learns from a few labels if nothing is reused, and how to test that without fooling oneself.
#   Lesson 02 then goes on with the frozen network of today.
# - Pan and Yang, *A survey on transfer learning*, IEEE Transactions on Knowledge and Data
#   Engineering 22 (2010): the words and the map.
# - Tan and Le, *EfficientNet*, arXiv:1905.11946: the network that you just reused.
