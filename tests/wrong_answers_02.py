"""Wrong answers to lesson 02: exercise, name, code and a word of the message."""

UNIT = """
def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)
"""

NEAREST = [
    ("distance", "y[((q[:, None] - x) ** 2).sum(2).argmin(1)]", "distance"),
    ("plain product", "y[(q @ x.T).argmax(1)]", "plain product"),
    (
        "rows divided by their sum",
        "y[((q / np.abs(q).sum(1)[:, None]) @ (x / np.abs(x).sum(1)[:, None]).T).argmax(1)]",
        "absolute values",
    ),
    (
        "rows divided by their largest",
        "y[(q @ (x / np.abs(x).max(1)[:, None]).T).argmax(1)]",
        "",
    ),
    ("no sign", "y[np.abs(unit(q) @ unit(x).T).argmax(1)]", "without its sign"),
    ("squared cosine", "y[((unit(q) @ unit(x).T) ** 2).argmax(1)]", "without its sign"),
    ("columns of length one", "y[(q @ (x / np.linalg.norm(x, axis=0)).T).argmax(1)]", "columns"),
    ("one length for all", "y[(q / np.linalg.norm(q) @ (x / np.linalg.norm(x)).T).argmax(1)]", ""),
    ("only the test rows", "y[(unit(q) @ x.T).argmax(1)]", "plain product"),
    ("the indices", "(unit(q) @ unit(x).T).argmax(1)", "labels"),
    ("the cosines", "(unit(q) @ unit(x).T).max(1)", ""),
    ("the least similar", "y[(unit(q) @ unit(x).T).argmin(1)]", "least similar"),
    ("wrong axis", "y[(unit(q) @ unit(x).T).argmax(0)]", ""),
    ("for the training rows", "y[(unit(x) @ unit(x).T).argmax(1)]", "of shape"),
    ("centred", "y[(unit(q - x.mean(0)) @ unit(x - x.mean(0)).T).argmax(1)]", "centred"),
    (
        "correlation",
        "y[(unit(q - q.mean(1)[:, None]) @ unit(x - x.mean(1)[:, None]).T).argmax(1)]",
        "",
    ),
    ("a column", "y[(unit(q) @ unit(x).T).argmax(1)][:, None]", "of shape"),
    ("majority", "np.full(len(q), np.bincount(y).argmax())", ""),
    (
        "three neighbours",
        "[Counter(y[o[:3]]).most_common(1)[0][0] for o in np.argsort(-unit(q) @ unit(x).T)]",
        "",
    ),
    ("absolute distance of unit rows", "y[(unit(q)[:, None] - unit(x)).sum(2).argmin(1)]", ""),
]

DRAWS = [
    ("not nested", "[rng(seed + k).choice(i, k, replace=False) for i in of_class]", "Shuffle once"),
    ("with repeats", "[np.sort(rng(seed).choice(i, 50))[:k] for i in of_class]", "twice"),
    ("the first", "[i[:k] for i in of_class]", "Every seed"),
    ("the last", "[i[-k:] for i in of_class]", "Every seed"),
    ("seed 42", "[rng(42).permutation(i)[:k] for i in of_class]", "Every seed"),
    ("no seed", "[rng().permutation(i)[:k] for i in of_class]", "same seed"),
    ("one too many", "[rng(seed).permutation(i)[:k + 1] for i in of_class]", "per_class"),
    ("one too few", "[rng(seed).permutation(i)[:k - 1] for i in of_class]", "Not every class"),
    ("never the last item", "[rng(seed).permutation(i[:-1])[:k] for i in of_class]", ""),
    ("a run of items", "[np.sort(i)[(seed + np.arange(k)) % 3] for i in of_class]", ""),
    ("places in the class", "[rng(seed).permutation(len(i))[:k] for i in of_class]", ""),
    ("the labels", "[labels[rng(seed).permutation(i)[:k]] for i in of_class]", "These are labels"),
    ("counted from 1", "[rng(seed).permutation(i)[:k] + 1 for i in of_class]", ""),
    ("one class left out", "[rng(seed).permutation(i)[:k] for i in of_class[1:]]", "drawn from"),
    ("floats", "[rng(seed).permutation(i)[:k] * 1.0 for i in of_class]", "whole number"),
    ("texts", "[rng(seed).permutation(i)[:k].astype(str) for i in of_class]", "one array"),
    (
        "per_class of all",
        "[rng(seed).permutation(len(labels))[:k * len(of_class)]]",
        "large classes",
    ),
    (
        "classes 0 to n",
        "[rng(seed).permutation(np.flatnonzero(labels == c))[:k] for c in range(len(of_class))]",
        "not every whole number",
    ),
]

SCALE = [
    (
        "the mean of both",
        "c = np.concatenate([a, b]).mean(0)\nreturn unit(a - c), unit(b - c)",
        "leaked",
    ),
    ("each its own mean", "return unit(a - a.mean(0)), unit(b - b.mean(0))", "own mean"),
    ("not of length one", "return a - a.mean(0), b - a.mean(0)", "not yet of length one"),
    ("not centred", "return unit(a), unit(b)", "not centred"),
    ("one mean for all", "return unit(a - a.mean()), unit(b - a.mean())", "one number"),
    (
        "spread",
        "return (a - a.mean(0)) / a.std(0), (b - a.mean(0)) / a.std(0)",
        "divides each feature",
    ),
    (
        "length one first",
        "return unit(a) - unit(a).mean(0), unit(b) - unit(a).mean(0)",
        "",
    ),
    ("median", "return unit(a - np.median(a, 0)), unit(b - np.median(a, 0))", ""),
    (
        "mean of the row",
        "return unit(a - a.mean(1, keepdims=True)), unit(b - b.mean(1, keepdims=True))",
        "own mean",
    ),
    ("swapped", "return unit(b - a.mean(0)), unit(a - a.mean(0))", "swapped"),
    ("training alone", "return unit(a - a.mean(0))", "2 arrays"),
    ("joined", "return np.concatenate([unit(a - a.mean(0)), unit(b - a.mean(0))])", "2 arrays"),
    (
        "sum of absolute values",
        "a, b = a - a.mean(0), b - a.mean(0)\n"
        "return a / np.abs(a).sum(1)[:, None], b / np.abs(b).sum(1)[:, None]",
        "absolute values",
    ),
    (
        "one length for all",
        "a, b = a - a.mean(0), b - a.mean(0)\nreturn a / np.linalg.norm(a), b / np.linalg.norm(b)",
        "",
    ),
    (
        "squared length",
        "a, b = a - a.mean(0), b - a.mean(0)\n"
        "return a / (a**2).sum(1)[:, None], b / (b**2).sum(1)[:, None]",
        "",
    ),
    ("in place", "m = a.mean(0)\na -= m\nb -= m\nreturn unit(a), unit(b)", "`a` and `b`"),
    ("test mean", "return unit(a - b.mean(0)), unit(b - b.mean(0))", ""),
    ("mean of what is centred", "a = a - a.mean(0)\nreturn unit(a), unit(b - a.mean(0))", ""),
    ("rounded", "return unit(a - a.mean(0)).round(3), unit(b - a.mean(0)).round(3)", "rounded"),
]

FROZEN = [
    ("gradients alone", "model.requires_grad_(False)\nreturn model", "running mean"),
    ("evaluation alone", "return model.eval()", "open to gradients"),
    ("attribute of the model", "model.requires_grad = False\nreturn model.eval()", "gradients"),
    (
        "direct children",
        "model.requires_grad_(False)\nfor child in model.children():\n"
        "    if isinstance(child, nn.BatchNorm2d):\n        child.eval()\nreturn model",
        "outermost",
    ),
    (
        "mode of direct children",
        "model.requires_grad_(False)\nfor child in model.children():\n"
        "    child.training = False\nreturn model",
        "outermost",
    ),
    (
        "weights of direct children",
        "for child in model.children():\n    for weight in child._parameters.values():\n"
        "        if weight is not None:\n            weight.requires_grad = False\n"
        "return model.eval()",
        "however deep",
    ),
    (
        "children's weights but not its own",
        "for child in model.children():\n    child.requires_grad_(False)\nreturn model.eval()",
        "frozen and some are not",
    ),
    (
        "children's mode but not its own",
        "model.requires_grad_(False)\nfor child in model.children():\n    child.eval()\n"
        "return model",
        "BatchNorm layer itself",
    ),
    (
        "BatchNorm2d alone",
        "model.requires_grad_(False)\nfor m in model.modules():\n"
        "    if isinstance(m, nn.BatchNorm2d):\n        m.eval()\nreturn model",
        "more than one kind",
    ),
    (
        "all but the last layer",
        "for weight in list(model.parameters())[:-2]:\n    weight.requires_grad = False\n"
        "return model.eval()",
        "",
    ),
    (
        "weights but not biases",
        "for name, weight in model.named_parameters():\n    if 'bias' not in name:\n"
        "        weight.requires_grad = False\nreturn model.eval()",
        "some are not",
    ),
    (
        "a copy",
        "model = copy.deepcopy(model)\nmodel.requires_grad_(False)\nreturn model.eval()",
        "a copy",
    ),
    ("nothing returned", "model.requires_grad_(False)\nmodel.eval()", "not returned"),
    (
        "no running statistics",
        "model.requires_grad_(False)\nfor m in model.modules():\n"
        "    if hasattr(m, 'running_mean'):\n        m.track_running_stats = False\n"
        "        m.running_mean = m.running_var = None\nreturn model.eval()",
        "",
    ),
    (
        "momentum 0",
        "model.requires_grad_(False)\nfor m in model.modules():\n    m.momentum = 0.\nreturn model",
        "",
    ),
    (
        "erased",
        "model.requires_grad_(False)\nfor weight in model.parameters():\n    weight.zero_()\n"
        "return model.eval()",
        "not erased",
    ),
    (
        "statistics set anew",
        "model.requires_grad_(False)\nfor m in model.modules():\n"
        "    if hasattr(m, 'reset_running_stats'):\n        m.reset_running_stats()\n"
        "return model.eval()",
        "as before",
    ),
    ("no_grad", "with torch.no_grad():\n    model.eval()\nreturn model", "open to gradients"),
    (
        "training mode in the end",
        "model.requires_grad_(False).eval()\nreturn model.train()",
        "running mean",
    ),
    (
        "weights returned",
        "model.requires_grad_(False).eval()\nreturn model.state_dict()",
        "return model",
    ),
]

WHOLE = """
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler
from tlhelpers.evaluation.significance import wilson
from tlhelpers.models.heads import new_linear_head

def answer(x, y, g, held):
    test = np.isin(g, held)
    head = new_linear_head().fit(x[~test], y[~test])
    right = head.predict(x[test]) == y[test]
    s = np.array([right[g[test] == name].mean() for name in np.unique(g[test])])
    e = 1.96 * s.std(ddof=1) / np.sqrt(len(s))
    {code}
    return s.mean(), s.mean() - e, s.mean() + e
"""
# What replaces a line of WHOLE, or comes before its last one.
LINES = {
    "mask": "test = np.isin(g, held)",
    "head": "head = new_linear_head().fit(x[~test], y[~test])",
    "right": "right = head.predict(x[test]) == y[test]",
    "shares": "s = np.array([right[g[test] == name].mean() for name in np.unique(g[test])])",
    "error": "e = 1.96 * s.std(ddof=1) / np.sqrt(len(s))",
    "last": "{code}",
}
TRANSFERS = [
    ("learns from all rows", "head", "head = new_linear_head().fit(x, y)", "what it knows"),
    ("sides swapped", "mask", "test = ~np.isin(g, held)", "sides are swapped"),
    ("a random half", "mask", "test = np.random.default_rng(0).random(len(y)) < 0.5", ""),
    ("the last rows", "mask", "test = np.arange(len(y)) >= 0.7 * len(y)", ""),
    (
        "one row of each group held out",
        "mask",
        "test = np.isin(np.arange(len(g)), np.unique(g, return_index=True)[1])",
        "",
    ),
    (
        "centred on all rows",
        "head",
        "x = x - x.mean(0)\n    head = make_pipeline(Normalizer(), LogisticRegression(C=10,"
        " max_iter=2000)).fit(x[~test], y[~test])",
        "over all rows",
    ),
    (
        "not centred",
        "head",
        "head = make_pipeline(Normalizer(), LogisticRegression(C=10, max_iter=2000))"
        ".fit(x[~test], y[~test])",
        "not centred",
    ),
    (
        "not of length one",
        "head",
        "head = make_pipeline(StandardScaler(with_std=False), LogisticRegression(C=10,"
        " max_iter=2000)).fit(x[~test], y[~test])",
        "not of length one",
    ),
    ("another penalty", "head", "head = new_linear_head(1.0).fit(x[~test], y[~test])", "penalty"),
    (
        "a plain head",
        "head",
        "head = LogisticRegression(max_iter=2000).fit(x[~test], y[~test])",
        "plain LogisticRegression",
    ),
    (
        "nearest neighbour",
        "head",
        "head = KNeighborsClassifier(1, metric='cosine').fit(x[~test], y[~test])",
        "nearest neighbour",
    ),
    (
        "the centre of the test rows too",
        "right",
        "right = head.predict(x[test] - x[test].mean(0) + x[~test].mean(0)) == y[test]",
        "",
    ),
    ("rows once", "shares", "s = right.astype(float)", "Each row counts once"),
    (
        "most of the rows",
        "shares",
        "s = np.array([right[g[test] == n].mean() > 0.5 for n in np.unique(g[test])]) * 1.0",
        "most of its rows",
    ),
    (
        "all of the rows",
        "shares",
        "s = np.array([right[g[test] == n].all() for n in np.unique(g[test])]) * 1.0",
        "only if all",
    ),
    (
        "by class",
        "shares",
        "s = np.array([right[y[test] == c].mean() for c in np.unique(y[test])])",
        "",
    ),
    (
        "one row of each group tested",
        "shares",
        "s = right[np.unique(g[test], return_index=True)[1]].astype(float)",
        "",
    ),
    (
        "median",
        "last",
        "return np.median(s), np.median(s) - e, np.median(s) + e",
        "",
    ),
    ("no ddof", "error", "e = 1.96 * s.std() / np.sqrt(len(s))", "ddof=1"),
    ("spread of groups", "error", "e = 1.96 * s.std(ddof=1)", "spread of single groups"),
    ("number itself", "error", "e = 1.96 * s.std(ddof=1) / len(s)", ""),
    ("root of rows", "error", "e = 1.96 * s.std(ddof=1) / np.sqrt(test.sum())", "number of rows"),
    ("one error", "error", "e = s.std(ddof=1) / np.sqrt(len(s))", "two thirds"),
    ("99 per cent", "error", "e = 2.576 * s.std(ddof=1) / np.sqrt(len(s))", ""),
    ("variance", "error", "e = 1.96 * s.var(ddof=1) / np.sqrt(len(s))", ""),
    ("quantiles", "last", "return s.mean(), *np.quantile(s, [0.025, 0.975])", ""),
    (
        "Wilson of rows",
        "last",
        "return right.mean(), *wilson(int(right.sum()), len(right))",
        "Wilson",
    ),
    (
        "learns from its own answers",
        "head",
        "head = new_linear_head().fit(x[~test], y[~test])\n"
        "    head = new_linear_head().fit(x, np.where(test, head.predict(x), y))",
        "the first one's answers for labels",
    ),
    (
        "names that hold a held-out name",
        "mask",
        "test = np.array([any(name in one for name in held) for one in g])",
        "",
    ),
    ("one group not tested", "mask", "test = np.isin(g, held[:-1])", ""),
    (
        "one row of each group trained",
        "head",
        "keep = ~test & np.isin(np.arange(len(y)), np.unique(g, return_index=True)[1])\n"
        "    head = new_linear_head().fit(x[keep], y[keep])",
        "",
    ),
    (
        "half of the rows trained",
        "head",
        "keep = np.flatnonzero(~test)[::2]\n    head = new_linear_head().fit(x[keep], y[keep])",
        "",
    ),
    (
        "balanced classes",
        "head",
        "head = new_linear_head()\n    head[-1].set_params(class_weight='balanced')\n"
        "    head.fit(x[~test], y[~test])",
        "",
    ),
    (
        "without intercept",
        "head",
        "head = new_linear_head()\n    head[-1].set_params(fit_intercept=False)\n"
        "    head.fit(x[~test], y[~test])",
        "",
    ),
    (
        "penalty chosen on the held-out rows",
        "head",
        "heads = [new_linear_head(c).fit(x[~test], y[~test]) for c in (0.1, 1, 10, 100, 1000)]\n"
        "    head = max(heads, key=lambda head: head.score(x[test], y[test]))",
        "",
    ),
    (
        "most frequent answer of each group",
        "right",
        "said = head.predict(x[test])\n    said = np.array([Counter(said[g[test] == name])"
        ".most_common(1)[0][0] for name in g[test]])\n    right = said == y[test]",
        "",
    ),
    (
        "groups of one row left out",
        "shares",
        "s = np.array([right[g[test] == name].mean() for name in np.unique(g[test]) "
        "if (g == name).sum() > 1])",
        "",
    ),
    (
        "each group left out by itself",
        "shares",
        "heads = [new_linear_head().fit(x[g != name], y[g != name]) for name in held]\n"
        "    s = np.array([h.score(x[g == n], y[g == n]) for h, n in zip(heads, held)])",
        "",
    ),
    (
        "first row of each group",
        "shares",
        "s = np.array([right[g[test] == n][0] for n in held]) * 1.0",
        "",
    ),
    (
        "any row of a group",
        "shares",
        "s = np.array([right[g[test] == n].any() for n in held]) * 1.0",
        "",
    ),
    (
        "each group centred",
        "mask",
        "test = np.isin(g, held)\n    x = x - np.stack([x[g == name].mean(0) for name in g])",
        "",
    ),
    (
        "groups weigh the same in the head",
        "head",
        "head = new_linear_head()\n    weights = [1 / (g == name).sum() for name in g[~test]]\n"
        "    head.fit(x[~test], y[~test], logisticregression__sample_weight=weights)",
        "",
    ),
    ("root of all groups", "error", "e = 1.96 * s.std(ddof=1) / len(np.unique(g)) ** 0.5", ""),
    ("root of one less", "error", "e = 1.96 * s.std(ddof=1) / (len(s) - 1) ** 0.5", ""),
    ("two errors", "error", "e = 2 * s.std(ddof=1) / np.sqrt(len(s))", ""),
    ("binomial", "error", "e = 1.96 * (s.mean() * (1 - s.mean()) / len(s)) ** 0.5", ""),
    (
        "bootstrap",
        "last",
        "means = np.random.default_rng(0).choice(s, (2000, len(s))).mean(axis=1)\n"
        "    return s.mean(), *np.quantile(means, [0.025, 0.975])",
        "",
    ),
    (
        "mean of the rows, interval of the groups",
        "last",
        "return right.mean(), s.mean() - e, s.mean() + e",
        "",
    ),
    (
        "cut off below",
        "last",
        "return s.mean(), max(s.mean() - e, 0), s.mean() + e",
        "lower end off",
    ),
    (
        "cut off above",
        "last",
        "return s.mean(), s.mean() - e, min(s.mean() + e, 1)",
        "upper end off",
    ),
    (
        "the normal interval of a spread of 0",
        "last",
        "from scipy.stats import norm, sem\n"
        "    return s.mean(), *norm.interval(0.95, s.mean(), sem(s))",
        "s is 0 and both ends are the mean",
    ),
    (
        "Student's t",
        "error",
        "from scipy.stats import sem, t\n    e = t.ppf(0.975, len(s) - 1) * sem(s)",
        "Student's t",
    ),
    ("cut off", "last", "return s.mean(), max(s.mean() - e, 0), min(s.mean() + e, 1)", "cut the"),
    ("upper first", "last", "return s.mean(), s.mean() + e, s.mean() - e", "ends are swapped"),
    ("in order", "last", "return s.mean() - e, s.mean(), s.mean() + e", "order"),
    ("distances", "last", "return s.mean(), e, e", "distances"),
    (
        "per cent",
        "last",
        "return 100 * s.mean(), 100 * (s.mean() - e), 100 * (s.mean() + e)",
        "per",
    ),
    ("errors", "last", "return 1 - s.mean(), 1 - s.mean() - e, 1 - s.mean() + e", "errors"),
    (
        "rounded",
        "last",
        "return round(s.mean(), 2), round(s.mean() - e, 2), round(s.mean() + e, 2)",
        "rounded",
    ),
    ("accuracy alone", "last", "return s.mean()", "three numbers"),
    ("mean and error", "last", "return s.mean(), e", ""),
    ("a dict", "last", "return dict(accuracy=s.mean(), low=s.mean() - e, high=s.mean() + e)", ""),
    ("a text", "last", "return f'{s.mean():.2f} ± {e:.2f}'", ""),
    ("the shares", "last", "return s", ""),
    ("in place", "mask", "test = np.isin(g, held)\n    x -= x[~test].mean(0)", "`x` is no longer"),
    ("sorts its argument", "last", "held.sort(); y.sort()", "`y` and `held` are"),
    ("nothing", "last", "return None", "returns None"),
]


def _whole(line: str, code: str) -> str:
    return WHOLE.replace(LINES[line], code).replace("{code}", "")


def _lines(text: str) -> str:
    return text.replace("\n", "\n    ")


WRONG = [
    *(("02.1", n, f"{UNIT}answer = lambda x, y, q: {code}", w) for n, code, w in NEAREST),
    (
        "02.1",
        "starts from 0",
        f"""{UNIT}
def answer(x, y, q):
    labels = []
    for row in unit(q):
        best, label = 0, y[0]
        for other, name in zip(unit(x), y):
            if row @ other > best:
                best, label = row @ other, name
        labels.append(label)
    return labels
""",
        "below 0",
    ),
    (
        "02.1",
        "in place",
        """
def answer(x, y, q):
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return y[(q @ x.T).argmax(axis=1)]
""",
        "`x` is no longer what it was",
    ),
    ("02.2", "pixels", "'c'", "two things differ"),
    ("02.2", "chance", "'b'", "not from where"),
    ("02.4", "more seeds", "'c'", "picked by looking"),
    *(
        (
            "02.3",
            name,
            f"""
def answer(labels, k, seed):
    rng = np.random.default_rng
    of_class = [np.flatnonzero(labels == c) for c in np.unique(labels)]
    return np.concatenate({code})
""",
            word,
        )
        for name, code, word in DRAWS
    ),
    *(
        (
            "02.3",
            name,
            f"""
def answer(labels, k, seed):
    drawn = [np.random.default_rng(seed).permutation(np.flatnonzero(labels == c))[:k]
             for c in np.unique(labels)]
    {code}
""",
            word,
        )
        for name, code, word in [
            ("one list per class", "return drawn", "one array per class"),
            ("a table", "return np.stack(drawn)", "a table"),
            ("a column", "return np.concatenate(drawn)[:, None]", "a table"),
            ("a mask", "return np.isin(np.arange(len(labels)), drawn)", "mask"),
            ("a dict", "return dict(enumerate(drawn))", "one array"),
            ("a number", "return len(drawn)", "one array"),
            ("from empty", "return np.append([], drawn)", "whole number"),
            ("sorts its argument", "labels.sort(); return np.concatenate(drawn)", "`labels` is"),
            ("relabels", "labels[:] = 0; return np.concatenate(drawn)", "`labels` is"),
        ]
    ),
    *(
        ("02.5", name, f"{UNIT}\ndef answer(a, b):\n    {_lines(code)}\n", word)
        for name, code, word in SCALE
    ),
    *(
        ("02.6", name, f"def answer(model):\n    {_lines(code)}\n", word)
        for name, code, word in FROZEN
    ),
    *(("02.7", name, _whole(line, code), word) for name, line, code, word in TRANSFERS),
]
