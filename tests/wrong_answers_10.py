"""Wrong answers to lesson 10: exercise, name, code and a word of the message."""

NEEDED = """
def answer(mean, low, high, per_class):
    if {resolved}:
        return 0
    if mean == 0:
        return {none}
    half = {half}
    return {result}
"""
IN, INF, HALF = "low > 0 or high < 0", "float('inf')", "(high - low) / 2"
MORE = "int(np.ceil(per_class * (half / abs(mean)) ** 2 - per_class))"
NEEDS = [
    ("in all", IN, INF, HALF, "int(np.ceil(per_class * (half / abs(mean)) ** 2))", "in all"),
    ("no square", IN, INF, HALF, "int(np.ceil(per_class * half / abs(mean) - per_class))", "root"),
    (
        "root",
        IN,
        INF,
        HALF,
        "max(0, int(np.ceil(per_class * (half / abs(mean)) ** .5 - per_class)))",
        "root",
    ),
    ("whole width", IN, INF, "high - low", MORE, "whole width"),
    ("upper end", IN, INF, "high", MORE.replace("(half", "(abs(half)"), "upper end"),
    ("further end", IN, INF, "max(abs(low), abs(high))", MORE, "further from 0"),
    ("high − mean", IN, INF, "high - mean", MORE, ""),
    ("down", IN, INF, HALF, "int(per_class * (half / abs(mean)) ** 2 - per_class)", "down"),
    ("nearest", IN, INF, HALF, MORE.replace("np.ceil", "round"), "nearest"),
    ("never 0", "False", INF, HALF, MORE, "no label is missing"),
    ("above 0 only", "low > 0", INF, HALF, MORE, "below 0 is resolved"),
    ("None for 0", IN, "None", HALF, MORE, "None"),
    ("0 for 0", IN, "0", HALF, MORE, "infinity"),
    ("nan for 0", IN, "np.nan", HALF, MORE, "compare"),
    ("items", IN, INF, HALF, MORE.replace("- per_class", "- 1"), ""),
    ("one more", IN, INF, HALF, MORE + " + 1", ""),
    ("floor and 1", IN, INF, HALF, MORE.replace("np.ceil(", "")[:-1] + " + 1", "one too many"),
    ("turned round", "low < 0 < high", INF, HALF, MORE, "other way round"),
    ("and for or", "low > 0 and high < 0", INF, HALF, MORE, "no label is missing"),
    ("unrounded", IN, INF, HALF, "per_class * (half / mean) ** 2 - per_class", "Round up"),
    (
        "factor rounded",
        IN,
        INF,
        HALF,
        "per_class * math.ceil((half / mean) ** 2) - per_class",
        "too early",
    ),
    (
        "root rounded",
        IN,
        INF,
        HALF,
        "per_class * math.ceil(half / abs(mean)) ** 2 - per_class",
        "too early",
    ),
    ("mean − low", IN, INF, "mean - low", MORE, "lower end"),
    ("cube", IN, INF, HALF, MORE.replace("** 2", "** 3"), ""),
    ("factor alone", IN, INF, HALF, "(half / mean) ** 2", ""),
    ("less than nothing", IN, "-np.inf", HALF, MORE, "where the difference is 0"),
    ("inf as a text", IN, "'inf'", HALF, MORE, "a text"),
    ("a text", IN, INF, HALF, f"str({MORE})", "a text"),
    ("before and after", IN, INF, HALF, f"(per_class, {MORE})", "shape (2,)"),
    ("whole division", IN, INF, HALF, MORE.replace("half / abs", "half // abs"), ""),
    (
        "1 less before the square",
        IN,
        INF,
        HALF,
        "int(np.ceil(per_class * (half / abs(mean) - 1) ** 2))",
        "",
    ),
    ("mean over half", IN, INF, HALF, MORE.replace("half / abs(mean)", "abs(mean) / half"), ""),
]
FLAGGED = """
def answer(labels, probabilities):
    k = probabilities.shape[1]
    bars = {bars}
    reached = {reached}
    best = {best}
    return {result}
"""
BARS = "np.array([probabilities[labels == j, j].mean() for j in range(k)])"
REACHED = "probabilities >= bars"
BEST = "np.where(reached, probabilities, -1).argmax(axis=1)"
RESULT = "np.flatnonzero(reached.any(axis=1) & (best != labels))"
FLAGS = [
    ("half", "np.full(k, .5)", REACHED, BEST, RESULT, "one half"),
    ("over all", "probabilities.mean(axis=0)", REACHED, BEST, RESULT, "over all items"),
    (
        "one bar",
        "np.full(k, probabilities[np.arange(len(labels)), labels].mean())",
        REACHED,
        BEST,
        RESULT,
        "one threshold for all",
    ),
    (
        "answered",
        "np.array([probabilities[probabilities.argmax(1) == j, j].mean() for j in range(k)])",
        REACHED,
        BEST,
        RESULT,
        "answers with j",
    ),
    ("median", BARS.replace("mean", "max").replace("max", "__len__"), REACHED, BEST, RESULT, ""),
    ("largest", BARS.replace("mean", "max"), REACHED, BEST, RESULT, ""),
    ("likeliest", BARS, REACHED, "probabilities.argmax(axis=1)", RESULT, "whether it reaches"),
    ("unreached too", BARS, REACHED, BEST, "np.flatnonzero(best != labels)", "no threshold at all"),
    ("mask", BARS, REACHED, BEST, RESULT.replace("np.flatnonzero", ""), "indices"),
    ("count", BARS, REACHED, BEST, f"len({RESULT})", "how many"),
    ("the others", BARS, REACHED, BEST, RESULT.replace("(reached", "(~(reached") + ")", ""),
    ("below", BARS, "probabilities <= bars", BEST, RESULT, ""),
    ("classes", BARS, REACHED, BEST, "best", "These are classes"),
    ("strict", BARS, "probabilities > bars", BEST, RESULT, "at least the threshold"),
    ("margin", BARS, REACHED, "(probabilities - bars).argmax(axis=1)", RESULT, "furthest above"),
    ("ratio", BARS, REACHED, "(probabilities / bars).argmax(axis=1)", RESULT, "furthest above"),
    ("first reached", BARS, REACHED, "reached.argmax(axis=1)", RESULT, "first class"),
    ("last reached", BARS, REACHED, "k - 1 - reached[:, ::-1].argmax(axis=1)", RESULT, ""),
    ("wrong axis", BARS, REACHED, BEST.replace("axis=1", "axis=0"), RESULT, "stopped with"),
    ("any of axis 0", BARS, REACHED, BEST, RESULT.replace("axis=1", "axis=0"), "stopped with"),
    ("or", BARS, REACHED, BEST, RESULT.replace("&", "|"), ""),
    ("and", BARS, REACHED, BEST, RESULT.replace("&", "and"), "ambiguous"),
    ("no brackets", BARS, REACHED, BEST, RESULT.replace("(best != labels)", "best != labels"), ""),
    ("equal", BARS, REACHED, BEST, RESULT.replace("!=", "=="), ""),
    ("all reached", BARS, REACHED, BEST, RESULT.replace("any", "all"), ""),
    ("of all columns", BARS.replace(", j]", "]"), REACHED, BEST, RESULT, "too low"),
    ("1 / k", "np.full(k, 1 / k)", REACHED, BEST, RESULT, "too low"),
    ("sums", BARS.replace("mean()", "sum() / len(labels)"), REACHED, BEST, RESULT, "you divide by"),
    (
        "of largest",
        BARS.replace(", j]", "].max(1)"),
        REACHED,
        BEST,
        RESULT,
        "largest probability of",
    ),
    (
        "of right answers",
        BARS.replace("labels == j,", "(labels == j) & (probabilities.argmax(1) == j),"),
        REACHED,
        BEST,
        RESULT,
        "and answered with j",
    ),
    ("rounded", BARS + ".round(1)", REACHED, BEST, RESULT, ""),
    ("three classes", BARS.replace("range(k)", "range(3)"), REACHED, BEST, RESULT, "IndexError"),
    ("bar of the label", BARS, "probabilities >= bars[labels][:, None]", BEST, RESULT, ""),
    (
        "unless likeliest",
        BARS,
        REACHED,
        BEST,
        RESULT[:-1] + " & (probabilities.argmax(1) != labels))",
        "likeliest class of all",
    ),
    (
        "own missed",
        BARS,
        REACHED,
        BEST,
        "np.flatnonzero(probabilities[np.arange(len(labels)), labels] < bars[labels])",
        "the given class",
    ),
    ("np.where", BARS, REACHED, BEST, RESULT.replace("flatnonzero", "where"), "take its [0]"),
    ("argwhere", BARS, REACHED, BEST, RESULT.replace("flatnonzero", "argwhere"), "one dimension"),
    ("a set", BARS, REACHED, BEST, f"set({RESULT})", "a set is neither"),
    ("a dict", BARS, REACHED, BEST, f"dict.fromkeys({RESULT})", "a dict is neither"),
    ("a table", BARS, REACHED, BEST, f"pd.DataFrame({RESULT})", "one dimension"),
    ("backwards", BARS, REACHED, BEST, RESULT + "[::-1]", "ascending"),
    ("from 1", BARS, REACHED, BEST, RESULT + " + 1", "from 0"),
    ("rows", BARS, REACHED, BEST, f"probabilities[{RESULT}]", "one dimension"),
    ("labels", BARS, REACHED, BEST, f"labels[{RESULT}]", "labels of the flagged"),
    ("their classes", BARS, REACHED, BEST, f"best[{RESULT}]", "items' indices"),
    ("share", BARS, REACHED, BEST, f"len({RESULT}) / len(labels)", "one number"),
    (
        "by confidence",
        BARS,
        REACHED,
        BEST,
        f"sorted({RESULT}, key=lambda i: probabilities[i, labels[i]])",
        "sorted by their",
    ),
    (
        "any other",
        BARS,
        "(probabilities >= bars) & (np.arange(k) != labels[:, None])",
        BEST,
        RESULT,
        "any other class",
    ),
]
WRONG = [
    ("10.1", "file", "'a'", "twin"),
    ("10.1", "visit", "'b'", "next visit"),
    ("10.1", "duplicate", "'c'", "Equal files"),
    *(
        ("10.2", name, NEEDED.format(resolved=r, none=none, half=half, result=result), word)
        for name, r, none, half, result, word in NEEDS
    ),
    *(
        ("10.3", name, FLAGGED.format(bars=bars, reached=r, best=best, result=result), word)
        for name, bars, r, best, result, word in FLAGS
    ),
    (
        "10.3",
        "argmax alone",
        "lambda labels, p: np.flatnonzero(p.argmax(1) != labels)",
        "answers otherwise",
    ),
    (
        "10.3",
        "in place",
        "def answer(labels, p):\n    bars = [p[labels == j, j].mean() for j in range(p.shape[1])]\n"
        "    p[p < bars] = -1\n    return np.flatnonzero((p.max(1) > 0) & (p.argmax(1) != labels))",
        "is no longer",
    ),
    ("10.4", "relabel", "'b'", "by definition"),
    ("10.4", "remove", "'c'", "Hard pictures"),
    ("10.4", "leave", "'d'", "ten minutes"),
    ("10.5", "mean", "'a'", "half of all"),
    ("10.5", "label", "'c'", "week"),
    ("10.5", "equal", "'d'", "does not mean equal"),
    ("10.6", "back", "lambda p, s, w: p[:, [w.index(n) for n in s]]", "way back"),
    ("10.6", "nothing", "lambda p, s, w: p", "still in the saved"),
    ("10.6", "sorted", "lambda p, s, w: p[:, np.argsort(s)]", "sorted the columns"),
    ("10.6", "argsort of wanted", "lambda p, s, w: p[:, np.argsort(w)]", ""),
    ("10.6", "values sorted", "lambda p, s, w: np.sort(p, axis=1)", "nobody knows"),
    ("10.6", "columns", "lambda p, s, w: [s.index(n) for n in w]", "These are the columns"),
    ("10.6", "rows", "lambda p, s, w: p[[s.index(n) % len(p) for n in w]]", ""),
    ("10.6", "turned", "lambda p, s, w: p[:, [s.index(n) for n in w]].T", "swapped"),
    ("10.6", "class", "lambda p, s, w: p[:, [s.index(n) for n in w]].argmax(1)", "likeliest"),
    ("10.6", "reversed", "lambda p, s, w: p[:, ::-1]", ""),
    ("10.6", "table", "lambda p, s, w: dict(zip(w, p.T))", ""),
    (
        "10.6",
        "reshaped",
        "lambda p, s, w: np.stack([p[:, s.index(n)] for n in w]).reshape(p.shape)",
        "cuts",
    ),
    ("10.6", "stacked", "lambda p, s, w: np.stack([p[:, s.index(n)] for n in w])", "swapped"),
    (
        "10.6",
        "other names",
        "lambda p, s, w: pd.DataFrame(p, columns=w).to_numpy()",
        "still in the saved",
    ),
    (
        "10.6",
        "names turned",
        "lambda p, s, w: pd.DataFrame(p, columns=w)[s].to_numpy()",
        "way back",
    ),
    (
        "10.6",
        "reindexed rows",
        "lambda p, s, w: pd.DataFrame(p, columns=s).reindex(w).to_numpy()",
        "shape",
    ),
    ("10.6", "one before", "lambda p, s, w: p[:, [s.index(n) - 1 for n in w]]", ""),
    ("10.6", "first item", "lambda p, s, w: p[0, [s.index(n) for n in w]]", "shape (3,)"),
    ("10.6", "flat", "lambda p, s, w: p[:, [s.index(n) for n in w]].ravel()", "shape (12,)"),
    ("10.6", "rounded", "lambda p, s, w: p[:, [s.index(n) for n in w]].round(3)", "rounded"),
    ("10.6", "names too", "lambda p, s, w: (p[:, [s.index(n) for n in w]], w)", "tuple"),
    ("10.6", "argsort twice", "lambda p, s, w: p[:, np.argsort(np.argsort(w))]", ""),
    ("10.6", "which are there", "lambda p, s, w: p[:, np.isin(s, w)]", "still in the saved"),
    (
        "10.6",
        "in place, right",
        "def answer(p, s, w):\n    p[:] = p[:, [s.index(n) for n in w]]\n    return p",
        "is no longer",
    ),
    (
        "10.6",
        "in place, nothing returned",
        "def answer(p, s, w):\n    p[:] = p[:, [s.index(n) for n in w]]",
        "is no longer",
    ),
    (
        "10.6",
        "column after column",
        "def answer(p, s, w):\n    for j, n in enumerate(w):\n        p[:, j] = p[:, s.index(n)]\n"
        "    return p",
        "is no longer",
    ),
    ("10.6", "in place", "def answer(p, s, w):\n    s.sort()\n    return p", "is no longer"),
]
