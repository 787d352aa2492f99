"""Wrong answers to lesson 14: exercise, name, code and a word of the message."""

ERROR = """
def answer(confidence, right, edges):
    gaps, counts = [], []
    for low, high in zip(edges[:-1], edges[1:]):
        own = {own}
        if {when}:
            gaps.append({gap})
            counts.append(own.sum())
    gaps, counts = np.array(gaps), np.array(counts)
    return {result}
"""
OWN = "(low < confidence) & (confidence <= high)"
ANY = "own.any()"
GAP = "abs(confidence[own].mean() - right[own].mean())"
MEAN = "(gaps * counts).sum() / len(confidence)"
ERRORS = [
    ("plain mean", OWN, ANY, GAP, "gaps.mean()", "plain mean"),
    ("by intervals", OWN, ANY, GAP, "gaps.sum() / (len(edges) - 1)", "number of intervals"),
    ("with its sign", OWN, ANY, GAP[3:], MEAN, "absolute value"),
    ("turned round", OWN, ANY, f"-{GAP[3:]}", MEAN, "turned round"),
    ("the middle", OWN, ANY, "abs((low + high) / 2 - right[own].mean())", MEAN, "middle"),
    ("the lower end", OWN, ANY, "abs(low - right[own].mean())", MEAN, ""),
    ("the upper end", OWN, ANY, "abs(high - right[own].mean())", MEAN, ""),
    (
        "upper end left out",
        "(low <= confidence) & (confidence < high)",
        ANY,
        GAP,
        MEAN,
        "interval below",
    ),
    ("both ends", "(low <= confidence) & (confidence <= high)", ANY, GAP, MEAN, "equals an end"),
    ("no end", "(low < confidence) & (confidence < high)", ANY, GAP, MEAN, "equals an end"),
    ("largest", OWN, ANY, GAP, "gaps.max()", "largest error"),
    ("squares", OWN, ANY, f"{GAP} ** 2", MEAN, "squared"),
    ("root of squares", OWN, ANY, f"{GAP} ** 2", f"np.sqrt({MEAN})", "root"),
    ("a sum", OWN, ANY, GAP, "(gaps * counts).sum()", "did not divide"),
    ("plain sum", OWN, ANY, GAP, "gaps.sum()", ""),
    ("percent", OWN, ANY, GAP, f"100 * {MEAN}", "percent"),
    ("empty ones too", OWN, "True", GAP, MEAN, "empty"),
    ("at least two", OWN, "own.sum() > 1", GAP, MEAN, ""),
    ("three places", OWN, ANY, GAP, f"round({MEAN}, 3)", "rounded"),
    ("two places", OWN, ANY, GAP, f"round({MEAN}, 2)", "rounded"),
    ("a list", OWN, ANY, GAP, "gaps", "of shape"),
    ("a text", OWN, ANY, GAP, f"str({MEAN})", "a text"),
    (
        "median confidence",
        OWN,
        ANY,
        "abs(np.median(confidence[own]) - right[own].mean())",
        MEAN,
        "",
    ),
    ("weights are shares of right ones", OWN, ANY, GAP, "(gaps * counts).mean()", ""),
    (
        "sorted in place",
        OWN,
        ANY,
        GAP,
        f"(confidence.sort(), {MEAN})[1]",
        "`confidence` is no longer",
    ),
]
ERRORS_WHOLE = [
    ("over all", "lambda c, r, e: abs(c.mean() - r.mean())", "both means over all"),
    ("each by itself", "lambda c, r, e: np.abs(c - r).mean()", "each answer by itself"),
    ("Brier", "lambda c, r, e: ((c - r) ** 2).mean()", "Brier"),
    ("accuracy", "lambda c, r, e: r.mean()", ""),
    ("wrong share", "lambda c, r, e: 1 - r.mean()", ""),
]

BEST = """
def answer(scores, labels, candidates):
    losses = []
    for candidate in candidates:
        scaled = {scaled}
        {shift}
        chances = np.exp(scaled) / np.exp(scaled).sum({axis}, keepdims=True)
        logs = scaled - np.log(np.exp(scaled).sum({axis}, keepdims=True))
        of_truth = logs[np.arange(len(labels)), labels]
        losses.append({loss})
    return {result}
"""
SCALED = "scores / candidate"
SHIFT = "scaled = scaled - scaled.max({axis}, keepdims=True)"
LOSS = "-of_truth.mean()"
FIRST = "candidates[int(np.argmin(losses))]"
TEMPERATURES = [
    ("multiplied", "scores * candidate", SHIFT, 1, LOSS, FIRST, "multiplied"),
    ("subtracted", "scores - candidate", SHIFT, 1, LOSS, FIRST, ""),
    ("largest loss", SCALED, SHIFT, 1, LOSS, FIRST.replace("min", "max"), "largest loss"),
    ("sign forgotten", SCALED, SHIFT, 1, "of_truth.mean()", FIRST, "largest loss"),
    (
        "named class",
        SCALED,
        SHIFT,
        1,
        "-logs.max(1).mean()",
        FIRST,
        "class that the head names",
    ),
    (
        "no logarithm",
        SCALED,
        SHIFT,
        1,
        "-chances[np.arange(len(labels)), labels].mean()",
        FIRST,
        "left out the logarithm",
    ),
    (
        "gap of means",
        SCALED,
        SHIFT,
        1,
        "abs(chances.max(1).mean() - (chances.argmax(1) == labels).mean())",
        FIRST,
        "mean confidence and accuracy",
    ),
    (
        "accuracy",
        SCALED,
        SHIFT,
        1,
        "(chances.argmax(1) != labels).mean()",
        FIRST,
        "changes no answer",
    ),
    (
        "Brier",
        SCALED,
        SHIFT,
        1,
        "((chances - np.eye(scores.shape[1])[labels]) ** 2).sum(1).mean()",
        FIRST,
        "Brier",
    ),
    ("over items", SCALED, SHIFT, 0, LOSS, FIRST, "over the items"),
    ("median", SCALED, SHIFT, 1, "np.median(-of_truth)", FIRST, "median"),
    ("largest", SCALED, SHIFT, 1, "-of_truth.min()", FIRST, ""),
    ("place", SCALED, SHIFT, 1, LOSS, "int(np.argmin(losses))", "place of the best"),
    ("the loss", SCALED, SHIFT, 1, LOSS, "min(losses)", "smallest loss"),
    ("all losses", SCALED, SHIFT, 1, LOSS, "losses", "of shape"),
    (
        "last of equals",
        SCALED,
        SHIFT,
        1,
        LOSS,
        "[c for c, l in zip(candidates, losses) if l == min(losses)][-1]",
        "take the first",
    ),
    ("inverse", SCALED, SHIFT, 1, LOSS, f"1 / {FIRST}", "1 divided by"),
    (
        "all classes",
        SCALED,
        SHIFT,
        1,
        "-logs.mean()",
        FIRST,
        "largest candidate",
    ),
    (
        "scores not shifted, scaled in place",
        "scores",
        "scores /= candidate; scaled = scores - scores.max(1, keepdims=True)",
        1,
        LOSS,
        FIRST,
        "`scores` is no longer",
    ),
]
TEMPERATURES_WHOLE = [
    (
        "exponent too large",
        "def answer(s, y, ts):\n    def loss(t):\n        e = np.exp(s / t)\n"
        "        p = e / e.sum(1, keepdims=True)\n"
        "        return -np.log(p[np.arange(len(y)), y]).mean()\n"
        "    return ts[int(np.argmin([loss(t) for t in ts]))]",
        "infinite",
    ),
    (
        "probabilities divided",
        "def answer(s, y, ts):\n    e = np.exp(s - s.max(1, keepdims=True))\n"
        "    p = e / e.sum(1, keepdims=True)\n    def loss(t):\n        q = p / t\n"
        "        q = q / q.sum(1, keepdims=True)\n"
        "        return -np.log(q[np.arange(len(y)), y] + 1e-9).mean().round(9)\n"
        "    return ts[int(np.argmin([loss(t) for t in ts]))]",
        "divided and made to add up",
    ),
    ("smallest", "lambda s, y, ts: min(ts)", "smallest candidate"),
    ("largest candidate", "lambda s, y, ts: max(ts)", "largest candidate"),
    ("always 1", "lambda s, y, ts: 1.0", ""),
    ("mean of the candidates", "lambda s, y, ts: sum(ts) / len(ts)", ""),
    ("a text", "lambda s, y, ts: str(ts[0])", "text"),
]

BOUND = """
def answer(scores, alpha):
    n = len(scores)
    r = {rank}
    ordered = {ordered}
    return {result}
"""
RANK = "math.ceil((n + 1) * (1 - alpha))"
ORDERED = "np.sort(scores)"
TAKEN = "ordered[max(r, 1) - 1] if r <= n else float('inf')"
BOUNDS = [
    ("n places", "math.ceil(n * (1 - alpha))", ORDERED, TAKEN, "counted n places"),
    ("down", "int((n + 1) * (1 - alpha))", ORDERED, TAKEN, "rounded down"),
    ("nearest", "round((n + 1) * (1 - alpha))", ORDERED, TAKEN, "nearest"),
    ("down and one", "int((n + 1) * (1 - alpha)) + 1", ORDERED, TAKEN, "whole number"),
    ("n and one", "math.ceil(n * (1 - alpha)) + 1", ORDERED, TAKEN, ""),
    ("n plus two", "math.ceil((n + 2) * (1 - alpha))", ORDERED, TAKEN, ""),
    ("n minus one", "math.ceil((n - 1) * (1 - alpha))", ORDERED, TAKEN, ""),
    ("one more", f"{RANK} + 1", ORDERED, TAKEN, "next larger"),
    ("one less", f"{RANK} - 1", ORDERED, TAKEN, "next smaller"),
    ("alpha", "math.ceil((n + 1) * alpha)", ORDERED, TAKEN, "how often one may miss"),
    ("half of alpha", "math.ceil((n + 1) * (1 - alpha / 2))", ORDERED, TAKEN, ""),
    ("from the largest", RANK, "np.sort(scores)[::-1]", TAKEN, "from the largest"),
    ("unsorted", RANK, "scores", TAKEN, "did not sort"),
    ("the largest beyond", RANK, ORDERED, "ordered[min(r, n) - 1]", "is not enough"),
    ("nan beyond", RANK, ORDERED, TAKEN.replace("inf", "nan"), "nan is neither"),
    ("1 beyond", RANK, ORDERED, TAKEN.replace("float('inf')", "1.0"), "ends at 1"),
    ("None beyond", RANK, ORDERED, TAKEN.replace("float('inf')", "None"), "returns None"),
    ("0 beyond", RANK, ORDERED, TAKEN.replace("float('inf')", "0.0"), ""),
    ("minus infinity", RANK, ORDERED, TAKEN.replace("'inf'", "'-inf'"), ""),
    ("no guard", RANK, ORDERED, "ordered[r - 1]", "IndexError"),
    ("the rank", RANK, ORDERED, "r", "That is the rank"),
    ("all up to it", RANK, ORDERED, "ordered[:r]", ""),
    ("two places", RANK, ORDERED, f"round(float({TAKEN}), 2)", "rounded"),
    ("a text", RANK, ORDERED, f"str({TAKEN})", "text"),
    (
        "higher of numpy",
        RANK,
        ORDERED,
        "np.quantile(scores, r / n, method='higher') if r <= n else np.inf",
        "counts from 0",
    ),
    (
        "level of numpy",
        RANK,
        ORDERED,
        "np.quantile(scores, r / n) if r <= n else np.inf",
        "mean of two scores",
    ),
    (
        "level of numpy, which rounds",
        RANK,
        ORDERED,
        "np.quantile(scores, r / n, method='inverted_cdf') if r <= n else np.inf",
        "whole number",
    ),
    ("plain quantile", RANK, ORDERED, "np.quantile(scores, 1 - alpha)", "plain quantile"),
    ("other end", RANK, ORDERED, "np.quantile(scores, alpha)", ""),
    (
        "plain quantile, no mean",
        RANK,
        ORDERED,
        "np.quantile(scores, 1 - alpha, method='inverted_cdf')",
        "counted n places",
    ),
    ("probability", RANK, ORDERED, f"1 - ({TAKEN})", ""),
    ("sorted in place", RANK, "(scores.sort(), scores)[1]", TAKEN, "`scores` is no longer"),
]

SHARES = """
def answer(labels, answered, new, k):
    counts = np.zeros((k, k))
    for i, j in zip(answered, labels):
        counts[i, j] += 1
    C = {matrix}
    a = {a}
    p = {solved}
    return {result}
"""
C = "counts / counts.sum(axis=0)"
A = "np.bincount(new, minlength=k) / len(new)"
P = "np.linalg.solve(C, a)"
SHARED = [
    ("answers", C, A, P, "a", "mistakes are still in them"),
    ("swapped", f"({C}).T", A, P, "p", "swapped"),
    ("rows", "counts / counts.sum(1, keepdims=True).clip(1)", A, P, "p", "each row by its sum"),
    (
        "rows as columns",
        "(counts / counts.sum(1, keepdims=True).clip(1)).T",
        A,
        P,
        "p",
        "swapped rows",
    ),
    ("columns by row sums", "counts / counts.sum(1).clip(1)", A, P, "p", ""),
    ("rows by column sums", "counts.T / counts.sum(0)", A, P, "p", ""),
    ("weights", "counts / counts.sum()", A, P, "p", "are weights"),
    ("counts", "counts", A, P, "p", "holds counts"),
    ("multiplied", C, A, "C @ a", "p", "once more"),
    ("multiplied by the other side", C, A, "a @ C", "p", "multiplied by C"),
    ("answers at home", C, A.replace("new", "answered"), P, "p", "at home"),
    ("classes at home", C, A, P, "np.bincount(labels, minlength=k) / len(labels)", "at home"),
    ("numbers", C, "np.bincount(new, minlength=k)", P, "p", "numbers of items"),
    (
        "by the shares at home",
        C,
        A,
        P,
        "p / (np.bincount(labels, minlength=k) / len(labels))",
        "weights",
    ),
    ("cut at 0", C, A, P, "p.clip(0)", "Right where no share is below 0"),
    ("cut and made 1", C, A, P, "p.clip(0) / p.clip(0).sum()", "as the course's own"),
    ("no sign", C, A, P, "abs(p)", "dropped the sign"),
    ("between 0 and 1", C, A, P, "p.clip(0, 1)", ""),
    ("a column", C, A, P, "p[:, None]", "in a column"),
    ("the last one", C, A, P, "p[-1]", ""),
    ("two places", C, A, P, "p.round(2)", "rounded"),
    ("largest first", C, A, P, "np.sort(p)[::-1]", ""),
    ("a dict", C, A, P, "dict(enumerate(p))", "dict"),
    ("the rest", C, A, P, "1 - p", ""),
    ("backwards", C, A, P, "p[::-1]", ""),
    ("hits alone", f"np.diag(np.diag({C}))", A, P, "p", ""),
    ("hits alone, made 1", C, A, "a / np.diag(C)", "p / p.sum()", ""),
    ("a little more", f"{C} + 0.01 * np.eye(k)", A, P, "p", ""),
    ("new counts by all", C, "np.bincount(new, minlength=k) / len(labels)", P, "p", ""),
    (
        "in place",
        C,
        A,
        P,
        "(new.sort(), p)[1]",
        "`new` is no longer",
    ),
]

WRONG = [
    *(
        ("14.1", name, ERROR.format(own=own, when=when, gap=gap, result=result), word)
        for name, own, when, gap, result, word in ERRORS
    ),
    *(("14.1", name, code, word) for name, code, word in ERRORS_WHOLE),
    *(
        (
            "14.2",
            name,
            BEST.format(
                scaled=scaled, shift=shift.format(axis=axis), axis=axis, loss=loss, result=result
            ),
            word,
        )
        for name, scaled, shift, axis, loss, result, word in TEMPERATURES
    ),
    *(("14.2", name, code, word) for name, code, word in TEMPERATURES_WHOLE),
    *(
        ("14.3", name, BOUND.format(rank=rank, ordered=ordered, result=result), word)
        for name, rank, ordered, result, word in BOUNDS
    ),
    *(
        ("14.4", name, SHARES.format(matrix=matrix, a=a, solved=solved, result=result), word)
        for name, matrix, a, solved, result, word in SHARED
    ),
    ("14.5", "sets", "'a'", "drawn like the held-out"),
    ("14.5", "home", "'b'", "more confident than right"),
    ("14.5", "shares", "'d'", "Within a class"),
]
