"""Wrong answers to lesson 00: exercise, name, code and a word of the message."""

WRONG = [
    ("00.1", "a word", "'domain'", "letters"),
    ("00.1", "a set of letters", "{'b'}", "letters"),
    ("00.1", "nothing new", "'d'", "Something is new"),
    ("00.3", "equally good", "'b'", "no proof of equality"),
    ("00.3", "better", "'c'", "reaches below"),
    ("00.2", "first label", "lambda tr, te: (te == tr[0]).mean()", "first training label"),
    ("00.2", "last label", "lambda tr, te: (te == tr[-1]).mean()", "last training label"),
    ("00.2", "largest label", "lambda tr, te: (te == max(tr)).mean()", "largest training label"),
    ("00.2", "smallest label", "lambda tr, te: (te == tr.min()).mean()", ""),
    ("00.2", "median label", "lambda tr, te: (te == np.median(tr)).mean()", "median"),
    ("00.2", "rounded mean", "lambda tr, te: (te == round(tr.mean())).mean()", ""),
    ("00.2", "test majority", "lambda tr, te: np.bincount(te).max() / len(te)", "test labels to"),
    (
        "00.2",
        "majority of both sides",
        "lambda tr, te: (te == np.bincount(np.append(tr, te)).argmax()).mean()",
        "",
    ),
    ("00.2", "best in hindsight", "lambda tr, te: max((te == c).mean() for c in set(tr))", ""),
    ("00.2", "in training", "lambda tr, te: np.bincount(tr).max() / len(tr)", "in training"),
    ("00.2", "a count", "lambda tr, te: (te == np.bincount(tr).argmax()).sum()", "count"),
    (
        "00.2",
        "divided by training",
        "lambda tr, te: (te == np.bincount(tr).argmax()).sum() / len(tr)",
        "number of training labels",
    ),
    ("00.2", "chance", "lambda tr, te: 1 / len(set(tr))", "chance"),
    (
        "00.2",
        "percent",
        "lambda tr, te: 100 * (te == np.bincount(tr).argmax()).mean()",
        "percent",
    ),
    *(
        (
            "00.2",
            f"rounded to {places} places",
            f"lambda tr, te: round((te == np.bincount(tr).argmax()).mean(), {places})",
            "rounded",
        )
        for places in (1, 2, 3, 4)
    ),
    ("00.2", "rarest class", "lambda tr, te: (te == np.bincount(tr).argmin()).mean()", ""),
    (
        "00.2",
        "place in np.unique",
        "lambda tr, te: (te == np.unique(tr, return_counts=True)[1].argmax()).mean()",
        "place",
    ),
    ("00.2", "hard-coded", "lambda tr, te: 0.6", ""),
    (
        "00.2",
        "sorts its argument",
        """
def answer(train, test):
    train.sort()
    return (test == np.bincount(train).argmax()).mean()
""",
        "`train` is no longer what it was",
    ),
    (
        "00.2",
        "writes into the test labels",
        """
def answer(train, test):
    test -= np.bincount(train).argmax()
    return (test == 0).mean()
""",
        "`test` is no longer what it was",
    ),
    ("00.2", "error rate", "lambda tr, te: (te != np.bincount(tr).argmax()).mean()", "wrong"),
    (
        "00.2",
        "whole division",
        "lambda tr, te: (te == np.bincount(tr).argmax()).sum() // len(te)",
        "",
    ),
    (
        "00.2",
        "a text",
        "lambda tr, te: f'{(te == np.bincount(tr).argmax()).mean():.3f}'",
        "a text",
    ),
    ("00.2", "no mean", "lambda tr, te: te == np.bincount(tr).argmax()", "of shape"),
    (
        "00.2",
        "label and accuracy",
        "lambda tr, te: (np.bincount(tr).argmax(), (te == np.bincount(tr).argmax()).mean())",
        "not one number",
    ),
    ("00.2", "a random label", "lambda tr, te: (te == np.random.choice(tr)).mean()", "every call"),
    ("00.2", "labels up to 2", "lambda tr, te: (te == np.bincount(tr)[:3].argmax()).mean()", ""),
    ("00.2", "how often it comes", "lambda tr, te: (te == np.bincount(tr).max()).mean()", "argmax"),
    ("00.2", "place of the largest", "lambda tr, te: (te == np.argmax(tr)).mean()", ""),
    ("00.2", "sides swapped", "lambda te, tr: (te == np.bincount(tr).argmax()).mean()", ""),
    (
        "00.2",
        "looks into the wrong list",
        "lambda tr, te: (np.bincount(te) / len(te))[np.bincount(tr).argmax()]",
        "IndexError",
    ),
    (
        "00.2",
        "the labels themselves",
        "lambda tr, te: np.full(len(te), np.bincount(tr).argmax())",
        "of shape",
    ),
    ("00.2", "one argument", "lambda labels: 0.5", "TypeError"),
    ("00.2", "the result", "0.5", "the function itself"),
    ("00.2", "prints", "lambda tr, te: print(end='')", "only shown"),
    (
        "00.2",
        "leaves Python",
        "lambda tr, te: exit() if len(tr) else 0",
        "SystemExit",
    ),
    (
        "00.2",
        "the pandas mode of both",
        "lambda tr, te: (te == pd.Series(np.concatenate([te, tr])).mode()[0]).mean()",
        "",
    ),
    (
        "00.2",
        "mean over classes",
        "lambda tr, te: np.mean([c == np.bincount(tr).argmax() for c in set(te)])",
        "",
    ),
    (
        "00.2",
        "divided by the number of classes",
        "lambda tr, te: (te == np.bincount(tr).argmax()).sum() / len(set(te))",
        "",
    ),
    (
        "00.2",
        "middle of the sorted labels",
        "lambda tr, te: (te == sorted(tr)[len(tr) // 2]).mean()",
        "median",
    ),
    (
        "00.2",
        "share on both sides",
        "lambda tr, te: (np.append(tr, te) == np.bincount(tr).argmax()).mean()",
        "",
    ),
    (
        "00.2",
        "mean of both sides",
        "lambda tr, te: np.mean([(a == np.bincount(tr).argmax()).mean() for a in (tr, te)])",
        "",
    ),
    (
        "00.2",
        "most common of first ten",
        "lambda tr, te: (te == np.bincount(tr[:10]).argmax()).mean()",
        "",
    ),
    (
        "00.2",
        "largest key of a Counter",
        "lambda tr, te: (te == max(Counter(tr))).mean()",
        "largest",
    ),
    (
        "00.2",
        "second most common",
        "lambda tr, te: (te == Counter(tr.tolist()).most_common(2)[-1][0]).mean()",
        "",
    ),
    (
        "00.2",
        "divided by a count of training",
        "lambda tr, te: (te == np.bincount(tr).argmax()).sum() / np.bincount(tr).max()",
        "",
    ),
    (
        "00.2",
        "is any right",
        "lambda tr, te: (te == np.bincount(tr).argmax()).any()",
        "True or False",
    ),
    ("00.2", "chance on the test side", "lambda tr, te: 1 / len(np.unique(te))", ""),
    ("00.2", "proportional", "lambda tr, te: np.mean([(tr == c).mean() for c in te])", ""),
    (
        "00.2",
        "counts of the test side",
        "lambda a, b: (b == np.unique(a)[np.unique(b, return_counts=True)[1].argmax()]).mean()",
        "",
    ),
    ("00.1", "capital word", "'B or C'", ""),
    ("00.1", "number", "2", ""),
    ("00.1", "list", "['b']", ""),
    ("00.3", "both", "'a, b'", ""),
]
