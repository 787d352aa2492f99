# %% [markdown]
# # 10 · Your own data: does it work on mine?
#
# **The question.** You have a folder of pictures or a table of texts, and until Friday. Which way of transfer
# do you take, how sure can you be, and what do you hand over?
#
# **After this lesson you can**
# - read a folder or a table as it is, and say what was left out and why;
# - split it so that the number you report is the one you will meet in use;
# - compare ways of transfer within a budget of minutes, and say when a difference is not resolved;
# - look at mistakes as a habit, and find labels that are likely to be wrong;
# - tell how many more labels would decide a question, and when to stop;
# - save a model with all that belongs to it, and predict with it elsewhere.
#
# **Time**: {{reading}} of reading, {{exercises}}, {{computing}} of computing (recorded elsewhere;
# lesson 00 tells it for this machine). **Needs**: lessons 02 and 04; for the table lesson 06.

# %%
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pandas as pd

from tlhelpers import figures
from tlhelpers.course import check, claim, claim_value, claims_table, quiz, record_prediction, show_outcome
from tlhelpers.data import open_pictures, open_texts
from tlhelpers.evaluation import (
    accuracy_per_class, compare, compare_all, confident_mistakes, count_confusions, interval_of_mean,
    largest_confusions, repeat,
)
from tlhelpers.models import (
    encode, extract_features, linear_head, load_backbone, load_encoder, nearest_neighbours, new_linear_head,
    new_tfidf_head, raw_pixels,
)
from tlhelpers.own_data import (
    compare_own, example_pictures, example_reviews, example_truth, load_saved, save_best, try_pictures,
    try_sentences, write_report,
)

# %% [markdown]
# ## The set-up

# %%
figures.setup_diagram(
    "your pictures",
    [("EfficientNet-\nLite0", "frozen"), ("linear head", "trained")],
    "your classes",
    source="a network from ImageNet photographs; later a small BERT for your texts",
)

# %% [markdown]
# The lesson runs on a folder and a table that come with the course: 582 pictures of 194 things (drawings on
# crops of photographs, three views of each), and a thousand sentences from product reviews. They were given the
# faults that real folders and tables have. At the end, one cell takes **your own** through the same steps.
#
# ## 1 · Read it, and read the report
# A folder with one sub-folder per class is all that is needed. Look inside before anything else:

# %%
folder = example_pictures()
for path in sorted(folder.iterdir()):
    print(path.name, "" if path.is_file() else f"{len(list(path.iterdir()))} files")

# %% [markdown]
# > **Before you run it:** cameras, colleagues and copying leave their traces in every folder. Which files will
# > not be pictures? What may be in the folder twice?

# %%
record_prediction("10.left-out")

# %%
pictures, report = open_pictures(folder, size=128)
print("\n".join(report.lines()))
print(pictures)
show_outcome("10.left-out")

# %% [markdown]
# Every line of such a report is a question to you. Here six files are left out. Two were never meant as
# pictures: a table, and a file that Windows keeps in its folders. Four are lost to you unless you do something:
# a photograph in a format of telephones (HEIC), a note that somebody called `.jpg`, a picture that was cut off,
# and an empty file. And one picture lies in two classes: only a person can say which one is right.
#
# Then look at the pictures themselves, some of each class. Would *you* know the class? Does one of them stand
# in a row where it does not belong? Remember it for section 5.

# %%
figures.contact_sheet(pictures, per_class=6)

# %% [markdown]
# Pictures stay on disk: what was opened holds paths, labels and hashes, and pixels are read in batches when a
# network asks for them. So the pixels of a hundred thousand photographs need no more memory than those of a
# hundred.
#
# ## 2 · What belongs together?
# A first number is quickly made: we take features from the frozen network, train a linear head, and split the
# files at random, with ten seeds.

# %%
backbone = load_backbone("efficientnet_lite0", size=128)
features = extract_features(backbone, pictures)
by_file = repeat({"features": linear_head(features, pictures.labels)}, pictures, labels=[None], seeds=10)
print(f"accuracy, split by file: {by_file['accuracy'].mean():.3f}")

# %% [markdown]
# This looks good. Is it true? There are three views of each thing. A random split by file may put two views of a
# bus on the training side and the third into the test. In use, the model will meet a bus that it has never
# seen. So we need to know which pictures show the same thing. Folders do not tell it, but a table can: one row
# for each picture, with its path, its class, and what it belongs to. Here it is `pictures.csv`; for your own
# data, a spreadsheet saved as CSV does.

# %%
pd.read_csv(folder / "pictures.csv").head(3)

# %%
things, report = open_pictures(
    folder / "pictures.csv", size=128, picture="path", label="class", group="thing"
)
print("\n".join(report.lines()))
features = extract_features(backbone, things)

# %% [markdown]
# The table does not list the copy that lay in two classes, so it is one picture fewer. Now we compare, with the
# same pictures, the same features and the same head. In three-fold *cross-validation* the items are divided
# into three folds; each fold is the test once, and the head learns from the other two. We do it once with folds
# of files and once with folds of things: in both, each picture is a test picture once. Ten seeds draw the folds.
#
# > **Before you run it:** by how much was the first number too high?

# %%
record_prediction("10.too-high")

# %%
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_predict


def is_right(folds, seed, groups=None):
    """For each picture, whether a head that never saw its fold is right (shape (n,))."""
    splitter = folds(3, shuffle=True, random_state=seed)
    answers = cross_val_predict(new_linear_head(), features, things.labels, groups=groups, cv=splitter)
    return answers == things.labels


files = [is_right(StratifiedKFold, seed) for seed in range(10)]
honest = [is_right(StratifiedGroupKFold, seed, things.groups) for seed in range(10)]
print(f"by file {np.mean(files):.3f}, by thing {np.mean(honest):.3f}")

# %% tags=["claim"]
too_high = [a.astype(float) - b for a, b in zip(files, honest, strict=True)]
by_how_much = interval_of_mean(too_high, [things.groups] * 10)
claim_value(
    "10.a",
    "split by file, the accuracy on pictures of things comes out too high (by file − by thing)",
    *by_how_much,
    at_least=0.05,
    seeds=10,
)
show_outcome("10.too-high", *by_how_much)

# %% [markdown]
# Nothing warned us. The code was right; the first number answered another question. **Before any model, ask
# what will be new in use**: another person, product, day, place, author. That is your *group*, and no group may
# stand on both sides of the split. Where no column tells the group, reading helps a little: it finds *near
# duplicates*, pictures that are equal or nearly so, and makes a group of them. But three views of one bus are
# not nearly equal. Only you know which they are.

# %% [markdown]
# ### Exercise 10.1
# A clinic has 4,000 photographs of skin from 310 patients, often several of one patch, taken on several days.
# The model is meant for *new* patients. How do you split?
#
# - `"a"`: by photograph, at random, with the classes in equal shares on both sides
# - `"b"`: by patient and day, so that all photographs of one visit stay together
# - `"c"`: by near duplicate, so that photographs that look alike stay together
# - `"d"`: by patient, so that all the photographs of one person stay together

# %% nbgrader={"grade": false, "grade_id": "answer-10-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "d"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-10-1", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("10.1", answer)

# %% [markdown]
# ## 3 · Compare what is cheap
# Now we compare four strategies on the same splits by thing: always saying the largest class (majority), raw
# pixels with a linear head, and frozen features with the nearest neighbour or with a linear head. Once the
# features are there, all of these take seconds.

# %%
strategies = {
    "majority": lambda trial: np.full(len(trial.test), np.bincount(things.labels[trial.train]).argmax()),
    "raw pixels": linear_head(raw_pixels(things, size=16), things.labels),
    "features, 1-NN": nearest_neighbours(features, things.labels),
    "features, linear head": linear_head(features, things.labels),
}
runs = repeat(strategies, things, labels=[5, 20, None], seeds=10)
figures.learning_curves(runs)

# %% [markdown]
# With 5 or 20 labels from every class no class is the largest, so the line of the majority means something at
# its right end only. In the table, `difference` is a minus b:

# %%
compare_all(runs, reference="features, linear head", labels=int(runs["labels"].max())).round(3)

# %% tags=["claim"]
most = int(runs["labels"].max())
claim(
    "10.b",
    "with all labels, frozen features with a linear head beat raw pixels on pictures of things",
    compare(runs, "features, linear head", "raw pixels", labels=most),
)
claim(
    "10.c",
    "with all labels, the linear head beats the nearest neighbour on pictures of things",
    compare(runs, "features, linear head", "features, 1-NN", labels=most),
)

# %% [markdown]
# ## 4 · How many labels more?
# The curve of the linear head still rises at its right end: more labels may help. But how many does it take to
# *know* that one strategy is better than another? A difference is resolved when half the width of its interval
# is smaller than the difference:

# %%
for count in (5, 20, most):
    gap = compare(runs, "features, linear head", "features, 1-NN", labels=count)
    print(f"{count:2} labels per class: {gap}; half the width {(gap.high - gap.low) / 2:.3f}")

# %% [markdown]
# The test pictures are the same in all three rows, so half the width does not shrink. What makes it shrink is
# more **test** pictures of more things: it shrinks with their square root, so four times as many give half the
# width. New labelled items usually go to training and test in the same shares as the old ones. Then four times
# as many labels per class, training and test together, give half the width too.
#
# ### Exercise 10.2
# Write it as a function. `mean`, `low` and `high` (floats) are a difference and the ends of its interval;
# `per_class` (int) is the number of labels per class that there are, training and test together. Assume that
# the mean stays as it is and that half the width, (high − low) / 2, shrinks with the square root of the labels
# per class. Return how many **more** labels per class are needed so that half the width is as small as the
# difference (its size, without the sign), rounded **up** to a whole number. Return 0 if 0 lies outside the
# interval already. If 0 lies inside and the mean is 0, return `float("inf")`.

# %% nbgrader={"grade": false, "grade_id": "answer-10-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def labels_missing(mean, low, high, per_class):
    ### BEGIN SOLUTION
    if low > 0 or high < 0:
        return 0
    if mean == 0:
        return float("inf")
    needed = per_class * ((high - low) / 2 / abs(mean)) ** 2
    return int(np.ceil(needed - per_class))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-10-2", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("10.2", labels_missing)

# %% [markdown]
# This is a plan and not a proof, because the mean will move too. But it shows whether you need ten labels or ten
# thousand. **When to stop:** when the next labels cost more than they can gain, or when the interval is narrow
# enough for your decision. Ask which difference would change what you do.
#
# ## 5 · Look at mistakes, as a habit
# We need an answer for every picture, from a head that has not learned from it. Cross-validation gives them: for
# each picture, the probabilities come from a head that never saw its thing. First: which classes are confused?

# %%
folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
probabilities = cross_val_predict(
    new_linear_head(), features, things.labels, groups=things.groups, cv=folds, method="predict_proba"
)
answers = probabilities.argmax(axis=1)
confusions = count_confusions(things.labels, answers, things.class_names)
figures.confusion_matrix(confusions)

# %% [markdown]
# The same as a list, the largest numbers first. `share` is the share of the true class:

# %%
largest_confusions(confusions, 5).round(2)

# %% [markdown]
# Second: on which class is it right least often? One mean over all classes hides that.

# %%
figures.class_accuracies(accuracy_per_class(things.labels, answers, things.class_names))

# %% [markdown]
# Third, and most useful: the pictures themselves, those first where the head was most confident and wrong. Above
# each stand the class that the head names, its probability, and the class of the label.

# %%
figures.mistake_sheet(things, confident_mistakes(things.labels, probabilities, things.class_names, count=12))

# %% [markdown]
# Some of these are hard. And some are not mistakes of the head at all: the picture carries a *label error*.
# Somebody moved the file into the wrong folder.
#
# A list of likely label errors can be made without looking at all pictures. The idea is *confident learning*
# (Northcutt and others, 2021). Each class has its own threshold: the mean probability that the head gives to the
# class, over the items that carry its label. An item is flagged when it reaches the threshold of another class
# and finds that class more probable than its own.

# %% [markdown]
# ### Exercise 10.3
# Write it as a function. `labels` (int, shape (n,)) are the given classes, numbered from 0;
# `probabilities` (float, shape (n, k)) come from heads that did not learn from the item.
#
# - The threshold of class j is the mean of column j over the items that are **labelled j**. Every class has items.
# - An item *reaches* class j if its probability of j is at least the threshold of j.
# - Among the classes that an item reaches, take the one with the largest probability. If it is not the item's
#   label, the item is flagged. An item that reaches no class is not flagged.
#
# Return the indices of the flagged items in ascending order.

# %% nbgrader={"grade": false, "grade_id": "answer-10-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def likely_wrong(labels, probabilities):
    ### BEGIN SOLUTION
    k = probabilities.shape[1]
    thresholds = np.array([probabilities[labels == j, j].mean() for j in range(k)])
    reached = probabilities >= thresholds
    best = np.where(reached, probabilities, -1).argmax(axis=1)
    return np.flatnonzero(reached.any(axis=1) & (best != labels))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-10-3", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("10.3", likely_wrong)

# %% [markdown]
# The library *cleanlab* does the same, and drops an item again if its label is the most probable class of all.
# It sorts the list: first the item whose label has the smallest probability. For this lesson, twelve pictures
# were put into a wrong class on purpose, so we can count how many of them stand near the top.
#
# > **Before you run it:** of the first twenty that you look at, how many will be planted ones? By chance it
# > would be less than one.

# %%
record_prediction("10.planted")

# %%
from cleanlab.filter import find_label_issues

suspects = find_label_issues(
    things.labels, probabilities, filter_by="confident_learning",
    return_indices_ranked_by="self_confidence", n_jobs=1,
)
truth = example_truth()
right_class = np.array([things.class_names.index(truth[name]) for name in report.names])
planted = right_class != things.labels
print(
    f"{len(suspects)} flagged; among the first twenty {planted[suspects[:20]].sum()} of {planted.sum()} planted"
)
show_outcome("10.planted", str(np.searchsorted([1, 4, 7, 10], planted[suspects[:20]].sum(), side="right")))

# %% tags=["claim"]
claim_value(
    "10.d",
    "several of the twelve planted wrong labels stand among the first twenty suspects (their number)",
    planted[suspects[:20]].sum(),
    at_least=4,
)

# %% [markdown]
# The first eight suspects, each with the label that it carries:

# %%
figures.picture_row(things.pixels[suspects[:8]], [things.class_names[i] for i in things.labels[suspects[:8]]])

# %% [markdown]
# This head makes many mistakes of its own, so most of what it flags has a right label and is only hard. Still, a
# few minutes of looking find wrong labels that nobody would find by looking at twenty pictures at random.

# %% [markdown]
# ### Exercise 10.4
# You have such a list of 60 suspects in your own data. What do you do with it?
#
# - `"a"`: look at each, and correct those labels that are wrong, wherever they stand
# - `"b"`: give each the class that the head finds likeliest, in training and test
# - `"c"`: remove them all, since the head cannot learn from them nor be judged by them
# - `"d"`: leave them, since correcting labels after seeing results is cheating

# %% nbgrader={"grade": false, "grade_id": "answer-10-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "a"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-10-4", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("10.4", answer)

# %% [markdown]
# ## 6 · A table of texts
# The same steps for texts. This table was saved by a spreadsheet:

# %%
table = example_reviews()
print(table.read_bytes()[:230])

# %% [markdown]
# > **Before you run it:** semicolons, empty rows, missing opinions, and one opinion in several
# > spellings. What should a good reader do with each, and what should it tell you?

# %%
record_prediction("10.reader")

# %%
reviews, table_report = open_texts(table, text="sentence", label="opinion", group="review")
print("\n".join(table_report.lines()))
print(reviews)
show_outcome("10.reader")

# %% [markdown]
# Rows without a text or an opinion are left out, and spellings that differ in capitals or spaces only are joined
# to one class. The report counts both, because such a guess can be wrong for your data.
#
# All sentences of one review are a group. We compare two strategies, both with a linear head: counted words and
# pairs of words, each weighted by how rare it is (TF-IDF), and frozen features of the small BERT from lesson 06.
#
# > **Before you run it:** which one leads with ten labels per class, and which one with all labels?

# %%
record_prediction("10.ten-labels")

# %%
def counted_words(trial):
    head = new_tfidf_head().fit(reviews.texts[trial.train], reviews.labels[trial.train])
    return head.predict(reviews.texts[trial.test])

sentences = encode(load_encoder("minilm-l6"), reviews)
text_strategies = {"counted words": counted_words, "frozen features": linear_head(sentences, reviews.labels)}
text_runs = repeat(text_strategies, reviews, labels=[10, 40, 160, None], seeds=10)
figures.learning_curves(text_runs)

# %% tags=["claim"]
every = int(text_runs["labels"].max())
with_ten = compare(text_runs, "frozen features", "counted words", labels=10)
show_outcome("10.ten-labels", with_ten)
claim("10.e", "with 10 labels per class, a frozen small BERT beats counted words on sentences of reviews", with_ten)
claim("10.f", "with all labels, no difference between a frozen small BERT and counted words is resolved on reviews",
      compare(text_runs, "frozen features", "counted words", labels=every), expect="not resolved")

# %% [markdown]
# So the answer depends on how many labels you have. Measure at your own number, not at one that is far from it.
#
# ## 7 · All of it in one call
# What we did by hand, and more, is one function, `compare_own`. It measures this computer first and plans what
# fits into the minutes that you give: up to ten splits of the cheap strategies, and as many of LoRA and
# fine-tuning as there is time for. It does not run what does not fit, and says so. Half a minute is very little,
# so we hand over the features that we have; without them it computes its own.

# %%
out = Path(mkdtemp())  # for your own data take a folder that you keep
comparison = compare_own(things, report, minutes=0.5, out=out, features=features)
print(comparison.answer.sentence)

# %% [markdown]
# The rule behind the answer: take the cheapest strategy that no costlier one is resolved to beat. The accuracy
# differs a little from sections 3 and 5, because these are other splits with other numbers of training pictures.
# Here is the chosen strategy minus each of the others; `labels_needed` is None where the difference is
# resolved, or where so many labels are out of reach.

# %%
columns = ["strategy", "labels", "mean", "low", "high", "resolved", "labels_needed"]
pd.DataFrame(comparison.answer.differences)[columns].round(3)

# %% [markdown]
# Now the report: the answer, learning curves, confusions, mistakes as pictures or texts, likely label errors, what
# was left out, and what more labels would tell. It is one file that you open in any browser. (If Jupyter runs on
# another computer, choose a folder beside this notebook for `out`, and open the file from Jupyter's file list.)

# %%
print(write_report(comparison, out))

# %% [markdown]
# In a terminal, one command reads, compares, writes the report and saves the model:
#
# ```
# python3 -m tlhelpers compare PATH --minutes 5 --out report/
# ```
#
# If it is stopped or killed, the same command goes on where it was.

# %% [markdown]
# ### Exercise 10.5
# Your report says: "Frozen features .86 [.83, .89]. Fine-tuning: +.01 [−.01, +.03], not resolved; about 600
# more labels per class would tell." You have 200 labels per class. Six hundred more are a week of work.
# Training anew each night takes a minute with frozen features, and twenty with fine-tuning. What do you do?
#
# - `"a"`: take fine-tuning, as its mean is higher by a point
# - `"b"`: take frozen features, and watch their mistakes in use
# - `"c"`: label for a week, because the question has to be decided
# - `"d"`: take either, because the report shows that they are equal

# %% nbgrader={"grade": false, "grade_id": "answer-10-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "b"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-10-5", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("10.5", answer)

# %% [markdown]
# ## 8 · Hand it over
# Weights alone are not a model. Whoever gets it also needs the names of the classes *in their order*, what was
# done to the input, and what the accuracy was measured on. `save_best` trains the chosen strategy on all items and
# writes everything into one folder. With it comes a *model card*: a page that tells people what the model is for,
# how it was tested, and on what it was not.

# %%
folder_of_model = save_best(comparison, out / "model")
for path in sorted(folder_of_model.iterdir()):
    print(f"{path.name:20} {path.stat().st_size / 1e6:8.3f} MB")

# %%
card = (folder_of_model / "README.md").read_text(encoding="utf-8")
print(card.split("## How to use it")[0])

# %% [markdown]
# Now we load the folder as somebody else would. A saved model must say the same as the one that was trained. If
# the answer above was frozen features with a linear head, we can check it: a head trained here on all features
# gives the same probabilities. (All three pictures were learned from, so these are no test of accuracy.)

# %%
saved = load_saved(folder_of_model)
files = things.files[:3]
loaded = saved.predict_proba(files)
here = new_linear_head().fit(features, things.labels).predict_proba(features[:3])
print(f"largest difference between the loaded and the trained one: {np.abs(loaded - here).max():.5f}")
pd.DataFrame(loaded, columns=saved.class_names, index=[path.name for path in files]).round(3)

# %% [markdown]
# In a terminal, this writes a table of predictions with confidences for a folder of new pictures (or, with
# `--text COLUMN`, for a table of texts); `--export onnx` adds the model in ONNX, a format that other programs read:
#
# ```
# python3 -m tlhelpers predict report/model new_pictures/ --out predictions.csv
# ```

# %% [markdown]
# ### Exercise 10.6
# A colleague's program has the same classes in another order. `probabilities` (float array, shape (n, k)) has its
# columns in the order of `saved_names`. Return an array of the same shape with the columns in the order of
# `wanted_names`. Both are lists of the same k names, each once.

# %% nbgrader={"grade": false, "grade_id": "answer-10-6", "locked": false, "schema_version": 3, "solution": true, "task": false}
def in_wanted_order(probabilities, saved_names, wanted_names):
    ### BEGIN SOLUTION
    return probabilities[:, [saved_names.index(name) for name in wanted_names]]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-10-6", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("10.6", in_wanted_order)

# %% [markdown]
# ### Try it
# Give it one or several pictures of your own (on a telephone, the browser offers the camera). Beside the answer
# you see the nearest of the pictures that it learned from. It has seen drawn things of five classes and
# nothing else: what does it say of a photograph of you?

# %%
try_pictures(saved, things)

# %% [markdown]
# Where the nearest pictures are not at all like yours, do not believe the confidence: the model has no answer
# "none of these". The same for sentences. By the rule of section 7, it may take counted words although the mean
# of frozen features is a little higher: that difference is not resolved, and counted words cost less.

# %%
of_reviews = compare_own(reviews, table_report, minutes=0.4, out=out / "reviews", features=sentences)
print(of_reviews.answer.sentence)
try_sentences(load_saved(save_best(of_reviews, out / "reviews" / "model")), reviews, "The screen broke after a day.")

# %% [markdown]
# ## 9 · On your own data
# Put the path of your folder or table here and run the cell. It reads, compares for five minutes, and leaves
# a report and a model in the folder `my_report` beside this notebook. Of a table, it guesses the columns, and
# says which; name them in `my_columns` where the guess is wrong. Does a column say what belongs together? Then
# name it too:
#
# - a folder with one sub-folder per class: `my_columns = {}`;
# - a table of texts: `my_columns = {"text": "comment", "label": "topic", "group": "author"}`;
# - a table of pictures: `my_columns = {"picture": "path", "label": "class", "group": "person"}`.

# %%
my_path = None  # e.g. "~/Pictures/birds", "reviews.xlsx", or on Windows r"C:\data\reviews.xlsx"
my_columns = {}
if my_path:
    is_pictures = Path(my_path).expanduser().is_dir() or "picture" in my_columns
    mine, my_reading = (open_pictures if is_pictures else open_texts)(my_path, **my_columns)
    print("\n".join(my_reading.lines()))
    my_comparison = compare_own(mine, my_reading, minutes=5, out="my_report")
    print(write_report(my_comparison, "my_report", save_best(my_comparison, "my_report/model")))

# %% [markdown]
# ### A page for Monday
# 1. **Look** at fifty items before any model. Would two people agree on their classes?
# 2. **Read what was left out.** Every line of that report is a question.
# 3. **Ask what is new in use**, and split by that.
# 4. **Compare what is cheap first**: the largest class, raw pixels or counted words, frozen features. Only then
#    what is costly, with the same labels, and only if its gain would be worth its cost.
# 5. **Give an interval**, and say that no difference is resolved where it holds 0.
# 6. **Look at mistakes and suspects**, correct what is wrong, in training and test alike, and run again.
# 7. **Hand over** the names of the classes in their order, the transform, the accuracy with its interval, and what
#    it was not tested on. Then watch the model in use (lesson 14).

# %% [markdown]
# ## What we measured

# %%
claims_table()

# %% [markdown]
# ## Quiz
# Six questions about this lesson. Each wrong answer gets a hint, and another round asks other questions.

# %%
quiz("10")

# %% [markdown]
# ## What comes next
# - **Lesson 14** asks how often it will be right on *other* data than yours, and what one may promise.
# - **Lesson 09** shows mistakes that make no noise; the split by file in section 2 is one of them.
# - To read: Northcutt, Jiang and Chuang on confident learning (arXiv:1911.00068) and on wrong labels in well-known
#   test sets (arXiv:2103.14749); Mitchell and others on model cards (arXiv:1810.03993); Kapoor and Narayanan on
#   leakage (arXiv:2207.07048).
