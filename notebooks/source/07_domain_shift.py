# %% [markdown]
# # 07 · Domain shift: why does a good model fail elsewhere?
#
# **The question.** A model learns from newspaper sentences which are friendly and which are not. It is then
# used on tweets. The task is the same, the *domain* is another one. How much breaks, can one see it coming,
# and what repairs it: with no label of a tweet, with a few, with many?
#
# **After this lesson you can**
# - measure what a change of domain costs, between a *source-only* row and an *oracle* row;
# - say what differs between two domains, by word and by feature, and what such a distance does not tell;
# - adapt a model without target labels: standardising, CORAL, importance weights, self-training;
# - decide with a few target labels whether the source still helps, and notice when it hurts;
# - say what one may promise a user of such a model.
#
# **Time**: {{reading}} of reading, {{exercises}}, {{computing}} of computing (recorded elsewhere;
# lesson 00 tells it for this machine). **Needs**: lessons 05 and 06.

# %%
import itertools

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import StandardScaler

from tlhelpers import figures
from tlhelpers.adaptation import (
    AdaptedClassifier, Evidence, adaptation_table, align_covariance, choose_by,
    circular_validation, feature_shift, importance_weights, label_shift, mmd, predict_all,
    proxy_a_distance, self_train, stack_domains, thresholded_confidence, with_bounds,
)
from tlhelpers.course import check, claim, claim_value, claims_table
from tlhelpers.data import draw_labels, load_equal_domains, split_by_group
from tlhelpers.evaluation import compare, holm, plan_trials, repeat
from tlhelpers.experiments import load_sweep, rerun
from tlhelpers.models import (
    document_vectors, encode, load_encoder, load_vectors, new_linear_head, tokens,
)

# %% [markdown]
# ## The set-up

# %%
figures.setup_diagram(
    "news sentences,\nwith labels", [("MiniLM", "frozen"), ("linear head", "trained")],
    "then used\non tweets", source="all-MiniLM-L6-v2")

# %% [markdown]
# Four domains of sentences, each rated by at least twenty people: tweets, editorials of the New York Times,
# movie reviews, product reviews (Hutto and Gilbert, 2014). All have the same two classes. We cut them to the
# same size, so that no domain wins by its number of texts.

# %%
domains = load_equal_domains()
for name, texts in domains.items():
    print(f"{name:9}", texts.counts(), "e.g.", texts.texts[np.argsort(texts.scores)[[30, -30]]].tolist())

# %% [markdown]
# In words and symbols (lesson 00): the task is the same, $\mathcal{T}_S = \mathcal{T}_T$, the domains differ,
# $\mathcal{D}_S \neq \mathcal{D}_T$. (We take it so; whether the same words mean the same is part of the
# question.) The domain that labels come from is the *source*, the one that the model is used on is the
# *target*.
#
# ## 1 · What breaks
# The table was stored by `python3 -m tlhelpers sweep text-domains`: 400 training texts per class of one
# domain, tested on the test sides of all four, ten seeds. Trained and tested on the *same* domain is the
# diagonal.
#
# > **Before you run it:** TF-IDF counts words, GloVe averages word vectors, MiniLM reads sentences. Off the
# > diagonal, which of them loses most?

# %%
names = ["news", "tweets", "movies", "products"]
stored = {(a, b): load_sweep(f"text-domains-{a}", b) for a in names for b in names}

def matrix(strategy):
    """Mean accuracy by domain that was trained on (row) and tested on (column)."""
    cells = {(a, b): runs[runs.strategy == strategy].accuracy.mean() for (a, b), runs in stored.items()}
    return pd.Series(cells).unstack().loc[names, names]

ladder = ["TF-IDF", "GloVe mean", "frozen"]
tables = {strategy: matrix(strategy) for strategy in ladder}
figures.matrices(tables)

# %% [markdown]
# Read a *column*: same test texts, other training texts. What a head trained on the tested domain reaches is
# the **oracle**: it used target labels. What one trained elsewhere reaches is **source only**. The difference
# is the price of the shift. A *row* misleads: by frozen MiniLM, the head from news does as well on tweets as
# at home, and one might think that nothing was lost. Tweets are simply easier. For tweets:

# %%
def on_tweets(strategy, domain):
    runs = stored[domain, "tweets"]
    return runs[runs.strategy == strategy].assign(strategy=f"{strategy}, from {domain}")

prices = pd.concat([on_tweets(strategy, domain) for strategy in ladder for domain in names])
lost = [compare(prices, f"{strategy}, from news", f"{strategy}, from tweets") for strategy in ladder]
figures.intervals(lost)

# %%
def per_seed(strategy):
    """What each seed loses on tweets when it learns from news."""
    gap = [on_tweets(strategy, domain).set_index("seed").accuracy for domain in ("tweets", "news")]
    return (gap[0] - gap[1]).to_numpy()

def with_interval(values):
    """Mean and its 95 % interval: seeds drawn anew, with replacement, but not the texts."""
    drawn = np.random.default_rng(0).choice(values, (10_000, len(values))).mean(1)
    return values.mean(), *np.quantile(drawn, [0.025, 0.975])

# %% tags=["claim"]
claim("07.a", "on tweets, TF-IDF from news loses to TF-IDF from tweets", lost[0], expect="less")
claim("07.b", "GloVe averages lose as well", lost[1], expect="less")
claim("07.c", "frozen MiniLM loses as well", lost[2], expect="less")
claim_value("07.d", "TF-IDF loses more than frozen MiniLM (difference of the two losses, ten seeds)",
            *with_interval(per_seed("TF-IDF") - per_seed("frozen")), at_least=0)
claim("07.e", "from news, frozen MiniLM is better on tweets than TF-IDF that was trained on news",
      compare(prices, "frozen, from news", "TF-IDF, from news"))

# %% [markdown]
# From news to tweets all three lose, and TF-IDF loses more than MiniLM. This is one pair, the one that the
# lesson goes on with. In the column "news" it is the other way round: TF-IDF loses least there, since it has
# little to lose. A loss alone does not rank strategies. What holds in every cell is the level: frozen MiniLM is
# above TF-IDF wherever it is tested. That MiniLM has read many domains before is a likely reason, not a
# tested one.
#
# Off the diagonal the panels are not symmetric: what one domain gives another is not what it gets back.

# %% [markdown]
# ## 2 · What differs: words
# Which words are common in one domain and rare in the other? Every word is a feature that is 1 if the text
# holds it; `feature_shift` sorts features by their standardised difference of means.

# %%
counter = CountVectorizer(tokenizer=tokens, token_pattern=None, lowercase=False, binary=True, min_df=40)
counts = counter.fit_transform([*domains["news"].texts, *domains["tweets"].texts]).toarray()
n = len(domains["news"])
by_word = feature_shift(counts[:n], counts[n:], counter.get_feature_names_out())
figures.word_shift(by_word, source="news", target="tweets")

# %%
print(f"{(by_word.standardised_difference.abs() > 0.2).mean():.0%} of {len(by_word)} common words differ by "
      "more than a fifth of a standard deviation")
label_shift(domains["news"].labels, domains["tweets"].labels, domains["news"].class_names)

# %% [markdown]
# The newspaper's *the* and *of* are rarer in tweets, which shout and say *I*. The largest difference was made
# by whoever collected the data: names in tweets were replaced by *@anonymous*. A classifier of domains
# (section 3) may use such marks too, though they say nothing about being friendly.
#
# The last table shows the classes: they are equally common, since we drew them so. In your own data the share
# of classes may shift as well (*label shift*); everything below takes equal shares for granted.
#
# ## 3 · What differs: features
# Words that differ need not matter to an encoder. How far are the domains apart in its features? The *proxy
# A-distance* (Ben-David and others, 2006) asks a classifier to tell the domains apart: 2 if it never fails, 0
# if it guesses.

# %%
encoder = load_encoder("minilm-l6")
rows = {name: encode(encoder, domains[name], progress=False) for name in ("news", "tweets")}

# %%
rows |= {name: encode(encoder, domains[name], progress=False) for name in ("movies", "products")}

# %% [markdown]
# With the features at hand, a part of the stored table is made anew and compared:

# %%
again = rerun("text-domains-news", ["frozen"], 400, range(2), n_jobs=1, tested_on="tweets")
again.round(3)

# %% tags=["claim"]
claim_value("07.f", "heads that are trained again here predict what the stored table says (share of the tweets)",
            again.same.mean(), at_least=0.95)

# %% [markdown]
# > **Before you run it:** which two of the four domains will lie nearest? And will the nearest one be the
# > one that helps most?

# %%
apart = {frozenset(pair): proxy_a_distance(rows[pair[0]], rows[pair[1]], C=0.01).distance
         for pair in itertools.combinations(names, 2)}
ordered = pd.DataFrame(
    [(a, b, apart[frozenset([a, b])], tables["frozen"].loc[a, b], tables["frozen"].loc[b, b])
     for a, b in itertools.permutations(names, 2)],
    columns=["source", "target", "distance", "source only", "oracle"])
ordered["lost"] = ordered["oracle"] - ordered["source only"]
ordered.sort_values(["target", "distance"]).round(2)

# %%
within = ordered.groupby("target")[["distance", "lost"]].apply(lambda part: part.corr("spearman").iloc[0, 1])
print(f"rank correlation of distance and loss: over all twelve {ordered.distance.corr(ordered.lost, 'spearman'):.2f}")
print("within a target:", within.round(2).to_dict())

# %% [markdown]
# A second measure, *MMD* (maximum mean discrepancy), asks whether rows are on average more alike within a
# domain than across. Its p value: how often a random division of all rows gives as much. With two hundred
# divisions it cannot come out much smaller than it does here.

# %%
test = mmd(rows["news"][:1000], rows["tweets"][:1000])
print(f"news and tweets: MMD² {test.mmd2:.3f}, p = {test.p_value:.3f}")

# %% [markdown]
# All pairs are far apart: a linear classifier tells nearly every sentence's domain. Over all twelve pairs,
# distance and loss hardly go together. But compare within *one* target: for news and for tweets the order of
# distance is the order of loss; for the other two, whose losses hardly differ, it is not. So a distance may
# help to choose among sources for a given target. It does not say how much will be lost: it is the same in
# both directions, the loss is not (look at movies and tweets). It counts everything that differs, whether the
# task needs it or not, and it cannot see whether the same features still mean the same. Four targets and six
# distances that differ little are a hint, not a law.

# %% tags=["claim"]
def lost_by_seed(source, target):
    """What each seed loses on a target when a head on frozen features learns elsewhere."""
    own, other = (stored[a, target].query("strategy == 'frozen'").set_index("seed").accuracy
                  for a in (target, source))
    return (own - other).to_numpy()

claim_value("07.g", "the two nearest domains can still be distinguished by most of their sentences "
            "(distance; 2: by all)", min(apart.values()), at_least=1)
claim_value("07.h", "one distance, two losses: from movies to tweets more is lost than from tweets to movies "
            "(difference, ten seeds)",
            *with_interval(lost_by_seed("movies", "tweets") - lost_by_seed("tweets", "movies")), at_least=0)

# %% [markdown]
# (This pair was taken because it stands out in the table: an example, not a test of all six.)

# %% [markdown]
# ### Exercise 07.1
# A classifier has learned to tell which domain a row comes from. `wrong_source` and `wrong_target` are bool
# arrays, shapes (n,) and (m,), of rows that it has not seen: `True` where it was mistaken. The error is the
# **mean of both domains' shares** of mistaken rows, so that a large domain does not count for more. Return
# the distance, 2 · (1 − 2 · error), as a float. It may be below 0.

# %% nbgrader={"grade": false, "grade_id": "answer-07-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def proxy_distance(wrong_source, wrong_target):
    ### BEGIN SOLUTION
    error = (wrong_source.mean() + wrong_target.mean()) / 2
    return 2 * (1 - 2 * error)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-07-1", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("07.1", proxy_distance)

# %% [markdown]
# ## 4 · With no target label
# Now we have 400 labelled news sentences per class, and tweets without labels. `repeat` is given both
# domains and splits them anew for each seed. A strategy gets a *trial*; `trial.rows()` holds news rows with
# labels, tweet rows *without* (target labels are out of its reach), and the rows to predict of both. Two
# strategies are always there: `source only` below, and `oracle`, trained on the labels of the tweets, above.
#
# ### Four ideas
# **Standardise each domain by itself.** If a feature is simply larger or wider in tweets, this repairs it.

# %%
def head_on(moved, labels, tests):
    return predict_all(new_linear_head(C=1).fit(moved, labels), tests)

def standardised(trial):
    source, labels, target, tests = trial.rows()
    own, other = (StandardScaler().fit(rows) for rows in (source, target))
    moved = {name: (own if name == trial.name else other).transform(rows) for name, rows in tests.items()}
    return head_on(own.transform(source), labels, moved)

# %% [markdown]
# ### Exercise 07.2
# Standardise two domains, **each by itself**: subtract a feature's mean and divide by its standard deviation
# (the one that divides by n, as numpy's `std` does). `source` has the shape (n, d), `target` (m, d). Return
# both, in this order. A feature that is constant in a domain becomes 0 there, whatever its value is; add
# nothing to the standard deviation of the others.

# %% nbgrader={"grade": false, "grade_id": "answer-07-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def standardise_each(source, target):
    ### BEGIN SOLUTION
    def standardise(rows):
        varies = np.ptp(rows, axis=0) > 0  # a standard deviation may be 1e-17 where nothing varies
        return (rows - rows.mean(axis=0)) / np.where(varies, rows.std(axis=0), 1)

    return standardise(source), standardise(target)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-07-2", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("07.2", standardise_each)

# %% [markdown]
# **CORAL** (Sun, Feng and Saenko, 2016) goes one step further: not only each feature's spread, but how
# features vary *together* shall be as in the target. Source rows are whitened, then coloured.
#
# **Importance weights**: source rows that look like tweets count for more. A classifier of domains gives the
# weight, cut off at both ends so that a few rows do not decide all. Nothing is moved. Two things must hold:
# equal texts have equal labels in both domains, and the domains overlap. Section 3 makes the second doubtful.

# %%
def by_coral(trial):
    source, labels, target, tests = trial.rows()
    return head_on(align_covariance(source, target), labels, tests)

def weighted(trial):
    source, labels, target, tests = trial.rows()
    weights = importance_weights(source, target, C=0.01)
    head = new_linear_head(C=1).fit(source, labels, logisticregression__sample_weight=weights)
    return predict_all(head, tests)

# %% [markdown]
# ### Exercise 07.3
# Write CORAL, which brings the covariance of the source rows nearer to the target's.
# `source` has the shape (n, d),
# `target` (m, d), with d of at least 2. `np.cov(rows, rowvar=False)` is the covariance of one domain; add the
# identity, `np.eye(d)`, to both, so that no small variance is blown up. Then, in this order:
#
# 1. subtract the source's mean from the source rows,
# 2. *whiten* them: multiply (`@`) by the source's matrix to the power −1/2, which takes the source's own
#    pattern out,
# 3. *colour* them: multiply by the target's matrix to the power 1/2, which puts the target's in,
# 4. add the target's mean.
#
# Return an array of shape (n, d). The power p of a symmetric matrix is `(vectors * values**p) @ vectors.T`,
# where `values, vectors = np.linalg.eigh(matrix)`. The course's own `align_covariance`
# adds the identity in units of the mean variance; here it is added as it is.

# %% nbgrader={"grade": false, "grade_id": "answer-07-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def coral_by_hand(source, target):
    ### BEGIN SOLUTION
    def power(rows, p):
        values, vectors = np.linalg.eigh(np.cov(rows, rowvar=False) + np.eye(rows.shape[1]))
        return (vectors * values**p) @ vectors.T

    centred = source - source.mean(axis=0)
    return centred @ power(source, -1 / 2) @ power(target, 1 / 2) + target.mean(axis=0)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-07-3", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("07.3", coral_by_hand)

# %% [markdown]
# **Self-training**: the head guesses the labels of the tweets, and is trained anew with its most confident
# guesses as if they were true. Of each guessed class the most confident three fifths are taken, three rounds.
#
# A fifth row comes from skada, a library of such methods: *optimal transport* moves source rows to where the
# target rows are, with the least way in all. It does not look at classes: a friendly sentence may land among
# unfriendly tweets. Like every method of skada it gets target labels as −1: unknown. Its rows are scaled in
# another way than ours, so its row in the table compares more than the transport alone.

# %%
def self_trained(trial):
    source, labels, target, tests = trial.rows()
    found = self_train(lambda: new_linear_head(C=1), source, labels, target, share=0.6, rounds=3)
    return predict_all(found.head, tests)

def transported(trial):
    source, labels, target, tests = trial.rows()
    strategy = AdaptedClassifier("optimal transport").fit(*stack_domains(source, labels, target))
    return predict_all(strategy, tests)

adapted = {"standardised": standardised, "CORAL": by_coral, "importance weights": weighted,
           "self-training": self_trained, "optimal transport": transported}

# %% [markdown]
# ### Exercise 07.4
# Choose the target items for a model to learn from its own guesses. `probabilities` has the shape (m, k): one
# row per item, one column per class. The predicted class of an item is the one with the highest probability,
# and that probability is its *confidence*. Of **each predicted class** take the
# `round(share * count)` most confident items, where `count` is the number of items with that predicted class; of
# equally confident ones take the first. A class that is never predicted sends none. Return two int arrays:
# `items`, in ascending order, and their predicted classes.

# %% nbgrader={"grade": false, "grade_id": "answer-07-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def pseudo_labels(probabilities, share):
    ### BEGIN SOLUTION
    predicted, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    chosen = []
    for label in np.unique(predicted):
        own = np.flatnonzero(predicted == label)
        order = np.argsort(-sure[own], kind="stable")
        chosen.append(own[order[: round(share * len(own))]])
    items = np.sort(np.concatenate(chosen))
    return items, predicted[items]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-07-4", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("07.4", pseudo_labels)

# %% [markdown]
# Two kinds of features: GloVe averages, which lost much on tweets, and frozen MiniLM, which lost little. The
# penalties and shares were tried out beforehand on seeds from 100 on, judged by labels of tweets; what follows
# is seeds 0 to 9. Other seeds are other splits of the same sentences: the trainings see no tweet label, but
# the settings are not wholly innocent of them.
#
# In the table, `target` and `source` are accuracies on test tweets and on test news, of the same model.
# `gap_closed`: the difference to source only, as a share of the oracle's. `verdict`: after Holm's correction
# for all strategies. *Negative transfer* means: adapting made it worse than leaving it alone.
#
# > **Before you run it:** for which of the two is there more to win? Does one of the five make it worse?

# %%
vectors = load_vectors("glove-50d")
averages = {name: document_vectors(vectors, domains[name].texts, quiet=True) for name in ("news", "tweets")}

pair = {name: domains[name] for name in ("news", "tweets")}
strategies = with_bounds(adapted, lambda: new_linear_head(C=1), pair["tweets"])

def from_news_to_tweets(features):
    runs = repeat(strategies, pair, labels=[400], features={name: features[name] for name in pair})
    return runs.on("tweets"), runs.on("news")

glove, glove_home = from_news_to_tweets(averages)
adaptation_table(glove, glove_home).round(3)

# %%
runs, at_home = from_news_to_tweets(rows)
adaptation_table(runs, at_home).round(3)

# %%
gained = [compare(table, name, "source only") for table in (glove, runs) for name in adapted]
figures.intervals(gained, notes=[kind for kind in ("GloVe averages", "frozen MiniLM") for _ in adapted])

# %% tags=["claim"]
claim("07.i", "on GloVe averages, CORAL beats source only, with no label of a tweet", gained[1])
claim("07.j", "on GloVe averages, CORAL does not reach the oracle", compare(glove, "CORAL", "oracle"),
      expect="less")
claim("07.k", "on frozen MiniLM, CORAL is not shown to help", gained[6], expect="not resolved")
claim("07.l", "on frozen MiniLM, optimal transport with its preprocessing is worse than source only", gained[9],
      expect="less")

# %% [markdown]
# On GloVe averages, where much was lost, CORAL wins a part back, and self-training *harms*; a likely reason:
# wrong guesses teach their own mistakes. On MiniLM, where little was lost, none of the five is shown
# to help, and optimal transport, left at the library's settings, does great harm. Same data, same seeds,
# other features: a strategy is not good or bad by itself.
#
# When settings were tried out on three other seeds, importance weights had looked good on MiniLM. On ten new
# ones they do not. What was chosen on a few seeds has no gain to show until new ones are
# drawn, best of all new texts.
#
# ### Choosing without labels
# Which of them would you take? The tables above used the labels of the test tweets: whoever picks the best
# row from them is an *oracle*. Without any target label one can use *circular validation*:
# train from news to tweets, guess the tweets, train back from the guesses to the news, and judge there,
# where labels are known.

# %%
trials = plan_trials(pair, labels=[400], seeds=range(10), features=averages)
options = {name: strategy for name, strategy in strategies.items() if name != "oracle"}
offered = glove[glove.strategy.isin(options)].copy()
offered["circular validation"] = [circular_validation(options[run.strategy], trials[run.seed], run.seed)
                             for run in offered.itertuples()]
picked, best = (choose_by(offered, by, list(options)) for by in ("circular validation", "accuracy"))
pd.DataFrame({"picked": picked.picked.value_counts(), "oracle choice": best.picked.value_counts()}).fillna(0)

# %%
chosen = pd.concat([glove, picked, best])
price = [compare(chosen, "chosen by circular validation", rival) for rival in ("source only", "oracle choice")]
figures.intervals(price, notes=["GloVe averages"] * 2)

# %% tags=["claim"]
claim("07.m", "what circular validation picks beats source only", price[0])
claim("07.n", "what circular validation picks is worse than what an oracle picks with labels", price[1],
      expect="less")

# %% [markdown]
# There and back beats not adapting. That it falls behind the oracle is no surprise: the oracle is picked and
# judged on the same test tweets, so nothing can beat it, and some of its lead is luck. Read the difference as
# the most that the missing labels may have cost. Lesson 08 has eight more ways to choose.

# %% [markdown]
# ### Exercise 07.5
# A classifier trained on news does well on news and loses on tweets. A colleague tries four ways to adapt it
# that need no label of a tweet, each with five settings, measures all twenty on the labelled tweets of the
# test side, and reports the best one's accuracy as "unsupervised". What is this number?
#
# - `"a"`: what it says it is, since none of the twenty trainings has seen the label of a tweet
# - `"b"`: that of an oracle's choice, since labels of tweets chose strategy and setting
# - `"c"`: an honest one, as long as the other nineteen accuracies are shown beside it
# - `"d"`: of no use, since whoever adapts without labels may not even judge by them

# %% nbgrader={"grade": false, "grade_id": "answer-07-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "b"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-07-5", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("07.5", answer)

# %% [markdown]
# ### And a network whose weights move?
# MiniLM tuned on the same news sentences, and then *self-trained* once over the most confident three fifths
# of its guesses (stored; ten seeds).

# %%
order = ["TF-IDF", "GloVe mean", "frozen", "fine-tuned", "fine-tuned, self-trained on tweets"]
from_news = stored["news", "tweets"]
figures.every_seed(from_news, order)

# %%
pd.DataFrame({f"on {b}": stored["news", b].groupby("strategy").accuracy.mean() for b in names}).loc[order].round(2)

# %%
asked = [("fine-tuned", "frozen"), ("fine-tuned, self-trained on tweets", "fine-tuned")]
tuned = [compare(stored["news", name], *pair) for name in ("tweets", "news") for pair in asked]
figures.intervals(tuned, notes=["on tweets"] * 2 + ["on news, at home"] * 2)

# %% tags=["claim"]
claim("07.o", "on tweets, MiniLM tuned on news beats frozen MiniLM with a head from news", tuned[0])
claim("07.p", "self-training on unlabelled tweets raises it further", tuned[1])

# %% [markdown]
# Tuning on news helps at home *and* on tweets: here it did not cost what lesson 03 warned of. And
# self-training, which harmed GloVe averages, now helps. Its guesses were better to begin with, and the
# features themselves could move. The last table shows the price: on news, the network that went on to tweets
# lies a little lower, though that is not resolved.

# %% [markdown]
# ## 5 · With a few target labels
# Now someone labels tweets: 8 of each class, 32, 128, or all. Three ways to use them: leave the source alone,
# add them to the source, or tune on the source first and then on them.
#
# > **Before you run it:** from how many labels on is the source no longer of use?

# %%
few_labels = load_sweep("text-few-labels")
curves = few_labels[few_labels.strategy.isin(["TF-IDF", "TF-IDF, with news", "frozen", "frozen, with news"])]
zero = runs.query("strategy == 'source only'").accuracy.mean()
figures.learning_curves(curves, {"frozen, news alone": zero})

# %%
counts = sorted(few_labels["labels"].unique())
helps = [compare(few_labels, "frozen, with news", "frozen", labels=k) for k in counts]
figures.intervals(helps, notes=[figures.labels_per_class(k) for k in counts])

# %% tags=["claim"]
claim("07.q", "with 8 tweets per class, adding the news helps", helps[0])
claim("07.r", "with all tweets, adding the news is not shown to help", helps[-1], expect="not resolved")

# %% [markdown]
# For a head on frozen features the source is shown to help with the fewest labels only. With so few, look at
# the line of news alone: the tweets add little to it, the news does the work. "Not shown" is not "of no use":
# when the network itself is tuned, news helps for longer.
#
# So tune: on the source first, then on the few tweets. Beside it, tuning on the same
# tweets alone (lesson 06), and the frozen features with a head from both.

# %%
both = pd.concat([load_sweep("text-after-news"), few_labels,
                  load_sweep("text-strategies").query("strategy == 'fine-tuned'")])
sequence = [compare(both, "fine-tuned after news", rival, labels=k)
            for k in (8, 32, 128) for rival in ("fine-tuned", "frozen, with news")]
figures.intervals(sequence, notes=[figures.labels_per_class(k) for k in (8, 32, 128) for _ in range(2)])

# %% tags=["claim"]
claim("07.s", "with 8 tweets per class, tuning on news first beats tuning on the tweets alone", sequence[0])
claim("07.t", "with 32 tweets per class, tuning on news first beats tuning on the tweets alone", sequence[2])
claim("07.u", "with 32 tweets per class, tuning on news first beats a head from both on frozen features",
      sequence[3])

# %% [markdown]
# Two of the six intervals are not resolved, one with the fewest labels and one with the most. The claims
# above were taken from the other four, after looking.
#
# ### A source that hurts
# Movie reviews in place of news:

# %%
hurts = [compare(few_labels, f"frozen, with {domain}", "frozen", labels=128)
         for domain in ("news", "movies", "products")]
figures.intervals(hurts, notes=[figures.labels_per_class(128)] * 3)

# %%
alone = [one.p for one in hurts]
pd.DataFrame({"p": alone, "p, corrected for three": holm(alone)}, index=[one.a for one in hurts]).round(3)

# %% tags=["claim"]
claim("07.v", "with 128 tweets per class, adding movie reviews makes it worse", hurts[1], expect="less")

# %% [markdown]
# The loss is small, its interval ends close to 0, and corrected for three looks it is not resolved. Movies were
# under suspicion before, from a trial on other splits of the same sentences: a hint, to be tested on new
# texts. The penalty of the head was chosen on source and tweets together, most of which are reviews: a choice
# on the tweets alone may repair it.
#
# How would one notice? Not on the source. A distance may warn (movies lie farthest from tweets), but it has
# no threshold: all pairs are far apart, and news helps all the same. Only labels of the target decide.

# %% [markdown]
# ### Exercise 07.6
# You have a large labelled source, and 128 labelled texts per class of your target. Training on both may be
# better than training on the target's labels alone; for some pairs of domains it is worse. How do you notice
# that before the release?
#
# - `"a"`: train on both, and see whether the accuracy on held-out texts of the source stays high
# - `"b"`: measure how far the two domains are apart, and leave the source out if it is far
# - `"c"`: measure with and without the source on the test side, and report the better accuracy
# - `"d"`: compare with the target's labels alone, on some of them held out, in several draws

# %% nbgrader={"grade": false, "grade_id": "answer-07-6", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "d"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-07-6", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("07.6", answer)

# %% [markdown]
# ## 6 · What may one promise?
# A user asks: "How often will it be right on my texts?" The head from news gives its confidence. And there are
# estimates that ask for no label: *thresholded confidence* (Garg and others, 2022) finds the confidence that
# gives the right accuracy at home, and counts how many of the new texts lie above it.
#
# > **Before you run it:** where will the model promise too much: on tweets, on movies, or on products?

# %%
def promised(target, seed):
    """Accuracy on a domain: as it is, and as the head itself would have it."""
    own, other = (split_by_group(domains[name], 0.3, seed) for name in ("news", target))
    learned = own.train[draw_labels(domains["news"].labels[own.train], 400, seed)]
    head = new_linear_head(C=1).fit(rows["news"][learned], domains["news"].labels[learned])
    home, there = head.predict_proba(rows["news"][own.test]), head.predict_proba(rows[target][other.test])
    seen = Evidence(rows["news"][own.test], home, domains["news"].labels[own.test],
                    rows[target][other.test], there)
    return {"target": target, "accuracy": (there.argmax(1) == domains[target].labels[other.test]).mean(),
            "promised": thresholded_confidence(seen)}

promises = pd.DataFrame([promised(name, seed) for name in names for seed in range(10)])
promises["too much"] = promises.promised - promises.accuracy
promises.groupby("target", sort=False).mean().round(2)

# %% tags=["claim"]
too_much = {name: part["too much"].to_numpy() for name, part in promises.groupby("target")}
claim_value("07.w", "on movies, the model's confidence promises too much (difference to the accuracy, ten seeds)",
            *with_interval(too_much["movies"]), at_least=0)
claim_value("07.x", "on products, the model's confidence promises too much (difference to the accuracy, ten seeds)",
            *with_interval(too_much["products"]), at_least=0)

# %% [markdown]
# At home the estimate is right by construction. On tweets, which are easier than news, it promises too
# little; on movies and products, too much. It takes for granted that a confidence means as much in the target
# domain as at home. So:
#
# - State the domain with every accuracy: "right on so many of a hundred *editorial sentences*".
# - For another domain promise nothing before a few hundred of its items have been labelled and counted; the
#   interval then says how much is known.
# - Without labels, an estimate is a reason to look, not a result.

# %% [markdown]
# ### Exercise 07.7
# How much of what target labels would bring does an adaptation bring without them? Given are three accuracies
# on the target: `source_only` (no adaptation), `adapted`, and `oracle` (trained with the target's labels).
# Return the share of the gap between `source_only` and `oracle` that the adaptation closes. It is below 0
# where the adaptation does harm and above 1 where it beats the oracle: cut nothing off. If the oracle is
# **not above** `source_only` there is no gap: return `float("nan")`.

# %% nbgrader={"grade": false, "grade_id": "answer-07-7", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gap_closed(source_only, adapted, oracle):
    ### BEGIN SOLUTION
    if oracle <= source_only:
        return float("nan")
    return (adapted - source_only) / (oracle - source_only)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-07-7", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("07.7", gap_closed)

# %% [markdown]
# ## What we measured

# %%
claims_table()

# %% [markdown]
# ## What comes next
# - **Lesson 08** lets unlabelled target data into the training of a network itself.
# - To read: Ben-David and others, what a distance between domains can promise (Machine Learning, 2010); Sun,
#   Feng and Saenko on CORAL (arXiv:1511.05547); Garg and others on accuracy without labels (arXiv:2201.04234).
