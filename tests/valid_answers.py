"""Right answers to lessons 00 to 04 in unusual forms: exercise, name and code."""

UNIT = """
def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)
"""
BLOCK = (
    "nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU(), nn.MaxPool2d(2))"
)

LESSON_00 = [
    ("Counter", "lambda tr, te: (te == Counter(tr).most_common(1)[0][0]).mean()"),
    (
        "Counter of a list",
        "lambda tr, te: Counter(te.tolist())[Counter(tr.tolist()).most_common(1)[0][0]] / len(te)",
    ),
    (
        "mode of the statistics module",
        "import statistics\nanswer = lambda tr, te: (te == statistics.mode(tr.tolist())).mean()",
    ),
    ("pandas", "lambda tr, te: (pd.Series(te) == pd.Series(tr).mode()[0]).mean()"),
    ("scipy", "from scipy.stats import mode\nanswer = lambda tr, te: (te == mode(tr).mode).mean()"),
    (
        "scikit-learn",
        "from sklearn.dummy import DummyClassifier\n"
        "answer = lambda tr, te: DummyClassifier().fit(tr[:, None], tr).score(te[:, None], te)",
    ),
    (
        "accuracy_score",
        "from sklearn.metrics import accuracy_score\n"
        "answer = lambda tr, te: accuracy_score(te, np.full(len(te), np.bincount(tr).argmax()))",
    ),
    ("torch", "lambda tr, te: (torch.tensor(te) == torch.tensor(tr).mode()[0]).float().mean()"),
    ("float32", "lambda tr, te: np.float32((te == np.bincount(tr).argmax()).mean())"),
    ("a loop", "lambda tr, te: sum(c == max(tr, key=list(tr).count) for c in te) / len(te)"),
]
GUESS = [
    (
        "bincount",
        "lambda tr, te: (np.bincount(tr, minlength=999) / len(tr) * "
        "np.bincount(te, minlength=999) / len(te)).sum()",
    ),
    ("all pairs", "lambda tr, te: (tr[:, None] == te).mean()"),
    ("Counter", "lambda tr, te: sum(Counter(tr)[c] for c in te) / len(tr) / len(te)"),
    (
        "pandas",
        "lambda tr, te: pd.Series(te).map(pd.Series(tr).value_counts(normalize=True))"
        ".fillna(0).mean()",
    ),
    ("over classes", "lambda tr, te: sum((tr == c).mean() * (te == c).mean() for c in set(tr))"),
    ("over training items", "lambda tr, te: np.mean([(te == c).mean() for c in tr])"),
]
STOPS = [
    (
        "a window",
        """
for i in range(patience, len(losses)):
    if min(losses[i - patience + 1 : i + 1]) >= losses[i - patience]:
        return i + 1, i - patience + 1
return len(losses), int(np.argmin(losses)) + 1
""",
    ),
    (
        "a counter",
        """
best, waited = float("inf"), 0
for epoch, loss in enumerate(losses, start=1):
    if loss < best:
        best, where, waited = loss, epoch, 0
    else:
        waited += 1
    if waited == patience:
        return [epoch, where]
return np.array([epoch, where])
""",
    ),
    (
        "running minimum",
        """
lowest = np.minimum.accumulate(losses)
waited = np.arange(len(losses)) - np.searchsorted(-lowest, -lowest)
over = np.flatnonzero(waited >= patience)
last = over[0] if len(over) else len(losses) - 1
return torch.tensor([last + 1, int(np.argmin(losses[: last + 1])) + 1])
""",
    ),
]
SPLIT = [
    (
        "scikit-learn",
        """
def answer(groups, share, seed):
    from sklearn.model_selection import GroupShuffleSplit
    split = GroupShuffleSplit(1, test_size=share, random_state=seed)
    return next(split.split(groups, groups=groups))
""",
    ),
    *(
        (
            name,
            f"""
def answer(groups, share, seed):
    {names}
    test = set(names[:{cut}])
    return ({form} for side in (False, True))
""",
        )
        for name, names, cut, form in [
            (
                "generator of lists",
                "names = sorted(set(groups)); random.Random(seed).shuffle(names)",
                "round(share * len(names))",
                "[i for i, name in enumerate(groups) if (name in test) == side]",
            ),
            (
                "rounded up, first seen first",
                "names = list(dict.fromkeys(groups)); random.Random(seed).shuffle(names)",
                "math.ceil(share * len(names))",
                "np.array([i for i, name in enumerate(groups) if (name in test) == side])",
            ),
            (
                "rounded down, old numpy",
                "names = np.unique(groups); np.random.RandomState(seed).shuffle(names)",
                "int(share * len(names))",
                "(np.isin(groups, list(test)) == side).nonzero()[0]",
            ),
            (
                "global seed",
                "np.random.seed(seed); names = np.random.permutation(np.unique(groups))",
                "round(share * len(names))",
                "np.where([(name in test) == side for name in groups])[0]",
            ),
            (
                "a filter",
                "names = np.random.default_rng(seed).permutation(np.unique(groups))",
                "round(share * len(names))",
                "list(filter(lambda i: (groups[i] in test) == side, range(len(groups))))",
            ),
        ]
    ),
]
BLOCKS = [
    ("lazy BatchNorm", BLOCK.replace("nn.BatchNorm2d(b)", "nn.LazyBatchNorm2d()")),
    (
        "lazy layers",
        BLOCK.replace("Conv2d(a, b", "LazyConv2d(b").replace(
            "nn.BatchNorm2d(b)", "nn.LazyBatchNorm2d()"
        ),
    ),
    ("padding same", BLOCK.replace("padding=1", "padding='same', bias=False")),
    ("in place", BLOCK.replace("ReLU()", "ReLU(inplace=True)").replace("2d(2)", "2d((2, 2), 2)")),
    (
        "pooling before ReLU",
        BLOCK.replace("nn.ReLU(), nn.MaxPool2d(2)", "nn.MaxPool2d(2), nn.ReLU()"),
    ),
    (
        "nested",
        "nn.Sequential(nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b)), "
        "nn.Sequential(nn.ReLU(), nn.Identity(), nn.MaxPool2d(2)))",
    ),
    (
        "named",
        "nn.Sequential(OrderedDict(c=nn.Conv2d(a, b, (3, 3), padding=(1, 1)), "
        "n=nn.BatchNorm2d(b, eps=1e-3, momentum=.01), r=nn.ReLU(), p=nn.MaxPool2d(2)))",
    ),
]
NEAREST = [
    ("one side only", "lambda x, y, q: y[(q @ unit(x).T).argmax(1)]"),
    ("list", "lambda x, y, q: [y[(unit(x) @ row).argmax()] for row in q]"),
    ("generator", "lambda x, y, q: (y[(unit(x) @ row).argmax()] for row in q)"),
    ("map", "lambda x, y, q: map(lambda row: y[(unit(x) @ row).argmax()], q)"),
    (
        "distance of unit rows",
        "lambda x, y, q: y[((unit(q)[:, None] - unit(x)) ** 2).sum(2).argmin(1)]",
    ),
    (
        "scipy",
        "from scipy.spatial.distance import cdist\n"
        "answer = lambda x, y, q: y[cdist(q, x, 'cosine').argmin(1)]",
    ),
    (
        "scikit-learn",
        "from sklearn.neighbors import KNeighborsClassifier\n"
        "answer = lambda x, y, q: KNeighborsClassifier(1, metric='cosine').fit(x, y).predict(q)",
    ),
    (
        "torch",
        "lambda x, y, q: torch.tensor(y)[F.cosine_similarity(torch.tensor(q)[:, None], "
        "torch.tensor(x), dim=2).argmax(1)]",
    ),
]
DRAW = """
def answer(labels, k, seed):
    {}
    return {}
"""
DRAWS = [
    (
        "list",
        "o = np.random.default_rng(seed).permutation(len(labels))",
        "[i for c in set(labels) for i in o[labels[o] == c][:k]]",
    ),
    (
        "generator",
        "o = np.random.default_rng(seed).permutation(len(labels))",
        "(i for c in set(labels) for i in o[labels[o] == c][:k])",
    ),
    (
        "map",
        "o = np.random.default_rng(seed).permutation(len(labels))",
        "map(int, np.concatenate([o[labels[o] == c][:k] for c in set(labels)]))",
    ),
    (
        "chain",
        "o = np.random.RandomState(seed).permutation(len(labels))",
        "itertools.chain.from_iterable(o[labels[o] == c][:k] for c in np.unique(labels))",
    ),
    (
        "pandas",
        "o = pd.Series(labels).sample(frac=1, random_state=seed)",
        "o.groupby(o, sort=False).head(k).index",
    ),
    (
        "global seed, sorted",
        "np.random.seed(seed)",
        "np.sort(np.concatenate([np.random.permutation(np.flatnonzero(labels == c))[:k] "
        "for c in np.unique(labels)]))",
    ),
    (
        "random module",
        "o = list(range(len(labels))); random.Random(seed).shuffle(o)",
        "{i for c in set(labels) for i in [j for j in o if labels[j] == c][:k]}",
    ),
    (
        "table made flat",
        "o = np.random.default_rng(seed).permutation(len(labels))",
        "np.stack([o[labels[o] == c][:k] for c in np.unique(labels)]).ravel()",
    ),
    (
        "torch",
        "g = torch.Generator().manual_seed(seed); o = torch.randperm(len(labels), "
        "generator=g); t = torch.tensor(labels)[o]",
        "torch.cat([o[t == c][:k] for c in t.unique()])",
    ),
]
SCALES = [
    ("generator", "lambda a, b: (unit(rows - a.mean(0)) for rows in (a, b))"),
    ("map", "lambda a, b: map(lambda rows: unit(rows - a.mean(0)), (a, b))"),
    ("list", "lambda a, b: [unit(rows - a.mean(0)) for rows in (a, b)]"),
    (
        "scikit-learn",
        "from sklearn.preprocessing import normalize\n"
        "answer = lambda a, b: (normalize(a - a.mean(0)), normalize(b - a.mean(0)))",
    ),
    (
        "pipeline",
        "from sklearn.preprocessing import Normalizer, StandardScaler\n"
        "from sklearn.pipeline import make_pipeline\ndef answer(a, b):\n"
        "    both = make_pipeline(StandardScaler(with_std=False), Normalizer()).fit(a)\n"
        "    return both.transform(a), both.transform(b)",
    ),
    ("torch", "lambda a, b: [F.normalize(torch.tensor(r - a.mean(0)), dim=1) for r in (a, b)]"),
    ("float32", "lambda a, b: [unit(rows - a.mean(0)).astype('float32') for rows in (a, b)]"),
]
FROZEN = [
    ("chained", "return model.requires_grad_(False).eval()"),
    (
        "train(False)",
        "model.train(False)\nfor p in model.parameters():\n    p.requires_grad_(False)\n"
        "return model",
    ),
    (
        "apply",
        "def one(m):\n    m.training = False\n    for p in m._parameters.values():\n"
        "        if p is not None:\n            p.requires_grad = False\nreturn model.apply(one)",
    ),
    (
        "BatchNorm alone",
        "model.requires_grad_(False)\nfor m in model.modules():\n"
        "    if isinstance(m, nn.modules.batchnorm._BatchNorm):\n        m.eval()\nreturn model",
    ),
    (
        "by recursion",
        "model.training = False\nfor p in model.parameters(recurse=False):\n"
        "    p.requires_grad = False\nfor child in model.children():\n    answer(child)\n"
        "return model",
    ),
    (
        "without gradients left",
        "model.zero_grad()\nmodel.eval()\nfor n, p in "
        "model.named_parameters():\n    p.requires_grad = False\nreturn model",
    ),
]
HEAD = "from tlhelpers.models.heads import new_linear_head\n"
PLAIN_HEAD = """
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler
"""
FROM_FEATURES = [
    (
        "pandas",
        HEAD
        + """
def answer(x, y, groups, held_out):
    test = pd.Series(groups).isin(held_out).to_numpy()
    head = new_linear_head().fit(x[~test], y[~test])
    shares = pd.Series(head.predict(x[test]) == y[test]).groupby(groups[test]).mean()
    return shares.mean(), shares.mean() - 1.96 * shares.sem(), shares.mean() + 1.96 * shares.sem()
""",
    ),
    (
        "scipy's error, an array",
        HEAD
        + """
from scipy.stats import sem
def answer(x, y, groups, held_out):
    test = np.array([name in set(held_out) for name in groups])
    right = new_linear_head().fit(x[~test], y[~test]).predict(x[test]) == y[test]
    shares = [right[groups[test] == name].mean() for name in set(groups[test])]
    return np.mean(shares) + 1.96 * sem(shares) * np.array([0, -1, 1])
""",
    ),
    (
        "a head of one's own, score",
        PLAIN_HEAD
        + """
def answer(x, y, groups, held_out):
    test = np.isin(groups, held_out)
    head = make_pipeline(StandardScaler(with_std=False), Normalizer(),
                         LogisticRegression(C=10, max_iter=5000, tol=1e-6))
    head.fit(x[~test], y[~test])
    shares = np.array([head.score(x[groups == name], y[groups == name]) for name in held_out])
    error = 1.96 * (shares.var(ddof=1) / len(shares)) ** 0.5
    return [shares.mean(), shares.mean() - error, shares.mean() + error]
""",
    ),
    (
        "another solver",
        PLAIN_HEAD
        + """
def answer(x, y, groups, held_out):
    test = np.isin(groups, held_out)
    centred = x - x[~test].mean(axis=0)
    unit = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    head = LogisticRegression(C=10, max_iter=2000, solver="newton-cg").fit(unit[~test], y[~test])
    right = (head.predict(unit) == y).astype(float)
    shares = np.array([right[groups == name].mean() for name in held_out])
    e = 1.96 * np.std(shares, ddof=1) / len(shares) ** 0.5
    return float(shares.mean()), float(shares.mean() - e), float(shares.mean() + e)
""",
    ),
    (
        "loops and a dictionary",
        HEAD
        + """
def answer(x, y, groups, held_out):
    train = [i for i in range(len(y)) if groups[i] not in held_out]
    head = new_linear_head().fit(x[train], y[train])
    found = {}
    for i, said in enumerate(head.predict(x)):
        if groups[i] in held_out:
            found.setdefault(groups[i], []).append(said == y[i])
    shares = [sum(one) / len(one) for one in found.values()]
    mean = sum(shares) / len(shares)
    spread = (sum((s - mean) ** 2 for s in shares) / (len(shares) - 1)) ** 0.5
    error = 1.96 * spread / len(shares) ** 0.5
    return (mean, mean - error, mean + error)
""",
    ),
    (
        "by matrices, a tensor",
        HEAD
        + """
def answer(x, y, groups, held_out):
    member = (np.asarray(held_out)[:, None] == groups).astype(float)
    test = member.any(axis=0)
    right = new_linear_head().fit(x[~test], y[~test]).predict(x) == y
    shares = torch.tensor(member @ right / member.sum(axis=1))
    error = 1.96 * shares.std() / len(shares) ** 0.5
    return torch.stack([shares.mean(), shares.mean() - error, shares.mean() + error])
""",
    ),
]
FROM_FEATURES += [
    (
        name,
        HEAD
        + f"""
def answer(x, y, groups, held_out):
    from scipy.stats import norm, sem
    import statistics
    test = np.isin(groups, held_out)
    right = new_linear_head().fit(x[~test], y[~test]).predict(x[test]) == y[test]
    shares = [float(right[groups[test] == name].mean()) for name in held_out]
    mean, G = statistics.fmean(shares), len(shares)
    {code}
""",
    )
    for name, code in [
        (
            "the normal interval, and the mean alone where all agree",
            "error = sem(shares)\n"
            "    return mean, *(norm.interval(0.95, mean, error) if error else (mean, mean))",
        ),
        (
            "the quantile of the normal distribution",
            "return mean, *(mean + norm.ppf([0.025, 0.975]) * sem(shares))",
        ),
        (
            "the statistics module",
            "e = 1.96 * statistics.stdev(shares) / math.sqrt(G)\n"
            "    return mean, mean - e, mean + e",
        ),
        (
            "a Series",
            "e = 1.96 * pd.Series(shares).std() / G**0.5\n"
            "    return pd.Series([mean, mean - e, mean + e], index=['mean', 'low', 'high'])",
        ),
    ]
]
STEP = """
def answer(model, x, y, lr):
    {}
    return float(loss)
"""
STEPS = [
    (
        "data",
        "model.zero_grad(set_to_none=False)\nloss = F.cross_entropy(model(x), y)\n"
        "loss.backward()\nfor w in model.parameters():\n    if w.requires_grad:\n"
        "        w.data -= lr * w.grad",
    ),
    (
        "autograd.grad",
        "loss = F.cross_entropy(model(x), y)\n"
        "open_ = [w for w in model.parameters() if w.requires_grad]\n"
        "with torch.no_grad():\n    for w, g in zip(open_, torch.autograd.grad(loss, open_)):\n"
        "        w.sub_(lr * g)",
    ),
    (
        "log-softmax",
        "model.train()\nfor w in model.parameters():\n    w.grad = None\n"
        "loss = F.nll_loss(F.log_softmax(model(x), 1), y)\nloss.backward()\n"
        "with torch.no_grad():\n    for w in model.parameters():\n        if w.grad is not None:\n"
        "            w.add_(w.grad, alpha=-lr)",
    ),
    (
        "criterion",
        "model.zero_grad()\nloss = nn.CrossEntropyLoss()(model(x), y)\nloss.backward()\n"
        "with torch.no_grad():\n    for m in model.modules():\n"
        "        for w in m.parameters(recurse=False):\n            if w.requires_grad:\n"
        "                w.copy_(w - lr * w.grad)",
    ),
    (
        "mean by hand",
        "model.zero_grad()\np = model(x).log_softmax(1)\n"
        "loss = -p[torch.arange(len(y)), y].mean()\nloss.backward()\n"
        "open_ = filter(lambda w: w.requires_grad, model.parameters())\n"
        "with torch.no_grad():\n    for w in open_:\n"
        "        w -= lr * w.grad\nmodel.zero_grad()",
    ),
]
COUNTS = [
    (
        "torch.cat",
        "torch.cat([p.flatten() for p in model.parameters() if p.requires_grad]).numel()",
    ),
    ("named", "sum(p.numel() for n, p in model.named_parameters() if p.requires_grad)"),
    ("shapes", "int(sum(np.prod(p.shape) for p in model.parameters() if p.requires_grad))"),
    ("nelement", "sum(map(torch.numel, filter(lambda p: p.requires_grad, model.parameters())))"),
    (
        "vector",
        "len(nn.utils.parameters_to_vector(p for p in model.parameters() if p.requires_grad))",
    ),
    ("tensor", "torch.tensor([p.numel() for p in model.parameters() if p.requires_grad]).sum()"),
]
RATES = [
    (
        "generator",
        "lambda a, b, n: (a * (b / a) ** (i / max(n - 1, 1)) for i in range(n)) "
        "if n > 1 else (b for _ in range(1))",
    ),
    ("map", "lambda a, b, n: map(float, np.geomspace(a, b, n)) if n > 1 else [b]"),
    ("array", "lambda a, b, n: np.geomspace(a, b, n) if n > 1 else np.array([b])"),
    (
        "from the end",
        "lambda a, b, n: [b * (a / b) ** (i / max(n - 1, 1)) for i in range(n)][::-1]",
    ),
    (
        "reversed",
        "lambda a, b, n: reversed([b * (a / b) ** (i / max(n - 1, 1)) for i in range(n)])",
    ),
    (
        "logspace",
        "lambda a, b, n: tuple(np.logspace(np.log10(a), np.log10(b), n)) if n > 1 else (b,)",
    ),
    (
        "torch",
        "lambda a, b, n: torch.logspace(math.log10(a), math.log10(b), n) if n > 1 "
        "else torch.tensor([b])",
    ),
]
LORA = [
    ("two ways", "x @ W.T + alpha / len(A) * (x @ A.T) @ B.T"),
    ("einsum", "np.einsum('ni,oi->no', x, W + alpha / A.shape[0] * np.einsum('or,ri->oi', B, A))"),
    ("dot", "np.dot(x, np.add(W, np.dot(B, A) * alpha / B.shape[1]).T)"),
    ("a copy", "x @ np.add(W.copy(), (alpha / len(A)) * np.matmul(B, A)).transpose()"),
    ("torch", "F.linear(*map(torch.tensor, (x, W + alpha / len(A) * B @ A)))"),
    ("row by row", "[(W + alpha / len(A) * B @ A) @ row for row in x]"),
]
WITHIN = [
    ("sorted", "(sorted((n for n in a if s[n] <= b), key=a.get) or [None])[-1]"),
    ("pairs", "max(((a[n], n) for n in a if s[n] <= b), default=(0, None))[1]"),
    (
        "numpy text",
        "np.array([*a, ''])[np.argmax([a[n] if s[n] <= b else -1 for n in a])] "
        "if min(s.values()) <= b else None",
    ),
    ("pandas", "None if (f := pd.Series(a)[pd.Series(s) <= b]).empty else f.idxmax()"),
    (
        "dict",
        "max({n: v for n, v in a.items() if not s[n] > b}.items(), key=lambda i: i[1], "
        "default=[None])[0]",
    ),
]
VERDICTS = [
    ("product", "'not resolved' if low <= 0 <= high else 'AB'[low < 0]"),
    ("signs", "{2: 'A', -2: 'B'}.get(np.sign(low) + np.sign(high), 'not resolved')"),
    ("numpy text", "np.array(['B', 'not resolved', 'A'])[1 + (low > 0) - (high < 0)]"),
    ("minimum", "'A' if min(low, high) > 0 else 'B' if max(low, high) < 0 else 'not resolved'"),
    ("select", "str(np.select([low > 0, high < 0], ['A', 'B'], 'not resolved'))"),
]
CHOICES = [
    ("sorted", "sorted(v, key=lambda n: (-v[n], s[n]))[0]"),
    ("cheapest first", "max(sorted(v, key=s.get), key=v.get)"),
    ("pairs", "max((v[n], -s[n], n) for n in v)[2]"),
    (
        "pandas",
        "pd.DataFrame({'v': v, 's': pd.Series(s)}).dropna()"
        ".sort_values(['v', 's'], ascending=[False, True]).index[0]",
    ),
    ("filter", "min(filter(lambda n: v[n] == max(v.values()), v), key=s.get)"),
]


FROZEN_IN_EVALUATION = """
weights = [w for w in model.parameters() if w.requires_grad]
model.train()
for m in model.modules():
    if hasattr(m, "running_mean") and not m.weight.requires_grad:
        m.eval()
optimizer = torch.optim.Adam(weights, lr=lr)
def loss_of(model=model):
    return F.cross_entropy(model(x[train]), y[train])
def closure():
    optimizer.zero_grad()
    loss = loss_of()
    loss.backward()
    return loss
"""
EACH = "for epoch in range(epochs):\n    "
HITS = "model(x[test]).argmax(1) == y[test]"
# Ways to tune a model, and to measure it.
TUNED = [
    (
        "a closure, softmax before the largest",
        EACH + "optimizer.step(closure)",
        HITS.replace(".argmax", ".softmax(1).argmax"),
    ),
    (
        "LBFGS, items one by one",
        "optimizer = torch.optim.LBFGS(weights, lr, max_iter=3)\n"
        + EACH
        + "optimizer.step(closure)",
        "torch.stack([model(x[i : i + 1]).argmax() == y[i] for i in test])",
    ),
    (
        "one optimizer for each half",
        "both = torch.optim.Adam(weights[:1], lr), torch.optim.SGD(weights[1:], lr)\n"
        + EACH
        + "model.zero_grad(); loss_of().backward(); [one.step() for one in both]",
        HITS,
    ),
    (
        "drawn anew each time",
        "torch.seed()\n" + EACH + "optimizer.step(closure)",
        HITS,
    ),
    (
        "a functional call",
        "found = {n: w.detach().clone().requires_grad_() for n, w in model.named_parameters() "
        "if w.requires_grad}\n"
        + EACH
        + "loss = loss_of(lambda rows: torch.func.functional_call(model, found, rows))\n"
        "    for w, g in zip(found.values(), torch.autograd.grad(loss, found.values())):\n"
        "        w.data -= lr * g\n"
        "model.load_state_dict(found, strict=False)",
        HITS,
    ),
    (
        "by one long vector",
        EACH + "g = nn.utils.parameters_to_vector(torch.autograd.grad(loss_of(), weights))\n"
        "    new = nn.utils.parameters_to_vector(weights).detach() - lr * g\n"
        "    nn.utils.vector_to_parameters(new, weights)",
        "copy.deepcopy(model).double()(x[test].double()).argmax(1) == y[test]",
    ),
    (
        "doubles for a while",
        "model.double(); x = x.double()\n" + EACH + "optimizer.step(closure)",
        HITS + "; model.float()",
    ),
    (
        "in bfloat16",
        EACH + "optimizer.zero_grad()\n"
        "    with torch.autocast('cpu', torch.bfloat16):\n        loss = loss_of()\n"
        "    loss.backward(); optimizer.step()",
        HITS,
    ),
    (
        "a tuned copy loaded back",
        "given, model = model, copy.deepcopy(model)\n"
        "optimizer = torch.optim.NAdam(model.parameters(), lr=lr)\n"
        + EACH
        + "optimizer.zero_grad(); loss_of(model).backward(); optimizer.step()\n"
        "given.load_state_dict(model.state_dict())",
        HITS,
    ),
    (
        "a constant schedule, the loss printed with its graph",
        "s = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1.0)\n"
        + EACH
        + "optimizer.step(closure); s.step(); print(loss_of())",
        "(model(x).softmax(1).argmax(1) == y)[test]",
    ),
    (
        "a loader",
        "from torch.utils.data import DataLoader, TensorDataset\n"
        "pairs = DataLoader(TensorDataset(x[train], y[train]), len(train), shuffle=True)\n"
        + EACH
        + "for rows, labels in pairs:\n"
        "        optimizer.zero_grad()\n"
        "        (-model(rows).log_softmax(1)[range(len(labels)), labels]).mean().backward()\n"
        "        optimizer.step()",
        HITS,
    ),
    (
        "an optimizer of one's own",
        "class Own(torch.optim.Optimizer):\n"
        "    def step(self):\n"
        "        for group in self.param_groups:\n"
        "            for w in group['params']:\n"
        "                w.data -= group['lr'] * w.grad.sign()\n"
        "optimizer = Own(weights, {'lr': lr})\n" + EACH + "closure(); optimizer.step()",
        HITS,
    ),
]
TRANSFERS = [
    (
        "fit and predict",
        "hold_statistics(model)\n"
        "fit(model, lambda i: x[train][i], y[train], epochs=epochs, lr=lr, quiet=True,\n"
        "    batch_size=len(train))\n"
        "hits = predict(model, lambda i: x[test][i], len(test)) == y[test].numpy()",
        "return hits.mean(), *wilson(hits.sum(), len(hits))",
    ),
    (
        "fit, with the model's items by their places",
        "hold_statistics(model)\n"
        "fit(model, lambda i: x[np.asarray(train)[i]], y[train].numpy(), epochs=epochs,\n"
        "    batch_size=999, weight_decay=0.1, optimizer=torch.optim.RMSprop(\n"
        "        [w for w in model.parameters() if w.requires_grad], lr=lr))\n"
        "hits = (predict(model, lambda i: x[test[i]], len(test), 7) == y.numpy()[test]) * 1.0",
        "return [float(v) for v in (hits.mean(), *wilson(int(hits.sum()), len(test)))]",
    ),
    *(
        (
            optimizer,
            "weights = [w for w in model.parameters() if w.requires_grad]\n"
            f"optimizer = torch.optim.{optimizer}\n"
            "model.eval()\n"
            "for _ in range(epochs):\n"
            "    optimizer.zero_grad()\n"
            "    F.cross_entropy(model(x[train]), y[train]).backward()\n"
            "    optimizer.step()\n"
            "hits = model(x[test]).argmax(1) == y[test]",
            returned,
        )
        for optimizer, returned in [
            ("SGD(weights, lr=lr)", "return torch.tensor([a := hits.float().mean(), *INTERVAL])"),
            (
                "SGD(weights, lr, 0.9, nesterov=True)",
                "return np.array([hits.sum() / n, *INTERVAL])",
            ),
            ("RMSprop(weights, lr=lr)", "return hits.double().mean(), *map(np.float32, INTERVAL)"),
            ("Adadelta(weights, lr=lr)", "return np.mean(hits.tolist()), *INTERVAL"),
            ("NAdam(weights, lr=lr)", "return [hits.sum().item() / n, *INTERVAL]"),
            ("Rprop(weights, lr=lr)", "return hits.double().mean(), *INTERVAL"),
            ("Adafactor(weights, lr=lr)", "return hits.double().mean(), *INTERVAL"),
            (
                "Adam([{'params': weights[:1]}, {'params': weights[1:], 'betas': (0.8, 0.9)}], lr)",
                "return hits.double().mean(), *INTERVAL",
            ),
            ("Adagrad(weights, lr=lr)", "return (v for v in (int(hits.sum()) / n, *INTERVAL))"),
        ]
    ),
    (
        "all weights given to the optimizer, the curve of the loss kept",
        "optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.1)\n"
        "curve = []\n"
        "for _ in range(epochs):\n"
        "    model.train()\n"
        "    for m in model.modules():\n"
        "        if isinstance(m, nn.BatchNorm2d):\n"
        "            m.train(m.weight.requires_grad)\n"
        "    loss = nn.CrossEntropyLoss()(model(x[train]), y[train])\n"
        "    optimizer.zero_grad()\n"
        "    loss.backward()\n"
        "    optimizer.step()\n"
        "    model.eval()\n"
        "    with torch.inference_mode():\n"
        "        curve.append(F.cross_entropy(model(x[train]), y[train]))\n"
        "hits = model(x)[test].argmax(1).eq(y[test])",
        "return torch.tensor([int(hits.sum()) / n], dtype=torch.float64), *INTERVAL",
    ),
    (
        "by hand, gradients added up over batches, with Wilson's formula",
        "model.eval()\n"
        "weights = [w for w in model.parameters() if w.requires_grad]\n"
        "for _ in range(epochs):\n"
        "    model.zero_grad()\n"
        "    for part in (train[::3], train[1::3], train[2::3]):\n"
        "        loss = F.cross_entropy(model(x[part]), y[part], reduction='sum') / len(train)\n"
        "        loss.backward()\n"
        "    for w in weights:\n"
        "        w.data -= lr * w.grad\n"
        "hits = torch.cat([model(x[[i]]).argmax(1) == y[i] for i in test])\n"
        "p, z = hits.float().mean().item(), 1.96\n"
        "middle, half = p + z**2 / 2 / n, z * (p * (1 - p) / n + z**2 / 4 / n**2) ** 0.5",
        "return p, (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)",
    ),
    *(
        (
            name,
            f"{FROZEN_IN_EVALUATION}\n{code}\nmodel.eval()\nhits = {hits}",
            "return hits.double().mean(), *INTERVAL",
        )
        for name, code, hits in TUNED
    ),
]


def _lines(text: str) -> str:
    return text.replace("\n", "\n    ")


def _transfer(code: str, returned: str) -> str:
    """A whole transfer, with the interval of the hits at hand."""
    interval = "wilson(int(hits.sum()), len(test))"
    return (
        "from tlhelpers.evaluation import wilson\n"
        "from tlhelpers.training import fit, hold_statistics, predict\n"
        "def answer(model, x, y, train, test, lr, epochs):\n    n = len(test)\n"
        f"    {_lines(code)}\n    {returned.replace('INTERVAL', interval)}\n"
    )


VALID = [
    *(("00.2", name, code) for name, code in LESSON_00),
    *(("01.1", name, code) for name, code in GUESS),
    *(("01.2", name, code) for name, code in SPLIT),
    *(("01.5", name, f"lambda a, b: {code}") for name, code in BLOCKS),
    (
        "01.5",
        "own module",
        """
class Block(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.c, self.n = nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b)
    def forward(self, x):
        return F.max_pool2d(F.relu(self.n(self.c(x))), 2)
answer = Block
""",
    ),
    ("01.4", "a text", "'18560'"),
    *(
        ("01.6", name, f"def answer(losses, patience):\n    {_lines(code)}\n")
        for name, code in STOPS
    ),
    *(
        ("02.1", name, UNIT + code if "answer" in code else f"{UNIT}answer = {code}")
        for name, code in NEAREST
    ),
    *(("02.3", name, DRAW.format(*code)) for name, *code in DRAWS),
    *(
        ("02.5", name, UNIT + code if "answer" in code else f"{UNIT}answer = {code}")
        for name, code in SCALES
    ),
    *(("02.6", name, f"def answer(model):\n    {_lines(code)}\n") for name, code in FROZEN),
    *(("02.7", name, code) for name, code in FROM_FEATURES),
    *(("03.1", name, STEP.format(_lines(code))) for name, code in STEPS),
    *(("03.2", name, f"lambda model: {code}") for name, code in COUNTS),
    *(("03.4", name, code) for name, code in RATES),
    *(("03.5", name, f"lambda x, W, A, B, alpha: {code}") for name, code in LORA),
    *(("03.7", name, _transfer(*code)) for name, *code in TRANSFERS),
    *(("04.2", name, f"lambda b, a, s: {code}") for name, code in WITHIN),
    *(("04.3", name, f"lambda low, high: {code}") for name, code in VERDICTS),
    *(("04.5", name, f"lambda v, s: {code}") for name, code in CHOICES),
]
