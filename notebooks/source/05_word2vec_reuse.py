# %% [markdown]
# # 05 · Word vectors: what do they carry to a new task?
#
# **The question.** A word vector is the smallest thing in language that can be reused: fifty or a hundred
# numbers per word, learned from texts without any label. How are they learned, what is in them, and when does
# a classifier built on them beat plain counting of words?
#
# **After this lesson you can**
# - say how skip-gram learns, with two matrices and negative sampling, and why *good* and *bad* come out alike;
# - train word vectors yourself, and load those that others trained on far more text;
# - say how many words of your texts they know, and give unknown words a vector;
# - ask for neighbours and analogies without being fooled by the way the question is put;
# - reuse vectors where labels are few, and compare them fairly with counted words;
# - decide whether an embedding layer should be frozen, tuned or random;
# - probe vectors for bias, and say what the probe can tell.
#
# **Time**: {{reading}} of reading, {{exercises}}, {{computing}} of computing (recorded elsewhere;
# lesson 00 tells it for this machine). **Needs**: lessons 00 and 02.

# %%
import numpy as np
import pandas as pd
from gensim.models import Word2Vec
from scipy.special import expit

from tlhelpers import figures
from tlhelpers.course import check, claim, claim_value, claims_table, quiz, record_prediction, show_outcome
from tlhelpers.data import Newsgroups, chance, load_sentiment
from tlhelpers.evaluation import compare, repeat, wilson
from tlhelpers.experiments import load_sweep, load_topics, provenance_of, rerun, unlabelled_posts
from tlhelpers.models import (
    analogy, analogy_questions, answer_questions, association_test, coverage, document_vectors, keyed_vectors,
    linear_head, load_vectors, neighbour_pairs, row_cosine, tokens, train_fasttext, train_skip_gram,
    train_word2vec,
)

# %% [markdown]
# ## The set-up

# %%
figures.setup_diagram(
    "the words\nof a post", [("word vectors,\na table", "frozen"), ("mean", "frozen"),
                             ("linear head", "trained")], "one of\nten topics",
    source="thousands of posts without labels")

# %% [markdown]
# *Source task*: tell which words stand near each other, in texts without labels. *Target task*: which
# newsgroup is a post from, learned from a few posts with labels? What is reused is a table, one row per word;
# nothing in it knows the sentence that the word stands in. That is why such vectors are called *static*.
#
# ## 1 · Train some yourself
# ### How skip-gram learns
# *Word2Vec* is a family of small models; we take *skip-gram* with *negative sampling* (Mikolov and others,
# arXiv:1310.4546). A text is taken as pairs: each word with each of its neighbours. Here are six sentences, and
# two neighbours on each side.

# %%
toy = [text.split() for text in (
    "the film was good today", "the film was bad today", "the plot was good again",
    "the plot was bad again", "my dog ate bread", "my cat ate bread")]
pairs = neighbour_pairs(toy, window=2)
print(len(pairs), "pairs:", pairs[:5], "…")

# %% [markdown]
# There are **two matrices**, and each word has a row in both: **v** in `words`, for when it is the word in the
# middle, and **u** in `contexts`, for when it is somebody's neighbour. The model guesses whether two words are
# neighbours: the probability is σ(v · u) = 1 / (1 + exp(−v · u)). A true pair should get a probability near 1;
# a few words drawn at random from the whole text, the *noise words*, should get one near 0. The loss is
#
# −log σ(v · u) for the true neighbour, and −log σ(−v · u) for each noise word.
#
# The gradient is short: σ minus what was wanted, times the other vector. So a step pulls v and u of a true
# pair together, and pushes v and u of a noise word apart.

# %%
def step(words, contexts, word, neighbour, noise, rate):
    others = np.array([neighbour, *noise])
    wanted = np.array([1] + [0] * len(noise))  # 1: a true neighbour, 0: drawn at random
    v, u = words[word].copy(), contexts[others]
    error = expit(u @ v) - wanted  # expit is σ
    words[word] -= rate * error @ u
    np.subtract.at(contexts, others, rate * np.outer(error, v))

# %% [markdown]
# Is this what the library does? gensim gets the same two matrices and one sentence, *red green*. A third word,
# *blue*, is said to be so frequent that it is the noise word each time. Then both make their steps for the
# two pairs.

# %%
model = Word2Vec(vector_size=8, sg=1, negative=1, min_count=1, sample=0, alpha=0.001, min_alpha=0.001)
model.build_vocab_from_freq({"blue": 10**9, "red": 1, "green": 1})
blue, red, green = (model.wv.key_to_index[word] for word in ("blue", "red", "green"))
first = np.random.default_rng(0).normal(0, 0.5, (2, 3, 8)).astype(np.float32)
model.wv.vectors[:], model.syn1neg[:] = first

by_hand = first.copy()
for word, neighbour in [(red, green), (green, red)]:
    step(*by_hand, word, neighbour, [blue], rate=0.001)
model.train([["red", "green"]], total_examples=1, epochs=1)
by_gensim = np.stack([model.wv.vectors, model.syn1neg])
same_way = row_cosine((by_hand - first).reshape(2, -1), (by_gensim - first).reshape(2, -1))
print("cosine of the two changes, in words and in contexts:", same_way.round(4))

# %% [markdown]
# `train_skip_gram` makes this step for all pairs again and again; noise words are drawn with their count to
# the power ¾. What has it learned about *good*?
#
# > **Before you run it:** *good* and *bad* never stand side by side in the six sentences. Will their vectors
# > be alike?

# %%
record_prediction("05.good-bad")

# %%
learned = train_skip_gram(toy, epochs=150, seed=0)
place = {word: row for row, word in enumerate(learned.vocabulary)}
unit = learned.words / np.linalg.norm(learned.words, axis=1, keepdims=True)
others = ["bad", "was", "film", "today", "dog"]
rows = [place[word] for word in others]
of_good = pd.DataFrame({"cosine of both rows in words": unit[rows] @ unit[place["good"]],
                        "probability to be its neighbour":
                        expit(learned.contexts[rows] @ learned.words[place["good"]])}, index=others)
alike = of_good.iloc[0, 0]
show_outcome("05.good-bad", "alike" if alike > 0.5 else "opposite" if alike < -0.5 else "neither")
of_good.round(2)

# %% tags=["claim"]
claim_value("05.a", "one step by hand moves both matrices of skip-gram in the direction of gensim's step (the "
            "smaller cosine)", same_way.min(), at_least=0.99)
claim_value("05.b", "after training on six sentences, the vectors of good and bad, which never meet, have this "
            "cosine", of_good.iloc[0, 0], at_least=0.9)
claim_value("05.c", "and yet bad has this probability to be a neighbour of good",
            of_good.iloc[0, 1], at_most=0.1)

# %% [markdown]
# With one matrix this could not be: a row that should have a small product with another cannot point in the
# same direction. With two it can. *Good* and *bad* are pulled towards the same rows of `contexts`, those of
# *film*, *was*, *today*; so their rows in `words` become alike. In the end `contexts` is thrown away, and
# nearness in `words` means **used alike**, not *of like meaning*.
#
# ### On real posts
# Our texts: posts in twenty newsgroups of the 1990s, on hockey, space, religion, computers. Two thousand posts
# are set aside for the task; these are the others, and nobody looks at which group they are from.

# %%
posts = unlabelled_posts()
print(f"{len(Newsgroups()):,} posts in all, {len(posts):,} to train on, with {sum(map(len, posts)):,} words")
print(" ".join(posts[0][:30]))

# %% [markdown]
# > **Before you run it:** twice through these posts. Which words will end up nearest to *hockey*?

# %%
record_prediction("05.hockey")

# %%
def tell(epoch, vectors):
    near = ", ".join(word for word, _ in vectors.most_similar("hockey", topn=6))
    print(f"after {epoch}: {near}", flush=True)

own = train_word2vec(posts, size=50, epochs=2, seed=0, after_epoch=tell)
print(f"{len(own):,} words, {own.vector_size} numbers each")
show_outcome("05.hockey", ", ".join(word for word, _ in own.most_similar("hockey", topn=6)))

# %% [markdown]
# Nobody told it what sport is. The result is the same at each call, because one worker trains: with several,
# gensim's vectors differ from run to run, whatever the seed.
#
# Nearness is the *cosine* of the angle between two vectors. Twenty more words, picked by us to fall into four
# groups, on a map: fifty numbers do not fit on paper, so it shows the two directions in which these words
# differ most (*principal components*). The axes say how much of all their differences that is.

# %%
topic_words = {"sport": ["hockey", "baseball", "playoffs", "goalie", "season"],
               "computers": ["windows", "disk", "mouse", "driver", "software"],
               "space": ["orbit", "nasa", "shuttle", "moon", "launch"],
               "religion": ["god", "jesus", "faith", "church", "bible"]}
words = [word for group in topic_words.values() for word in group]
figures.flat_map(own[words], words, [name for name, group in topic_words.items() for _ in group])

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
# *GloVe* (Pennington and others, 2014) has the same aim with another recipe: it counts how often two words
# occur together, and fits products of vectors to the logarithm of these counts. Ours was trained on six
# billion words of Wikipedia and newswire, far more computing than a lesson has; loading it takes moments.
#
# > **Before you run it:** whose neighbours of *windows* will be about computers? What will stand near it in GloVe?

# %%
record_prediction("05.windows")

# %%
glove = load_vectors("glove-50d")
print(f"{len(glove):,} words, {glove.vector_size} numbers each")
show_outcome("05.windows", ", ".join(word for word, _ in glove.most_similar("windows", topn=5)))
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
# > **Before you run it:** which pair will be nearer to each other in GloVe: *good* and *bad*, or *good* and
# > *terrific*?

# %%
record_prediction("05.nearer-pair")

# %%
for one, other in [("good", "terrific"), ("good", "bad"), ("love", "hate"), ("awful", "wonderful")]:
    print(f"{one:6} {other:10} {glove.similarity(one, other):.2f}")
show_outcome("05.nearer-pair", max(["bad", "terrific"], key=lambda word: glove.similarity("good", word)))

# %% [markdown]
# Section 1 told why: opposites stand in the same places of a sentence. For a task that must tell good from bad,
# that is bad luck.
#
# ## 3 · Which words are known?
# A table knows the words that it was trained on. How many of *your* words is that? We look at tweets that
# people have rated from −4 to 4; lesson 06 goes on with them. Those rated near neutral are left out, and
# positive ones until both classes are equal. They are tamer than a real stream: the data card says that they
# are rewritten to be like tweets, and that 200 are invented.
#
# GloVe knows 400,000 words. Does it know those of the tweets? That depends on how a tweet is cut into words.
#
# > **Before you run it:** cut at spaces, what share of the words will be known?

# %%
record_prediction("05.cut-at-spaces")

# %%
tweets = load_sentiment("tweets")
labels = tweets.labels
print(tweets)
print(tweets.texts[6], "→", tokens(tweets.texts[6]))
ways = {"cut for GloVe": tokens, "small letters": lambda text: text.lower().split(), "cut at spaces": str.split}
for name, way in ways.items():
    print(f"{name}:", coverage(glove, tweets.texts, way))
show_outcome("05.cut-at-spaces", coverage(glove, tweets.texts, str.split).share)

# %% [markdown]
# The table has *drawn*, but no *drawn.* with a full stop and no *I* as a capital letter. Whoever cuts at
# spaces looks up words that cannot be there, and nothing complains: unknown words are left out of the mean, a
# text without any known word becomes zeros (`document_vectors` warns of those, unless it is told to be
# `quiet`). What does it cost to tell negative from positive? Ten seeds, each with a split of its own; tweets
# that say nearly the same stay on one side of it.

# %%
means = {name: document_vectors(glove, tweets.texts, way, quiet=True) for name, way in ways.items()}
cut = repeat({name: linear_head(x, labels) for name, x in means.items()}, tweets, labels=[32, None])
everything = cut.whole
cut.pivot_table(index="strategy", columns="labels", values="accuracy").round(2)

# %% tags=["claim"]
claim_value("05.d", "cut much as GloVe's texts were, nearly all running words of the tweets are known",
            coverage(glove, tweets.texts, tokens).share, at_least=0.97)
claim_value("05.e", "cut at spaces, a third of the words of the tweets or more is lost",
            coverage(glove, tweets.texts, str.split).share, at_most=0.67)
claim("05.f", "with all labels of the tweets, cutting at spaces costs accuracy",
      compare(cut, "cut for GloVe", "cut at spaces", labels=everything))
claim("05.g", "with all labels of the tweets, cutting at spaces costs accuracy after lower-casing too",
      compare(cut, "cut for GloVe", "small letters", labels=everything))

# %% [markdown]
# ### A vector for an unknown word
# Here are the two thousand posts of our task. Even cut in the same way, they hold words that our own vectors do not
# know: those that occur in the other posts fewer than five times.

# %%
topics = load_topics()["newsgroups"]
print(topics)
print("own:  ", coverage(own, topics.texts))
print("GloVe:", coverage(glove, topics.texts))

# %% [markdown]
# *fastText* (Bojanowski and others, arXiv:1607.04606) is skip-gram once more, but a word's vector is the mean of
# its own and of those of its *parts*, all runs of three to six letters. A word that was never seen has parts
# that were.
#
# > **Before you run it:** once through the posts. What will stand near *encrypters*, and near *hockye*?

# %%
record_prediction("05.parts")

# %%
parts = train_fasttext(posts, size=50, epochs=1, seed=0)
for word in ("encrypters", "telescoping", "hockye"):
    near = ", ".join(other for other, _ in parts.most_similar(word, topn=5))
    print(f"{word} ({'known' if word in parts.key_to_index else 'unknown'}): {near}")
show_outcome("05.parts", ", ".join(other for other, _ in parts.most_similar("hockye", topn=5)))

# %% [markdown]
# Parts are spelling, and spelling is only half of meaning: *encrypters* finds words of its stem, *telescoping*
# words of its ending, and a misspelt word shares few parts with the right one. Do such vectors carry meaning?
# A hard test: from each post we keep **only the words that our own vectors do not know**, and
# train a linear head to tell the topic. The control gives each of these words a random direction.

# %%
def unknown_words(text):
    return [word for word in tokens(text) if word not in own]

unknown = sorted({word for text in topics.texts for word in unknown_words(text)})
random = keyed_vectors(unknown, np.random.default_rng(0).normal(size=(len(unknown), 50)))
tables = {"parts of words": parts, "random": random, "GloVe": glove}
means = {name: document_vectors(table, topics.texts, unknown_words, quiet=True)
         for name, table in tables.items()}
alone = repeat({name: linear_head(x, topics.labels) for name, x in means.items()}, topics, labels=[8, 32])
alone.pivot_table(index="strategy", columns="labels", values="accuracy").round(2)

# %% tags=["claim"]
claim("05.h", "with 32 labels per topic and words unknown to Word2Vec alone, vectors of parts beat random ones",
      compare(alone, "parts of words", "random", labels=32))
claim("05.i", "with 32 labels per topic and words unknown to our Word2Vec alone, GloVe beats vectors of parts",
      compare(alone, "GloVe", "parts of words", labels=32))

# %% [markdown]
# The parts carry something, and a table that has seen the words carries more: the first remedy against unknown
# words is more text, the second is parts.
#
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
# *Man is to king as woman is to … queen.* Call the three given words **a**, **b** and **c**: a = *man*,
# b = *king*, c = *woman*. The difference b − a is what must be added to *man* to get to *king*; added to
# *woman*, it should lead to *queen*. So the answer is the word whose vector is nearest to **b − a + c**
# (Mikolov, Yih and Zweig, NAACL 2013).

# %%
asked = [("man", "king", "woman"), ("france", "paris", "italy"), ("man", "doctor", "woman")]
for a, b, c in asked:
    found = ", ".join(f"{word} {cosine:.2f}" for word, cosine in analogy(glove, a, b, c, top=3))
    print(f"{a} is to {b} as {c} is to: {found}")

# %% [markdown]
# Lines like the last have been quoted as proof of what is in the vectors. Look at the small print: these tools
# *leave out the three words of the question* (`exclude=True`). So they could not answer *doctor*, whatever the
# vectors hold. (The best known of such lines, *homemaker* for *computer programmer*, came another way: Bolukbasi
# and others, 2016, scored pairs of words by how well their difference fits that of *she* and *he*.)
#
# > **Before you run it:** the same three questions, nothing left out. What comes first?

# %%
record_prediction("05.nothing-left-out")

# %%
for a, b, c in asked:
    found = analogy(glove, a, b, c, exclude=False, top=3)
    print(f"{a} is to {b} as {c} is to: {', '.join(f'{word} {cosine:.2f}' for word, cosine in found)}")
firsts = [analogy(glove, *words, exclude=False, top=1)[0][0] for words in asked]
inside = [first in words for first, words in zip(firsts, asked, strict=True)]
show_outcome("05.nothing-left-out", str(sum(inside)))

# %% [markdown]
# The answer to *man is to doctor as woman is to* … is *doctor* (Nissim and others, 2020, arXiv:1905.09866).
# How much of the trick is the leaving-out? We put the questions that Mikolov and others published with Word2Vec
# (arXiv:1301.3781), up to forty of each kind, in three ways:
#
# - **left out**: as the tools do it, the word nearest to b − a + c that is none of a, b, c;
# - **nothing left out**: the word nearest to b − a + c;
# - **nearest to c**: without the analogy, the word nearest to c, but c itself. (We get it by giving a for b:
#   a − a + c is c.)

# %%
questions = analogy_questions(glove, most=40)
answers = {}
for kind, rows in questions.items():
    a, b, c, right = rows.T
    without_offset = np.column_stack([a, a, c, right])
    answers[kind] = {"left out": answer_questions(glove, rows) == right,
                     "nothing left out": answer_questions(glove, rows, exclude=False) == right,
                     "nearest to c": answer_questions(glove, without_offset) == right}
answers = pd.DataFrame(answers).T
answers.map(np.mean).astype(float).round(2)

# %% tags=["claim"]
hits = {name: np.concatenate(list(answers[name])) for name in answers}
def share_with_interval(right):
    return right.mean(), *wilson(int(right.sum()), len(right))

right = hits["left out"]
claim_value("05.j", "of an analogy tool's right answers, this share is right only because the words of the "
            "question are left out", *share_with_interval(~hits["nothing left out"][right]), at_least=0.2)
claim_value("05.k", "of an analogy tool's right answers, this share needs no analogy: the word nearest to c "
            "is the answer", *share_with_interval(hits["nearest to c"][right]), at_least=0.1)

# %% [markdown]
# Read the rows one by one. Nationalities hardly need the leaving-out. Capitals lose without it, but the word
# nearest to *c* is seldom the capital: there the difference does hold something. For comparatives,
# plurals and present participles, much of the success is a neighbour of *c* that would have been found
# without any analogy (Linzen, 2016). So the differences hold something, and less than the tool's answers make
# believe. The intervals take questions as independent, which those of one kind are not (they share words):
# read them as the least that is uncertain.

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
# ## 5 · Reuse: few posts with labels
# The plainest way from words to a text: the mean of the vectors. What it cannot hold is order:

# %%
one, other = document_vectors(glove, ["good , not bad at all", "bad , not good at all"])
print("the same vector:", np.allclose(one, other, atol=1e-6))

# %% [markdown]
# For the topic of a post, order matters less. So here is the case that word vectors are made for: **plenty of
# text without labels, few posts with labels**. The ten groups of our task come in pairs that are near each
# other, such as baseball and hockey. Each strategy ends in a linear head, whose penalty is chosen among three
# inside the training posts:
#
# - **TF-IDF** needs no transfer: it counts words and pairs of words, and weights the rare ones up. It knows no
#   word that the training posts do not hold.
# - **Word2Vec mean** and **fastText mean**: as in sections 1 and 3, but 100 numbers and five passes. None of
#   the two thousand posts was among those that they were trained on.
# - **GloVe mean**: 50 numbers, another domain, more than two thousand times as much text.
# - **random vectors**: the control. Each word has a random direction, 100 numbers; what it gains is counting.
# - **frozen MiniLM**: the encoder of lesson 06, in which a word's vector depends on its sentence.
#
# All were run once, on ten seeds with a split of its own each, and stored; copies of a post stay on one side.
#
# > **Before you run it:** two labels per topic, eight, thirty-two, all 140. Where does counting words win?

# %%
record_prediction("05.counting")

# %%
reused = load_sweep("text-topics")
reused["strategy"] = reused["strategy"].replace("frozen", "frozen MiniLM")
for key in ("command", "date", "processor"):
    print(f"{key}: {provenance_of('text-topics')[key]}")
reused.pivot_table(index="strategy", columns="labels", values="accuracy").round(2)

# %%
shown = reused[reused["strategy"].isin(["TF-IDF", "Word2Vec mean", "random vectors", "frozen MiniLM"])]
figures.learning_curves(shown, {"chance": chance(topics.labels)})

# %% [markdown]
# The means of Word2Vec, fastText and GloVe would lie on each other, so the figure shows one of them. Now the
# differences.

# %%
counts = [2, 8, 32, reused.whole]
against_counting = [compare(reused, "Word2Vec mean", "TF-IDF", labels=k) for k in counts]
notes = [f"{k} labels per topic" for k in counts[:3]] + ["all labels"]
wins = [note for note, found in zip(notes, against_counting, strict=True) if found.high < 0]
show_outcome("05.counting", wins[0] if wins else "nowhere")
figures.intervals(against_counting, notes=notes)

# %% [markdown]
# **With few labels, reuse wins.** Twenty posts hold few of the words that the next post will use; the vectors
# were told by nine thousand other posts which words are used alike. **With many labels, counting wins**, and
# clearly: it gives each word a weight of its own, while a mean of a hundred numbers blurs them. In between, at
# eight labels, no difference is resolved.
#
# And the vectors among each other? Between Word2Vec from two and a half million words of the right domain and
# GloVe from six billion of another, no difference is resolved (they differ in method and size too, which this
# comparison does not separate). fastText is better than Word2Vec, by about a hundredth. The random vectors lie
# far below: it is the training that pays, not the averaging. MiniLM lies far above all vectors, and beats
# counting too, until all labels are used.

# %% tags=["claim"]
claim("05.l", "with 2 labels per topic, means of Word2Vec trained on unlabelled posts beat counted words",
      against_counting[0])
claim("05.m", "with 8 labels per topic, no difference between Word2Vec and counted words is resolved",
      against_counting[1], expect="not resolved")
claim("05.n", "with 32 labels per topic, counted words beat means of Word2Vec",
      against_counting[2], expect="less")
claim("05.o", "with all labels, counted words beat means of Word2Vec on topics",
      against_counting[3], expect="less")
claim("05.p", "over all numbers of labels, no difference between Word2Vec of our posts and GloVe is resolved",
      compare(reused, "Word2Vec mean", "GloVe mean"), expect="not resolved")
claim("05.q", "over all numbers of labels, means of fastText beat means of Word2Vec on topics",
      compare(reused, "fastText mean", "Word2Vec mean"))
claim("05.r", "with 2 labels per topic, means of Word2Vec beat random vectors by far",
      compare(reused, "Word2Vec mean", "random vectors", labels=2), by=0.2)
claim("05.s", "with 32 labels per topic, frozen MiniLM beats counted words",
      compare(reused, "frozen MiniLM", "TF-IDF", labels=32))
claim("05.t", "with all labels, no difference between frozen MiniLM and counted words is resolved on topics",
      compare(reused, "frozen MiniLM", "TF-IDF", labels=reused.whole), expect="not resolved")

# %% [markdown]
# These claims are computed from the stored table. A slice of it runs again here: `same` is the share of test
# posts with the same prediction. And your own vectors join in: fifty numbers and two passes. Set their row
# beside that of Word2Vec in the table above, which had a hundred numbers and five passes.

# %%
again = rerun("text-topics", ["TF-IDF", "GloVe mean", "random vectors"], 2, seeds=[0, 1])
mine = {"own vectors": linear_head(document_vectors(own, topics.texts), topics.labels)}
own_runs = repeat(mine, topics, labels=[2, 8, 32])
print(own_runs.pivot_table(index="strategy", columns="labels", values="accuracy").round(2))
again.round(2)

# %% tags=["claim"]
claim_value("05.u", "the slice of the comparison of topics that ran again here predicts as stored (share)",
            again["same"].mean(), at_least=0.9)

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
# ### With a network: the Word2Vec that everybody names
# `word2vec-google-news-300` was trained on about a hundred billion words of Google News: three million words
# and phrases, 300 numbers each. gensim's downloader brings it by name; the course stores no figures for it, so
# what you see is your own measurement. Of its words we take the first 200,000, the most frequent ones.

# %%
with_network = False  # True fetches 1.7 gigabytes

if with_network:
    google = load_vectors("word2vec-google-news-300", limit=200_000)
    print(coverage(google, topics.texts))
    three = {"Google News": google, "GloVe": glove, "own vectors": own}
    heads = {name: linear_head(document_vectors(table, topics.texts, quiet=True), topics.labels)
             for name, table in three.items()}
    google_runs = repeat(heads, topics, labels=[2, 8, 32, None])

figures.learning_curves(google_runs) if with_network else None

# %% [markdown]
# ## 6 · The table as a layer: frozen, tuned, random
# So far the vectors stood still. In a network the table is a layer, `torch.nn.Embedding`, and its rows
# can be trained along, for the price of many more weights. Back to the tweets, negative or positive. Five ways,
# with the same mean and the same linear head, trained for the same number of steps:
#
# - **GloVe, frozen** and **GloVe, tuned**;
# - **random, frozen** and **random, tuned**: no transfer;
# - **shuffled GloVe, tuned**: the control, right numbers at the wrong words.
#
# The table holds the words of GloVe that occur in any of our tweets, test tweets too (their words, never
# their labels). One rate and one number of steps for all, fixed on other seeds.
#
# > **Before you run it:** with few labels, will tuning the table help or hurt?

# %%
record_prediction("05.tuning")

# %%
layers = load_sweep("text-embeddings")
figures.learning_curves(layers[layers["strategy"] != "shuffled GloVe, tuned"], {"chance": chance(labels)})

# %%
asked = [("GloVe, tuned", "GloVe, frozen", 32), ("GloVe, tuned", "GloVe, frozen", everything),
         ("GloVe, tuned", "random, tuned", 32), ("GloVe, tuned", "random, tuned", everything)]
tuning = [compare(layers, a, b, labels=k) for a, b, k in asked]
show_outcome("05.tuning", tuning[0])
figures.intervals(tuning, notes=["32 labels per class", "all labels"] * 2)

# %% [markdown]
# With thirty-two labels per class, tuning the table makes it *worse* at this rate and length: it trains far more
# numbers than there are tweets, and words that stand in no training tweet stay behind. Which of the two it is,
# or something else, was not tested. With all labels, tuning makes it better.
#
# And the starting point? Where the table is tuned, starting from GloVe beats starting from random numbers,
# with few labels and with all; but with all labels, a random table that is tuned beats GloVe that is held
# fixed. Between shuffled GloVe, which the figure leaves out, and random numbers no difference is resolved.

# %% tags=["claim"]
claim("05.v", "with 32 labels per class of tweets, tuning the embedding table hurts", tuning[0], expect="less")
claim("05.w", "with all labels of the tweets, tuning the embedding table helps", tuning[1])
claim("05.x", "tuned, a table that started from GloVe beats a random one with 32 labels per class", tuning[2])
claim("05.y", "tuned, a table that started from GloVe beats a random one with all labels", tuning[3])
claim("05.z", "with all labels of the tweets, a random table that is tuned beats GloVe that is held fixed",
      compare(layers, "random, tuned", "GloVe, frozen", labels=everything))
claim("05.aa", "tuned, GloVe beats its own vectors assigned to the wrong words, over all numbers of labels",
      compare(layers, "GloVe, tuned", "shuffled GloVe, tuned"))
claim("05.ab", "tuned, no difference between GloVe assigned to the wrong words and a random table is resolved",
      compare(layers, "shuffled GloVe, tuned", "random, tuned"), expect="not resolved")

# %% [markdown]
# These come from a stored table as well. A slice of it is trained again:

# %% tags=["claim"]
again = rerun("text-embeddings", ["GloVe, frozen", "GloVe, tuned", "random, tuned"], None, seeds=[0])
claim_value("05.ac", "the slice of the comparison of layers that was trained again here predicts as stored "
            "(share)", again["same"].mean(), at_least=0.9)
again.round(2)

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
record_prediction("05.bias")

# %%
male = ["john", "paul", "mike", "kevin", "steve", "greg", "jeff", "bill"]
female = ["amy", "joan", "lisa", "sarah", "diana", "kate", "ann", "donna"]
career = ["executive", "management", "professional", "corporation", "salary", "office", "business", "career"]
family = ["home", "parents", "children", "family", "cousins", "marriage", "wedding", "relatives"]
names, themes = (male, female), (career, family)
bias = association_test(glove, names, themes)
print("male names to career, female names to family:", bias)
show_outcome("05.bias", str(np.searchsorted([-0.3, 0.3, 1], bias.effect)))
for group in names:
    ranks = sorted(glove.key_to_index[name] + 1 for name in group)
    print(f"ranks by frequency: {ranks[0]:,} to {ranks[-1]:,}")

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

# %% tags=["claim"]
claim_value("05.ad", "male first names lie nearer to career words, female ones to family words (effect size; "
            "the interval is over halves of the word lists)", bias.effect,
            *np.quantile(halves, [0.025, 0.975]), at_least=1.2)
claim_value("05.ae", "the share of all ways to divide the sixteen names that give as large an effect (p)",
            bias.p, at_most=0.001)
claim_value("05.af", "the share of draws in which common words in place of the names reach an effect of "
            "size 1, up or down", np.mean(np.abs(unrelated) >= 1), at_least=0.02, at_most=0.15)

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
# ## Quiz
# Six questions about this lesson. Each wrong answer gets a hint, and another round asks other questions.

# %%
quiz("05")

# %% [markdown]
# **In one breath**: skip-gram pulls a word towards its neighbours' rows in a second matrix, so words that are
# used alike come out alike, opposites too; vectors trained on unlabelled posts beat counted words where labels
# are few, and lose to them where labels are many; unknown words are lost in silence, and parts of words bring
# some back; an analogy tool answers better than its vectors do; tuning a table wants labels.
#
# ## What comes next
# - **Lesson 06** gives the same words a vector that depends on their sentence.
# - To read: Mikolov and others on skip-gram and its questions (arXiv:1301.3781) and on negative sampling
#   (arXiv:1310.4546); Levy and Goldberg, *Neural word embedding as implicit matrix factorization* (NeurIPS
#   2014), on what both matrices hold together; Pennington and others on GloVe (EMNLP 2014); Bojanowski and
#   others on fastText (arXiv:1607.04606).
# - On analogies: Mikolov, Yih and Zweig (NAACL 2013), Nissim and others (arXiv:1905.09866), Linzen
#   (arXiv:1606.07736). On bias: Caliskan and others (arXiv:1608.07187), Bolukbasi and others
#   (arXiv:1607.06520).
