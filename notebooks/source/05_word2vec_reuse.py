# %% [markdown]
# # 05 · Word vectors: what do they carry to a new task?
#
# **The question.** A word vector is the smallest thing in language that can be reused: fifty numbers per
# word, learned from texts without any label. What is in them, what is lost when a text becomes their
# mean, and when do they beat plain counting of words?
#
# **After this lesson you can**
# - train word vectors yourself, and load those that others trained on far more text;
# - say how many words of your texts they know, and find out when it is few;
# - ask for neighbours and analogies without being fooled by the way the question is put;
# - build a classifier on averages of vectors, and compare it fairly with counted words;
# - decide whether an embedding layer should be frozen, tuned or random;
# - probe vectors for bias, and say what the probe can tell.
#
# **Time**: {{reading}} of reading, {{exercises}}, {{computing}} of computing (recorded elsewhere;
# lesson 00 tells it for this machine). **Needs**: lessons 00 and 02.

# %%
import numpy as np
import pandas as pd

from tlhelpers import figures
from tlhelpers.course import check, claim, claim_value, claims_table
from tlhelpers.data import Newsgroups, chance, load_sentiment
from tlhelpers.evaluation import compare, repeat, take_turns, wilson
from tlhelpers.experiments import load_sweep, provenance_of, rerun
from tlhelpers.models import (
    analogy, analogy_questions, answer_questions, association_test, coverage, document_vectors,
    keyed_vectors, linear_head, load_vectors, new_tfidf_head, tokens, train_word2vec,
)

# %% [markdown]
# ## The set-up

# %%
figures.setup_diagram(
    "the words\nof a tweet", [("word vectors,\na table", "frozen"), ("mean", "frozen"),
                              ("linear head", "trained")], "negative or\npositive",
    source="GloVe, six billion words of Wikipedia and newswire")

# %% [markdown]
# *Source task*: tell which words stand near each other, in news and an encyclopaedia. *Target task*: is a
# tweet negative or positive? New task, new domain. What is reused is a table, one row per word; nothing in
# it knows the sentence that the word stands in. That is why such vectors are called *static*.
#
# ## 1 · Train some yourself
# Word2Vec (Mikolov and others, 2013) trains the table with a guessing game. The *skip-gram* form takes a
# word and pulls its vector towards those of its neighbours, and away from words drawn at random (*negative
# sampling*). Our texts: posts in twenty newsgroups of the 1990s, on hockey, space, religion, computers.

# %%
posts = Newsgroups()
print(f"{len(posts):,} posts, {sum(map(len, posts)):,} words")
print(" ".join(next(iter(posts))[:30]))

# %% [markdown]
# > **Before you run it:** twice through these posts. Which words will end up nearest to *hockey*?

# %%
def tell(epoch, vectors):
    near = ", ".join(word for word, _ in vectors.most_similar("hockey", topn=6))
    print(f"after {epoch}: {near}", flush=True)

own = train_word2vec(posts, size=50, epochs=2, seed=0, after_epoch=tell)
print(f"{len(own):,} words, {own.vector_size} numbers each")

# %% [markdown]
# Nobody told it what sport is. The result is the same at each call, because one worker trains: with several,
# gensim's vectors differ from run to run, whatever the seed.
#
# Nearness is the *cosine* of the angle between two vectors. Twenty more words, picked by us to fall into four
# groups, on a map: fifty numbers do not fit on paper, so it shows the two directions in which these words
# differ most (*principal components*). The axes say how much of all their differences that is.

# %%
topics = {"sport": ["hockey", "baseball", "playoffs", "goalie", "season"],
          "computers": ["windows", "disk", "mouse", "driver", "software"],
          "space": ["orbit", "nasa", "shuttle", "moon", "launch"],
          "religion": ["god", "jesus", "faith", "church", "bible"]}
words = [word for group in topics.values() for word in group]
figures.flat_map(own[words], words, [name for name, group in topics.items() for _ in group])

# %% [markdown]
# ### Exercise 05.1
# `rows` is an array with one vector per word, of any size, and `words` the list of these words. Return the word
# that is nearest to `word` by cosine, and is not `word` itself.

# %% nbgrader={"grade": false, "grade_id": "answer-05-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def nearest_word(word, words, rows):
    ### BEGIN SOLUTION
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = unit @ unit[words.index(word)]
    cosines[words.index(word)] = -np.inf
    return words[int(cosines.argmax())]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-05-1", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("05.1", nearest_word)

# %% [markdown]
# ## 2 · Load what others have trained
# GloVe (Pennington and others, 2014) has the same aim with another recipe: it fits how often two words occur
# together. Ours was trained on six billion words, far more computing than a lesson has; loading it takes
# moments.
#
# > **Before you run it:** whose neighbours of *windows* will be about computers?

# %%
glove = load_vectors("glove-50d")
print(f"{len(glove):,} words, {glove.vector_size} numbers each")
pd.DataFrame({word: {name: ", ".join(w for w, _ in vectors.most_similar(word, topn=5))
                     for name, vectors in {"own": own, "GloVe": glove}.items()}
              for word in ("hockey", "windows", "cheap", "doctor")}).T

# %% [markdown]
# *Windows* is a program for the newsgroups and, partly, a hole in a wall for the newspapers. A vector
# carries the domain that it was trained on; keep that in mind for lesson 07. And from as
# little text as ours, some neighbours make little sense: look at *doctor*.
#
# Try words of your own. (Where no widget can be drawn, the picture stands still.) Look for a river among the
# neighbours of *bank*: one vector has to do for all senses, and newswire speaks of money.

# %%
figures.word_explorer(glove, "bank")

# %% [markdown]
# ### Near is not alike
# > **Before you run it:** our task will be to tell good from bad. Which pair will be nearer to each other:
# > *good* and *bad*, or *good* and *terrific*?

# %%
pairs = [("good", "terrific"), ("good", "bad"), ("love", "hate"), ("awful", "wonderful"), ("awful", "terrible")]
for one, other in pairs:
    print(f"{one:6} {other:10} {glove.similarity(one, other):.2f}")

# %% [markdown]
# Opposites stand in the same places of a sentence, so they are neighbours: "near" means "used alike", not
# "of like meaning". For sentiment that is bad luck, and a reason to measure instead of trusting the word.
#
# ## 3 · Which words are known?
# Our target: tweets that people have rated from −4 to 4 (lesson 06 goes on with them). Those rated near
# neutral are left out, and positive ones until both classes are equal. On a real stream of tweets expect
# lower numbers than those below, and another level of chance.

# %%
tweets = load_sentiment("tweets")
rated = len(load_sentiment("tweets", threshold=0, balanced=False))
print(f"{rated} rated other than 0, {len(load_sentiment('tweets', balanced=False))} of them by 0.5 or more")
print(tweets)

# %% [markdown]
# GloVe knows 400,000 words. Does it know those of the tweets? That depends on how a tweet is cut into words.
#
# > **Before you run it:** cut at spaces, what share of the words will be known?

# %%
print(tweets.texts[6], "→", tokens(tweets.texts[6]))
print("cut at spaces:        ", coverage(glove, tweets.texts, str.split))
print("and in small letters: ", coverage(glove, tweets.texts, lambda text: text.lower().split()))
print("cut much as for GloVe:", coverage(glove, tweets.texts, tokens))

# %% [markdown]
# The table has *drawn*, but no *drawn.* with a full stop and no *I* as a capital letter. Whoever cuts at
# spaces looks up words that cannot be there, and nothing complains: unknown words are left out of the mean, a
# text without any known word becomes zeros (`document_vectors` warns of those, unless it is told to be
# `quiet`). (Each way counts its own pieces, so the shares have different wholes.) What does it cost? Ten
# seeds, each with a split of its own; tweets that say nearly the same stay on one side of it.

# %%
labels = tweets.labels
ways = {"cut for GloVe": tokens, "small letters": lambda text: text.lower().split(), "cut at spaces": str.split}
rows = {name: document_vectors(glove, tweets.texts, way, quiet=True) for name, way in ways.items()}
cut = repeat({name: linear_head(x, labels) for name, x in rows.items()}, tweets, labels=[32, None], n_jobs=2)
everything = cut.whole
cut.pivot_table(index="strategy", columns="labels", values="accuracy").round(2)

# %% tags=["claim"]
share = coverage(glove, tweets.texts, tokens).share
claim_value("05.a", "cut much as GloVe's texts were, nearly all running words of the tweets are known",
            share, at_least=0.97)
claim_value("05.b", "cut at spaces, a third of them or more is lost",
            coverage(glove, tweets.texts, str.split).share, at_most=0.67)
claim("05.c", "with all labels, cutting at spaces costs accuracy",
      compare(cut, "cut for GloVe", "cut at spaces", labels=everything))
claim("05.d", "with all labels, cutting at spaces costs accuracy after lower-casing too",
      compare(cut, "cut for GloVe", "small letters", labels=everything))

# %% [markdown]
# ### Exercise 05.2
# `vocabulary` is a set of words. Return the share of the running words of all `texts` (a list of lists of words)
# that are in it, as they are written. Each occurrence counts; without any word the share is 0.

# %% nbgrader={"grade": false, "grade_id": "answer-05-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def share_known(texts, vocabulary):
    ### BEGIN SOLUTION
    words = [word for text in texts for word in text]
    return sum(word in vocabulary for word in words) / len(words) if words else 0.0
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-05-2", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("05.2", share_known)

# %% [markdown]
# ## 4 · Analogies, and how they mislead
# The famous trick (Mikolov and others, 2013): king − man + woman is near queen. The difference between
# two vectors seems to hold a meaning of its own.

# %%
for a, b, c in [("man", "king", "woman"), ("france", "paris", "italy"), ("man", "doctor", "woman")]:
    found = ", ".join(f"{word} {cosine:.2f}" for word, cosine in analogy(glove, a, b, c, top=3))
    print(f"{a} is to {b} as {c} is to: {found}")

# %% [markdown]
# Lines like the last have been quoted as proof of what is in the vectors (Bolukbasi and others, 2016,
# made them famous). Look at the small print: these tools *leave out the three words of the question*
# (`exclude=True`). So they could not answer *doctor*, whatever the vectors hold.
#
# > **Before you run it:** the same three questions, nothing left out. What comes first?

# %%
for a, b, c in [("man", "king", "woman"), ("france", "paris", "italy"), ("man", "doctor", "woman")]:
    found = analogy(glove, a, b, c, exclude=False, top=3)
    print(f"{a} is to {b} as {c} is to: {', '.join(f'{word} {cosine:.2f}' for word, cosine in found)}")

# %% [markdown]
# The answer to *man is to doctor as woman is to* … is *doctor* (Nissim and others, 2020, arXiv:1905.09866).
# How much of the trick is the leaving-out? Mikolov's own questions, up to forty of each kind, three ways:
# as the tools do it; with nothing left out; and **without the analogy**: simply the word nearest to *c*.

# %%
questions = analogy_questions(glove, most=40)
rows = {}
for kind, asked in questions.items():
    a, b, c, right = asked.T
    no_offset = np.column_stack([a, a, c, right])
    rows[kind] = {"left out": answer_questions(glove, asked) == right,
                  "nothing left out": answer_questions(glove, asked, exclude=False) == right,
                  "nearest to c": answer_questions(glove, no_offset) == right}
answers = pd.DataFrame(rows).T
answers.map(np.mean).astype(float).round(2)

# %% tags=["claim"]
hits = {name: np.concatenate(list(answers[name])) for name in answers}
def rate(right):
    return right.mean(), *wilson(int(right.sum()), len(right))

right = hits["left out"]
claim_value("05.e", "of the tool's right answers, this share is right only because the words of the question are "
            "left out", *rate(~hits["nothing left out"][right]), at_least=0.2)
claim_value("05.f", "of its right answers, this share needs no analogy: the word nearest to c is the answer",
            *rate(hits["nearest to c"][right]), at_least=0.1)

# %% [markdown]
# Nationalities, and most capitals, work whichever way one asks. In other kinds much of the success is the
# leaving-out, or a neighbour of *c* that would have been found without any analogy (Linzen, 2016); for
# present participles the plain neighbour is even right more often. So the offsets hold something, and
# less than the tool's answers make believe. The intervals take questions as independent, which those of
# one kind are not (they share words): read them as the least that is uncertain.

# %% [markdown]
# ### Exercise 05.3
# A tool answers "programmer is to man as … is to woman" with *homemaker*. What does that show about the
# vectors, as it stands?
#
# - `"a"`: that no word is nearer to programmer − man + woman than *homemaker*, not even *programmer* itself
# - `"b"`: that of all words outside the question, *homemaker* is nearest: *programmer* was not allowed
# - `"c"`: that in the texts women seldom were programmers, which is what the difference has stored
# - `"d"`: that three words do not fix a direction, so that *homemaker* came out of it by chance

# %% nbgrader={"grade": false, "grade_id": "answer-05-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "b"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-05-3", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("05.3", answer)

# %% [markdown]
# ## 5 · A text as a mean, against counted words
# The plainest way from words to a text: the mean of the vectors. What it cannot hold is order:

# %%
pair = ["good , not bad at all", "bad , not good at all"]
one, other = document_vectors(glove, pair)
print("the same vector:", np.allclose(one, other, atol=1e-6))

# %% [markdown]
# One competitor needs no transfer: *TF-IDF* counts words and pairs of words, and weights the rare ones up. It
# knows no word that the training texts do not hold. *Shuffled GloVe* is the control: the same vectors,
# assigned to the wrong words at random; five such assignments take turns over the seeds. And our own vectors,
# from three million words. All linear classifiers here have the same fixed penalty.

# %%
print("GloVe:", coverage(glove, tweets.texts))
print("own:  ", coverage(own, tweets.texts))

# %%
def counted_words(trial):
    head = new_tfidf_head().fit(tweets.texts[trial.train], labels[trial.train])
    return head.predict(tweets.texts[trial.test])

def shuffled(seed):
    rows = np.random.default_rng(seed).permutation(glove.vectors)
    return document_vectors(keyed_vectors(glove.index_to_key, rows), tweets.texts, quiet=True)

mean_of = {name: document_vectors(vectors, tweets.texts, quiet=True)
           for name, vectors in {"GloVe mean": glove, "own vectors": own}.items()}
strategies = {name: linear_head(rows, labels) for name, rows in mean_of.items()}
strategies["TF-IDF"] = counted_words
strategies["random twin (shuffled GloVe)"] = take_turns([linear_head(shuffled(s), labels) for s in range(5)])

# %% [markdown]
# > **Before you run it:** eight labels per class, thirty-two, all. Where does counting words win?

# %%
runs = repeat(strategies, tweets, labels=[8, 32, 128, None], n_jobs=2)
figures.learning_curves(runs, {"chance": chance(labels)})

# %%
found = [compare(runs, "GloVe mean", rival, labels=k)
         for k in (8, 32, everything) for rival in ("TF-IDF", "own vectors")]
figures.intervals(found, notes=[figures.labels_per_class(k) for k in (8, 32, everything) for _ in range(2)])

# %% [markdown]
# Counted words start from nothing: a word that no training tweet holds tells them nothing, and with few
# labels most *different* words are such. GloVe has placed them before it has seen a label. With thirty-two
# labels per class it lies clearly ahead. With eight, ten seeds do not resolve it: the seeds scatter more than
# the strategies differ. With all labels, ten seeds do not tell the two apart.
#
# Our own vectors lie below GloVe, and no higher than counted words; but above the shuffled table. They differ
# from GloVe in the amount and the kind of text, in method, and in the words they know at all (this edition of
# the newsgroups holds letters only: no signs, no *n't*). This comparison does not part these.

# %% tags=["claim"]
claim("05.g", "with 32 labels per class, averages of GloVe beat TF-IDF", found[2])
claim("05.h", "with 8, ten seeds do not show it", found[0], expect="not resolved")
claim("05.i", "with all labels, averages of GloVe cannot be distinguished from TF-IDF", found[4],
      expect="not resolved")
claim("05.j", "over all numbers of labels, GloVe beats the same vectors assigned to the wrong words",
      compare(runs, "GloVe mean", "random twin (shuffled GloVe)"))
claim("05.k", "over all numbers of labels, GloVe beats our own vectors, from three million words",
      compare(runs, "GloVe mean", "own vectors"))

# %% [markdown]
# ### Exercise 05.4
# Return the vector of a text: the mean of the vectors of its known words, each weighted by
# `weights[word]`. `vectors` is a dict from word to numpy array of `size` numbers, `weights` a dict from
# word to a number above 0; a word without a weight counts 1, and each occurrence of a word counts. A text
# without any known word gets an array of `size` zeros.

# %% nbgrader={"grade": false, "grade_id": "answer-05-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def text_vector(words, vectors, weights, size):
    ### BEGIN SOLUTION
    known = [word for word in words if word in vectors]
    if not known:
        return np.zeros(size)
    shares = np.array([weights.get(word, 1.0) for word in known])
    return shares @ np.array([vectors[word] for word in known]) / shares.sum()
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-05-4", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("05.4", text_vector)

# %% [markdown]
# ## 6 · The table as a layer: frozen, tuned, random
# So far the vectors stood still. In a network the table is a layer, `torch.nn.Embedding`, and its rows
# can be trained along, for the price of many more weights. Five ways, with the same mean and the same
# linear head, trained for the same number of steps:
#
# - **GloVe, frozen** and **GloVe, tuned**;
# - **random, frozen** and **random, tuned**: no transfer;
# - **shuffled GloVe, tuned**: right numbers, wrong words.
#
# The table holds the words of GloVe that occur in any of our tweets, test tweets too (their words, never
# their labels). One rate and one number of steps for all, fixed on other seeds.
#
# > **Before you run it:** with few labels, will tuning the table help or hurt?

# %%
layers = load_sweep("text-embeddings")
for key in ("command", "date", "processor"):
    print(f"{key}: {provenance_of('text-embeddings')[key]}")
figures.learning_curves(layers, {"chance": chance(labels)})

# %%
again = rerun("text-embeddings", ["GloVe, frozen", "GloVe, tuned", "random, tuned"], None, seeds=[0])
again.round(2)

# %% [markdown]
# The table was stored; a slice of it has just run again here. `same` is the share of test tweets with the same
# prediction.

# %%
asked = [("GloVe, tuned", "GloVe, frozen", 32), ("GloVe, tuned", "GloVe, frozen", everything),
         ("GloVe, tuned", "random, tuned", 32), ("GloVe, tuned", "random, tuned", everything)]
tuning = [compare(layers, a, b, labels=k) for a, b, k in asked]
figures.intervals(tuning, notes=[figures.labels_per_class(k) for *_, k in asked])

# %% [markdown]
# Both halves of the answer are in one table. With thirty-two labels per class, tuning the table makes it
# *worse* at this rate and length: it trains far more numbers than there are tweets, and words that stand in no
# training tweet stay behind. Which of the two it is, or something else, was not tested. With all labels, tuning
# makes it better.
#
# And the starting point? Where the table is tuned, starting from GloVe beats starting from random numbers,
# with few labels and with all; but with all labels, a random table that is tuned beats GloVe that is held
# fixed. Shuffled GloVe does not differ from random numbers by anything that ten seeds can resolve.

# %% tags=["claim"]
claim("05.l", "with 32 labels per class, tuning the embedding table hurts", tuning[0], expect="less")
claim("05.m", "with all labels, tuning the embedding table helps", tuning[1])
claim("05.n", "tuned, a table that started from GloVe beats a random one with 32 labels per class", tuning[2])
claim("05.o", "tuned, a table that started from GloVe beats a random one with all labels", tuning[3])
claim("05.p", "with all labels, a random table that is tuned beats GloVe that is held fixed",
      compare(layers, "random, tuned", "GloVe, frozen", labels=everything))
claim("05.q", "tuned, GloVe beats its own vectors assigned to the wrong words, over all numbers of labels",
      compare(layers, "GloVe, tuned", "shuffled GloVe, tuned"))
claim("05.r", "tuned, GloVe assigned to the wrong words cannot be distinguished from a random table",
      compare(layers, "shuffled GloVe, tuned", "random, tuned"), expect="not resolved")

# %% tags=["claim"]
claim_value("05.s", "the slice that was trained again here predicts what the stored table says",
            again.same.mean(), at_least=0.9)

# %% [markdown]
# ### Exercise 05.5
# A table that started from GloVe is tuned on a few tweets, without weight decay. The word *dreadful* has a row
# in it, but occurs in no training tweet. What is its vector afterwards?
#
# - `"a"`: that of GloVe, moved along with the vectors of like words, since they lie close to it
# - `"b"`: zeros, since a word that occurs in no training tweet counts as unknown from then on
# - `"c"`: that of GloVe as it was, while the vectors of like words may have moved away from it
# - `"d"`: that of GloVe, moved as the mean of all rows has, since the table is a single matrix

# %% nbgrader={"grade": false, "grade_id": "answer-05-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "c"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-05-5", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("05.5", answer)

# %% [markdown]
# ## 7 · What else comes along: a bias probe
# Vectors are learned from what people wrote, and carry it along. The *word embedding association test*
# (Caliskan and others, 2017) asks: are some words nearer to one group of words than to another? First
# names against career and family, with the word lists of that paper.
#
# > **Before you run it:** do you expect an effect? Texts on which such vectors are trained: newswire and
# > an encyclopaedia.

# %%
male = ["john", "paul", "mike", "kevin", "steve", "greg", "jeff", "bill"]
female = ["amy", "joan", "lisa", "sarah", "diana", "kate", "ann", "donna"]
career = ["executive", "management", "professional", "corporation", "salary", "office", "business", "career"]
family = ["home", "parents", "children", "family", "cousins", "marriage", "wedding", "relatives"]
names, themes = (male, female), (career, family)
bias = association_test(glove, names, themes)
print("male names to career, female names to family:", bias)

# %% [markdown]
# The effect size is a difference of means in units of the spread over names; it cannot exceed 2. `p` is the
# share of all ways to divide the sixteen names into two halves that give at least as much.
#
# What can the number tell, and what not? Two checks. **Fewer words**: half of each list, drawn anew, two
# hundred times. **Common words drawn at random**: sixteen of them as "names", none from the lists.

# %%
rng = np.random.default_rng(0)
def half(group):
    return list(rng.choice(group, len(group) // 2, replace=False))

halves = [association_test(glove, list(map(half, names)), list(map(half, themes))).effect
          for _ in range(200)]
listed = {*male, *female, *career, *family}
common = [word for word in glove.index_to_key[200:5000]
          if word.isalpha() and len(word) > 3 and word not in listed]
drawn = [rng.choice(common, 16, replace=False) for _ in range(200)]
unrelated = [association_test(glove, (list(w[:8]), list(w[8:])), themes).effect for w in drawn]
pd.DataFrame({"half of the words": halves, "common words": unrelated}).quantile([.025, .5, .975]).round(2)

# %%
for group in (male, female):
    ranks = sorted(glove.key_to_index[name] + 1 for name in group)
    print(f"ranks by frequency: {ranks[0]:,} to {ranks[-1]:,}")

# %% tags=["claim"]
claim_value("05.t", "male first names lie nearer to career words, female ones to family words (effect size; "
            "the interval is over halves of the word lists)", bias.effect,
            *np.quantile(halves, [0.025, 0.975]), at_least=1.2)
claim_value("05.u", "the share of all ways to deal the names that give as much (p)", bias.p, at_most=0.001)
claim_value("05.v", "but common words dealt at random reach an effect of size 1, up or down, by chance (share)",
            np.mean(np.abs(unrelated) >= 1), at_least=0.02, at_most=0.15)

# %% [markdown]
# The two groups of names hardly overlap, and with half of the words it stays so. An effect of 1 alone would
# not be news: with eight words a side, chance gets there now and then. And there is another explanation that
# we have not tested: every male name here is more frequent than every female one, and frequency leaves its
# mark in vectors; *bill*, too, is more than a name.
#
# What the probe does *not* tell: whether a classifier built on these vectors treats anyone worse. That has to
# be measured on its answers. Nor would a low effect prove that nothing is there: other names, other themes,
# another language were not asked.

# %% [markdown]
# ### Exercise 05.6
# Write the effect size. `x` and `y` are arrays of associations, one number per word of the two target groups
# (mean cosine to the first attributes minus mean cosine to the second); they may differ in size. Return the
# difference of their means, divided by the standard deviation of all of them together, with n − 1 in the
# denominator.

# %% nbgrader={"grade": false, "grade_id": "answer-05-6", "locked": false, "schema_version": 3, "solution": true, "task": false}
def effect_size(x, y):
    ### BEGIN SOLUTION
    both = np.concatenate([x, y])
    return (np.mean(x) - np.mean(y)) / both.std(ddof=1)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-05-6", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("05.6", effect_size)

# %% [markdown]
# ## What we measured

# %%
claims_table()

# %% [markdown]
# ## What comes next
# - **Lesson 06** gives the same words a vector that depends on their sentence.
# - To read: Mikolov and others on word2vec (arXiv:1310.4546); Pennington and others on GloVe (EMNLP 2014);
#   Nissim and others (arXiv:1905.09866) and Linzen (arXiv:1606.07736) on analogies; Caliskan and others
#   (arXiv:1608.07187) and Bolukbasi and others (arXiv:1607.06520) on bias.
