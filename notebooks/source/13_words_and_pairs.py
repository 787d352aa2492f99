# %% [markdown]
# # 13 · A label for each word, and one for two texts
#
# **The question.** So far every text got one label. Many tasks ask for more: which words of a text are names?
# Do two texts belong together? One pretrained encoder serves them all. What has to be changed for that, and is
# what was best for whole texts still best?
#
# **After this lesson you can**
# - give each word of a sentence a label, with an encoder that cuts words into pieces;
# - measure a task in which one class is rare, without being fooled by the common one;
# - choose the layer that suits the task, and say why it need not be the last;
# - compare two texts in two ways, each by itself or both together, and say what each way costs;
# - draw pairs for training and test without a leak.
#
# **Time**: {{reading}} of reading, {{exercises}}, {{computing}} of computing (recorded elsewhere;
# lesson 00 tells it for this machine). **Needs**: lesson 06.

# %%
import time

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import precision_recall_fscore_support

from tlhelpers import figures
from tlhelpers.course import check, claim, claim_value, claims_table, quiz, record_prediction, show_outcome
from tlhelpers.data import draw_labels, load_article_pairs, load_cased_words, split_by_group
from tlhelpers.evaluation import compare, interval_of_mean, judge_together, repeat
from tlhelpers.experiments import load_sweep, provenance_of, rerun
from tlhelpers.models import (
    cut_words, encode, encode_words, linear_head, load_encoder, new_linear_head, row_cosine,
)
from tlhelpers.training import fit_words, freeze_to, label_tokens

# %% [markdown]
# ## The set-up

# %%
figures.setup_diagram(
    "the words of\na sentence", [("embeddings", "frozen"), ("layers 1 to 3\nof attention", "frozen"),
                                 ("linear head\non each word", "trained")],
    "small or capital,\nfor each word", source="all-MiniLM-L6-v2")

# %% [markdown]
# ## 1 · Labels that come free
# A program writes down what people say, without capital letters; so do many people in chats. Which words had
# a capital? The task is called *truecasing*. To learn it, nobody has to label anything: whoever has texts *with*
# capitals has texts without them, and the right answers. Ours are sentences of editorials of the New York Times
# (`data/README.md` has the source). In English, capitals mark names and what belongs to them: so this is a small
# relative of *named entity recognition*, finding the names of people and places, for which people usually have to
# mark the names. Our encoder drops capitals anyhow (lesson 06, section 1), so nothing leaks.

# %%
words = load_cased_words()
print(words)
for number in (0, 11):
    shown = zip(words.sentences[number], words.cases[number], strict=True)
    print(" ".join(word.upper() if case == 1 else word if case == 0 else f"({word})" for word, case in shown))

# %% [markdown]
# Words in capitals are those to be found; words in brackets are **not asked for**. Among these are numbers, and
# whatever follows a full stop, a colon, a bracket, a quotation mark or a dash: there a capital may mean nothing.
# (So a name after *Mr.* is not asked for either.) Of the other words one in ten has a capital. We drew equally
# many words without one, and do not ask for the rest. Both classes are then equally common, and guessing gives an
# accuracy of one half. (Section 5 leaves nothing out for balance.) The label of a word that is not asked for is
# −100. That number is a convention: PyTorch's cross-entropy leaves such items out, and so do the libraries that
# build on it.
#
# First: how many words of the test articles have no labelled example in the articles to learn from? The articles
# are what is split, since sentences of one article share its names.

# %%
split = split_by_group(words, 0.3, seed=0)
unknown = pd.Series(~np.isin(words.words[split.test], words.words[split.train]))
unknown.groupby(np.where(words.labels[split.test], "with a capital", "without")).mean().round(2)

# %% [markdown]
# ## 2 · Words and their pieces
# A label for each word of a text: the task is called *token classification*. The labels belong to words, and the
# encoder sees subwords (lesson 06, section 1). `cut_words` cuts sentences that come as words, and says where each
# word begins:

# %%
encoder = load_encoder("minilm-l6")
natural = load_cased_words(balanced=False)  # the same sentences, and nothing left out for balance
numbers, firsts = cut_words(encoder, [natural.sentences[0][16:22]])
tokens = encoder.tokenizer.convert_ids_to_tokens(numbers[0])
pd.DataFrame([tokens, label_tokens(numbers, firsts, [natural.cases[0][16:22]])[0]], index=["token", "label"])

# %% [markdown]
# The usual convention: the **first piece** of a word carries its label, and its vector stands for the word; all
# other pieces, and the marks `[CLS]` and `[SEP]`, get −100. Labels that slip by one place raise no error; the
# network then learns the label of the neighbour.

# %% [markdown]
# ### Exercise 13.1
# Put labels on tokens. `word_of_token` is a list with one entry per token: the number of the word it belongs to,
# counted from 0, or `None` for a mark. (A fast tokenizer of transformers gives it as `word_ids()`.) `labels` has
# one int per word. Return a list with one int per token: the word's label at its **first** piece, −100 at its
# other pieces and at marks. There may be no marks, and `labels`, a list or an array, may hold −100. Two words next to each other may have the same label, and some words have no token:
# at the end, where a long text is cut off, or between others, where a tokenizer drops a sign.

# %% nbgrader={"grade": false, "grade_id": "answer-13-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def labels_of_tokens(word_of_token, labels):
    ### BEGIN SOLUTION
    rows, before = [], None
    for word in word_of_token:
        rows.append(-100 if word is None or word == before else int(labels[word]))
        before = word
    return rows
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-13-1", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("13.1", labels_of_tokens)

# %% [markdown]
# ## 3 · Frozen: which layer knows a word?
# Each layer gives each word a vector, that of its first piece, and a linear head is trained on those of one layer.
# Layer 0 is a table of subwords and of positions: no neighbours yet, and of a word in pieces it holds the first
# alone. The baseline has no network: it writes each word as most of its labelled examples are written, and words
# without an example in small letters.
#
# In lesson 06, layers 2 to 4 were better than the last on whole tweets with all labels, and there a word was
# furthest ahead of the full stop. So **layer 3** is our choice before we look, and then all are shown.
#
# > **Before you run it:** with all labels, which layer will lie highest: the first, one in the middle, or the last?

# %%
record_prediction("13.layer")

# %%
rows = encode_words(encoder, words.sentences)  # {layer: one row for each word of all sentences}
middle = rows[3]  # `words.place` says where each word that is asked for stands among all words

def commonest_case(trial):
    """Each word as it was written most often; unknown words in small letters."""
    seen = pd.Series(words.labels[trial.train]).groupby(words.words[trial.train]).mean()
    return (seen.reindex(words.words[trial.test]).fillna(0) > 0.5).to_numpy().astype(int)

heads = {f"layer {n}": linear_head(rows[n][words.place], words.labels) for n in rows}
del rows
live = repeat({"commonest case": commonest_case} | heads, words, labels=[32, None], seeds=10, progress=False)
tables = {name: live[live["labels"] == k] for name, k in [("32 words per class", 32), ("all", live.whole)]}
figures.by_layer(tables, list(heads))

# %%
means = live.groupby(["strategy", "labels"]).accuracy.mean().unstack().loc[["commonest case", *heads]]
best = int(means.loc[[*heads], live.whole].argmax())
show_outcome("13.layer", "first" if best == 0 else "last" if best == 6 else "middle")
means.round(3)

# %% tags=["claim"]
asked = {(a, b, k): compare(live, a, b, labels=k) for k in (32, live.whole)
         for a, b in [("layer 3", "layer 0"), ("layer 3", "layer 6")]}
asked |= {(a, b, k): compare(live, a, b, labels=k) for a, b, k in
          [("layer 6", "layer 0", 32), ("layer 3", "commonest case", live.whole)]}
of_layers = list(judge_together(asked).values())
claim("13.a", "with 32 labelled words per class, layer 3 beats the embeddings", of_layers[0])
claim("13.b", "with 32 labelled words per class, layer 3 beats the last layer", of_layers[1])
claim("13.c", "with all labelled words, layer 3 beats the last layer", of_layers[3])
claim("13.d", "with 32 labelled words per class, no difference of the last layer from the embeddings is resolved",
      of_layers[4], expect="not resolved")

# %%
figures.intervals(of_layers, notes=["32 words per class"] * 2 + ["all"] * 2 + ["32 words per class", "all"])

# %% [markdown]
# Two things in one figure. **What comes in after layer 0 helps**: on the very same words, the head gains from the
# embeddings to the middle. And **the last layer is not the best one**. With few labels, no difference of it from a
# table of subwords is resolved; with all labels it stays behind the middle. A likely reason is that this encoder
# was last tuned so that the mean over all tokens compares sentences well. (In other encoders, too, middle layers
# have been found best for many tasks on words: Liu and others, 2019. So the tuning need not be the whole reason.)
# "The features of the encoder" are seven different things. Which one suits, your task decides, and your training
# items can tell you.
#
# Is it *context* that helps? From layer 0 to layer 3 a word also meets its own other pieces. So look at words of
# one piece alone, of three kinds: never labelled, labelled in one case only, and in both, as *house* and *White
# House* are.

# %%
starts, ends = zip(*((own, [*own[1:], len(row) - 1])
                     for row, own in zip(*cut_words(encoder, words.sentences), strict=True)), strict=True)
pieces = np.concatenate(ends) - np.concatenate(starts)  # of each word of all sentences

def answers_of(run):
    """One row for each test word of one piece: its kind, by the labelled words, and whether it is right."""
    split = split_by_group(words, 0.3, run.seed)  # the split that `repeat` drew for this seed
    seen = pd.Series(words.labels[split.train]).groupby(words.words[split.train]).agg(["min", "max"])
    own = seen.reindex(words.words[split.test])
    kind = np.where(own["min"].isna(), "never", np.where(own["min"] == own["max"], "in one case", "in both"))
    table = pd.DataFrame({"labelled": kind, "right": run.predicted == words.labels[split.test],
                          "article": words.groups[split.test], "strategy": run.strategy, "seed": run.seed})
    return table[pieces[words.place[split.test]] == 1]

whole_runs = live[live["labels"] == live.whole]
answers = pd.concat([answers_of(run) for run in whole_runs.itertuples()])
by_kind = answers.groupby(["labelled", "strategy"]).right.mean().unstack()
by_kind[["commonest case", "layer 0", "layer 3", "layer 6"]].assign(
    share=answers.labelled.value_counts(normalize=True)).round(2)

# %% tags=["claim"]
new = answers[answers.labelled == "never"]
right = {name: [own.right.to_numpy(float) for _, own in rows.groupby("seed")] for name, rows in new.groupby("strategy")}
articles = [own.article.to_numpy() for _, own in new[new.strategy == "layer 3"].groupby("seed")]
gains = [a - b for a, b in zip(right["layer 3"], right["layer 0"], strict=True)]
claim_value("13.e", "on words of one piece without a labelled example, layer 3 is right more often than the "
            "embeddings (difference of shares)", *interval_of_mean(gains, articles), at_least=0.02, seeds=10)

# %% [markdown]
# On words with labelled examples, writing them as most of these are written is hard to beat. The gain lies in the
# words that have **none**: the baseline knows nothing of them. Layer 0 knows such a word from pretraining, and the
# middle layers know its neighbours, too: that is context, and it is what the pretrained *layers* add.
#
# ## 4 · Tuned on words
# `fit_words` puts one linear layer on every token's vector in the last layer and tunes everything. It differs from
# the tuning of lesson 06 in two things: the loss is the cross-entropy of *all words that are asked for*, and the
# linear layer is not trained first. Live, with 32 labelled words per class, and made small: each step sees a quarter of
# the sentences that one of the stored table below does, and the embeddings stay frozen, which needs less memory.
# (The first word of a sentence is not asked for.)

# %%
few = split.train[draw_labels(words.labels[split.train], 32, seed=0)]
cases = words.cases_of(few)  # {number of the sentence: its cases, −100 but for the words at `few`}
freeze_to(encoder, 1)  # the first layer group: the embeddings
tuned = fit_words(encoder, [words.sentences[number] for number in cases], list(cases.values()), epochs=3, batch_size=4,
                  precision="auto", progress=False)
for number in words.sentence[split.test[[0, 400]]]:
    sentence, true = words.sentences[number], natural.cases[number]
    for name, cases_of in (("said", tuned.predict([sentence])[0]), ("true", true)):
        print(f"{name}:", " ".join(word[:1].upper() + word[1:] if case == 1 else word
                                   for word, case in zip(sentence, cases_of, strict=True)))

# %% [markdown]
# One seed is a picture; the stored table has ten. The rate is that of lesson 06, the number of steps follows the
# rule used there, and both were fixed before this was run. *Frozen random* is layer 3 of the same network with
# random weights (five such, in turn).
#
# > **Before you run it:** layer 3 frozen, or everything tuned: which will be ahead with 32 labelled words per
# > class?

# %%
record_prediction("13.tuned")

# %%
runs = load_sweep("text-words")
for key in ("command", "date", "processor"):
    print(f"{key}: {provenance_of('text-words')[key]}")
figures.learning_curves(runs, {"chance": 0.5})

# %%
again = rerun("text-words", ["commonest case", "layer 3, frozen"], 32, seeds=[0])
asked = [("fine-tuned", "layer 3, frozen", 32), ("fine-tuned", "layer 6, frozen", 32),
         ("fine-tuned", "layer 3, frozen", runs.whole), ("fine-tuned", "layer 6, frozen", runs.whole),
         ("layer 3, frozen", "layer 3, frozen random", runs.whole)]
found = list(judge_together({row: compare(runs, *row[:2], labels=row[2]) for row in asked}).values())
show_outcome("13.tuned", found[0])
figures.intervals(found, notes=["32 words per class"] * 2 + ["all"] * 3)

# %% tags=["claim"]
claim_value("13.f", "each strategy that is run again here predicts what the stored table says (the smaller share)",
            again.same.min(), at_least=0.95)
claim("13.g", "with 32 labelled words per class, tuning beats layer 3 of the frozen encoder", found[0])
claim("13.h", "with all labelled words, tuning beats the frozen last layer, from which it starts", found[3])
claim("13.i", "with all labelled words, layer 3 of the encoder beats that of its random twins", found[4])

# %% [markdown]
# The tuned network reads its last layer, so it stands beside the *frozen last layer*, where only the tuning differs,
# and beside our best guess, layer 3. Tuning pays, and yet look at the sizes. Against the last layer, from which it starts, it gains what was lost there;
# against layer 3 it gains far less, for many times the seconds (`runs.cpu_seconds` has them). Whoever compares tuning
# with the last frozen layer alone credits it with what the choice of a layer would have brought for nothing. The
# random twins show once more that what is reused comes from pretraining.
#
# ### The same in plain transformers
# In the library the model is called `…ForTokenClassification`, and it takes the labels with their −100 itself. We
# give it our encoder and our linear layer, and compare the loss on four sentences:

# %%
from transformers import BertConfig, BertForTokenClassification

settings = encoder.model.config.to_dict() | {"num_labels": 2}  # those of our encoder, and two classes
plain = BertForTokenClassification(BertConfig.from_dict(settings)).eval()
plain.bert.load_state_dict(tuned.encoder.model.state_dict())
plain.classifier.load_state_dict(tuned.head.state_dict())
numbers, firsts = cut_words(encoder, words.sentences[:4])
given = encoder.transform.padded(numbers)
asked_for = torch.full_like(given["input_ids"], -100)  # (sentences, tokens of the longest)
for row, labels in zip(asked_for, label_tokens(numbers, firsts, words.cases[:4]), strict=True):
    row[: len(labels)] = torch.from_numpy(labels)

# %% tags=["claim"]
with torch.inference_mode():
    theirs = plain(**given, labels=asked_for).loss
    scores = tuned(**given).flatten(0, 1)  # (tokens of all sentences, classes)
    ours = torch.nn.functional.cross_entropy(scores, asked_for.flatten())
print(f"their loss {theirs:.6f}, ours {ours:.6f}")
claim_value("13.j", "plain transformers gives the same loss (difference)", abs(theirs - ours).item(), at_most=1e-4)
del tuned, plain  # two networks that are no longer used

# %% [markdown]
# ## 5 · What is rare must be counted otherwise
# Of the words that are asked for, if none is left out for balance, one in ten has a capital here. Whoever writes all
# of them in small letters is right nine times in ten, and useless. So one looks at two other shares: of the words that
# were *called* capital, how many are (**precision**)? Of those that *are* capital, how many were called so
# (**recall**)? Their harmonic mean is **F1**,
# $2 \cdot \text{precision} \cdot \text{recall} / (\text{precision} + \text{recall})$.

# %% [markdown]
# ### Exercise 13.2
# Write it. `labels` and `predicted` (int arrays of shape (n,)) hold 1 for a capital, 0 for a small letter, and
# `labels` may hold −100 for words that are not asked for: those count nowhere. Return precision, recall and F1
# of class 1 as three floats. Where nothing was called capital, precision is 0; where nothing is capital, recall
# is 0; where both are 0, F1 is 0.

# %% nbgrader={"grade": false, "grade_id": "answer-13-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def precision_recall_f1(labels, predicted):
    ### BEGIN SOLUTION
    called = (predicted == 1) & (labels != -100)
    right = (called & (labels == 1)).sum()
    precision = right / called.sum() if called.any() else 0.0
    recall = right / (labels == 1).sum() if (labels == 1).any() else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return float(precision), float(recall), float(f1)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-13-2", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("13.2", precision_recall_f1)

# %% [markdown]
# A head on layer 3 learned from as many words with a capital as without. Now it reads *all* words of new articles
# (but for those of section 1 that are never asked for); beside it a head that learned from all words of the same
# articles, about five times as many.
#
# > **Before you run it:** the first head will find exactly as many of the capitals as before, since they are the
# > same words. What becomes of its precision?

# %%
record_prediction("13.precision")

# %%
on_test = np.flatnonzero(np.isin(natural.groups, words.groups[split.test]))
to_learn = np.setdiff1d(np.arange(len(natural)), on_test)

def learn(source, items):
    return new_linear_head().fit(middle[source.place[items]], source.labels[items])

def judge(said, truth):
    """Accuracy, and precision, recall and F1 of class 1, by scikit-learn."""
    shares = precision_recall_fscore_support(truth, said, average="binary", zero_division=0)[:3]
    return pd.Series([(said == truth).mean(), *shares], ["accuracy", "precision", "recall", "F1"])

# %%
balanced, as_they_come = learn(words, split.train), learn(natural, to_learn)
test_rows, all_rows = middle[words.place[split.test]], middle[natural.place[on_test]]
judged_words = {
    "as many of each, on as many of each": judge(balanced.predict(test_rows), words.labels[split.test]),
    "as many of each, on all words": judge(balanced.predict(all_rows), natural.labels[on_test]),
    "all words, on all words": judge(as_they_come.predict(all_rows), natural.labels[on_test]),
    "always small, on all words": judge(np.zeros_like(on_test), natural.labels[on_test])}
before, after = (judged_words[name].precision for name in list(judged_words)[:2])
show_outcome("13.precision", "falls" if after < before - 0.05 else "rises" if after > before + 0.05 else "stays")
pd.DataFrame(judged_words).T.round(2)

# %% tags=["claim"]
on_balanced = judged_words["as many of each, on as many of each"]
recall, false_alarms = on_balanced.recall, on_balanced.recall * (1 / on_balanced.precision - 1)
share = natural.labels[on_test].mean()
expected = recall * share / (recall * share + false_alarms * (1 - share))
print(f"precision on all words, worked out beforehand: {expected:.2f}")
claim_value("13.k", "from words of which half have a capital to all words of the same articles, the precision of "
            "one and the same head falls by", before - after, at_least=0.25)
claim_value("13.l", "what is worked out beforehand misses that precision by", abs(expected - after), at_most=0.1)

# %% [markdown]
# Nothing about the head has changed. But there are now ten times as many small words that it may call capital by
# mistake, and so a far larger part of what it calls capital is wrong. With the recall $r$, the share $f$ of small words
# that are called capital, and the share $s$ of words that have one, the precision is $r s / (r s + f (1 - s))$: it
# can be worked out before the model is used, and that is the second claim. So **an F1 belongs to a share of the
# classes**; two of them can be compared only where that share is the same. The head that learned from all words calls
# fewer capital: it finds fewer of them, and is right more often when it does. To move the threshold of the first head
# would do much the same (lesson 14 corrects a model for other shares of the classes).
#
# ## 6 · One label for two texts
# Is a text the answer to a question? Does one sentence say the same as another? There are two texts, and so there are
# two ways to read them:
#
# - **each by itself**: every sentence gets a vector, and two vectors are compared, by their cosine or by a head on
#   both. This is called a *bi-encoder*.
# - **both together**, as one text with `[SEP]` between them: each word of the one meets each word of the other.
#   This is called a *cross-encoder*. BERT was pretrained for it, too: one of its two tasks was to say whether a second
#   text follows the first. (BERT also marks which token belongs to which text. We leave that mark out, and take the
#   mean of all tokens. And our encoder was last tuned on sentences by themselves. All this favours the first way.)
#
# Again there are labels that come free: two sentences out of one editorial belong together, two out of different
# editorials do not.

# %%
pairs = load_article_pairs()
print(pairs)
for i in (pairs.labels.argmax(), pairs.labels.argmin()):
    print(f"\n{'one article' if pairs.labels[i] else 'two articles'}:\n  {pairs.first[i]}\n  {pairs.second[i]}")

# %% [markdown]
# **The trap when drawing pairs.** Draw pairs from all sentences, split the *pairs*, and nearly every article stands
# on both sides: the model can learn articles by heart. Even if the articles are split first, a pair of two articles
# may have one half on each side. `load_article_pairs` therefore takes the articles ten by ten and draws within each
# block; blocks are what is split.

# %% [markdown]
# ### Exercise 13.3
# Another repair: split the articles, and leave out pairs that stand on both sides. `first` and `second` (int arrays
# of shape (n,)) hold the article of each half of a pair, and `learned` is a list of the articles to learn from; all
# others are for the test. Return two int arrays: the places of the pairs (counted from 0) whose
# *both* halves are to learn from, and of those whose *both* halves are for the test, each in ascending order.

# %% nbgrader={"grade": false, "grade_id": "answer-13-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sort_pairs(first, second, learned):
    ### BEGIN SOLUTION
    known_first, known_second = np.isin(first, learned), np.isin(second, learned)
    return np.flatnonzero(known_first & known_second), np.flatnonzero(~known_first & ~known_second)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-13-3", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("13.3", sort_pairs)

# %% [markdown]
# First without any training: is the cosine of two sentences of one article higher? This encoder was tuned for
# such a thing (lesson 06), on other pairs.

# %%
first = encode(encoder, list(pairs.first), progress=False)

# %%
second = encode(encoder, list(pairs.second), progress=False)
cosine = row_cosine(first, second)
pd.Series(cosine).groupby(np.where(pairs.labels, "one article", "two articles")).describe().round(2)

# %% [markdown]
# It is. To decide, one needs only a threshold, and a handful of labelled pairs gives it. The stored table compares this
# with simpler and with costlier ways, on the same splits and five seeds: counted words and GloVe by their cosine; a
# head on both vectors (of each pair of numbers, the difference without its sign, and the product); the encoder tuned so
# that the cosine fits the labels (on seven tenths of the pairs; the others give the threshold); and both sentences read
# together, frozen and tuned. Counted words know only the words of the labelled pairs, so they are at a loss with few.
#
# > **Before you run it:** all weights tuned, each sentence by itself or both together: which will do better when all
# > pairs have labels?

# %%
record_prediction("13.pairs")

# %%
pair_runs = load_sweep("text-pairs")
figures.learning_curves(pair_runs, {"chance": 0.5})

# %%
whole = pair_runs.whole
asked = [("encoder, cosine", "TF-IDF, cosine", whole), ("encoder, head on both", "read together, frozen", whole),
         ("encoder, cosine", "encoder, head on both", whole), ("encoder, fine-tuned, cosine", "encoder, cosine", whole),
         ("read together, fine-tuned", "encoder, fine-tuned, cosine", 32),
         ("read together, fine-tuned", "encoder, fine-tuned, cosine", whole)]
judged = list(judge_together({row: compare(pair_runs, *row[:2], labels=row[2]) for row in asked}).values())
show_outcome("13.pairs", judged[5])
figures.intervals(judged, notes=["32 pairs per class" if row[2] == 32 else "all pairs" for row in asked])

# %% tags=["claim"]
claim("13.m", "with all labelled pairs, the cosine of the frozen encoder beats that of counted words", judged[0])
claim("13.n", "with all labelled pairs, a frozen head on both vectors beats one on both sentences read together",
      judged[1])
claim("13.o", "with all labelled pairs and all weights tuned, both read together are worse than each by itself",
      judged[5], expect="less")

# %% [markdown]
# For this encoder and these labels, **each by itself is far ahead**, and best in its simplest form: the cosine of the
# frozen encoder, for which nothing is learned but a threshold. This encoder was tuned on over a billion pairs that
# belong together; a gain from tuning it on ours is not resolved, and its mean lies lower. A head on both vectors has to
# find out from few pairs what the cosine takes for granted. Read together and frozen, the vector says little about
# whether the two halves fit: nobody has asked that of this encoder before. Tuning teaches it, and our labels are too
# few to catch up. (Five seeds are few, too: `compare` calls them an illustration. The gaps are wide.)
#
# That is no verdict on cross-encoders. Tuned on hundreds of thousands of pairs, they are reported to be more accurate
# than cosines (Nogueira and Cho, 2019). It is a verdict on where to *begin*: with what the model was pretrained for.
#
# ### What does each way cost?
# Whoever looks for the nearest of many texts compares *all* pairs. Vectors are computed once per text, and a
# cosine takes next to nothing. Read together, each pair is a pass of its own.

# %%
def seconds_of(texts):
    began = time.perf_counter()
    encode(encoder, texts, cache=False, progress=False)
    return time.perf_counter() - began

some = list(pairs.first[:150]), list(pairs.joined().texts[:150])
by_itself, together = (min(seconds_of(texts) for _ in range(3)) / 150 for texts in some)
print(f"one sentence {1000 * by_itself:.1f} ms, one pair read together {1000 * together:.1f} ms")

# %% [markdown]
# A pair is about twice as long, so its pass takes about twice as long. What counts is how *many* passes there are.

# %% [markdown]
# ### Exercise 13.4
# Each of 100 questions is to be compared with each of 9,900 answers. Either each text goes through the encoder by
# itself, once, and its vector is kept; or each pair of a question and an answer is read together. How many
# **times as many** passes through the encoder does it take together as by itself? Give one number.

# %% nbgrader={"grade": false, "grade_id": "answer-13-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put a number or a calculation here
### BEGIN SOLUTION
answer = 100 * 9_900 / (100 + 9_900)
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-13-4", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("13.4", answer)

# %% [markdown]
# So large collections are searched by vectors, and where a cross-encoder is better, only the nearest dozens are
# read together with the question: *retrieve and re-rank*. Whether it *is* better, with your labels and your
# encoder, has to be measured; above it was not.

# %% [markdown]
# ### Exercise 13.5
# A shop wants, for each new question of a customer, the best of 50,000 old answers, within half a second on an
# ordinary computer. There are 60 questions for which people marked the right answer. What do you build first?
#
# - `"a"`: a model that reads question and answer together, tuned on 60 right and 60 wrong pairs
# - `"b"`: the vectors of all answers, computed once; the nearest by cosine; the 60 as a test
# - `"c"`: a head on layer 3 of the encoder for each word of the answers, trained on all the 60
# - `"d"`: the frozen encoder on question and answer read together, and a linear head on 120 pairs

# %% nbgrader={"grade": false, "grade_id": "answer-13-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
answer = None  # put one letter in quotes here
### BEGIN SOLUTION
answer = "b"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-13-5", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
check("13.5", answer)

# %% [markdown]
# ## What we measured

# %%
claims_table()

# %% [markdown]
# ## Quiz
# Six questions about this lesson. Each wrong answer gets a hint, and another round asks other questions.

# %%
quiz("13")

# %% [markdown]
# ## What comes next
# - **Lesson 14** asks what one may promise of a model, at home and in another domain.
# - Word tasks in the usual form (names, parts of speech) come with labelled texts such as CoNLL-2003 and the
#   Universal Dependencies. Make whole numbers of their labels, and `fit_words` takes them; for names, take an encoder
#   that keeps capitals. Names are scored **as whole names**, not word by word as in section 5, so such an F1 is lower.
# - To read: Devlin and others on BERT, with the first-piece convention (arXiv:1810.04805); Tenney and others on
#   what each layer of BERT knows (arXiv:1905.05950); Liu and others on the layers that transfer
#   (arXiv:1903.08855); Reimers and Gurevych on sentences by themselves (arXiv:1908.10084); Nogueira and Cho on
#   re-ranking with both together (arXiv:1901.04085); Lita and others on truecasing (ACL 2003).
