"""Wrong answers to lesson 05: exercise, name, code and a word of the message."""

UNIT = """
def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)
"""
BEST = """
def answer(word, words, rows):
    i = words.index(word)
    scores = {scores}
    scores[i] = {out}
    return {result}
"""
NEAREST = [
    ("the word itself", "unit(rows) @ unit(rows)[i]", "np.inf", "words[scores.argmax()]", "itself"),
    ("plain product", "rows @ rows[i]", "-np.inf", "words[scores.argmax()]", "plain product"),
    (
        "only the word of length one",
        "rows @ unit(rows)[i]",
        "-np.inf",
        "words[scores.argmax()]",
        "plain product",
    ),
    (
        "distance",
        "-((rows - rows[i]) ** 2).sum(1)",
        "-np.inf",
        "words[scores.argmax()]",
        "by distance",
    ),
    (
        "city-block distance",
        "-np.abs(rows - rows[i]).sum(1)",
        "-np.inf",
        "words[scores.argmax()]",
        "",
    ),
    (
        "least alike",
        "unit(rows) @ unit(rows)[i]",
        "np.inf",
        "words[scores.argmin()]",
        "least alike",
    ),
    (
        "0 for itself",
        "unit(rows) @ unit(rows)[i]",
        "0",
        "words[scores.argmax()]",
        "the score 0",
    ),
    (
        "the place",
        "unit(rows) @ unit(rows)[i]",
        "-np.inf",
        "scores.argmax()",
        "place of the nearest",
    ),
    ("the cosine", "unit(rows) @ unit(rows)[i]", "-np.inf", "scores.max()", "That is the cosine"),
    (
        "without sign",
        "np.abs(unit(rows) @ unit(rows)[i])",
        "-np.inf",
        "words[scores.argmax()]",
        "dropped the sign",
    ),
    (
        "squared cosine",
        "(unit(rows) @ unit(rows)[i]) ** 2",
        "-np.inf",
        "words[scores.argmax()]",
        "dropped the sign",
    ),
    (
        "columns",
        "(lambda u: unit(u) @ unit(u)[i])(rows / np.linalg.norm(rows, axis=0))",
        "-np.inf",
        "words[scores.argmax()]",
        "columns to length one",
    ),
    (
        "columns alone",
        "(lambda u: u @ u[i])(rows / np.linalg.norm(rows, axis=0))",
        "-np.inf",
        "words[scores.argmax()]",
        "",
    ),
    (
        "first fifty columns",
        "unit(rows[:, :50]) @ unit(rows[:, :50])[i]",
        "-np.inf",
        "words[scores.argmax()]",
        "first fifty",
    ),
    (
        "first two columns",
        "unit(rows[:, :2]) @ unit(rows[:, :2])[i]",
        "-np.inf",
        "words[scores.argmax()]",
        "",
    ),
    (
        "centred",
        "(lambda u: u @ u[i])(unit(rows - rows.mean(0)))",
        "-np.inf",
        "words[scores.argmax()]",
        "mean vector",
    ),
    (
        "divided by the sum",
        "(lambda u: u @ u[i])(rows / np.abs(rows).sum(1, keepdims=True))",
        "-np.inf",
        "words[scores.argmax()]",
        "absolute values",
    ),
    (
        "divided by the largest",
        "(lambda u: u @ u[i])(rows / np.abs(rows).max(1, keepdims=True))",
        "-np.inf",
        "words[scores.argmax()]",
        "",
    ),
    (
        "one length for all",
        "(lambda u: u @ u[i])(rows / np.linalg.norm(rows))",
        "-np.inf",
        "words[scores.argmax()]",
        "plain product",
    ),
    (
        "correlation",
        "np.corrcoef(rows)[i]",
        "-np.inf",
        "words[scores.argmax()]",
        "correlation",
    ),
    (
        "rounded cosines",
        "(unit(rows) @ unit(rows)[i]).round(1)",
        "-np.inf",
        "words[scores.argmax()]",
        "",
    ),
    ("word and cosine", "unit(rows) @ unit(rows)[i]", "-np.inf", "(words[scores.argmax()], 1)", ""),
    ("all by rank", "unit(rows) @ unit(rows)[i]", "-np.inf", "[words[j] for j in scores]", "Error"),
    ("best three", "unit(rows) @ unit(rows)[i]", "-9", "[words[j] for j in scores.argsort()]", ""),
    (
        "second nearest",
        "unit(rows) @ unit(rows)[i]",
        "-np.inf",
        "words[scores.argsort()[-2]]",
        "second nearest",
    ),
]
NEAREST_WHOLE = [
    (
        "row taken out, name left",
        "lambda word, words, rows: (lambda i: words[np.delete(unit(rows) @ unit(rows)[i], i)"
        ".argmax()])(words.index(word))",
        "its name",
    ),
    ("the next in the list", "lambda word, words, rows: words[words.index(word) - 1]", ""),
    ("always hockey", "lambda word, words, rows: 'hockey'", ""),
    (
        "rows of length one in place",
        "def answer(word, words, rows):\n"
        "    rows /= np.linalg.norm(rows, axis=1, keepdims=True)\n"
        "    return words[(rows @ rows[words.index(word)]).argsort()[-2]]",
        "`rows` is no longer what it was",
    ),
    (
        "takes the word out of the list",
        "def answer(word, words, rows):\n"
        "    i = words.index(word)\n    words.remove(word)\n"
        "    return words[np.delete(unit(rows) @ unit(rows)[i], i).argmax()]",
        "`words` is no longer what it was",
    ),
    (
        "the notebook's words",
        "def answer(word, words, rows):\n    return glove.most_similar(word)[0][0]",
        "NameError",
    ),
    ("the word as a place", "lambda word, words, rows: words[(rows @ rows[word]).argmax()]", "Err"),
    ("prints", "lambda word, words, rows: print(end='')", "only shown"),
]

ALL = "w = [x for t in texts for x in t]"
SHARES = [
    ("types", f"{ALL}; w = set(w)", "sum(x in v for x in w) / len(w) if w else 0", "different"),
    (
        "types of each text",
        "w = [x for t in texts for x in set(t)]",
        "sum(x in v for x in w) / len(w) if w else 0",
        "each different word of a text",
    ),
    (
        "mean of texts",
        "w = [np.mean([x in v for x in t]) for t in texts if t]",
        "np.mean(w) if w else 0",
        "one share per text",
    ),
    (
        "mean of texts, empty ones too",
        "w = [sum(x in v for x in t) / max(len(t), 1) for t in texts]",
        "np.mean(w) if w else 0",
        "even an empty text",
    ),
    ("of the vocabulary", f"{ALL}", "len(v & set(w)) / len(v)", "other way round"),
    ("unguarded", f"{ALL}", "sum(x in v for x in w) / len(w)", "divides by 0"),
    ("None without words", f"{ALL}", "sum(x in v for x in w) / len(w) if w else None", "None"),
    ("1 without words", f"{ALL}", "sum(x in v for x in w) / len(w) if w else 1", "Without any"),
    ("count", f"{ALL}", "sum(x in v for x in w)", "how many"),
    ("percent", f"{ALL}", "100 * sum(x in v for x in w) / len(w) if w else 0", "percent"),
    ("unknown", f"{ALL}", "sum(x not in v for x in w) / len(w) if w else 0", "not in the voc"),
    (
        "small letters",
        f"{ALL}",
        "sum(x.lower() in v for x in w) / len(w) if w else 0",
        "changed the words",
    ),
    (
        "stripped",
        f"{ALL}",
        "sum(x.rstrip('s') in v for x in w) / len(w) if w else 0",
        "",
    ),
    (
        "first text",
        "w = texts[0] if texts else []",
        "sum(x in v for x in w) / len(w) if w else 0",
        "first text",
    ),
    (
        "last text",
        "w = texts[-1] if texts else []",
        "sum(x in v for x in w) / len(w) if w else 0",
        "",
    ),
    (
        "up to an empty text",
        "w = [x for t in itertools.takewhile(len, texts) for x in t]",
        "sum(x in v for x in w) / len(w) if w else 0",
        "stopped at the first empty",
    ),
    (
        "per text",
        f"{ALL}",
        "sum(x in v for x in w) / len(texts) if texts else 0",
        "number of texts",
    ),
    (
        "parts of words",
        f"{ALL}",
        "sum(any(x in y for y in v) for x in w) / len(w) if w else 0",
        "inside another",
    ),
    ("whole division", f"{ALL}", "sum(x in v for x in w) // len(w) if w else 0", ""),
    ("one too many", f"{ALL}", "sum(x in v for x in w) / (len(w) + 1)", ""),
    ("rounded", f"{ALL}", "round(sum(x in v for x in w) / len(w), 2) if w else 0", "rounded"),
    (
        "letters",
        "w = [c for t in texts for x in t for c in x]",
        "sum(c in v for c in w) / len(w) if w else 0",
        "gives 0 even where every word",
    ),
    (
        "signs stripped",
        f"{ALL}",
        "sum(x.strip('!#:)') in v for x in w) / len(w) if w else 0",
        "other signs than letters",
    ),
    (
        "words of letters alone",
        "w = [x for t in texts for x in t if x.isalpha()]",
        "sum(x in v for x in w) / len(w) if w else 0",
        "other signs than letters",
    ),
    (
        "equal texts once",
        "w = [x for t in set(map(tuple, texts)) for x in t]",
        "sum(x in v for x in w) / len(w) if w else 0",
        "text comes twice",
    ),
    ("texts looked up", "w = texts", "sum(' '.join(t) in v for t in w) / max(len(w), 1)", ""),
    ("lists in a set", "w = texts", "sum(x in v for x in w) / len(w) if w else 0", "unhashable"),
    ("a text", f"{ALL}", "str(sum(x in v for x in w) / len(w) if w else 0)", "a text"),
    (
        "hard-coded vocabulary",
        f"{ALL}; v = {{'good'}}",
        "sum(x in v for x in w) / max(len(w), 1)",
        "`vocabulary`",
    ),
    ("always a half", "pass", "0.5", "`vocabulary`"),
    ("True and False", f"{ALL}", "[x in v for x in w]", ""),
    (
        "share of texts",
        "w = texts",
        "np.mean([any(x in v for x in t) for t in w]) if w else 0",
        "share of texts",
    ),
    ("known types", f"{ALL}", "len(v & set(w)) / len(w) if w else 0", ""),
    (
        "texts emptied",
        "w = []\n    while texts:\n        w += texts.pop()",
        "sum(x in v for x in w) / len(w) if w else 0",
        "`texts` is no longer what it was",
    ),
    (
        "vocabulary cut",
        f"{ALL}; n = len(w); v &= set(w)",
        "sum(x in v for x in w) / n if w else 0",
        "`v` is no longer what it was",
    ),
    (
        "first list grows",
        "w = sum(texts, texts[0]) if texts else []",
        "sum(x in v for x in w) / len(w) if w else 0",
        "",
    ),
]

MEAN = """
def answer(words, vectors, weights, size):
    known = [w for w in words if w in vectors]
    if not known:
        return {none}
    s = [{weight} for w in known]
    return {result}
"""
W = "weights.get(w, 1.0)"
R = "sum(a * vectors[w] for a, w in zip(s, known)) / sum(s)"
Z = "np.zeros(size)"
MEANS = [
    ("plain mean", Z, "1.0", R, "plain mean"),
    ("sum", Z, W, "sum(a * vectors[w] for a, w in zip(s, known))", "weighted sum"),
    ("by known", Z, W, f"({R}) * sum(s) / len(s)", "number of known"),
    ("by all words", Z, W, f"({R}) * sum(s) / len(words)", "number of all words"),
    (
        "weights of all",
        Z,
        W,
        f"({R}) * sum(s) / sum(weights.get(w, 1.0) for w in words)",
        "weights of all words",
    ),
    ("whole dict", Z, W, f"({R}) * sum(s) / (sum(weights.values()) or 1)", "whole dict"),
    ("no weight counts 0", Z, "weights.get(w, 0.0)", f"{R} if sum(s) else np.zeros(size)", ""),
    ("no weight counts a half", Z, "weights.get(w, 0.5)", R, ""),
    ("no weight, no default", Z, "weights[w]", R, "KeyError"),
    ("squared", Z, f"{W} ** 2", R, "squared"),
    ("inverse", Z, f"1 / {W}", R, "divided by the weights"),
    ("root", Z, f"{W} ** 0.5", R, ""),
    ("whole weights", Z, f"int({W}) or 1", R, ""),
    ("logarithm", Z, f"np.log(1 + {W})", R, ""),
    ("softmax", Z, f"np.exp({W})", R, ""),
    (
        "once below the line",
        Z,
        W,
        f"({R}) * sum(s) / sum({{w: weights.get(w, 1.0) for w in known}}.values())",
        "once below",
    ),
    ("length one", Z, W, f"(lambda v: v / np.linalg.norm(v))({R})", "length one"),
    ("three zeros", "np.zeros(3)", W, R, "(3,)"),
    ("fifty zeros", "np.zeros(50)", W, R, "(50,)"),
    ("seven zeros", "np.zeros(7)", W, R, "(7,)"),
    ("as long as a vector", "np.zeros(len(next(iter(vectors.values()))))", W, R, "may be empty"),
    ("an array of None", "np.array([None] * size)", W, R, "ndarray"),
    ("one zero", "0.0", W, R, "single 0"),
    ("a row of zeros", "np.zeros((1, size))", W, R, "(1, 7)"),
    ("ones", "np.ones(size)", W, R, "no word is known"),
    ("None", "None", W, R, "returns None"),
    ("nan", "np.full(size, np.nan)", W, R, "Where none is"),
    ("an empty array", "np.array([])", W, R, "(0,)"),
    ("a random vector", "np.random.rand(size)", W, R, "every call"),
    ("no weights above the line", Z, W, "sum(vectors[w] for w in known) / sum(s)", ""),
    ("largest weight below", Z, W, f"({R}) * sum(s) / max(s)", ""),
    ("one number", Z, W, f"({R}).mean()", "one number"),
    ("list of vectors", Z, W, "[a * vectors[w] for a, w in zip(s, known)]", ""),
    ("rounded", Z, W, f"({R}).round(3)", "rounded"),
    ("median", Z, W, "np.median([a * vectors[w] for a, w in zip(s, known)], axis=0)", ""),
]
MEANS_WHOLE = [
    (
        "each word once",
        "def answer(words, vectors, weights, size):\n"
        "    known = [w for w in dict.fromkeys(words) if w in vectors]\n"
        "    s = [weights.get(w, 1.0) for w in known]\n"
        f"    return {R} if known else np.zeros(size)",
        "Each occurrence counts",
    ),
    (
        "without a guard",
        "def answer(words, vectors, weights, size):\n"
        "    known = [w for w in words if w in vectors]\n"
        "    return np.average([vectors[w] for w in known], axis=0, "
        "weights=[weights.get(w, 1.0) for w in known])",
        "Where none is",
    ),
    (
        "setdefault",
        "def answer(words, vectors, weights, size):\n"
        "    known = [w for w in words if w in vectors]\n"
        "    s = [weights.setdefault(w, 1.0) for w in known]\n"
        f"    return {R} if known else np.zeros(size)",
        "`weights` is no longer what it was",
    ),
    (
        "vectors weighted in place",
        "def answer(words, vectors, weights, size):\n    known, total = [], np.zeros(size)\n"
        "    for w in words:\n        if w in vectors:\n            v = vectors[w]\n"
        "            v *= weights.get(w, 1.0)\n            total += v\n"
        "            known.append(weights.get(w, 1.0))\n"
        "    return total / sum(known) if known else total",
        "`vectors` is no longer what it was",
    ),
    (
        "unknown words taken out",
        "def answer(words, vectors, weights, size):\n    for w in list(words):\n"
        "        if w not in vectors:\n            words.remove(w)\n"
        "    s = [weights.get(w, 1.0) for w in words]\n"
        f"    return {R.replace('known', 'words')} if words else np.zeros(size)",
        "`words` is no longer what it was",
    ),
    (
        "words without a weight left out",
        "def answer(words, vectors, weights, size):\n"
        "    known = [w for w in words if w in vectors and w in weights]\n"
        "    s = [weights[w] for w in known]\n"
        f"    return {R} if known else np.zeros(size)",
        "",
    ),
    (
        "the first word alone",
        "lambda words, vectors, weights, size: "
        "next((vectors[w] for w in words if w in vectors), np.zeros(size))",
        "",
    ),
]

BOTH = "np.concatenate([x, y])"
GAP = "(x.mean() - y.mean())"
EFFECTS = [
    ("n", f"{GAP} / {BOTH}.std()", "numpy takes n"),
    ("n - 2", f"{GAP} / {BOTH}.std(ddof=2)", "n − 2"),
    ("spread of x", f"{GAP} / x.std(ddof=1)", "x alone"),
    ("spread of y", f"{GAP} / y.std(ddof=1)", "y alone"),
    ("swapped", f"-{GAP} / {BOTH}.std(ddof=1)", "first group minus"),
    ("no sign", f"abs{GAP} / {BOTH}.std(ddof=1)", "dropped the sign"),
    ("sums", f"(x.sum() - y.sum()) / {BOTH}.std(ddof=1)", "difference of the sums"),
    ("variance", f"{GAP} / {BOTH}.var(ddof=1)", "variance"),
    ("gap", GAP, "not yet divided"),
    (
        "pooled within",
        f"{GAP} / np.sqrt(((len(x) - 1) * x.var(ddof=1) + (len(y) - 1) * y.var(ddof=1)) / "
        "(len(x) + len(y) - 2))",
        "within the groups",
    ),
    ("mean of deviations", f"{GAP} / ((x.std(ddof=1) + y.std(ddof=1)) / 2)", "two standard"),
    ("root of mean variance", f"{GAP} / np.sqrt((x.var(ddof=1) + y.var(ddof=1)) / 2)", ""),
    ("added", f"{GAP} / (x + y).std(ddof=1)", "number by number"),
    ("stacked", f"{GAP} / np.stack([x, y]).std(ddof=1)", "joined end to end"),
    ("upside down", f"{BOTH}.std(ddof=1) / {GAP}", "upside down"),
    ("medians", f"(np.median(x) - np.median(y)) / {BOTH}.std(ddof=1)", "medians"),
    (
        "t statistic",
        f"{GAP} / np.sqrt(x.var(ddof=1) / len(x) + y.var(ddof=1) / len(y))",
        "test statistic",
    ),
    ("t of scipy", "__import__('scipy.stats').stats.ttest_ind(x, y).statistic", ""),
    ("divided by the mean", f"{GAP} / {BOTH}.mean()", ""),
    ("divided by the range", f"{GAP} / np.ptp({BOTH})", ""),
    ("spread of the means", f"{GAP} / np.std([x.mean(), y.mean()], ddof=1)", ""),
    (
        "as many of each",
        "(lambda n: (x[:n].mean() - y[:n].mean()) / np.append(x[:n], y[:n])"
        ".std(ddof=1))(min(len(x), len(y)))",
        "size of the smaller",
    ),
    ("rounded", f"round({GAP} / {BOTH}.std(ddof=1), 2)", "rounded"),
    ("cut to 2", f"np.clip({GAP} / {BOTH}.std(ddof=1), -1, 1)", ""),
    ("multiplied", f"{GAP} * {BOTH}.std(ddof=1)", ""),
    ("mean of differences", f"(x - y).mean() / {BOTH}.std(ddof=1)", ""),
    ("mean of both", f"(x.mean() + y.mean()) / {BOTH}.std(ddof=1)", ""),
    ("for each word", f"(x - y.mean()) / {BOTH}.std(ddof=1)", "of shape"),
    ("percent", f"100 * {GAP} / {BOTH}.std(ddof=1)", "percent"),
    ("centred in place", f"(x.__isub__(0.1), {GAP} / {BOTH}.std(ddof=1))[1]", "`x` is no longer"),
    ("sorted in place", f"(y.sort(), {GAP} / {BOTH}.std(ddof=1))[1]", "`y` is no longer"),
    ("four words", f"(x[:4].mean() - y[:4].mean()) / {BOTH}.std(ddof=1)", ""),
]

WRONG = [
    *(
        ("05.1", name, UNIT + BEST.format(scores=scores, out=out, result=result), word)
        for name, scores, out, result, word in NEAREST
    ),
    *(
        ("05.1", name, UNIT + (code if "answer" in code else f"answer = {code}"), word)
        for name, code, word in NEAREST_WHOLE
    ),
    *(
        ("05.2", name, f"def answer(texts, v):\n    {before}\n    return {code}", word)
        for name, before, code, word in SHARES
    ),
    *(
        ("05.4", name, MEAN.format(none=none, weight=weight, result=result), word)
        for name, none, weight, result, word in MEANS
    ),
    *(("05.4", name, code, word) for name, code, word in MEANS_WHOLE),
    *(("05.6", name, f"lambda x, y: {code}", word) for name, code, word in EFFECTS),
    ("05.6", "one group", "lambda x: x.mean()", "positional argument"),
    ("05.6", "the result", "np.sqrt(2)", "the function itself"),
    ("05.3", "nearest of all", "'a'", "every word a candidate"),
    ("05.3", "about women", "'c'", "long way"),
    ("05.3", "chance", "'d'", "same one each time"),
    ("05.3", "the word", "'homemaker'", "letters"),
    ("05.5", "moved along", "'a'", "set of numbers of its own"),
    ("05.5", "zeros", "'b'", "without any known word"),
    ("05.5", "moved with the mean", "'d'", "gradient of its own"),
]
