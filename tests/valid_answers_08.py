"""Right answers to lesson 08 in unusual forms: exercise, name and code."""

STATISTICS = [
    (
        "channels in front",
        "lambda x: [f(np.moveaxis(x, 1, 0).reshape(x.shape[1], -1), axis=1) "
        "for f in (np.mean, np.var)]",
    ),
    ("generator", "lambda x: (f(x, axis=(0, 2, 3)) for f in (np.mean, np.var))"),
    ("one array", "lambda x: np.stack([x.mean((0, 2, 3)), x.var((0, 2, 3))])"),
    (
        "torch",
        "lambda x: torch.var_mean(torch.tensor(x), dim=(0, 2, 3), correction=0)[::-1]",
    ),
    (
        "squares",
        "lambda x: ((m := x.mean((0, 2, 3), dtype=float)), (x.astype(float) ** 2).mean((0, 2, 3)) "
        "- m**2)",
    ),
    (
        "channel by channel",
        "lambda x: ([x[:, c].mean() for c in range(x.shape[1])], "
        "[x[:, c].var() for c in range(x.shape[1])])",
    ),
    (
        "BatchNorm",
        "def answer(x):\n    n = x.size / x.shape[1]\n"
        "    layer = nn.BatchNorm2d(x.shape[1], momentum=1.0, dtype=torch.float64)\n"
        "    layer(torch.tensor(x).double()) if n > 1 else None\n"
        "    return layer.running_mean, layer.running_var * (n - 1) / n",
    ),
    (
        "mean of squared gaps",
        "lambda x: (x.mean((0, 2, 3)), ((x - x.mean((0, 2, 3), "
        "keepdims=True)) ** 2).mean((0, 2, 3)))",
    ),
]
LOSS = """
def answer(a, b):
    {}
    return {}
"""
LOSSES = [
    ("torch.cov", "d = torch.cov(a.T) - torch.cov(b.T)", "(d**2).sum() / (4 * a.shape[1] ** 2)"),
    ("mean of four", "d = torch.cov(a.T) - torch.cov(b.T)", "d.square().mean() / 4"),
    ("mse", "c, d = torch.cov(a.T), torch.cov(b.T)", "F.mse_loss(c, d) / 4"),
    ("norm", "d = torch.cov(a.T) - torch.cov(b.T)", "(d.norm() / (2 * len(d))) ** 2"),
    (
        "einsum",
        "c = [torch.einsum('ni,nj->ij', x - x.mean(0), x - x.mean(0)) / (len(x) - 1) "
        "for x in (a, b)]",
        "(c[0] - c[1]).pow(2).sum() / 4 / a.shape[1] ** 2",
    ),
    (
        "without centring first",
        "c = [(x.T @ x - len(x) * x.mean(0)[:, None] * x.mean(0)) / (len(x) - 1) for x in (a, b)]",
        "(c[0] - c[1]).square().sum() / (4 * a.shape[1] ** 2)",
    ),
    ("trace", "d = torch.cov(a.T) - torch.cov(b.T)", "torch.trace(d.T @ d) / (2 * len(d)) ** 2"),
    (
        "a loop",
        "d = torch.cov(a.T) - torch.cov(b.T)",
        "sum(d[i, j] ** 2 for i in range(len(d)) for j in range(len(d))) / (4 * len(d) ** 2)",
    ),
    (
        "in place on its own copy",
        "def c(x):\n        x = x.clone()\n        x -= x.mean(0)\n"
        "        return x.T @ x / (len(x) - 1)",
        "(c(a) - c(b)).square().sum() / (4 * a.shape[1] ** 2)",
    ),
]
WITHIN = "lambda k: (k.sum() - len(k)) / (len(k) * (len(k) - 1))"
MMDS = [
    (
        "scipy",
        "from scipy.spatial.distance import cdist\ndef answer(a, b, h):\n"
        "    k = lambda x, y: np.exp(-cdist(x, y, 'sqeuclidean') / (2 * h**2))\n"
        f"    w = {WITHIN}\n    return w(k(a, a)) + w(k(b, b)) - 2 * k(a, b).mean()",
    ),
    (
        "scikit-learn",
        "from sklearn.metrics.pairwise import rbf_kernel\ndef answer(a, b, h):\n"
        "    k, w = (lambda x, y: rbf_kernel(x, y, gamma=1 / (2 * h**2))), "
        f"{WITHIN}\n    return w(k(a, a)) + w(k(b, b)) - 2 * k(a, b).mean()",
    ),
    (
        "one kernel of all rows, its diagonal set to 0",
        "def answer(a, b, h):\n    x, n, m = np.concatenate([a, b]), len(a), len(b)\n"
        "    k = np.exp(-np.square(np.linalg.norm(x[:, None] - x, axis=-1) / h) / 2)\n"
        "    np.fill_diagonal(k, 0)\n"
        "    return k[:n, :n].sum() / n / (n - 1) + k[n:, n:].sum() / m / (m - 1) "
        "- k[:n, n:].mean() - k[n:, :n].mean()",
    ),
    (
        "pairs by itertools",
        "def answer(a, b, h):\n    k = lambda x, y: math.exp(-sum((x - y) ** 2) / (2 * h * h))\n"
        "    own = lambda x: np.mean([k(p, q) for p, q in itertools.combinations(x, 2)])\n"
        "    return own(a) + own(b) - 2 * np.mean([k(p, q) for p in a for q in b])",
    ),
    (
        "torch",
        "def answer(a, b, h):\n    a, b = torch.tensor(a).double(), torch.tensor(b).double()\n"
        "    k = lambda x, y: torch.exp(-(x[:, None] - y).pow(2).sum(-1) / (2 * h**2))\n"
        f"    w = {WITHIN}\n    return w(k(a, a)) + w(k(b, b)) - 2 * k(a, b).mean()",
    ),
    (
        "squares written out",
        "def answer(a, b, h):\n    a, b = a.astype(float), b.astype(float)\n"
        "    k = lambda x, y: np.exp((2 * x @ y.T - (x**2).sum(1)[:, None] - (y**2).sum(1)) "
        f"/ (2 * h**2))\n    w = {WITHIN}\n"
        "    return w(k(a, a)) + w(k(b, b)) - 2 * k(a, b).mean()",
    ),
    (
        "other names, an array without axes",
        "def answer(x, y, width):\n"
        "    k = lambda p, q: np.exp(-0.5 * (((p[:, None] - q) / width) ** 2).sum(-1))\n"
        "    off = ~np.eye(len(x), dtype=bool), ~np.eye(len(y), dtype=bool)\n"
        "    return np.array(k(x, x)[off[0]].mean() + k(y, y)[off[1]].mean() - 2 * k(x, y).mean())",
    ),
]
REVERSALS = [
    ("difference", "x.detach() - strength * (x - x.detach())"),
    ("two sums", "-strength * x + (x + strength * x).detach()"),
    ("lerp", "torch.lerp(x.detach(), x, -strength)"),
    ("hook on a copy", "(lambda y: (y.register_hook(lambda g: -strength * g), y)[1])(x.clone())"),
    (
        "hook on a view",
        "(lambda y: (y.register_hook(lambda g: g * -strength), y)[1])(x[...])",
    ),
    ("data", "x.data * (1 + strength) - x * strength"),
    (
        "hook on a layer of torch's",
        "(lambda m: (m.register_full_backward_hook(lambda m, i, o: (-strength * i[0],)), m(x))[1])"
        "(nn.Identity())",
    ),
    (
        "hook before a layer of torch's",
        "(lambda m: (m.register_full_backward_pre_hook(lambda m, o: (-strength * o[0],)), m(x))[1])"
        "(nn.Identity())",
    ),
    (
        "detached at 0",
        "x.detach() * (1 + strength) - strength * x if strength else x.detach()",
    ),
    (
        "no_grad",
        "-strength * x + torch.no_grad()(lambda: x * (1 + strength))()",
    ),
]
STRENGTHS = [
    ("tanh", "lambda step, steps, gamma=10.0: math.tanh(gamma * step / steps / 2)"),
    ("no default", "lambda step, steps, gamma: 2 / (1 + math.exp(-gamma * step / steps)) - 1"),
    ("default 5", "lambda step, steps, gamma=5: 2 / (1 + np.exp(-gamma * step / steps)) - 1"),
    (
        "quotient",
        "lambda step, steps, gamma=10.0: (1 - np.exp(-gamma * step / steps)) "
        "/ (1 + np.exp(-gamma * step / steps))",
    ),
    (
        "scipy",
        "from scipy.special import expit\n"
        "answer = lambda step, steps, gamma=10.0: 2 * expit(gamma * step / steps) - 1",
    ),
    (
        "torch",
        "lambda step, steps, gamma=10.0: 2 * torch.sigmoid(torch.tensor(gamma * step / steps)) - 1",
    ),
    ("other names", "lambda i, n, g=10: 2 / (1 + math.e ** (-g * i / n)) - 1"),
]
CHOSEN = [
    (
        "scipy",
        "from scipy.stats import entropy\n"
        "answer = lambda q: min(q, key=lambda n: entropy(q[n], axis=1).mean())",
    ),
    (
        "special function",
        "from scipy.special import entr\n"
        "answer = lambda q: min(q, key=lambda n: entr(q[n]).sum(1).mean())",
    ),
    (
        "base 2",
        "lambda q: min(q, key=lambda n: "
        "-(q[n] * np.log2(np.where(q[n] > 0, q[n], 1))).sum(1).mean())",
    ),
    (
        "share of the largest",
        "lambda q: min(q, key=lambda n: -(q[n] * np.log(np.where(q[n] > 0, q[n], 1)))"
        ".sum(1).mean() / np.log(q[n].shape[1]))",
    ),
    (
        "tiny epsilon",
        "lambda q: min(q, key=lambda n: -(q[n] * np.log(q[n] + 1e-12)).sum(1).mean())",
    ),
    (
        "cut",
        "lambda q: min(q, key=lambda n: -(q[n] * np.log(q[n].clip(1e-30))).sum(1).mean())",
    ),
    (
        "nansum",
        "def answer(q):\n    with np.errstate(all='ignore'):\n"
        "        e = [-np.nansum(p * np.log(p), axis=1).mean() for p in q.values()]\n"
        "    return list(q)[int(np.argmin(e))]",
    ),
    (
        "numpy text",
        "lambda q: np.array(list(q))[np.argmin([-(p * np.log(np.where(p > 0, p, 1)))"
        ".sum(1).mean() for p in q.values()])]",
    ),
    (
        "a loop",
        "def answer(q):\n    best, found = math.inf, None\n    for name, p in q.items():\n"
        "        h = np.mean([-sum(x * math.log(x) for x in row if x > 0) for row in p])\n"
        "        if h < best:\n            best, found = h, name\n    return found",
    ),
    (
        "torch",
        "lambda q: min(q, key=lambda n: torch.special.entr(torch.tensor(q[n])).sum(1).mean())",
    ),
    (
        "pandas",
        "lambda q: pd.Series({n: -(p * np.log(np.where(p > 0, p, 1))).sum(1).mean() "
        "for n, p in q.items()}).idxmin()",
    ),
]
KINDS = "(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)"
TENTS = [
    (
        "by identity",
        f"def answer(m, kinds={KINDS}):\n"
        "    o = {id(p) for l in m.modules() if isinstance(l, kinds) for p in l.parameters()}\n"
        "    return [n for n, p in m.named_parameters() if id(p) in o]",
    ),
    (
        "the layer of a name",
        "lambda m: [n for n, _ in m.named_parameters() "
        f"if isinstance(m.get_submodule(n.rpartition('.')[0]), {KINDS})]",
    ),
    (
        "a set",
        "lambda m: {n + '.' * bool(n) + p for n, l in m.named_modules() "
        f"if isinstance(l, {KINDS}) for p, _ in l.named_parameters()}}",
    ),
    (
        "torch's base class",
        "lambda m: (f'{n}.{p}'.strip('.') for n, l in m.named_modules() "
        "if isinstance(l, nn.modules.batchnorm._BatchNorm) for p in dict(l.named_parameters()))",
    ),
    (
        "torch's prefix",
        "lambda m: [p for n, l in m.named_modules() "
        f"if isinstance(l, {KINDS}) for p, _ in l.named_parameters(prefix=n)]",
    ),
    (
        "by the name of the class, in an array",
        "lambda m: np.array([p for n, l in m.named_modules() if "
        "type(l).__name__.startswith('BatchNorm') for p, _ in l.named_parameters(n)], dtype='U')",
    ),
]
VALID = [
    *(("08.1", name, code) for name, code in STATISTICS),
    *(("08.3", name, LOSS.format(before, result)) for name, before, result in LOSSES),
    *(("08.4", name, code) for name, code in MMDS),
    *(("08.5", name, f"lambda x, strength: {code}") for name, code in REVERSALS),
    *(("08.6", name, code) for name, code in STRENGTHS),
    *(("08.8", name, code) for name, code in CHOSEN),
    *(("08.9", name, code) for name, code in TENTS),
    ("08.2", "a capital", "'C'"),
    ("08.7", "a capital", "'A'"),
]
