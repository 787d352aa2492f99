"""Lesson 13: labels for words, rare classes, layers, and two texts by themselves or together."""

from tlhelpers.course.quiz_kinds import Choice, Number, Several

POOL = (
    Choice(
        "first-piece",
        (
            "A word has one label and is cut into {n} pieces. Which labels do its pieces get, by "
            "the usual convention?"
        ),
        "The first piece stands for the word, and the loss leaves the other pieces out.",
        lambda r: {"n": r.choice([2, 3, 4])},
        right="the first gets its label, the rest get −100",
        wrong={
            "all of them get its label, and none gets −100": (
                "Then a word of many pieces would count more often than one of a single piece."
            ),
            "the last gets its label, the rest get −100": (
                "That would be possible, but the usual convention takes the other end."
            ),
            "the first gets its label, the rest get class 0": (
                "Class 0 is an answer, too: the head would be trained to give it there."
            ),
        },
    ),
    Choice(
        "left-out",
        "What does PyTorch's cross-entropy do with an item whose label is −100?",
        "Such items are in neither the sum nor the number by which it is divided.",
        right="it leaves the item out of the mean",
        wrong={
            "it takes the item for a new class": (
                "A label that is no class is not counted as one. How is it treated?"
            ),
            "it gives the item a large weight": (
                "The number is a mark and no weight. What is it a mark for?"
            ),
            "it stops, as no class has this name": (
                "It would stop at −99. The number −100 is the one that it knows."
            ),
        },
    ),
    Choice(
        "slipped",
        "By mistake all labels stand one token too far to the right. What happens in training?",
        "Shapes and labels are valid, so only looking at tokens and labels together shows it.",
        right="it runs, and the head learns labels of neighbours",
        wrong={
            "it stops with an error, since the lengths differ": (
                "There are as many labels as before. Only their places are wrong."
            ),
            "it runs as well as before, thanks to attention": (
                "Attention brings in the neighbours, but which word is the label asked of?"
            ),
            "it runs, but the loss stays where it began": (
                "Something can be learned of the word before: its vector knows its neighbours."
            ),
        },
    ),
    Choice(
        "rare",
        (
            "In a text {p} words of a hundred have a capital. A program writes every word in small "
            "letters. What do you find?"
        ),
        "It is right on all small words, which are most of them, and finds no capital.",
        lambda r: {"p": r.randrange(4, 13)},
        right="a high accuracy and a recall of 0",
        wrong={
            "a low accuracy and a recall of 0": (
                "Count on how many of a hundred words it is right."
            ),
            "a high accuracy and a recall of 1": (
                "Recall is the share of the capitals that are found. How many does it find?"
            ),
            "a low accuracy and a recall of 1": (
                "Both are wrong. Count the right words first, then the capitals that are found."
            ),
        },
    ),
    Choice(
        "balanced",
        (
            "A head learned from as many words with a capital as without, and is used where one "
            "word in {n} has one. What is to be expected of precision and recall for capitals?"
        ),
        (
            "It finds the same share of the capitals. But there are more small words, and so more "
            "of them are called capital by mistake."
        ),
        lambda r: {"n": r.choice([8, 10, 12, 15])},
        right="recall stays about the same, precision falls",
        wrong={
            "precision stays about the same, recall falls": (
                "Recall looks at words with a capital only. Does it matter how many others exist?"
            ),
            "both of them fall, as the classes are uneven": (
                "One looks at the words with a capital only, and these are as they were."
            ),
            "both of them stay, as it is still the same head": (
                "The head is the same. What about the words that it calls capital by mistake?"
            ),
        },
    ),
    Choice(
        "as-in-use",
        (
            "On balanced words a head has a high precision. Which number tells what its precision "
            "will be on whole texts?"
        ),
        "Precision depends on how common the class is, so it is measured on words as they come.",
        right="its precision on all words of new texts",
        wrong={
            "its precision on more balanced words": (
                "More of them give a narrower interval for the same, balanced, case."
            ),
            "its recall of capitals in whole texts": (
                "Recall does not count the small words that are called capital."
            ),
            "its accuracy on all words of new texts": (
                "Where most words are small, accuracy is high for a head that finds nothing."
            ),
        },
    ),
    Choice(
        "not-the-last",
        (
            "An encoder was tuned to compare sentences by the mean of their tokens. Why may a "
            "middle layer serve a label for each word better than its last?"
        ),
        "A likely reason: what was tuned last is one vector for a sentence, and no word by itself.",
        right="the last layer was shaped for whole sentences",
        wrong={
            "the last layer has fewer numbers for a word": (
                "The vectors of all layers have the same length."
            ),
            "the last layer cannot see the neighbours": (
                "Every layer after layer 0 can. What was the last one tuned for?"
            ),
            "the middle layers have never been trained": (
                "All layers were trained. For which purpose was the last one tuned?"
            ),
        },
    ),
    Choice(
        "choose-layer",
        "You have a word task of your own. How do you find the layer to use?",
        "Which layer suits a task is a setting, and settings are chosen without the test.",
        right="by validation words out of articles set aside",
        wrong={
            "by the test words, if all seeds agree on one": (
                "What the test has chosen, the same test can no longer judge."
            ),
            "by its number: the last has the most context": (
                "The last layer was shaped for another task. Context alone does not decide."
            ),
            "by this lesson: its layer 3 suits word tasks": (
                "Another task or another encoder may want another layer."
            ),
        },
    ),
    Choice(
        "context",
        (
            "“Rose” is a name in one sentence and a flower in another, and is the {k}th token of "
            "both. Which vectors of it differ?"
        ),
        "Layer 0 is a table of subwords and places. The layers after it mix in the neighbours.",
        lambda r: {"k": r.choice([4, 5, 6, 7])},
        right="those of layer 3, but not those of layer 0",
        wrong={
            "those of layer 0, but not those of layer 3": (
                "It is the other way round: where do the neighbours come in?"
            ),
            "those of layer 0 as well as those of layer 3": (
                "In layer 0 no token has met another yet. What is the vector made of there?"
            ),
            "none, as a word has the same vector everywhere": (
                "That holds for static word vectors, as in lesson 05."
            ),
        },
    ),
    Choice(
        "unknown",
        (
            "A test word stands in none of the articles to learn from. What does a head on layer "
            "3 of the encoder have that a list of the commonest cases lacks?"
        ),
        "A word is built from known pieces, and its vector takes up the words around it.",
        right="what its pieces and its neighbours tell",
        wrong={
            "its case in the other articles of the test": (
                "That is what is asked. It must not be used for the answer."
            ),
            "nothing: an unknown word gets no vector": (
                "Words that a vocabulary lacks are built from pieces."
            ),
            "its label, which its first piece carries": (
                "In training a first piece carries one. In the test it is to be found."
            ),
        },
    ),
    Choice(
        "split-pairs",
        (
            "{n:,} pairs are drawn from the sentences of all articles, and then the pairs are "
            "split at random. What is the fault?"
        ),
        "Sentences of one article share its names and its topic. Split the articles first.",
        lambda r: {"n": r.choice([1000, 2000, 3000])},
        right="the same articles stand on both sides",
        wrong={
            "the same number of pairs is on each side": (
                "A split may have sides of any size. What do pairs on both sides share?"
            ),
            "the classes are mixed on both of the sides": (
                "They should be. Which part of a pair may be known from training?"
            ),
            "the order of sentences is lost on the way": (
                "The order of pairs does not matter. Where do their sentences come from?"
            ),
        },
    ),
    Choice(
        "night-before",
        (
            "{n} stored answers go through an encoder the night before. Why does this help a "
            "bi-encoder and not a cross-encoder?"
        ),
        "A cross-encoder reads the answer together with a question, which comes only later.",
        lambda r: {"n": r.choice(["20,000", "50,000", "80,000"])},
        right="a bi-encoder's vector needs no question yet",
        wrong={
            "a bi-encoder's vector needs far less disk": (
                "Less than what? A cross-encoder has nothing to store before the question comes."
            ),
            "a cross-encoder's pass takes all the night": (
                "A single pass is short. What must be there before it can begin?"
            ),
            "a cross-encoder's layers have no vectors": (
                "They have, for each token. On which two texts do these depend?"
            ),
        },
    ),
    Choice(
        "worth-it",
        "When is it right to pay for a cross-encoder's passes?",
        "Which way is better depends on the encoder and on the labels, so it is measured.",
        right="when it is better on labelled pairs of one's own",
        wrong={
            "always, since each word can look at all of both": (
                "It could do better. Whether it does depends on the labels and on the encoder."
            ),
            "never, since two vectors hold all that is needed": (
                "A vector is made without knowing the other text. That may cost something."
            ),
            "when there are no labels, since it needs none": (
                "Without labels nobody can tell whether it is better."
            ),
        },
    ),
    Choice(
        "re-rank",
        (
            "The best of many answers to a question is looked for by “retrieve and re-rank”. In "
            "which order?"
        ),
        "The cheap step goes over all texts, and the costly one over the few that it leaves.",
        right="vectors find the nearest, then these are read in pairs",
        wrong={
            "all are read in pairs, then vectors sort the nearest": (
                "Then the costly step would go over all texts."
            ),
            "vectors find the nearest, then people read the pairs": (
                "The second step is a model, too. How does it read question and answer?"
            ),
            "all are read in pairs, and vectors judge the last step": (
                "Reading all pairs is what it avoids. Which step is cheap?"
            ),
        },
    ),
    Choice(
        "bound",
        (
            "The cosines of {n} pairs come from a frozen encoder. What are labels still needed "
            "for, to say which pairs belong together?"
        ),
        "The cosine puts the pairs in order. Where yes begins is one number, learned from labels.",
        lambda r: {"n": r.choice([200, 500, 800])},
        right="for a bound above which the answer is yes",
        wrong={
            "for the vectors, which differ in length": (
                "They have the same length, and nothing in the encoder is trained."
            ),
            "for the order of pairs, by their likeness": (
                "The cosines give the order. What turns a number into yes or no?"
            ),
            "for nothing: a cosine above 0 means yes": (
                "Sentences that do not belong together can have a cosine above 0, too."
            ),
        },
    ),
    Choice(
        "one-article",
        (
            "A model tells well whether two sentences stand in one article. What is known of it as "
            "a finder of answers to questions?"
        ),
        "Free labels are those of a related task. The task itself needs a test of its own.",
        right="nothing, until questions and answers are tested",
        wrong={
            "it is as good there, since both are about pairs": (
                "Both are about pairs, but “belongs together” means something else in each."
            ),
            "it is better there, as answers follow questions": (
                "That was not measured. Sentences of an article need not answer each other."
            ),
            "it is worse there, since the texts are shorter": (
                "It may be. Which measurement would tell?"
            ),
        },
    ),
    Several(
        "free",
        "Which two kinds of label come free with a heap of texts?",
        "The texts hold the answer, and a program can read it off.",
        right=("which word was hidden in a sentence", "whether two sentences are neighbours"),
        wrong={
            "which of the words name a company": (
                "A capital hints at a name, but of what, a person has to say."
            ),
            "whether a sentence is meant in jest": "The text does not say so. Somebody must judge.",
        },
        missing="There is one more that a program can read off the texts.",
    ),
    Several(
        "second-step",
        "Which two sentences hold for “retrieve and re-rank”?",
        "The second step reads what the first one leaves: no more than that, and nothing else.",
        right=(
            "what the vectors miss is not found afterwards",
            "the nearest few set the cost of the second step",
        ),
        wrong={
            "the second step reads all of the stored texts": (
                "It reads only the ones that the first step leaves."
            ),
            "the first step makes new vectors of all texts": (
                "They are computed once and stored. Only the question is new."
            ),
        },
        missing="There is one more: think of what the first step leaves for the second.",
    ),
    Several(
        "more-small-words",
        (
            "To a test, {k} times as many words without a capital are added, of the same kind. "
            "Which two shares stay about as they were?"
        ),
        "Each of these two looks at the words of one class only, however many there are.",
        lambda r: {"k": r.choice([3, 5, 10])},
        right=(
            "capitals found, of all capitals",
            "small words kept small, of all such",
        ),
        wrong={
            "capitals found, of all words called so": (
                "This is precision: more small words bring more that are called capital by mistake."
            ),
            "right answers, of all words asked for": (
                "This is accuracy: it moves towards the share of small words that are right."
            ),
        },
        missing="There is one more that looks at the words of a single class.",
    ),
    Number(
        "f1",
        (
            "A program calls {c} words capital, and {r} of them rightly so. The text has {k} words "
            "with a capital. What is its F1?"
        ),
        "It is the harmonic mean of precision and recall, and nearer to the smaller of the two.",
        lambda r: {
            "k": (k := r.choice([40, 50, 60, 80])),
            "r": (right := k - r.randrange(4, 13)),
            "c": right + r.randrange(40, 100, 5),
        },
        value=lambda c, r, k: 2 * r / (c + k),
        mistakes=(
            (lambda c, r, k: r / c, "That is precision alone."),
            (lambda c, r, k: r / k, "That is recall alone."),
            (
                lambda c, r, k: (r / c + r / k) / 2,
                "That is the plain mean. F1 is the harmonic one.",
            ),
        ),
        hint="First precision and recall, then 2 · precision · recall / (precision + recall).",
    ),
    Number(
        "precision-in-use",
        (
            "Of a hundred words with a capital, a head calls {t} capital, and of a hundred "
            "without, {f}. In a text one word in {n} has a capital. What is its precision there?"
        ),
        "For each word with a capital there are many without, and their mistakes all count.",
        lambda r: {
            "t": r.randrange(84, 97),
            "f": r.randrange(6, 15),
            "n": r.choice([8, 10, 12, 15]),
        },
        value=lambda t, f, n: t / (t + f * (n - 1)),
        mistakes=(
            (lambda t, f, n: t / (t + f), "So it is where both classes are equally common."),
            (lambda t, f, n: t / 100, "That is recall: the share of the capitals that are found."),
            (
                lambda t, f, n: t / (f * (n - 1)),
                "Divide by all words that are called capital: the right ones are among them.",
            ),
        ),
        hint="Take a hundred words with a capital. How many others are there, and called capital?",
    ),
    Number(
        "passes-re-ranked",
        (
            "{a:,} answers are stored with their vectors. {q} questions come, and each is read "
            "together with its {k} nearest answers. How many passes through an encoder is that?"
        ),
        "Each question goes through once by itself, and once with each of its nearest answers.",
        lambda r: {
            "a": r.choice([5000, 8000, 10000]),
            "q": r.randrange(20, 65, 5),
            "k": r.choice([10, 15, 20]),
        },
        value=lambda a, q, k: q * (k + 1),
        mistakes=(
            (
                lambda a, q, k: q * k,
                "To find the nearest answers, a question needs a vector of its own.",
            ),
            (
                lambda a, q, k: q * a,
                "That is each question with all of the stored answers.",
            ),
            (lambda a, q, k: q + a, "That is each text by itself, and the answers are stored."),
        ),
        hint="Count the passes of one question: alone, and with its nearest answers.",
    ),
    Number(
        "all-pairs",
        (
            "Each of {n} texts is to be compared with each other one, every pair once. How many "
            "passes does it take if the two are read together?"
        ),
        "Each text meets all others, and each pair would be counted twice so: take half.",
        lambda r: {"n": r.randrange(40, 205, 5)},
        value=lambda n: n * (n - 1) / 2,
        mistakes=(
            (lambda n: n, "So many it takes if each text goes through by itself."),
            (lambda n: n * (n - 1), "So each pair is counted twice, once from each side."),
            (lambda n: 2 * n, "Each text is in many pairs, not in two."),
        ),
        hint="How many others does each text meet, and how often is a pair counted then?",
    ),
    Number(
        "both-sides",
        (
            "Of {n:,} articles, {p} in ten are to learn from and the others are for the test. Each "
            "half of a pair is drawn by itself from all articles. Which share of the pairs has one "
            "half on each side?"
        ),
        "The first half may lie here and the second there, or the other way round.",
        lambda r: {"n": r.choice([500, 1000, 2000]), "p": r.choice([6, 7, 8, 9])},
        value=lambda n, p: 2 * p / 10 * (1 - p / 10),
        mistakes=(
            (lambda n, p: p / 10 * (1 - p / 10), "That is one order of the two. Add the other."),
            (lambda n, p: 1 - p / 10, "That is the share of articles for the test."),
            (lambda n, p: (p / 10) ** 2, "These pairs have both halves to learn from."),
        ),
        hint="Multiply the shares of the two sides, and think of both orders.",
    ),
)
