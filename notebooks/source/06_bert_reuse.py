# %% [markdown]
# # 06 · A small relative of BERT: what does context add?
#
# **The question.** Lesson 05 gave every word one vector, whatever sentence it stands in. An encoder like BERT
# gives it a vector *in* its sentence. How does it learn that from texts without labels? What does it bring,
# which of its layers should be used, and when is it worth tuning all of its weights? We work with a small
# relative of BERT that was tuned for comparing sentences, since it runs on every laptop. What we measure is
# true of this encoder, and need not be true of BERT itself.
#
# **After this lesson you can**
# - say how such a model is pretrained, and tell what the first steps of it bring;
# - turn texts into features with a frozen encoder, and pool its tokens without the usual mistake;
# - show that one word gets different vectors in different sentences, and test what that proves;
# - compare pooling and layers without choosing on the test side;
# - decide between frozen, tuned and LoRA from a table with labels and seconds;
# - classify texts with the names of the classes alone;
# - recognise a training run that has failed, and what repairs it;
# - look at attention without reading too much into it.
#
# **Time**: {{reading}} of reading, {{exercises}}, {{computing}} of computing (recorded elsewhere;
# lesson 00 tells it for this machine). **Needs**: lessons 02 to 05. Sections 9 and 10 are optional: they make up
# some 15 of these minutes, and no later lesson needs them. A good place to stop is before section 6.

# %%
import warnings

import numpy as np
import pandas as pd
import torch

from tlhelpers import figures
from tlhelpers.course import check, claim, claim_value, claims_table, quiz, record_prediction, show_outcome
from tlhelpers.data import (
    Newsgroups, chance, draw_labels, load_senses, load_sentiment, split_by_group,
)
from tlhelpers.evaluation import compare, compare_average, judge_together, price_list, repeat
from tlhelpers.experiments import load_sweep, provenance_of, rerun
from tlhelpers.models import (
    Classifier, MaskedLM, NeighbourCounts, attention_weights, document_vectors, encode, encode_layers, encode_pools,
    fill_in, linear_head, load_encoder, load_vectors, mask_words, measure_guesses, nearest_description,
    pooled, row_cosine, split_words, word_layers, word_vector,
)
from tlhelpers.training import fit, fit_head, predict, pretrain

# %% [markdown]
# ## The set-up

# %%
figures.setup_diagram(
    "the subwords\nof a tweet", [("embeddings", "frozen"), ("six layers\nof attention", "frozen"),
                                 ("mean", "frozen"), ("linear head", "trained")],
    "negative or\npositive", source="all-MiniLM-L6-v2")

# %%
encoder = load_encoder("minilm-l6")
tweets = load_sentiment("tweets")
labels = tweets.labels
print(encoder)
print(tweets)

# %% [markdown]
# An *encoder* turns each token of a text into a vector. Layer after layer, every token's vector is mixed with
# those of the others: that mixing is called *attention*, and it is how context comes in.
#
# **What is this encoder?** It is built like BERT (Devlin and others, 2019), but it is half as deep and half as
# wide as BERT-base, and it has a history in three steps:
#
# 1. A network of twelve layers was *distilled*: trained to imitate the attention of a larger pretrained one
#    (MiniLM, Wang and others, 2020).
# 2. Of its twelve layers **every second one was kept**, which makes six.
# 3. These six were tuned on pairs of sentences, so that two which belong together get vectors that lie close
#    to each other. The model card, which lies beside the weights, says: over a billion pairs, many of them
#    from Reddit, some with labels given by people.
#
# So it has been transferred twice before we touch it, and has read informal writing. Two things follow for what we
# will see. Its last layer was shaped so that the *mean* of its tokens' vectors compares sentences well; the mean is
# what we use, and other layers may suit other tasks better. And half of the layers are missing: what we find by
# layer says little about the layers of BERT.
#
# ## 1 · Subwords: no word is unknown, but some are in pieces
# A text is cut into *tokens*. Most are words or pieces of words; five are marks in square brackets:
#
# - `[CLS]` stands at the beginning of every text. BERT was also trained to tell something about the whole text
#   from this token's vector, hence its name, *classification*.
# - `[SEP]`, *separator*, stands at the end, and between two texts that are read together.
# - `[PAD]` fills up short texts (section 4), `[MASK]` hides a word (section 2).
# - `[UNK]`, *unknown*, stands for whatever cannot be built from the pieces of the vocabulary.

# %%
numbers = encoder.transform.numbers(["So happy 😀"])[0]
print(numbers, "→", encoder.tokenizer.convert_ids_to_tokens(numbers))

# %% [markdown]
# The vocabulary holds 30,522 entries, less than a tenth of GloVe's. A word that is missing is built from
# pieces; `##` marks a piece that goes on with the one before. (`split_words` leaves out `[CLS]` and `[SEP]`.)

# %%
for text in ("Unbelievably good", "I don't like teh movie", "lmaooo @anonymous", "so happy 😀", "שלום"):
    print(text, "→", split_words(encoder, text))

# %% [markdown]
# Case is gone, *teh* is two pieces, and the smiling face is `[UNK]`: this vocabulary has no piece for it, so
# a sentence that says all with an emoji says nothing here. And our tweets?

# %%
pieces = [piece for text in tweets.texts for piece in split_words(encoder, text)]
print(f"{len(pieces):,} pieces, {pieces.count('[UNK]')} of them [UNK], "
      f"{np.mean([piece.startswith('##') for piece in pieces]):.1%} go on with a word")

# %% [markdown]
# Look at the pieces of *your* texts before anything else.

# %% [markdown]
# ### Exercise 06.1
# Put subwords together again: `pieces` is a list like `["un", "##bel", "##ievable", "!"]`; return the list of
# words, here `["unbelievable", "!"]`. A piece that begins with `##` goes on with the one before, without that
# mark; every other piece begins a word, even one that begins with a single `#`. No pieces give no words.

# %% nbgrader={"grade": false, "grade_id": "answer-06-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def join_pieces(pieces):
    ### BEGIN SOLUTION
    words = []
    for piece in pieces:
        if piece.startswith("##"):
            words[-1] += piece[2:]
        else:
            words.append(piece)
    return words
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-06-1", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("06.1", join_pieces)

# %% [markdown]
# ## 2 · How such a model is pretrained: guess the hidden word
# BERT learned from texts to which nobody had given a label. Some of their words were hidden, and it had to
# guess them. That is *masked language modelling*, and the text itself holds the right answers:
#
# 1. Choose fifteen of a hundred tokens at random. Of ten that are chosen, eight become `[MASK]`, one becomes
#    some other token, and one stays as it is. (Without the last two, only the vectors of `[MASK]` would have to
#    be any good.)
# 2. The encoder turns each token into a vector, and a *masked-LM head* turns the vector of each chosen token
#    into one number per entry of the vocabulary. Softmax makes probabilities of them.
# 3. The loss is the cross-entropy: minus the logarithm of the probability of the true token.
#
# Whoever can tell that *earth* is missing in "the moon goes around the ▢" knows some grammar and something of
# the world. And one can tell it only from the *other* words: so the layers learn to bring context to each token.
# Here is step 1 by hand, with more words hidden than usual:

# %%
given = encoder.transform(["the moon goes around the earth , and the earth goes around the sun"])
ids = given["input_ids"]
hidden, wanted = mask_words(ids, encoder.tokenizer, seed=3, share=0.3)
pd.DataFrame([encoder.tokenizer.convert_ids_to_tokens(row) for row in (ids[0], hidden[0])],
             index=["the text", "what the encoder sees"]).T.assign(asked=(wanted[0] >= 0).numpy()).T

# %% [markdown]
# The masked-LM head is thrown away when pretraining is over, and those who tuned this encoder for comparing
# sentences did so too. So we put a new, random head on it, and train encoder and head for sixty steps on
# posts of newsgroups, whose topics we do not look at. What must it beat? *Counting*. Without any network one
# can count how often each token stands right after the left neighbour of the gap, and how often right before
# its right neighbour, and multiply the two shares. The counts may use all of the posts, too.
#
# One trap first. Posts answer each other: they repeat a subject line and quote whole sentences. So parts of a post
# that was held out may stand in the others, too, and counting would look much better than it is. We take words from
# the middle of each post, and hold out posts that share no run of six words with the others.

# %%
def runs_of_six(text):
    words = text.split()
    return {" ".join(words[i : i + 6]) for i in range(len(words) - 5)}

posts = [" ".join(words[60:90]) for words in Newsgroups(4000) if len(words) >= 90]
unlabelled = posts[150:]
seen = set().union(*map(runs_of_six, unlabelled))
held_out = [post for post in posts[:150] if not runs_of_six(post) & seen][:60]
print(f"{len(unlabelled):,} posts to learn from, {len(held_out)} held out;", unlabelled[0][:80], "…")

# %%
commonest = NeighbourCounts(encoder, unlabelled, neighbours=False)
counts = NeighbourCounts(encoder, unlabelled)

# %% [markdown]
# > **Before you run it:** the encoder knows much, but its head is new. After sixty steps of twelve posts:
# > will it guess hidden words better than counts over all posts do?

# %%
record_prediction("06.sixty-steps")

# %%
pretrained = pretrain(encoder, unlabelled, steps=60, held_out=held_out, lr=5e-4, head_lr=3e-3, batch_size=12,
                      longest=32, precision="auto", progress=False)

# %%
guessed = {"always the commonest token": measure_guesses(commonest, held_out, longest=32),
           "counts of both neighbours": measure_guesses(counts, held_out, longest=32),
           "encoder with a new head": dict(pretrained.held_out.loc["before"]),
           "the same after 60 steps": dict(pretrained.held_out.loc["after"])}
both = ("counts of both neighbours", "the same after 60 steps")
show_outcome("06.sixty-steps", max(both, key=lambda name: guessed[name]["accuracy"]))
pd.DataFrame(guessed).T.round(2)

# %%
gap = "i do not [MASK] what you mean"
guessers = {"counts": counts, "new head": MaskedLM(encoder), "60 steps": pretrained.model}
pd.DataFrame({name: fill_in(guesser, gap).word for name, guesser in guessers.items()})

# %% [markdown]
# Read the column *loss* first: the lower it is, the more probability the true words got. Whoever spreads the
# guesses evenly over all 30,522 entries has a loss of log 30,522 = 10.3, and a new head does no better. Sixty
# steps bring the loss down to about that of knowing how common each word is. The *accuracy*, the share of gaps
# whose likeliest word is the true one, and the second table say what has been learned: whatever stands beside
# the gap, the network names the commonest words. (In the table, `places` is the number of gaps.) Counting, done in a
# second, looks at the neighbours and is right far more often.
#
# What comes next, which words fit *here*, takes long. BERT was trained for a million steps of 256 texts each.
# Nobody repeats that for two thousand tweets, and this is why one *reuses*. What one may do is go on from there
# with texts of one's own, thousands of steps of them: *more pretraining* (Gururangan and others, 2020). Does
# that make a better classifier of tweets? Lesson 07 measures it. Everything below uses the encoder as it came.

# %% tags=["claim"]
loss, accuracy = pretrained.held_out.loss, pretrained.held_out.accuracy
claim_value("06.a", "60 steps of masked language modelling lower the loss on hidden words of other posts by",
            loss["before"] - loss["after"], at_least=2)
claim_value("06.b", "counts of both neighbours guess more hidden words than the encoder after 60 steps (share)",
            guessed["counts of both neighbours"]["accuracy"] - accuracy["after"], at_least=0.03)

# %%
del pretrained, commonest, counts, guessers  # two networks and tables of counts, no longer used

# %% [markdown]
# **And longer?** `python3 -m tlhelpers sweep text-masked` trained for 60 and for 1,000 steps of sixteen texts, at
# the same highest rates as above, with two seeds. It took such runs of words, *windows*, from all posts of the
# newsgroups, seven of ten to learn from, the rest held out; the counts use the same seven. A window that shares
# six words in a row with an earlier one was left out. To compare all of them on the same gaps, we ask a narrower
# question: from a window of a held-out post one of the twenty commonest words is missing, and which one is it?
# All guess among these twenty only, so the numbers are not those of the table above.

# %%
masked_runs = load_sweep("text-masked")
asked = [("1,000 steps", "60 steps"), ("60 steps", "counts of both neighbours"),
         ("1,000 steps", "counts of both neighbours")]
longer = list(judge_together({pair: compare(masked_runs, *pair) for pair in asked}).values())
print(masked_runs.groupby("strategy")[["accuracy", "seconds"]].mean().round(2))
figures.intervals(longer)

# %% tags=["claim"]
claim("06.al", "1,000 steps of masked language modelling guess more common words than 60 steps", longer[0])
claim("06.am", "after 1,000 steps, no difference to counts of both neighbours is resolved", longer[2],
      expect="not resolved")

# %% [markdown]
# After 60 steps the encoder is right as often as one that names the commonest word in every gap. After 1,000 it uses
# the context, and no difference to the counts is resolved. The counts took about a second, the training minutes, and
# this encoder did not start from nothing. Whether more steps bring it ahead of counting we did not try. (Two seeds are
# an illustration. `STEPS` in `tlhelpers/experiments/text_masked.py` sets how long the sweep trains.)

# %% [markdown]
# ## 3 · One word, two senses
# A *bank* lends money or lies along a river. A static table has one row for both. We wrote eighty short
# sentences: ten words, two senses each, four sentences per sense (`data/senses.csv`). Here are those of
# *bank*, by the vector that the word has in the last layer:

# %%
senses = load_senses()
bank = senses[senses.word == "bank"]
vectors = [word_vector(encoder, text, "bank").numpy() for text in bank.text]
figures.flat_map(vectors, [f"{text[:27]}…" for text in bank.text], list(bank.sense))

# %% [markdown]
# > **Before you run it:** does the vector know the sense right at the input, only in the last layer, or
# > somewhere between?
#
# For each sentence we ask whether the *nearest* of the other seven with the same word means the same.
# With a static vector all seven are equally near, and three of seven mean the same. As a control we ask the
# same of the *full stop* at the end of each sentence, which has no sense at all.

# %%
record_prediction("06.sense")

# %%
def same_sense(rows):
    """Per sentence: does the nearest other sentence with this word have the same sense?"""
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    word, sense = senses.word.to_numpy(), senses.sense.to_numpy()
    others = (word[:, None] == word) & ~np.eye(len(senses), dtype=bool)
    nearest = np.where(others, rows @ rows.T, -np.inf).argmax(1)
    return sense[nearest] == sense

def shares(rows):
    """Per word and layer: the share of its sentences whose nearest has the same sense."""
    right = pd.DataFrame({f"layer {n}": same_sense(rows[:, n]) for n in range(7)})
    return right.groupby(senses.word).mean()

of_word, of_stop = (
    shares(np.array([word_layers(encoder, s.text, part or s.word).numpy() for s in senses.itertuples()]))
    for part in (None, "."))
show_outcome("06.sense", of_word.mean().idxmax())
pd.DataFrame({"the word": of_word.mean(), "the full stop": of_stop.mean()}).T.round(2)

# %%
of_word.round(2)

# %%
def with_interval(values):
    """Mean and its 95 % interval: words (or tweets) drawn anew, with replacement."""
    drawn = np.random.default_rng(0).choice(values, (10_000, len(values))).mean(1)
    return values.mean(), *np.quantile(drawn, [0.025, 0.975])

# %% tags=["claim"]
claim_value("06.c", "in the last layer, the nearest vector of the word mostly has the same sense (share, over "
            "ten words)", *with_interval(of_word["layer 6"].to_numpy()), at_least=0.75)
claim_value("06.d", "from the embeddings to the last layer this share grows by",
            *with_interval((of_word["layer 6"] - of_word["layer 0"]).to_numpy()), at_least=0.15)
claim_value("06.e", "but in the last layer the full stop, which has no sense, mostly does so too (share)",
            *with_interval(of_stop["layer 6"].to_numpy()), at_least=0.7)
claim_value("06.f", "in layers 2 to 4, on the average, the word is ahead of the full stop (difference of "
            "shares)", *with_interval((of_word - of_stop).loc[:, "layer 2":"layer 4"].mean(axis=1).to_numpy()),
            at_least=0)

# %% [markdown]
# Layer 0 is a table too: subwords plus their position in the sentence, no context yet. Over the first
# layers the two senses come apart, so context does get in. But look at the control: in the last layer the *full
# stop* of a sentence tells the two senses apart nearly as well as the word does. It has taken up what the
# sentence is about, and so may have the word. So these vectors are good for telling such sentences apart; that the
# encoder looked up a *meaning* is not shown. In the middle layers the word is ahead of the full stop.
#
# Ten words are few, we chose them and the sentences ourselves, and one of the ten, *crane*, hardly comes apart.
#
# ## 4 · From tokens to one vector, and the trap on the way
# Texts have different lengths, a batch is a rectangle: short texts are filled up with a token `[PAD]`. The
# *mask* says which tokens are real. It has to be used twice: in the attention, and in the mean. Forgetting
# it raises no error.

# %%
some = ["Yay.", "About to listen to the latest @anonymous. Unerring pumped."]
given = encoder.transform(some)
hidden = encoder.model(**given).last_hidden_state
masked = pooled(hidden, given["attention_mask"])
print(given["attention_mask"])
print("cosine of the plain mean to the masked one:",
      row_cosine(hidden.mean(1).detach().numpy(), masked.detach().numpy()).round(2))

# %% [markdown]
# The long text does not change, the short one does: most of what was averaged is padding. Now all tweets,
# both ways: as it should be, and with a plain mean over batches of 32 in random order. (One pass gives all
# layers: the later sections read from it.)

# %%
@torch.inference_mode()
def plain_mean(batch_size=32):
    rows = np.empty((len(tweets), encoder.feature_size), dtype=np.float32)
    for items in np.array_split(np.random.default_rng(0).permutation(len(tweets)), len(tweets) // batch_size):
        given = encoder.transform(tweets.texts[items])
        rows[items] = encoder.model(**given).last_hidden_state.mean(1).numpy()
    return rows

layers = encode_layers(encoder, tweets)
masked = layers[encoder.layers[-1]]

# %%
plain = plain_mean()
cosines = pd.Series(row_cosine(masked, plain), name="cosine of plain and masked mean")
cosines.quantile([0.05, 0.5, 0.95]).round(2)

# %% [markdown]
# > **Before you run it:** half of the vectors move that much. What does it cost in accuracy?
#
# Two questions, ten seeds each. A head that is trained *and* used on such vectors. And a head that is trained
# on them and then used the way a service uses it: one tweet at a time, where nothing is filled up.

# %%
record_prediction("06.plain-mean")

# %%
one_by_one = {"used_on": masked}  # alone in its batch, a tweet gets the masked vector
strategies = {"masked": linear_head(masked, labels), "plain mean": linear_head(plain, labels),
              "plain mean, used one by one": linear_head(plain, labels, **one_by_one)}
pooling = repeat(strategies, tweets, labels=[32, None])
everything = pooling.whole

# %%
def in_words(count):
    return "all labels" if count == everything else figures.labels_per_class(count)

careless_ways = [name for name in strategies if name != "masked"]
traps = [compare(pooling, name, "masked", labels=k) for k in (32, everything) for name in careless_ways]
show_outcome("06.plain-mean", traps[2])
figures.intervals(traps, notes=[in_words(k) for k in (32, everything) for _ in careless_ways])

# %% [markdown]
# Trained and used on plain means, the head does not lose anything that ten seeds can resolve. That makes the
# trap a dangerous one: the accuracy in your notebook does not warn you. The same head in use, one tweet at a
# time, meets vectors of another kind, and loses with few labels and with all. And whoever compares texts by
# cosine is hit in full: the table above shows how far.

# %% tags=["claim"]
claim_value("06.g", "a plain mean over padding moves half of the vectors to a cosine below this",
            cosines.median(), at_most=0.9)
claim("06.h", "with all labels, no loss of a head trained and used on plain means is resolved",
      traps[2], expect="not resolved")
claim("06.i", "with all labels, a head trained on plain means loses when used one tweet at a time", traps[3],
      expect="less")

# %% [markdown]
# ### Exercise 06.2
# Write the masked mean in numpy. `hidden` has the shape (n, length, d), `mask` (n, length) with 1 for a token
# and 0 for padding (on either side), at least one token per row. Return an array of shape (n, d).

# %% nbgrader={"grade": false, "grade_id": "answer-06-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def masked_mean(hidden, mask):
    ### BEGIN SOLUTION
    mask = mask[:, :, None]
    return (hidden * mask).sum(axis=1) / mask.sum(axis=1)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-06-2", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("06.2", masked_mean)

# %% [markdown]
# ### Mean, first token, or maximum?
# BERT's own habit is to take the vector of the first token, `[CLS]`. This encoder was tuned with the mean.
#
# > **Before you run it:** which of the three will lie highest, and does it matter?

# %%
record_prediction("06.pooling")

# %%
pooled_ways = encode_pools(encoder, tweets, ["mean", "cls", "max"])  # one forward pass for all three
pools = {pool: linear_head(vectors, labels) for pool, vectors in pooled_ways.items()}
by_pool = repeat(pools, tweets, labels=[32, None])
found = [compare(by_pool, "mean", other, labels=k) for k in (32, everything) for other in ("cls", "max")]
with_few = by_pool[by_pool["labels"] == 32].groupby("strategy").accuracy.mean()
show_outcome("06.pooling", with_few.idxmax())
figures.intervals(found, notes=[in_words(k) for k in (32, everything) for _ in range(2)])

# %% tags=["claim"]
claim("06.j", "with 32 labels per class, the mean beats the first token", found[0])
claim("06.k", "with 32 labels per class, the mean beats the maximum", found[1])

# %% [markdown]
# Like the normalisation of pictures in lesson 02, the pooling belongs to the checkpoint. For a BERT that was
# never tuned with the mean, ask anew.
#
# ## 5 · Which layer?
# Nobody says that the last layer is the best one for *our* task: it was shaped for sentence similarity, and
# "what a lovely day" and "what an awful day" may well count as similar. Beside layer 0, the embeddings, and the six
# layers of attention stands the mean of GloVe vectors from lesson 05. When we first ran this with seeds 0 to 9, the
# middle layers lay highest. So what we claim of them rests on the seeds 10 to 19. These are other splits of the *same*
# tweets: they guard against a lucky split, not against tweets that happen to suit the middle layers.

# %%
names = [f"layer {n}" for n in layers]
probes = {name: linear_head(rows, labels) for name, rows in zip(names, layers.values(), strict=True)}
probes["GloVe mean"] = linear_head(document_vectors(load_vectors(), tweets.texts, quiet=True), labels)
of_layers = repeat(probes, tweets, labels=[32, None], seeds=range(10, 20))
whole = of_layers.whole
tables = {in_words(k): of_layers[of_layers["labels"] == k] for k in (32, whole)}
figures.by_layer(tables, ["GloVe mean", *names])

# %% [markdown]
# The bands are wide since tweets and seeds vary; differences on the *same* tweets and seeds have much
# narrower bands. Which middle layer to compare? If we took the highest of seven and reported it, we would
# have chosen on the test side. So we take layers 2 to 4 *on the average*.

# %%
middle = ["layer 2", "layer 3", "layer 4"]
found = {("middle", k): compare_average(of_layers, middle, "layer 6", k) for k in (32, whole)}
found |= {(a, b, k): compare(of_layers, a, b, labels=k) for k in (32, whole)
          for a, b in [("layer 0", "GloVe mean"), ("layer 6", "layer 0")]}
figures.intervals(list(found.values()), notes=[in_words(key[-1]) for key in found])

# %% tags=["claim"]
claim("06.l", "with all labels, the middle layers beat the last one", found["middle", whole])
claim("06.m", "with 32 labels per class, the last layer beats the embeddings",
      found["layer 6", "layer 0", 32])
claim("06.n", "with all labels, the last layer cannot be distinguished from the embeddings",
      found["layer 6", "layer 0", whole], expect="not resolved")
claim("06.o", "with all labels, the embeddings alone, without any context, beat averages of GloVe",
      found["layer 0", "GloVe mean", whole])

# %% [markdown]
# That answers the question of this lesson for these tweets and for *frozen* features, and not as one would
# expect. With few labels, the six layers add something that the embeddings alone do not have. (They bring context,
# and further weights: the comparison does not separate the two.) With all labels no such gain of the last layer is
# resolved; the middle layers are a little ahead of the last one. With all labels, the embeddings are ahead of GloVe
# before any context has come in. Whether that is due to more numbers per text, to other texts or to the tuning on
# pairs of sentences, this comparison does not tell. And it says nothing about tuned weights: section 6 has the control
# for them, the embeddings alone, tuned.

# %% [markdown]
# ### Exercise 06.3
# You want the best of the seven layers for a product, and to tell your customer its accuracy. Which way is
# honest?
#
# - `"a"`: measure all seven on the test side, with ten seeds each; use and report the highest mean
# - `"b"`: choose the layer inside the training items, then measure that one on the test side
# - `"c"`: measure all seven on the test side; report the highest together with its 95 % interval
# - `"d"`: use the last layer, as its makers meant it to be, and report it on the test side

# %% nbgrader={"grade": false, "grade_id": "answer-06-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "b"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-06-3", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("06.3", answer)

# %% [markdown]
# ## 6 · Frozen, tuned, or LoRA?
# Tuning works as in lesson 03: head first, then everything, with a small rate, a warm-up and a linear way
# down. Here it runs for one seed and 32 labels per class. Every thirtieth of the other training tweets serves for
# validation: the network is measured on these after each epoch, and does not learn from them.

# %%
split = split_by_group(tweets, 0.3, seed=0)
test = tweets.subset(split.test)
drawn = split.train[draw_labels(labels[split.train], 32, seed=0)]
few, others = tweets.subset(drawn), tweets.subset(np.setdiff1d(split.train, drawn)[::30])
model = Classifier(encoder, 2, tweets.class_names)
fit_head(model, encode(encoder, few, progress=False), few.labels, epochs=20, lr=3e-3, quiet=True)
history = fit(model, few, validation=others, epochs=6, lr=1e-4, schedule="linear", warmup=0.1,
              precision="auto", quiet=True)
live = predict(model, test)
print(f"test accuracy {(live == test.labels).mean():.2f}, {history.seconds:.0f} s of training")
figures.history(history.table, "one seed, 32 labels per class, after its head")

# %% [markdown]
# The training loss goes to 0; the loss on the validation tweets does not follow it.
#
# One seed is an illustration, not a measurement. The stored table has ten, with four numbers of labels, beside the
# baselines of lesson 05. Heads try three penalties inside the training items, networks are trained once:
# that favours the heads. Against that, the networks' rates (1e-4 for all weights, 1e-3 for LoRA), rank
# and numbers of steps were fixed beforehand, and that 1e-4 suits this encoder was seen in a trial on
# these very tweets: that favours tuning, and the seconds of that trial are counted nowhere.
#
# > **Before you run it:** does tuning pay with eight labels per class? And does LoRA keep up?

# %%
record_prediction("06.tuning")

# %%
runs = load_sweep("text-strategies")
for key in ("command", "date", "processor"):
    print(f"{key}: {provenance_of('text-strategies')[key]}")
shown = runs[runs.strategy != "LoRA"]
figures.learning_curves(shown, {"chance": chance(labels)})

# %% [markdown]
# LoRA's curve would lie close to that of tuning, so it is left out here; it is among the differences further down.

# %%
heads = rerun("text-strategies", ["TF-IDF", "GloVe mean", "frozen"], 8, seeds=[0])
stored = runs.query("strategy == 'fine-tuned' and labels == 32 and seed == 0").iloc[0]
print(f"tuned live above: {(live == stored.predicted).mean():.0%} of the predictions are as stored "
      "(the live run is shorter, so it need not agree)")
heads.round(2)

# %%
asked = [("frozen", "GloVe mean", 32), ("frozen", "GloVe mean", everything),
         ("fine-tuned", "frozen", 8), ("fine-tuned", "frozen", 32), ("fine-tuned", "frozen", everything),
         ("LoRA", "fine-tuned", 32), ("LoRA", "fine-tuned", everything)]
found = list(judge_together({row: compare(runs, *row[:2], labels=row[2]) for row in asked}).values())
show_outcome("06.tuning", found[2])
figures.intervals(found, notes=[in_words(k) for *_, k in asked])

# %% [markdown]
# That is not what lesson 04 found. There, with drawings, no gain of fine-tuning was resolved with one or five labels
# per class; with about twenty-five it won. Here it is ahead of the frozen encoder with eight labels per class already.
# Why here and not there? This table does not say; a guess is that vectors shaped for similarity of content hold
# sentiment as a small part only, so that there is more to move. (The verdicts in the figure of differences are
# corrected for asking seven questions, as in lesson 04.)
#
# Look at the height of the curves, too: the frozen encoder with eight labels per class lies above counted words
# (TF-IDF) with sixteen times as many. The random twins, which have the same layers with random weights, lie far lower:
# so it is the pretraining that makes the difference, and not the network's shape.
#
# LoRA trains a small share of the weights. With 32 labels per class ten seeds cannot resolve it from full
# tuning; with all labels full tuning is ahead. That is LoRA at *one* rank, 8, and at *one* rate, 1e-3. Before one says
# that LoRA is worse, one tries others: three ranks and two rates make six ways, the one above among them (three seeds
# each, all labels; `sweep text-lora`).

# %%
low_rank = load_sweep("text-lora")
full = runs[(runs.strategy == "fine-tuned") & runs.seed.isin(low_rank.seed)]
beside_full = pd.concat([low_rank, full])
by_rank = judge_together({name: compare(beside_full, name, "fine-tuned", labels=everything)
                          for name in low_rank.strategy.unique()})
figures.gains({"all labels, three seeds": by_rank})

# %%
by_rate = [compare(low_rank, f"rank {rank}, rate 0.001", f"rank {rank}, rate 0.0003", labels=everything)
           for rank in (2, 8, 32)]
by_size = compare(low_rank, "rank 32, rate 0.001", "rank 2, rate 0.001", labels=everything)
figures.intervals([*by_rate, by_size], notes=["all labels"] * 4)

# %% tags=["claim"]
claim("06.aj", "with all labels, LoRA of rank 8 at rate 3e-4 is worse than tuning all weights",
      by_rank["rank 8, rate 0.0003"], expect="less")
claim("06.ak", "with all labels and rate 1e-3, no difference between LoRA of rank 32 and of rank 2 is resolved",
      by_size, expect="not resolved")

# %% [markdown]
# The mean of each of the six ways is below full tuning. The lower rate costs about one point at every rank (three
# seeds, not corrected). Between rank 2 and rank 32, which trains fifteen times as many weights, no difference is
# resolved. (LoRA scales its product by `alpha` / rank, lesson 03; `alpha` stays 16, so the scale falls as the rank
# rises.) At the higher rate the gap to full tuning is about two points. With three seeds and the correction it is just
# resolved at rank 2, and not at ranks 8 and 32; with ten seeds it is resolved at rank 8 (above). A still higher rate
# may close it: we did not try one.

# %% tags=["claim"]
claim_value("06.p", "heads that are trained again here predict what the stored table says", heads.same.mean(),
            at_least=0.95)

# %% tags=["claim"]
claim("06.q", "with all labels, the frozen encoder beats averages of GloVe", found[1])
claim("06.r", "over all numbers of labels, the frozen encoder beats its random twins",
      compare(runs, "frozen", "frozen random"))
parts = [runs[(runs.strategy == name) & (runs["labels"] == k)].assign(strategy=f"{name} {k}", labels=0)
         for name, k in [("frozen", 8), ("TF-IDF", 128)]]
claim("06.s", "the frozen encoder with 8 labels per class beats counted words with 128",
      compare(pd.concat(parts), "frozen 8", "TF-IDF 128"))
claim("06.t", "with 32 labels per class, tuning all weights beats the frozen encoder", found[3])
claim("06.u", "with all labels, tuning all weights beats the frozen encoder", found[4])
claim("06.v", "with 32 labels per class, no difference between LoRA (rank 8) and full tuning is resolved",
      found[5], expect="not resolved")
claim("06.w", "with all labels, tuning all weights beats LoRA of rank 8", found[6], expect="less")

# %% [markdown]
# ### Would tuned words alone have been enough?
# In section 5, with all labels, no difference between the frozen embeddings and the last layer was resolved. The tuned
# encoder is better than the frozen one. Does this gain need the layers, or would a tuned table of embeddings have been
# enough? The control is **layer 0, tuned**: the encoder ends before its first layer of attention, so a text is the mean
# of its subwords' embeddings. It is tuned as the whole encoder is, but its rate is chosen among three (1e-4, 1e-3, 1e-2)
# inside the training items, since a table alone may need a higher one (`sweep text-tables`, five seeds).

# %%
tables_tuned = load_sweep("text-tables")
counts_of_labels = [8, 32, 128, everything]
same_seeds = runs[runs.strategy.isin(["fine-tuned", "frozen"]) & runs.seed.isin(tables_tuned.seed)]
table_frozen = repeat({"layer 0, frozen": linear_head(layers[0], labels)}, tweets,
                      labels=[8, 32, 128, None], seeds=range(5), progress=False)
beside_table = pd.concat([same_seeds, tables_tuned, table_frozen])
figures.learning_curves(beside_table, {"chance": chance(labels)})

# %%
asked = [("fine-tuned", "layer 0, tuned"), ("layer 0, tuned", "frozen"), ("layer 0, tuned", "layer 0, frozen")]
without_layers = judge_together({(pair, k): compare(beside_table, *pair, labels=k)
                                 for k in counts_of_labels for pair in asked})
figures.gains({" −\n".join(pair): {in_words(k): without_layers[pair, k] for k in counts_of_labels} for pair in asked},
              beside=", first minus second")

# %% tags=["claim"]
claim("06.ah", "with all labels, tuning the whole encoder beats tuning its embeddings alone",
      without_layers[asked[0], everything])
claim("06.ai", "with 8 labels per class, tuned embeddings are worse than a head on the frozen encoder",
      without_layers[asked[1], 8], expect="less")

# %% [markdown]
# With all labels, no difference between tuned embeddings and the *frozen* encoder is resolved, and the tuned encoder is
# ahead of both. So the gain is not reached without the layers. Whether it lies in attention or in the further weights
# of a layer this control does not say: it removes both together. With 8 and 32 labels per class, tuned embeddings fall
# behind the frozen encoder. With 8, tuned embeddings are even worse than a head on the same embeddings, frozen, and at
# no number of labels is a gain of tuning them resolved.

# %% [markdown]
# ### What does it cost?
#
# > **Before you run it:** how many times the seconds of the frozen encoder does tuning take?

# %%
record_prediction("06.seconds")

# %%
figures.prices(runs, [8, 32, everything])

# %% tags=["claim"]
seconds = price_list(runs).set_index(["strategy", "labels"]).seconds
ratio = seconds["fine-tuned", everything] / seconds["frozen", everything]
claim_value("06.x", "with all labels, tuning costs so many times the CPU seconds of the frozen encoder",
            ratio, at_least=5)
show_outcome("06.seconds", str(np.searchsorted([2, 5, 15, 50], ratio)))

# %% [markdown]
# So which one to take? Counted words and GloVe cost next to nothing, and stay behind the frozen encoder at every
# number of labels shown here. Tuning buys a few more points of accuracy for several times the seconds. LoRA costs less
# than full tuning; with all labels it stays about two points behind at the better of two rates, and three or more at
# the other. What a point of accuracy is worth to you, no table says.

# %% [markdown]
# ### Exercise 06.4
# Attention is computed from three small layers per layer of the encoder, called *query*, *key* and
# *value*. LoRA puts two thin matrices beside a layer of 384 × 384 weights: one of r × 384 and one of 384
# × r. Here it does so for *query* and *value* in each of six layers, with r = 8. How many weights are in
# these matrices, all together?

# %% nbgrader={"grade": false, "grade_id": "answer-06-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put a number or a calculation here
### BEGIN SOLUTION
answer = 6 * 2 * (8 * 384 + 384 * 8)
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-06-4", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("06.4", answer)

# %% [markdown]
# ## 7 · Few labels, and none
# This encoder puts sentences that belong together close to each other. So the *name of a class* is a sentence
# like any other: give a tweet the class whose name lies closest to it by cosine. That needs no label at all, and
# is called *zero-shot* classification. Much depends on how the classes are put into words, and without labels
# nobody can tell which wording is best. So we wrote three before we tried one on these tweets, and show all of
# them.
#
# > **Before you run it:** which of the three will do best? Will it beat a head that saw eight tweets per class?

# %%
record_prediction("06.wording")

# %%
wordings = {
    "names alone": {"negative": "negative", "positive": "positive"},
    "a sentence": {"negative": "This tweet is negative.", "positive": "This tweet is positive."},
    "feelings": {"negative": ["I am sad.", "I am angry.", "I hate it."],
                 "positive": ["I am happy.", "I am glad.", "I love it."]}}
by_names = {f"no labels, {name}": nearest_description(encoder, told_as) for name, told_as in wordings.items()}
no_labels = repeat(by_names, tweets, labels=[8], progress=False)
of_wording = no_labels.groupby("strategy").accuracy.mean()
show_outcome("06.wording", of_wording.idxmax())
of_wording.round(2)

# %%
few_labels = pd.concat([runs[runs["labels"] == 8], no_labels])  # the same seeds, the same test tweets
pairs = [(name, "frozen") for name in by_names] + [("no labels, feelings", "fine-tuned")]
without = list(judge_together({pair: compare(few_labels, *pair, labels=8) for pair in pairs}).values())
figures.intervals(without, notes=["8 labels per class for the second"] * len(pairs))

# %% tags=["claim"]
claim("06.y", "with six sentences about feelings and no label, the encoder beats a head on 8 labels per class",
      without[2])
claim("06.z", "with class names alone and no label, the encoder is worse than a head on 8 labels per class",
      without[0], expect="less")

# %% [markdown]
# The encoder is the same in all three, none has a label, and the wording alone decides whether it falls behind a head
# on sixteen labelled tweets or goes ahead of it. A likely reason: tweets do not say that they are negative, they say
# that somebody is sad, and a description helps where it resembles the texts. But without labels nobody could have told
# you to take the third. Whoever picks the best of three after looking has used the labels of the test side (exercise
# 06.3). The lead of the third over all weights tuned on eight labels per class is only just resolved: the interval
# begins next to 0.
#
# With few labels there is a way between: *contrastive tuning*. Sixteen labelled tweets make 120 pairs; training
# moves the vectors of one class together and those of two classes apart, and a linear head follows (SetFit,
# Tunstall and others, 2022). Ten seeds of it are stored, with the same labelled tweets and test tweets as above:

# %%
by_pairs = pd.concat([runs[runs["labels"] == 8], load_sweep("text-contrastive")])
gained = [compare(by_pairs, "contrastive", rival, labels=8) for rival in ("frozen", "fine-tuned")]
figures.intervals(gained, notes=["8 labels per class"] * 2)

# %% tags=["claim"]
claim("06.ag", "with 8 labels per class, contrastive tuning beats a head on frozen features", gained[0])

# %% [markdown]
# Between contrastive tuning and fine-tuning, which sees each label by itself, no difference is resolved. Our helper
# is in `tlhelpers/training/contrastive.py`.

# %% [markdown]
# ## 8 · Seeds that fail
# Tuning an encoder on few labels is known to fail now and then: some seeds end at chance, and a mean over seeds
# hides that. Mosbach and others (2021) trace it to vanishing gradients early in training. They repair it with
# small rates, a warm-up, more steps, and Adam's *bias correction*: it keeps the first steps from being too
# large, and BERT's own code had left it out. PyTorch's AdamW has it, so all of our runs do.
#
# At the rate of section 6 no seed failed, so we go up to ten times higher. Sixty-four labels, all weights tuned
# at once, a constant rate. The last three rows of the figure show what is said to help ("warm-up" stands for a warm-up
# *and* a linear way down). Every dot is one seed.
#
# > **Before you run it:** what will a failed run look like: a little worse, or something else?

# %%
record_prediction("06.failed-run")

# %%
rates = load_sweep("text-rates")
order = ["rate 1e-4", "rate 3e-4", "rate 1e-3", "1e-3, warm-up", "1e-3, warm-up, head first",
         "1e-4, warm-up, 3× as long"]
figures.every_seed(rates, order, {"chance": chance(labels)})

# %%
def failed(run, by=0.05):
    """Within `by` of chance."""
    return run.accuracy < chance(labels) + by

high = rates[rates.strategy == "rate 1e-3"]
worst = high.loc[high.accuracy.idxmin()]
near_middle = worst.accuracy > high.accuracy.median() - 0.05
show_outcome("06.failed-run", "chance" if failed(worst) else "little" if near_middle else "between")
rates.assign(failed=failed(rates)).groupby("strategy").failed.sum().reindex(order)

# %%
asked = [("1e-3, warm-up", "rate 1e-3"), ("1e-3, warm-up, head first", "1e-3, warm-up"),
         ("rate 1e-4", "rate 1e-3"), ("1e-4, warm-up, 3× as long", "rate 1e-4")]
asked += [("1e-3, warm-up, head first", "rate 1e-4")]
repairs = list(judge_together({pair: compare(rates, *pair) for pair in asked}).values())
figures.intervals(repairs, notes=["32 labels per class"] * len(asked))

# %% [markdown]
# At the highest constant rate the seeds lie far apart: some are good, some at chance. Nothing in the code differs but
# the seed (it draws split, labels and order here; Mosbach and others kept the data fixed). With a warm-up and a
# linear way down the mean rises at the *same* rate; whether it also fails less *often*, ten seeds cannot tell.
# Training the head first adds more. But no gain of the repaired high rate over the plain low one is resolved. The low
# rate needed no repair, and no gain of longer training with a warm-up is resolved there either.
#
# So this is like their finding in that some seeds end at chance, and unlike it in that it takes a rate far
# above the usual. Why runs fail we have not looked into.

# %% tags=["claim"]
claim_value("06.aa", "at the high constant rate, some of ten seeds end near chance (how many)",
            failed(rates[rates.strategy == "rate 1e-3"]).sum(), at_least=1, seeds=10)
claim("06.ab", "at the high rate, warm-up and a linear way down help", repairs[0])
claim("06.ac", "a ten times lower rate is better than the high one", repairs[2])
claim("06.ad", "no gain of the repaired high rate over the low one is resolved", repairs[4],
      expect="not resolved")

# %% [markdown]
# ### Exercise 06.5
# A colleague tuned with five seeds: 0.88, 0.50, 0.87, 0.51, 0.89 on a balanced test side. What belongs into
# the report?
#
# - `"a"`: the mean, 0.73, and its standard deviation: about that is what the next seed will bring
# - `"b"`: the best seed, 0.89, since failed trainings are broken ones that nobody would release
# - `"c"`: the mean of the three good seeds, 0.88, and a note that two others were left out
# - `"d"`: all five, that two of them failed with this setting, and then its repair on new seeds

# %% nbgrader={"grade": false, "grade_id": "answer-06-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "d"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-06-5", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("06.5", answer)

# %% [markdown]
# ## 9 · Optional: attention, looked at with care
# Each layer mixes the tokens: a row of weights says how much a token takes from each other one. It does so
# several times side by side; each of these is called a *head* (not to be mixed up with the linear head). Such
# pictures are popular as explanations.

# %%
sentence = "I do not love this phone, I hate it."
tokens, weights = attention_weights(encoder, sentence)
figures.attention_map(tokens, weights[2, :2], "layer 3, two of twelve heads")

# %% [markdown]
# The first of these heads looks mostly at the token before, or at `[CLS]`, the mark of the start (`[SEP]` is
# that of the end); in the second, several look at *love* or at *hate*. It is tempting to read more into it.
#
# > **Before you run it:** if a token gets much attention, will the text's vector change much when the token
# > is taken away?
#
# That can be measured. For some dozens of tweets: how much attention each subword gets in the last layer (mean over
# all tokens that look), against how far the tweet's vector moves without it. Per tweet, the rank correlation
# of the two: 1 would mean that attention tells the order exactly, 0 that it tells nothing.

# %%
record_prediction("06.attention")

# %%
def moved_without(text):
    """How far the vector moves when a subword is left out, for each of them."""
    whole = encoder.transform.numbers([text])[0]
    shorter = [whole[:i] + whole[i + 1 :] for i in range(1, len(whole) - 1)]
    with torch.inference_mode():
        first, *others = encoder(**encoder.transform.padded([whole, *shorter])).numpy()
    return pd.Series(1 - row_cosine(np.array(others), np.tile(first, (len(others), 1))))

def attention_got(text):
    """The attention that each subword gets in the last layer, in each of twelve heads."""
    _, weights = attention_weights(encoder, text)
    return pd.DataFrame(weights[-1].mean(dim=1).numpy()[:, 1:-1].T)

long_enough = [text for text in tweets.texts if 8 <= len(text.split()) <= 25]
chosen = np.random.default_rng(0).choice(long_enough, 45, replace=False)

# %%
rows = []
for text in chosen:
    moved, got = moved_without(text), attention_got(text)
    rows.append({"mean of the heads": got.mean(axis=1).corr(moved, method="spearman"),
                 "one head": got.corrwith(moved, method="spearman").mean(),
                 "same subword first": got.mean(axis=1).idxmax() == moved.idxmax()})
looked_at = pd.DataFrame(rows).astype(float)
agreement = looked_at["mean of the heads"].mean()
show_outcome("06.attention", str(np.searchsorted([0.2, 0.5, 0.8], agreement)))
looked_at.mean().round(2)

# %% tags=["claim"]
claim_value("06.ae", "over tweets, the attention that subwords get in the last layer goes along with what they "
            "do to the vector, but not closely (mean rank correlation)",
            *with_interval(looked_at["mean of the heads"].to_numpy()), at_least=0.4, at_most=0.8)
claim_value("06.af", "what a subword does to the vector goes along with the mean attention of all heads more "
            "closely than with one head's (difference of rank correlations)",
            *with_interval((looked_at["mean of the heads"] - looked_at["one head"]).to_numpy()), at_least=0.1)

# %% [markdown]
# So the picture is not empty: subwords that get much attention, over all heads of the last layer, tend to
# matter to the vector. Nor is it an explanation: the order is far from the same, and a single head, which is
# what such pictures show, tells less (one order out of twelve is noisier than their mean, for one thing). And
# all this is about the tweet's *vector*; what a classifier makes of it is one step further away (Jain and
# Wallace, 2019). To know what a word does, leave it out and look.

# %% [markdown]
# ### Exercise 06.6
# In a picture like the one above, the darkest column is *not*. What follows?
#
# - `"a"`: in this head and layer, tokens take much from the place of *not*; its effect is to be tested
# - `"b"`: the classifier decided because of *not*, since it looked at no other token as much as at that
# - `"c"`: without *not*, the classifier would give another answer, since most of its attention is there
# - `"d"`: nothing about this tweet, since the weights come out otherwise each time that it is read

# %% nbgrader={"grade": false, "grade_id": "answer-06-6", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "a"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-06-6", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("06.6", answer)

# %% [markdown]
# ## 10 · Optional: another encoder, and plain transformers
# With an internet connection, the same functions take any BERT-like model of the *model hub*, a public
# store of checkpoints (huggingface.co), by its name; without one, a folder that you saved. This is not
# run here, since the course works offline; to try it, start the lab with the variable `HF_HUB_OFFLINE`
# set to 0:
#
# ```python
# bert = load_encoder("bert-base-uncased", pool="mean")
# rows = encode(bert, tweets)
# ```
#
# Here is the same in plain transformers: we save the encoder as a folder, and read it as one reads any model
# of the hub, by folder or by name.

# %%
from tempfile import TemporaryDirectory

from transformers import AutoModel, AutoTokenizer

with TemporaryDirectory() as folder:
    encoder.model.save_pretrained(folder)
    encoder.tokenizer.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    network = AutoModel.from_pretrained(  # we pool by hand
        folder, add_pooling_layer=False, trust_remote_code=False).eval()

# %%
inputs = tokenizer(some, padding=True, truncation=True, max_length=256, return_tensors="pt")
with torch.inference_mode():
    tokens_out = network(**inputs).last_hidden_state  # (2 texts, tokens, 384)
real = inputs["attention_mask"][:, :, None]
by_hand = (tokens_out * real).sum(1) / real.sum(1)
ours = encode(encoder, some, cache=False, progress=False)
print("cosine to ours:", row_cosine(by_hand.numpy(), ours).round(4))

# %% [markdown]
# A long text is cut, by default to 256 tokens, and a warning says so:

# %%
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    encode(encoder, ["word " * 10_000], cache=False)
print(caught[0].message)

# %% [markdown]
# ## What we measured

# %%
claims_table()

# %% [markdown]
# ## Quiz
# Six questions about this lesson. Each wrong answer gets a hint, and another round asks other questions.

# %%
quiz("06")

# %% [markdown]
# ## What comes next
# - **Lesson 07** takes these encoders to another domain: trained on news, used on tweets.
# - To read: Devlin and others on BERT (arXiv:1810.04805); Wang and others on MiniLM (arXiv:2002.10957);
#   Gururangan and others on more pretraining (arXiv:2004.10964); Tunstall and others on SetFit
#   (arXiv:2209.11055); Reimers and Gurevych on sentence encoders
#   (arXiv:1908.10084); Mosbach and others on failing seeds (arXiv:2006.04884); Jain and Wallace on attention
#   as explanation (arXiv:1902.10186).
