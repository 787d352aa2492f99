"""Wrong answers to lesson 13: exercise, name, code and a word of the message."""

TOKENS = """
def answer(word_of_token, labels):
    rows, before = [], {start}
    for place, word in enumerate(word_of_token):
        if {mark}:
            rows.append({of_mark})
        elif {first}:
            rows.append({of_first})
        else:
            rows.append({of_rest})
        before = word
    return {result}
"""
PLAIN = {
    "start": "None",
    "mark": "word is None",
    "of_mark": "-100",
    "first": "word != before",
    "of_first": "labels[word]",
    "of_rest": "-100",
    "result": "rows",
}
LAST = "place == len(word_of_token) - 1 or word_of_token[place + 1] != word"
TOKENS_CHANGED = [
    ("last piece", {"first": LAST}, "on the last piece"),
    ("every piece", {"of_rest": "labels[word]"}, "every piece"),
    ("the last label goes on", {"of_rest": "rows[-1]"}, "every piece"),
    (
        "labels compared",
        {"first": "before is None or labels[word] != labels[before]"},
        "compare labels",
    ),
    ("word 0 is no mark", {"mark": "not word"}, "Word 0 gets no label"),
    ("begins with word 0", {"start": "0"}, "where there are no marks"),
    ("place before the first", {"first": "word != word_of_token[place - 1]"}, "place −1"),
    ("is not", {"first": "word is not before"}, "with == or !="),
    ("marks are 0", {"of_mark": "0"}, "the marks the label 0"),
    ("other pieces are 0", {"of_rest": "0"}, "other pieces of a word the label 0"),
    ("all else is 0", {"of_rest": "0", "of_mark": "0"}, "0 to all"),
    ("−1", {"of_rest": "-1", "of_mark": "-1"}, "You wrote −1"),
    ("+100", {"of_rest": "100", "of_mark": "100"}, ""),
    ("None", {"of_rest": "None", "of_mark": "None"}, "You wrote None"),
    ("None for the rest", {"of_rest": "None"}, "None at the other pieces"),
    ("a text", {"result": "' '.join(map(str, rows))"}, "a text"),
    ("texts", {"result": "[str(row) for row in rows]"}, "texts"),
    ("nan", {"of_rest": "math.nan", "of_mark": "math.nan"}, ""),
    (
        "begin and inside",
        {"of_rest": "labels[word] + 1 if labels[word] % 2 else labels[word]"},
        "B- and I-",
    ),
    ("single pieces alone", {"first": f"word != before and ({LAST})"}, "several pieces get no"),
    ("counted from 1", {"of_first": "labels[word - 1]"}, "the word before it"),
    ("the next word", {"of_first": "labels[min(word + 1, len(labels) - 1)]"}, ""),
    ("late by one", {"result": "[-100] + rows[:-1]"}, "too late"),
    ("early by one", {"result": "rows[1:] + [-100]"}, "too early"),
    ("one short", {"result": "rows[:-1]"}, "of shape"),
    ("backwards", {"result": "rows[::-1]"}, ""),
    (
        "no marks",
        {"result": "[row for row, word in zip(rows, word_of_token) if word is not None]"},
        "left out the marks",
    ),
    ("the words", {"of_first": "word"}, "number of the word"),
    ("a set", {"result": "set(rows)"}, "set"),
    ("a column", {"result": "np.array(rows)[:, None]"}, "of shape"),
    ("a list in a list", {"result": "[rows]"}, "of shape"),
    ("a tuple of both", {"result": "(word_of_token, rows)"}, ""),
]
TOKENS_WHOLE = [
    ("the labels", "lambda w, labels: labels", "labels of the words"),
    ("all −100", "lambda w, labels: [-100] * len(w)", ""),
    (
        "pieces left out",
        "def answer(w, labels):\n    rows, before = [], -1\n    for word in w:\n"
        "        if word is None or word != before:\n"
        "            rows.append(-100 if word is None else labels[word])\n"
        "        before = word\n    return rows",
        "left out the other pieces",
    ),
    (
        "in turn",
        "def answer(w, labels):\n    rest, rows, before = list(labels), [], None\n"
        "    for word in w:\n"
        "        rows.append(-100 if word in (None, before) else rest.pop(0))\n"
        "        before = word\n    return rows",
        "labels in turn",
    ),
    (
        "starts at word 0",
        "def answer(w, labels):\n    rows, before = [], 0\n    for word in w:\n"
        "        if word is None or word == before:\n            rows.append(-100)\n"
        "        else:\n            rows.append(labels[word])\n"
        "            before = word\n    return rows",
        "must not begin as 0",
    ),
    (
        "marks not asked",
        "lambda w, labels: [labels[word] if word != before else -100 "
        "for before, word in zip([None] + w, w)]",
        "",
    ),
    (
        "labels of all words in a dict",
        "lambda w, labels: [dict(zip(w, labels)).get(word, -100) for word in w]",
        "",
    ),
    (
        "labels taken away",
        "def answer(w, labels):\n    rows, before, labels_left = [], None, labels\n"
        "    for word in w:\n        if word is None or word == before:\n"
        "            rows.append(-100)\n        else:\n"
        "            rows.append(int(labels[word]))\n            labels_left[word] = -100\n"
        "        before = word\n    return rows",
        "`labels` is no longer",
    ),
    (
        "a mark put before",
        "def answer(word_of_token, labels):\n    word_of_token.insert(0, None)\n"
        "    return [-100 if word in (None, before) else labels[word]\n"
        "            for before, word in zip(word_of_token, word_of_token[1:])]",
        "`word_of_token` is no longer",
    ),
]

SHARES = """
def answer(labels, predicted):
    {kept}
    tp = {tp}
    fp = {fp}
    fn = {fn}
    precision = {precision}
    recall = {recall}
    f1 = {f1}
    return {result}
"""
SHARES_PLAIN = {
    "kept": "labels, predicted = labels[labels != -100], predicted[labels != -100]",
    "tp": "((labels == 1) & (predicted == 1)).sum()",
    "fp": "((labels == 0) & (predicted == 1)).sum()",
    "fn": "((labels == 1) & (predicted == 0)).sum()",
    "precision": "tp / (tp + fp) if tp + fp else 0.0",
    "recall": "tp / (tp + fn) if tp + fn else 0.0",
    "f1": "2 * precision * recall / (precision + recall) if tp else 0.0",
    "result": "precision, recall, f1",
}
NO_FILTER = {"kept": "pass"}
PYTHON = {name: f"int({SHARES_PLAIN[name]})" for name in ("tp", "fp", "fn")}
BARE_P, BARE_R = "tp / (tp + fp)", "tp / (tp + fn)"
BARE_F = "2 * precision * recall / (precision + recall)"
BARE = {"precision": BARE_P, "recall": BARE_R, "f1": BARE_F}
SHARES_CHANGED = [
    ("swapped", {"result": "recall, precision, f1"}, "are swapped"),
    (
        "divisors swapped",
        {
            "precision": SHARES_PLAIN["recall"],
            "recall": SHARES_PLAIN["precision"],
        },
        "are swapped",
    ),
    ("F1 first", {"result": "f1, precision, recall"}, "F1 comes first"),
    ("plain mean", {"f1": "(precision + recall) / 2"}, "plain mean"),
    ("np.mean", {"f1": "np.mean([precision, recall])"}, "plain mean"),
    ("geometric mean", {"f1": "np.sqrt(precision * recall)"}, "geometric"),
    ("no factor 2", {"f1": SHARES_PLAIN["f1"][4:]}, "factor 2"),
    ("product", {"f1": "precision * recall"}, "product"),
    ("smaller", {"f1": "min(precision, recall)"}, "smaller"),
    ("larger", {"f1": "max(precision, recall)"}, ""),
    ("overlap", {"f1": "tp / (tp + fp + fn) if tp else 0.0"}, "Jaccard"),
    (
        "all that was called",
        NO_FILTER | {"fp": "((labels != 1) & (predicted == 1)).sum()"},
        "precision is too low",
    ),
    (
        "−100 as small",
        {"kept": "labels = np.where(labels == -100, 0, labels)"},
        "precision is too low",
    ),
    (
        "what was missed",
        NO_FILTER | {"fn": "((labels != 0) & (predicted == 0)).sum()"},
        "recall is too low",
    ),
    (
        "unequal is wrong",
        NO_FILTER
        | {
            "fp": "((predicted == 1) & (predicted != labels)).sum()",
            "fn": "((predicted == 0) & (predicted != labels)).sum()",
        },
        "count as mistakes",
    ),
    ("−100 as capital", {"kept": "labels = (labels != 0).astype(int)"}, "count as capitals"),
    ("bools", {"kept": "labels = labels.astype(bool)"}, "count as capitals"),
    ("absolute", {"kept": "labels = abs(labels).clip(0, 1)"}, "count as capitals"),
    ("small letters", {"kept": "labels, predicted = 1 - labels, 1 - predicted"}, "class 0"),
    ("accuracy as precision", {"precision": "(labels == predicted).mean()"}, "accuracy"),
    ("all three accuracy", {"result": "((labels == predicted).mean(),) * 3"}, "micro"),
    (
        "all words",
        {"precision": "tp / len(labels)", "recall": "tp / len(labels)"},
        "number of all words",
    ),
    (
        "specificity",
        {
            "recall": "((labels == 0) & (predicted == 0)).sum() / (labels == 0).sum() "
            "if (labels == 0).any() else 0.0",
            "f1": f"{BARE_F} if precision + recall else 0.0",
        },
        "specificity",
    ),
    ("share of false ones", {"precision": "fp / (tp + fp) if tp + fp else 0.0"}, ""),
    ("share of missed ones", {"recall": "fn / (tp + fn) if tp + fn else 0.0"}, ""),
    ("precision twice", {"recall": SHARES_PLAIN["precision"]}, ""),
    ("percent", {"result": "100 * precision, 100 * recall, 100 * f1"}, "percent"),
    ("rounded", {"result": "round(precision, 2), round(recall, 2), round(f1, 2)"}, "rounded"),
    ("F1 alone", {"result": "f1"}, "one number"),
    ("accuracy too", {"result": "(labels == predicted).mean(), precision, recall, f1"}, "shape"),
    ("numbers of words", {"result": "tp, fp, fn"}, ""),
    ("a dict", {"result": "{'precision': precision, 'recall': recall, 'f1': f1}"}, "dict"),
    ("a text", {"result": "f'{precision} {recall} {f1}'"}, "a text"),
    ("texts", {"result": "str(precision), str(recall), str(f1)"}, "texts"),
    ("nan of numpy", BARE, "divide by 0"),
    ("Python stops", PYTHON | BARE, "divide by 0"),
    ("F1 alone stops", PYTHON | {"f1": BARE_F}, "divide by 0"),
    ("F1 alone is nan", {"f1": f"np.float64({BARE_F.replace('/', ') / (')})"}, "divide by 0"),
    ("precision is nan", {"precision": BARE_P}, "precision divides by 0"),
    ("recall is nan", {"recall": BARE_R}, "recall divides by 0"),
    ("both are nan", {"precision": BARE_P, "recall": BARE_R}, "precision or recall"),
    ("precision is 1", {"precision": f"{BARE_P} if tp + fp else 1.0"}, "precision is 1"),
    ("recall is 1", {"recall": f"{BARE_R} if tp + fn else 1.0"}, "recall is 1"),
    (
        "both are 1",
        {"precision": f"{BARE_P} if tp + fp else 1.0", "recall": f"{BARE_R} if tp + fn else 1.0"},
        "1 and an F1 of 0",
    ),
    (
        "both are 1, and F1 too",
        {
            "precision": f"{BARE_P} if tp + fp else 1.0",
            "recall": f"{BARE_R} if tp + fn else 1.0",
            "f1": f"{BARE_F} if precision + recall else 0.0",
        },
        "0 is agreed on",
    ),
    ("F1 is 1", {"f1": f"{BARE_F} if tp else 1.0"}, "right for some inputs"),
    ("None for nothing", {"result": "(precision, recall, f1) if tp else None"}, "returned None"),
    (
        "only the labels filtered",
        {"kept": "labels = labels[labels != -100]"},
        "stopped with ValueError",
    ),
    ("in place", {"kept": "labels[labels == -100] = 0"}, "`labels` is no longer"),
]
SHARES_WHOLE = [
    (
        "macro of scikit-learn",
        "from sklearn.metrics import precision_recall_fscore_support as score\n"
        "answer = lambda y, p: score(y[y != -100], p[y != -100], average='macro', labels=[0, 1], "
        "zero_division=0)[:3]",
        "macro",
    ),
    (
        "micro of scikit-learn",
        "from sklearn.metrics import precision_recall_fscore_support as score\n"
        "answer = lambda y, p: score(y[y != -100], p[y != -100], average='micro')[:3]",
        "micro",
    ),
    (
        "1 for nothing with scikit-learn",
        "from sklearn.metrics import precision_recall_fscore_support as score\n"
        "answer = lambda y, p: score(y[y != -100], p[y != -100], average='binary', "
        "zero_division=1)[:3]",
        "0 is agreed on",
    ),
    (
        "nan for nothing with scikit-learn",
        "from sklearn.metrics import precision_recall_fscore_support as score\n"
        "answer = lambda y, p: score(y[y != -100], p[y != -100], average='binary', "
        "zero_division=np.nan)[:3]",
        "precision or recall divides by 0",
    ),
    (
        "weighted of scikit-learn",
        "from sklearn.metrics import precision_recall_fscore_support as score\n"
        "answer = lambda y, p: score(y[y != -100], p[y != -100], average='weighted', "
        "zero_division=0)[:3]",
        "weighted",
    ),
    (
        "both classes of scikit-learn",
        "from sklearn.metrics import precision_recall_fscore_support as score\n"
        "answer = lambda y, p: score(y[y != -100], p[y != -100], labels=[0, 1])[:3]",
        "shape",
    ),
    (
        "no filter with scikit-learn",
        "from sklearn.metrics import precision_recall_fscore_support as score\n"
        "answer = lambda y, p: score(y, p, average='binary', zero_division=0)[:3]",
        "multiclass",
    ),
    (
        "truth and answer swapped with scikit-learn",
        "from sklearn.metrics import precision_recall_fscore_support as score\n"
        "answer = lambda y, p: score(p[y != -100], y[y != -100], average='binary', "
        "zero_division=0)[:3]",
        "are swapped",
    ),
    ("products", "lambda y, p: ((y * p).sum() / p.sum(), (y * p).sum() / y.sum(), 0.5)", ""),
]

PAIRS = """
def answer(first, second, learned):
    a, b = np.isin(first, learned), np.isin(second, learned)
    learn, test = {learn}, {test}
    return {result}
"""
BOTH, NEITHER, PLACES = "a & b", "~a & ~b", "np.flatnonzero(learn), np.flatnonzero(test)"
PAIRS_CHANGED = [
    ("the rest", BOTH, "~(a & b)", PLACES, "stand on both sides"),
    ("the rest by or", BOTH, "~a | ~b", PLACES, "stand on both sides"),
    ("one half is enough", "a | b", NEITHER, PLACES, "where and is meant"),
    ("one half is enough for both", "a | b", "~a | ~b", PLACES, "in both of your arrays"),
    ("the first half", "a", "~a", PLACES, "first half only"),
    ("the second half", "b", "~b", PLACES, "second half only"),
    ("swapped", NEITHER, BOTH, PLACES, "swapped"),
    ("the mixed ones", BOTH, "a != b", PLACES, "just those"),
    ("masks", BOTH, NEITHER, "learn, test", "masks"),
    ("lists of bools", BOTH, NEITHER, "learn.tolist(), test.tolist()", "masks"),
    ("where", BOTH, NEITHER, "np.where(learn), np.where(test)", "np.where"),
    ("argwhere", BOTH, NEITHER, "np.argwhere(learn), np.argwhere(test)", "column"),
    ("articles", BOTH, NEITHER, "first[learn], first[test]", "articles"),
    ("articles of both halves", BOTH, NEITHER, "(first[learn], second[learn])", ""),
    (
        "pairs themselves",
        BOTH,
        NEITHER,
        "[(x, y) for x, y in zip(first[learn], second[learn])], "
        "[(x, y) for x, y in zip(first[test], second[test])]",
        "",
    ),
    (
        "counted from 1",
        BOTH,
        NEITHER,
        "np.flatnonzero(learn) + 1, np.flatnonzero(test) + 1",
        "count from 1",
    ),
    (
        "descending",
        BOTH,
        NEITHER,
        "np.flatnonzero(learn)[::-1], np.flatnonzero(test)[::-1]",
        "ascending",
    ),
    ("numbers", BOTH, NEITHER, "learn.sum(), test.sum()", "one number"),
    ("all in one", BOTH, NEITHER, "np.flatnonzero(learn | test)", ""),
    ("learn alone", BOTH, NEITHER, "np.flatnonzero(learn)", ""),
    ("three arrays", BOTH, NEITHER, f"{PLACES}, np.flatnonzero(a ^ b)", "not 2 arrays"),
    ("a dict", BOTH, NEITHER, "dict(zip(('learn', 'test'), (learn, test)))", "dict"),
    ("sets", BOTH, NEITHER, "set(np.flatnonzero(learn)), set(np.flatnonzero(test))", "set"),
    ("a sum is 2", "(a + b) == 2", "(a + b) == 0", PLACES, "never 2"),
    ("Python's and", "a and b", NEITHER, PLACES, "stopped with ValueError"),
    ("no pair of one article", "a & b & (first != second)", NEITHER, PLACES, ""),
    ("by the number", "(first < len(learned)) & b", NEITHER, PLACES, ""),
    (
        "by the article",
        BOTH,
        NEITHER,
        "sorted(np.flatnonzero(learn), key=lambda i: first[i]), np.flatnonzero(test)",
        "",
    ),
    ("test twice", NEITHER, NEITHER, PLACES, ""),
]
PAIRS_WHOLE = [
    (
        "for the test the first half alone",
        "def answer(first, second, learned):\n    learn, test = [], []\n"
        "    for i, (a, b) in enumerate(zip(first, second)):\n"
        "        if a in learned and b in learned:\n            learn.append(i)\n"
        "        elif a not in learned:\n            test.append(i)\n"
        "    return np.array(learn, int), np.array(test, int)",
        "the first half only",
    ),
    (
        "for the test the second half alone",
        "def answer(first, second, learned):\n    learn, test = [], []\n"
        "    for i, (a, b) in enumerate(zip(first, second)):\n"
        "        if a in learned and b in learned:\n            learn.append(i)\n"
        "        elif b not in learned:\n            test.append(i)\n"
        "    return np.array(learn, int), np.array(test, int)",
        "the second half only",
    ),
    (
        "a set for isin",
        "def answer(first, second, learned):\n    learned = set(learned)\n"
        "    a, b = np.isin(first, learned), np.isin(second, learned)\n"
        "    return np.flatnonzero(a & b), np.flatnonzero(~a & ~b)",
        "isin a set",
    ),
    (
        "learned are places",
        "lambda first, second, learned: (np.sort(learned), "
        "np.setdiff1d(np.arange(len(first)), learned))",
        "",
    ),
    (
        "an array in a list",
        "lambda f, s, learned: (np.flatnonzero(f in learned), np.flatnonzero(f not in learned))",
        "stopped with ValueError",
    ),
    (
        "the other half unlike",
        "def answer(first, second, learned):\n"
        "    learn = [i for i in range(len(first)) if first[i] and second[i] in learned]\n"
        "    return learn, [i for i in range(len(first)) if i not in learn]",
        "whether it is unlike 0",
    ),
    (
        "the other half unlike, for the test too",
        "def answer(first, second, learned):\n    pairs = list(enumerate(zip(first, second)))\n"
        "    return ([i for i, (a, b) in pairs if a and b in learned],\n"
        "            [i for i, (a, b) in pairs if a and b not in learned])",
        "is true for every article but 0",
    ),
    (
        "neither, in the words of English",
        "def answer(first, second, learned):\n    pairs = list(enumerate(zip(first, second)))\n"
        "    return ([i for i, (a, b) in pairs if a in learned and b in learned],\n"
        "            [i for i, (a, b) in pairs if a and b not in learned])",
        "right for the pairs to learn from",
    ),
    (
        "learned is sorted",
        "def answer(first, second, learned):\n    learned.sort()\n"
        "    a, b = np.isin(first, learned), np.isin(second, learned)\n"
        "    return np.flatnonzero(a & b), np.flatnonzero(~a & ~b)",
        "`learned` is no longer",
    ),
    (
        "first is overwritten",
        "def answer(first, second, learned):\n"
        "    test = ~np.isin([first, second], learned).any(0)\n"
        "    first[:] = np.isin(first, learned) & np.isin(second, learned)\n"
        "    return np.flatnonzero(first), np.flatnonzero(test)",
        "`first` is no longer",
    ),
    (
        "a table of numbers from 0",
        "def answer(first, second, learned):\n    known = np.zeros(12, bool)\n"
        "    known[learned] = True\n    a, b = known[first], known[second]\n"
        "    return np.flatnonzero(a & b), np.flatnonzero(~a & ~b)",
        "",
    ),
]

PASSES = [
    ("answers alone", "100 * 9_900 / 9_900", "left out the questions"),
    ("questions alone", "100 * 9_900 / 100", "questions alone"),
    ("percent", "9_900", "per cent"),
    ("together", "100 * 9_900", "read together"),
    ("by itself", "100 + 9_900", "by themselves"),
    ("turned round", "(100 + 9_900) / (100 * 9_900)", "other way round"),
    ("times more", "98", "on top"),
    ("passes more", "100 * 9_900 - 10_000", "how many passes more"),
    ("two passes for a pair", "2 * 99", "two passes for each pair"),
    ("one vector for each pair", "1 / 2", "computed once"),
    ("all pairs", "9_999 / 2", "all pairs of two texts"),
    ("equal", "1", ""),
    ("both numbers", "[10_000, 990_000]", "not list"),
    ("a text", "'99 times'", "with a number"),
    ("rounded to tens", "100.0", "left out the questions"),
]

WRONG = [
    *(
        ("13.1", name, TOKENS.format(**PLAIN | changed), word)
        for name, changed, word in TOKENS_CHANGED
    ),
    *(("13.1", name, code, word) for name, code, word in TOKENS_WHOLE),
    ("13.1", "open", "lambda word_of_token, labels: None", None),
    *(
        ("13.2", name, SHARES.format(**SHARES_PLAIN | changed), word)
        for name, changed, word in SHARES_CHANGED
    ),
    *(("13.2", name, code, word) for name, code, word in SHARES_WHOLE),
    ("13.2", "open", "lambda labels, predicted: None", None),
    *(
        ("13.3", name, PAIRS.format(learn=learn, test=test, result=result), word)
        for name, learn, test, result, word in PAIRS_CHANGED
    ),
    *(("13.3", name, code, word) for name, code, word in PAIRS_WHOLE),
    ("13.3", "open", "lambda first, second, learned: ...", None),
    *(("13.4", *row) for row in PASSES),
    ("13.5", "together", "'a'", "50,000 answers"),
    ("13.5", "each word", "'c'", "each word of an answer"),
    ("13.5", "frozen", "'d'", "none is left to test"),
    ("13.5", "two letters", "'a, b'", "one of the letters"),
]
