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
        "one bar for all",
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
    ("unreached too", BARS, REACHED, BEST, "np.flatnonzero(best != labels)", "no bar at all"),
    ("mask", BARS, REACHED, BEST, RESULT.replace("np.flatnonzero", ""), "indices"),
    ("count", BARS, REACHED, BEST, f"len({RESULT})", "how many"),
    ("the others", BARS, REACHED, BEST, RESULT.replace("(reached", "(~(reached") + ")", ""),
    ("below", BARS, "probabilities <= bars", BEST, RESULT, ""),
    ("classes", BARS, REACHED, BEST, "best", "These are classes"),
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
    ("10.5", "mean", "'a'", "nearly half"),
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
    ("10.6", "in place", "def answer(p, s, w):\n    s.sort()\n    return p", "is no longer"),
]
