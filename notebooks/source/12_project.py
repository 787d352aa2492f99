# %% [markdown]
# # 12 · A project of your own: can I do it alone?
#
# **The question.** It is yours. Three data sets come along, of tasks that no lesson has solved; or take your own.
# At the end stands one page: a question, a number with its interval, and what it does not tell.
#
# **After this lesson you can**
# - ask a question about transfer that an experiment can answer;
# - say before the first run how many items it takes, and what your data can tell;
# - keep apart what you choose on and what you report on;
# - have your plan, your split, your strategies, your runs and your sentence checked, on data of any kind;
# - judge a report, your own or another's, by a rubric.
#
# **Time**: {{reading}} of reading, {{exercises}}, {{computing}} of computing with the example solution (recorded
# elsewhere; lesson 00 tells it for this machine). Take three to six hours for a project of your own. **Needs**:
# lessons 02 and 04, and what your question is about; for your own data lesson 10.

# %%
import numpy as np
import pandas as pd
from IPython.display import display

from tlhelpers import figures
from tlhelpers.course import check, claim_value, claims_table, quiz
from tlhelpers.data import open_pictures, open_texts, split_by_group
from tlhelpers.evaluation import (
    compare, compare_all, count_confusions, interval_of_mean, repeat, smallest_gap, take_turns, wilson,
)
from tlhelpers.models import (
    document_vectors, keyed_vectors, linear_head, load_vectors, new_linear_head, new_tfidf_head,
)
from tlhelpers.own_data import project_set

# %% [markdown]
# ## The set-up

# %%
figures.setup_diagram(
    "your data",
    [("network or\nvectors", "frozen"), ("head", "trained")],
    "your classes",
    source="a task elsewhere: photographs, sentences, words in their contexts",
)

# %% [markdown]
# One thing in this picture changes in your project, and the rest stays: what was learned elsewhere, how much of it is
# trained, the head, or the number of labels.
#
# ## 1 · A question that can be answered
# "Is BERT good for my texts?" cannot be answered. This can:
#
# > *With 100 labelled sentences per class*, does *a head on frozen features of MiniLM* tell sentences with an opinion
# > from others more often rightly than *the same head on the same network with random weights*, **in reviews of
# > which no sentence was learned from**, and by how many points of accuracy?
#
# With a baseline and a difference that matters it has all that a question about transfer needs:
#
# | part | here | without it |
# |---|---|---|
# | one change | the weights: learned elsewhere, or random | two things change, and nobody knows which one did it |
# | a baseline | counted words, which cost next to nothing | the transfer beats something that nobody would use |
# | a control | the same network with random weights | the gain may come from the size, not from what was learned |
# | what is new in use | the review, so a *group* is a review | the test is too like the training: too high a number |
# | a number of labels | 100 per class | which of two is better can change with it |
# | a difference that matters | three points | any difference is called a success, or none |
#
# Often the control *is* the rival that you compare with, as here. The baseline is a third.
#
# Exercise 12.1 checks a plan of this form. Under `"compared"`, what you put to the test stands first: the difference is
# the first minus the second. You choose which settings to list, the number of labels among them; the two that you
# compare and the control list the same ones. This plan compares two networks, and one thing is wrong with it: which?

# %%
labels = {"labels": "25 per class"}
some_plan = {
    "compared": ("ImageNet features", "small network"),
    "baseline": "raw pixels",
    "control": "random twin",
    "prediction": 0.10,             # of the difference, as a share: what you expect
    "reason": "edges and shapes of photographs occur in drawings, too",
    "smallest that matters": 0.03,  # a smaller one would not change what you do
    "strategies": {
        "raw pixels": {"input": "16 px", "network": "none", "weights": "none", "trained": "head"} | labels,
        "random twin": {"input": "96 px", "network": "Lite0", "weights": "random", "trained": "head"} | labels,
        "ImageNet features": {"input": "96 px", "network": "Lite0", "weights": "ImageNet", "trained": "head"} | labels,
        "small network": {"input": "32 px", "network": "SmallCNN", "weights": "random", "trained": "all"} | labels,
    },
}
pd.DataFrame(some_plan["strategies"]).T

# %% [markdown]
# Between the two, four settings differ, and nobody can say which of them did it. With the random twin in place of the
# small network, only the weights would differ.
#
# ### How many items does it take?
# Two strategies are right or wrong on the same items, and only those count on which exactly one of them is right:
# the *disagreement* $d$, as a share of all items. With $n$ independent items, half the width of the interval of the
# difference is about $1.96\,\sqrt{d/n}$. To see a difference $\delta$, half the width must be at most $\delta$:
#
# $$n \ge d\,\left(\frac{1.96}{\delta}\right)^2$$
#
# Two traps. First, items of one group are alike, so $n$ lies somewhere between the number of *groups* and that of the
# items. Counting groups is the safe side. Second, where half the width just equals the true difference, the interval
# leaves out 0 only every second time. `smallest_gap` says which difference is found four times of five.
#
# ## 2 · Three data sets, or your own
# `project_set(name)` gives one of three. In each, `groups` hold what will be new when
# the model is used.
#
# | name | task | what is new in use | from |
# |---|---|---|---|
# | `"faces"` | drawn faces: pleased or displeased? | a face; each is drawn in two styles | the emoji of lessons 00 to 04, other classes |
# | `"opinions"` | sentences of product reviews: do they hold an opinion? | a review | the reviews of lessons 05 to 14, with the neutral sentences that these left out |
# | `"newsgroups"` | which of four topics is the beginning of a post about? | a newsgroup that was not learned from | the posts of lesson 05, cut |

# %%
sets = {name: project_set(name) for name in ("faces", "opinions", "newsgroups")}
counts = {name: {"items": len(data), "classes": len(data.class_names), "groups": len(set(data.groups))}
          for name, data in sets.items()}
sizes = pd.DataFrame(counts).T
sizes["half width"] = 1.96 * np.sqrt(0.3 / sizes.groups)
sizes["found 4 of 5"] = [smallest_gap(n, disagreement=0.3) for n in sizes.groups]
sizes.round(2)

# %% [markdown]
# This table takes a disagreement of three in ten, and counts groups. Its last column is the smallest difference that is
# found four times of five. With the faces it is large: a project on them is about a large difference, or its answer is
# "not resolved", which is an answer. With so few newsgroups, not even a difference of 0.3, the largest that this
# disagreement allows, would be found so often: `NaN`.

# %% tags=["claim"]
claim_value("12.a", "with the drawn faces, where two strategies disagree on three of ten, the smallest difference "
            "that is found four times of five is larger than ten points", smallest_gap(sizes.groups["faces"], 0.3),
            at_least=0.1)

# %% [markdown]
# **Faces.** The classes are Unicode's: faces that smile, love or jest, and faces that are troubled, unwell or angry.
# A face was left out where its mood can be doubted in one of the styles. ImageNet has no class of drawn faces.

# %%
figures.contact_sheet(sets["faces"], per_class=12)

# %% [markdown]
# **Opinions.** At least twenty people rated each sentence from −4 to 4. Mean ratings near 0 count as no opinion,
# those from 1 up or from −1 down as one. What does "no opinion" mean? Look:

# %%
opinions = sets["opinions"]
for label, name in enumerate(opinions.class_names):
    for item in np.flatnonzero(opinions.labels == label)[3:40:6]:
        print(f"{name:10} {opinions.scores[item]:5.2f}  {opinions.texts[item][:90]}")

# %% [markdown]
# Where praise and blame cancel out, the mean is near 0, too. That belongs in your report, under limits.
#
# **Newsgroups.** The first forty words of posts to seventeen newsgroups, on computers (`comp`), hobbies (`rec`),
# science (`sci`) and politics or religion (`talk`). Their writers keep their rights: do not publish a notebook that
# shows posts. The newsgroup is the group, since a new one is what a sorter of posts will meet. What would a split by
# post give instead? With means of GloVe vectors and a linear head, in three-fold cross-validation as in lesson 10:

# %%
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_predict

glove = load_vectors("glove-50d", limit=50_000)
posts = sets["newsgroups"]
means = document_vectors(glove, posts.texts, quiet=True)

def answers(folds, seed, groups=None):
    """For each post, what a head says that never saw its fold."""
    splitter = folds(3, shuffle=True, random_state=seed)
    return cross_val_predict(new_linear_head(), means, posts.labels, groups=groups, cv=splitter)

by_post = [answers(StratifiedKFold, seed) == posts.labels for seed in range(5)]
said = [answers(StratifiedGroupKFold, seed, posts.groups) for seed in range(5)]
too_high = [right.astype(float) - (one == posts.labels) for right, one in zip(by_post, said, strict=True)]
print(f"split by post {np.mean(by_post):.2f}, by newsgroup {np.mean(said == posts.labels):.2f}")

# %% tags=["claim"]
claim_value("12.b", "a head on GloVe means names the topic of a post too well if other posts of its newsgroup were "
            "learned from (by post − by newsgroup)", *interval_of_mean(too_high, [posts.groups] * 5), at_least=0.05,
            seeds=5)

# %% [markdown]
# Nothing warned us, and the first number looks like a good project. It holds for newsgroups that the head knows, not
# for a new one. Split by newsgroup, the topics are confused like this (the first of five seeds):

# %%
figures.confusion_matrix(count_confusions(posts.labels, said[0], posts.class_names))

# %% [markdown]
# **Your own.** `open_pictures` and `open_texts` of lesson 10 read a folder or a table. Name the column that tells what
# belongs together; without one, near duplicates are found, and nothing else.
#
# ### Choose
# The example solution takes `"opinions"`, and a question that is not the one above.

# %%
choice = "opinions"  # or "faces", or "newsgroups"
my_path = None  # or e.g. "~/Pictures/birds", "reviews.xlsx"
my_columns = {}  # e.g. {"text": "comment", "label": "topic", "group": "author"}

data = project_set(choice)
if my_path:
    is_table_of_texts = "text" in my_columns
    data, my_reading = (open_texts if is_table_of_texts else open_pictures)(my_path, **my_columns)
    print("\n".join(my_reading.lines()))
print(data)

# %% [markdown]
# ## 3 · Your project
# Eight steps, each with an empty cell and a check. A check looks at what *you* made of *your* data; whether your
# question is a good one it cannot tell. That is what the [rubric](../teaching/project_rubric.md) is for. Read it before
# you begin.
#
# Steps build on each other: do them in order, and once you have seen the runs of step 6, change nothing above.
#
# ### Exercise 12.1
# **The question and the prediction.** Write your plan, in the form of section 1. What do you compare with what, what
# is the baseline, what is the control? What do you expect, and why? Which difference would change what you do?

# %% nbgrader={"grade": false, "grade_id": "answer-12-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
my_plan = None  # a dict as in section 1
### BEGIN SOLUTION
same = {"features": "mean of 50 numbers per word", "head": "linear", "labels": "100 per class"}
my_plan = {
    "compared": ("GloVe", "shuffled GloVe"),
    "baseline": "counted words",
    "control": "shuffled GloVe",
    "prediction": 0.08,
    "reason": "most words of praise and blame are common ones, so GloVe knows them",
    "smallest that matters": 0.03,
    "strategies": {
        "counted words": {"vectors": "none"} | same | {"features": "TF-IDF of words and pairs"},
        "shuffled GloVe": {"vectors": "those of GloVe, each given to another word"} | same,
        "GloVe": {"vectors": "those of GloVe"} | same,
    },
}
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-12-1", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("12.1", {"plan": my_plan})

# %% [markdown]
# ### Exercise 12.2
# **How many items?** Guess the disagreement: 0.2 to 0.4, and the more the more often both will be wrong. Write a dict
# with `"disagreement"`; `"needed"`, the number of groups by the formula of section 1 for *your* smallest difference
# that matters, rounded up; `"there are"`, the number of groups in all of your data; and `"enough"`, True or False.
#
# The part for choosing (12.4) will take some groups away. If there are not enough, your answer may be "not resolved"
# although there is a difference that matters. Say so now, or take another question.

# %% nbgrader={"grade": false, "grade_id": "answer-12-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
my_size = None  # {"disagreement": …, "needed": …, "there are": …, "enough": …}
### BEGIN SOLUTION
needed = int(np.ceil(0.3 * (1.96 / my_plan["smallest that matters"]) ** 2))
groups = len(set(data.groups))
my_size = {"disagreement": 0.3, "needed": needed, "there are": groups, "enough": groups >= needed}
print(my_size)
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-12-2", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("12.2", {"data": data, "plan": my_plan, "size": my_size})

# %% [markdown]
# ### Exercise 12.3
# **Look at the data.** Here are twenty items, drawn at random, without their labels:

# %%
looked_at = np.sort(np.random.default_rng(12).choice(len(data), 20, replace=False))
if hasattr(data, "texts"):
    for item in looked_at:
        print(f"{item:5}  {data.texts[item]}")
else:
    display(figures.picture_row(data.pixels[looked_at[:10]], [str(item) for item in looked_at[:10]]))
    display(figures.picture_row(data.pixels[looked_at[10:]], [str(item) for item in looked_at[10:]]))

# %% [markdown]
# Write a dict with `"mine"`, a list of twenty class names in this order, as *you* see them; `"agree"`, how many of
# them are those of the data; and `"interval"`, that of `wilson`. Write all twenty before you look at a label. Some of
# these items will be tested later, so choose no setting by what you see.

# %% nbgrader={"grade": false, "grade_id": "answer-12-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
my_look = None  # {"mine": [...], "agree": …, "interval": …}
### BEGIN SOLUTION
mine = ["opinion"] * 20
mine[0] = mine[17] = "no opinion"  # advice to read the manual; four words without a verb
truth = [data.class_names[label] for label in data.labels[looked_at]]
agree = sum(a == b for a, b in zip(mine, truth, strict=True))
my_look = {"mine": mine, "agree": agree, "interval": wilson(agree, 20)}
print([(data.texts[item], b) for item, a, b in zip(looked_at, mine, truth, strict=True) if a != b], my_look["agree"])
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-12-3", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("12.3", {"data": data, "items": looked_at, "look": my_look})

# %% [markdown]
# ### Exercise 12.4
# **Split.** You will choose things: a penalty, a size, which network. What they are chosen on must not be tested on.
# So cut the data once: a dict with `"choosing"` (a tenth to a half of the items) and `"reporting"` (all others), each
# an array of indices, with whole groups in each.

# %% nbgrader={"grade": false, "grade_id": "answer-12-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
my_parts = None  # {"choosing": indices, "reporting": indices}
### BEGIN SOLUTION
cut = split_by_group(data, 0.25, seed=100)  # by review: in use, none of its sentences is known
my_parts = {"choosing": cut.test, "reporting": cut.train}
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-12-4", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("12.4", {"data": data, "parts": my_parts})

# %% [markdown]
# ### Exercise 12.5
# **Baseline, control, transfer.** Write a function that takes a set (all of the data, or a part) and returns a dict of
# strategies by the names of your plan. Make features from the set that it is given, and use labels only by
# `trial.train`. Choose settings on your part for choosing, before you write them in.
#
# The check calls the function several times, with the labels of the test items changed. Load networks and vectors
# outside of it; features come from the cache after the first call. For pictures you need `load_backbone`,
# `extract_features` and `raw_pixels`, for an encoder of texts `load_encoder` and `encode`, all from `tlhelpers.models`;
# with `pretrained=False` either loads a random twin.

# %% nbgrader={"grade": false, "grade_id": "answer-12-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
# load what you need, and choose your settings, on your part for choosing
### BEGIN SOLUTION
orders = [np.random.default_rng(seed).permutation(len(glove)) for seed in range(3)]
shuffled = [keyed_vectors(glove.index_to_key, glove.vectors[order]) for order in orders]

def on_vectors(vectors, data, C):
    return linear_head(document_vectors(vectors, data.texts, quiet=True), data.labels, C)

def on_words(data, C):
    def fitted(trial):
        return new_tfidf_head(C).fit(data.texts[trial.train], data.labels[trial.train])
    return lambda trial: fitted(trial).predict(data.texts[trial.test])

make = {"counted words": on_words,
        "shuffled GloVe": lambda data, C: take_turns([on_vectors(one, data, C) for one in shuffled]),
        "GloVe": lambda data, C: on_vectors(glove, data, C)}
choosing, best_C = data.subset(my_parts["choosing"]), {}
for name, on in make.items():  # each gets its penalty in the same way
    tried = {str(C): on(choosing, C) for C in (0.1, 1, 10)}
    runs = repeat(tried, choosing, labels=[40], seeds=10, progress=False)
    best_C[name] = float(runs.groupby("strategy").accuracy.mean().idxmax())
print(best_C)
### END SOLUTION

def my_strategies(data):
    ### BEGIN SOLUTION
    return {name: on(data, best_C[name]) for name, on in make.items()}
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-12-5", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("12.5", {"data": data, "parts": my_parts, "strategies": my_strategies})

# %% [markdown]
# ### Exercise 12.6
# **Run.** On the part to report on: all strategies in one call of `repeat`, ten seeds, the number of labels of your
# plan. Draw a figure in which every seed can be seen.

# %% nbgrader={"grade": false, "grade_id": "answer-12-6", "locked": false, "schema_version": 3, "solution": true, "task": false}
my_runs = None  # repeat(my_strategies(...), ...)
### BEGIN SOLUTION
reporting = data.subset(my_parts["reporting"])
my_runs = repeat(my_strategies(reporting), reporting, labels=[100], seeds=10)
display(figures.every_seed(my_runs, my_runs.strategies, lines={"chance": 0.5}))
my_runs.groupby("strategy", sort=False)[["accuracy", "seconds"]].mean().round(3)
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-12-6", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("12.6", {"data": data, "parts": my_parts, "plan": my_plan, "runs": my_runs})

# %% [markdown]
# ### Exercise 12.7
# **Compare.** The difference in accuracy that your plan asks for, with the interval of a paired bootstrap over seeds
# and groups. The other comparisons belong in the report, too: `compare_all` makes all of them at once, with Holm's
# correction.

# %% nbgrader={"grade": false, "grade_id": "answer-12-7", "locked": false, "schema_version": 3, "solution": true, "task": false}
my_result = None  # compare(...)
### BEGIN SOLUTION
my_result = compare(my_runs, *my_plan["compared"])
display(figures.intervals([my_result, compare(my_runs, "GloVe", "counted words")], title="100 labels per class"))
compare_all(my_runs, reference="GloVe").round(3)
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-12-7", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("12.7", {"plan": my_plan, "runs": my_runs, "result": my_result})

# %% [markdown]
# ### Exercise 12.8
# **The report.** A dict with four entries. `"question"`: one sentence. `"answer"`: one or two sentences that name both
# strategies, the difference, both ends of its interval, and which is better, or that it is not resolved. `"cost"`:
# what each takes, in seconds, labels, minutes of people. `"limits"`: a list of three sentences or more, each on
# something that was not tested.
#
# The check compares the answer with the interval. Whether cost and limits are worth reading, only a reader can say.

# %% nbgrader={"grade": false, "grade_id": "answer-12-8", "locked": false, "schema_version": 3, "solution": true, "task": false}
my_report = None  # {"question": …, "answer": …, "cost": …, "limits": […]}
### BEGIN SOLUTION
half = (my_result.high - my_result.low) / 2
reviews = int(np.ceil(my_result.items * (half / my_result.difference) ** 2))
beside = compare(my_runs, "counted words", "GloVe")
seconds = my_runs.groupby("strategy").seconds.mean().max()
my_report = {
    "question": "With 100 labels per class, does what GloVe learned elsewhere help to tell sentences with an opinion "
                "from others, in reviews of which nothing was learned, by three points or more?",
    "answer": f"Whether GloVe is better than shuffled GloVe is not resolved: {my_result.measured}. "
              f"Counted words minus GloVe: {beside.measured}, {beside.verdict}.",
    "cost": f"A run takes {seconds:.2f} seconds with the slowest of the three, and GloVe "
            f"{glove.vectors.nbytes / 1e6:.0f} MB besides. The 200 labels are about an hour of one person. With no "
            "resolved gain over counted words, GloVe is not worth it here. If the "
            f"difference from shuffled GloVe stays, {reviews} reviews would make half the width as small, and twice as "
            "many would find it four times of five.",
    "limits": ["Only reviews of a few kinds of electronic products were tested; reviews of books would tell more.",
               "No opinion means a mean rating near 0, also where praise meets blame (sound good but complicated); "
               "two people who label such sentences anew would show how much depends on it.",
               "A mean of words does not see their order; MiniLM, which does, was not tried.",
               "Only 100 labels per class were run; a learning curve would show whether fewer are enough."],
}
print(*my_report.values(), sep="\n")
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-12-8", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("12.8", {"plan": my_plan, "result": my_result, "report": my_report})

# %% [markdown]
# ## 4 · Hand it in
# 1. Restart the kernel and run everything once more: what comes out must be what your page says.
# 2. Look at ten mistakes or more of your best strategy (lesson 10, section 5). One sentence on what they share is worth
#    more than a third decimal.
# 3. Go through the [rubric](../teaching/project_rubric.md), criterion by criterion, and write down the level that you
#    would give yourself.
# 4. Swap pages with somebody, and judge theirs before you read what they think of yours.
# 5. For your own data, `compare_own` of lesson 10 makes a second report. Does it agree with yours?
#
# A project whose answer is "not resolved" can get full marks, as the example solution would: its plan said beforehand
# that the reviews are too few for three points. A large number from a split that tears groups apart gets none.

# %% [markdown]
# ## What we measured

# %%
claims_table()

# %% [markdown]
# ## Quiz
# Six questions about this lesson. Each wrong answer gets a hint, and another round asks other questions.

# %%
quiz("12")

# %% [markdown]
# ## What comes next
# - **Lesson 14** asks what may be promised about texts that are unlike yours.
# - **Lesson 09** has the mistakes that a project can make without a noise; go through its list once with your own.
# - To read: Dror and others on significance in language processing (ACL 2018); Card and others, *With little power
#   comes great responsibility* (arXiv:2010.06595); Bouthillier and others on variance in benchmarks
#   (arXiv:2103.03098).
