"""Right answers to lesson 07 in unusual forms: exercise, name and code."""

DISTANCES = [
    ("right rows", "2 * ((~s).mean() + (~t).mean()) - 2"),
    ("counted", "2 - 2 * (sum(s) / len(s) + sum(t) / len(t))"),
    (
        "Fraction",
        "2 * (1 - __import__('fractions').Fraction(int(s.sum()), len(s)) "
        "- __import__('fractions').Fraction(int(t.sum()), len(t)))",
    ),
    ("statistics", "2 - 2 * sum(map(__import__('statistics').fmean, (s, t)))"),
    ("pandas", "2 - 2 * (pd.Series(s).mean() + pd.Series(t).mean())"),
    ("torch", "2 - 2 * sum(torch.tensor(x).float().mean() for x in (s, t))"),
    (
        "balanced accuracy",
        "4 * __import__('sklearn.metrics').metrics.balanced_accuracy_score(np.r_[s * 0, "
        "t * 0 + 1], np.r_[s * 1, 1 - t * 1]) - 2",
    ),
    (
        "weights",
        "2 - 4 * np.average(np.r_[s, t], weights=np.r_[s * 0 + 1 / len(s), t * 0 + 1 / len(t)])",
    ),
]
EACH = [
    (
        "scikit-learn",
        "from sklearn.preprocessing import StandardScaler\n"
        "answer = lambda s, t: [StandardScaler().fit_transform(x) for x in (s, t)]",
    ),
    (
        "scale of scikit-learn, a generator",
        "from sklearn.preprocessing import scale\nanswer = lambda s, t: (scale(x) for x in (s, t))",
    ),
    (
        "threshold",
        "def answer(s, t):\n    def f(x):\n        sd = x.std(0)\n"
        "        return (x - x.mean(0)) / np.where(sd > 1e-12, sd, 1)\n    return f(s), f(t)",
    ),
    (
        "isclose",
        "def answer(s, t):\n    def f(x):\n        sd = x.std(axis=0)\n"
        "        sd[np.isclose(sd, 0)] = 1\n        return (x - x.mean(axis=0)) / sd\n"
        "    return map(f, (s, t))",
    ),
    (
        "largest equals smallest",
        "def answer(s, t):\n    def f(x):\n        c = x - x.mean(0)\n"
        "        return np.where(x.max(0) == x.min(0), 0, c / np.maximum(x.std(0), 1e-15))\n"
        "    return f(s), f(t)",
    ),
    (
        "first row",
        "def answer(s, t):\n    def f(x):\n        out = np.zeros(x.shape)\n"
        "        v = (x != x[0]).any(axis=0)\n"
        "        out[:, v] = (x[:, v] - x[:, v].mean(0)) / x[:, v].std(0)\n        return out\n"
        "    return f(s), f(t)",
    ),
    (
        "feature by feature",
        "def answer(s, t):\n    def f(x):\n        out = []\n        for c in x.T:\n"
        "            same = len(set(c)) == 1\n"
        "            out.append(c * 0 if same else (c - c.mean()) / c.std())\n"
        "        return np.array(out).T\n    return [f(s), f(t)]",
    ),
    (
        "pandas",
        "def answer(s, t):\n    def f(x):\n        d = pd.DataFrame(x.astype(float))\n"
        "        z = (d - d.mean()) / d.std(ddof=0)\n        z.loc[:, d.nunique() == 1] = 0\n"
        "        return z\n    return f(s), f(t)",
    ),
    (
        "torch",
        "def answer(s, t):\n    def f(x):\n        x = torch.tensor(x, dtype=torch.float64)\n"
        "        sd = x.std(0, correction=0)\n"
        "        return (x - x.mean(0)) / torch.where(sd > 1e-9, sd, 1)\n    return f(s), f(t)",
    ),
    (
        "scipy",
        "from scipy.stats import zscore\n"
        "answer = lambda s, t: tuple(np.nan_to_num(zscore(x)) for x in (s, t))",
    ),
    (
        "nan to number",
        "def answer(s, t):\n    def f(x):\n        sd = x.std(0)\n"
        "        sd[np.ptp(x, 0) == 0] = np.nan\n"
        "        return np.nan_to_num((x - x.mean(0)) / sd)\n    return f(s), f(t)",
    ),
]
CORAL = """
def answer(source, target):
    def power(rows, p):
        {}
    return {}
"""
PLAIN = "(source - source.mean(0)) @ power(source, -.5) @ power(target, .5) + target.mean(0)"
CORALS = [
    (
        "scipy",
        "from scipy.linalg import fractional_matrix_power\n"
        "        return fractional_matrix_power(np.cov(rows.T) + np.eye(rows.shape[1]), p).real",
        PLAIN,
    ),
    (
        "root of scipy",
        "from scipy.linalg import inv, sqrtm\n"
        "        root = sqrtm(np.cov(rows.T) + np.eye(rows.shape[1])).real\n"
        "        return root if p > 0 else inv(root)",
        PLAIN,
    ),
    (
        "singular values",
        "u, s, v = np.linalg.svd(np.cov(rows, rowvar=False) + np.eye(rows.shape[1]))\n"
        "        return u @ np.diag(s**p) @ v",
        PLAIN,
    ),
    (
        "identity by hand",
        "c = rows - rows.mean(axis=0)\n        c = c.T @ c / (len(rows) - 1)\n"
        "        c[np.diag_indices(len(c))] += 1\n        w, v = np.linalg.eigh(c)\n"
        "        return v @ (w[:, None]**p * v.T)",
        PLAIN,
    ),
    (
        "matrices first",
        "w, v = np.linalg.eigh(np.cov(rows, rowvar=False) + np.identity(rows.shape[1]))\n"
        "        return (v * w**p) @ v.T",
        "(source - source.mean(0)) @ (power(source, -.5) @ power(target, .5)) + target.mean(0)",
    ),
    (
        "a list",
        "w, v = np.linalg.eigh(np.cov(rows, rowvar=False) + np.identity(rows.shape[1]))\n"
        "        return (v * w**p) @ v.T",
        "[(r - source.mean(0)) @ power(source, -.5) @ power(target, .5) + target.mean(0) "
        "for r in source]",
    ),
    (
        "torch",
        "rows = torch.tensor(rows)\n"
        "        w, v = torch.linalg.eigh(torch.cov(rows.T) + torch.eye(rows.shape[1]).double())\n"
        "        return (v * w**p) @ v.T",
        "torch.tensor(source - source.mean(0)) @ power(source, -.5) @ power(target, .5) "
        "+ torch.tensor(target.mean(0))",
    ),
]
GUESSES = [
    (
        "lists",
        "def answer(p, share):\n    chosen = []\n    k = [int(r.argmax()) for r in p]\n"
        "    for c in set(k):\n        own = [i for i in range(len(p)) if k[i] == c]\n"
        "        own.sort(key=lambda i: -p[i].max())\n"
        "        chosen += own[:round(share * len(own))]\n"
        "    return sorted(chosen), [k[i] for i in sorted(chosen)]",
    ),
    (
        "pandas",
        "def answer(p, share):\n"
        "    d = pd.DataFrame({'k': p.argmax(1), 'c': p.max(1).astype(float)})\n"
        "    rank = d.groupby('k').c.rank(ascending=False, method='first')\n"
        "    n = d.groupby('k').c.transform(lambda g: round(share * len(g)))\n"
        "    d = d[rank <= n]\n    return d.index, d.k",
    ),
    (
        "heap, int32",
        "import heapq\ndef answer(p, share):\n    k, s, chosen = p.argmax(1), p.max(1), []\n"
        "    for c in np.unique(k):\n        own = np.flatnonzero(k == c)\n"
        "        n = round(share * len(own))\n"
        "        chosen += heapq.nsmallest(n, own, key=lambda i: (-s[i], i))\n"
        "    items = np.array(sorted(chosen), dtype=np.int32)\n"
        "    return items, k[items].astype(np.uint8)",
    ),
    (
        "nlargest",
        "def answer(p, share):\n    k, s = p.argmax(1), pd.Series(p.max(1))\n"
        "    items = sorted(i for c in set(k) for i in "
        "s[k == c].nlargest(round(share * sum(k == c))).index)\n    return items, k[items]",
    ),
    (
        "lexsort",
        "def answer(p, share):\n    k, s = p.argmax(1), p.max(1)\n"
        "    o = np.lexsort((np.arange(len(p)), -s, k))\n    keep = []\n"
        "    for c in range(p.shape[1]):\n        own = o[k[o] == c]\n"
        "        keep.extend(own[:round(share * len(own))])\n    keep.sort()\n"
        "    return np.array(keep), k[keep]",
    ),
    (
        "one array of two rows",
        "def answer(p, share):\n    k, mask = p.argmax(1), np.zeros(len(p), bool)\n"
        "    for c in np.unique(k):\n        own = np.flatnonzero(k == c)\n"
        "        o = np.argsort(-p[own, c], kind='stable')\n"
        "        mask[own[o[:round(share * len(own))]]] = True\n"
        "    return np.stack([np.flatnonzero(mask), k[mask]])",
    ),
    (
        "generator",
        "def answer(p, share):\n    k, mask = p.argmax(1), np.zeros(len(p), bool)\n"
        "    for c in np.unique(k):\n        own = np.flatnonzero(k == c)\n"
        "        o = np.argsort(-p[own, c], kind='stable')\n"
        "        mask[own[o[:round(share * len(own))]]] = True\n"
        "    yield np.flatnonzero(mask)\n    yield k[mask]",
    ),
    (
        "torch",
        "def answer(p, share):\n    s, k = torch.tensor(p).max(1)\n    chosen = []\n"
        "    for c in k.unique():\n        own = (k == c).nonzero()[:, 0]\n"
        "        o = torch.sort(s[own], descending=True, stable=True).indices\n"
        "        chosen.append(own[o[:round(share * len(own))]])\n"
        "    items = torch.cat(chosen).sort().values\n    return items, k[items]",
    ),
]
CLOSED = [
    ("numpy nan", "np.nan if o <= s else (a - s) / (o - s)"),
    ("in reverse", "(a - s) / (o - s) if o > s else math.nan"),
    ("from the oracle", "1 - (o - a) / (o - s) if o > s else float('nan')"),
    ("numpy", "np.divide(a - s, o - s if o > s else np.nan)"),
    ("where", "np.where(o > s, (a - s) / ((o - s) or 1), np.nan)"),
    ("torch", "torch.tensor((a - s) / (o - s) if o > s else float('nan'))"),
    (
        "Fraction",
        "__import__('fractions').Fraction(a - s) / __import__('fractions').Fraction(o - s) "
        "if o > s else float('nan')",
    ),
    ("slope", "np.interp(0, [0, 1], [(a - s) / (o - s), 0]) if o > s else np.float32('nan')"),
]
VALID = [
    *(("07.1", name, f"lambda s, t: {code}") for name, code in DISTANCES),
    *(("07.2", name, code) for name, code in EACH),
    *(("07.3", name, CORAL.format(power, result)) for name, power, result in CORALS),
    *(("07.4", name, code) for name, code in GUESSES),
    *(("07.7", name, f"lambda s, a, o: {code}") for name, code in CLOSED),
    ("07.5", "a capital", "'B'"),
    ("07.6", "a capital", "'D'"),
]
