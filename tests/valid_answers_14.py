"""Right answers to lesson 14 in unusual forms: exercise, name and code."""

ERRORS = [
    (
        "digitize",
        "def answer(c, r, e):\n    place = np.digitize(c, e, right=True)\n"
        "    return sum((place == i).mean() * abs(c[place == i].mean() - r[place == i].mean())\n"
        "               for i in set(place))",
    ),
    (
        "pandas cut",
        "def answer(c, r, e):\n    d = pd.DataFrame({'c': c.astype(float), 'r': r * 1.0})\n"
        "    g = d.groupby(pd.cut(d.c, e), observed=True).agg(['mean', 'size'])\n"
        "    return (abs(g['c', 'mean'] - g['r', 'mean']) * g['c', 'size']).sum() / len(d)",
    ),
    (
        "sums",
        "def answer(c, r, e):\n    place = np.searchsorted(e, c) - 1\n"
        "    return np.abs(np.bincount(place, c - r.astype(float))).sum() / len(c)",
    ),
    (
        "histogram of numpy, turned round",
        "def answer(c, r, e):\n    c, e = -c.astype(float), -np.array(e)[::-1]\n"
        "    place = np.searchsorted(e, c, side='right')\n"
        "    return np.abs(np.bincount(place, -c - r)).sum() / len(c)",
    ),
    (
        "a loop over answers",
        "def answer(c, r, e):\n    gaps = [0.0] * (len(e) - 1)\n    for x, y in zip(c, r):\n"
        "        i = next(i for i in range(len(gaps)) if e[i] < x <= e[i + 1])\n"
        "        gaps[i] += float(x) - float(y)\n"
        "    return sum(map(abs, gaps)) / len(c)",
    ),
    (
        "torch",
        "def answer(c, r, e):\n    c, r = torch.tensor(c).double(), torch.tensor(r).double()\n"
        "    place = torch.bucketize(c, torch.tensor(e).double())\n"
        "    return torch.bincount(place, c - r).abs().sum() / len(c)",
    ),
]
TEMPERATURES = [
    (
        "torch",
        "def answer(s, y, ts):\n    s, y = torch.tensor(s), torch.tensor(y)\n"
        "    return min(ts, key=lambda t: F.cross_entropy(s / t, y).item())",
    ),
    (
        "scipy",
        "from scipy.special import log_softmax\n"
        "answer = lambda s, y, ts: ts[np.argmin([-log_softmax(s / t, 1)[range(len(y)), y].mean() "
        "for t in ts])]",
    ),
    (
        "logsumexp, item by item",
        "from scipy.special import logsumexp\n"
        "def answer(s, y, ts):\n    best = None\n    for t in ts:\n"
        "        loss = sum(logsumexp(row / t) - row[label] / t for row, label in zip(s, y))\n"
        "        if best is None or loss < best[0]:\n            best = loss, t\n"
        "    return best[1]",
    ),
    (
        "logarithms to base two, summed",
        "def answer(s, y, ts):\n    losses = []\n    for t in ts:\n"
        "        z = (s - s.max(1, keepdims=True)) / t\n"
        "        z = z - np.log(np.exp(z).sum(1, keepdims=True))\n"
        "        losses.append(-np.log2(np.e) * z[np.arange(len(y)), y].sum())\n"
        "    return np.float32(ts[losses.index(min(losses))])",
    ),
    (
        "one-hot",
        "def answer(s, y, ts):\n    truth = np.eye(s.shape[1])[y]\n    def loss(t):\n"
        "        z = s / t\n        top = z.max(1)\n"
        "        log_sum = top + np.log(np.exp(z - top[:, None]).sum(1))\n"
        "        return (log_sum - (z * truth).sum(1)).mean()\n    return min(ts, key=loss)",
    ),
]
BOUNDS = [
    ("partition", "len(s) + 1 and (np.partition(s, r - 1)[r - 1] if r <= len(s) else np.inf)"),
    ("sorted", "sorted(s.tolist())[r - 1] if r <= len(s) else float('inf')"),
    ("infinity among the scores", "np.sort(np.append(s, np.inf))[r - 1]"),
    ("pandas", "pd.Series(np.r_[s, np.inf]).sort_values().iloc[r - 1]"),
    ("lower of numpy", "np.inf if r > len(s) else np.quantile(s, r / len(s), method='lower')"),
    ("torch", "torch.tensor(s).kthvalue(r).values if r <= len(s) else torch.tensor(math.inf)"),
    ("heap", "__import__('heapq').nsmallest(r, s)[-1] if r <= len(s) else math.inf"),
]
SHARES = [
    (
        "scikit-learn",
        "from sklearn.metrics import confusion_matrix\n"
        "def answer(y, a, new, k):\n"
        "    c = confusion_matrix(y, a, labels=range(k), normalize='true').T\n"
        "    return np.linalg.solve(c, [(new == i).mean() for i in range(k)])",
    ),
    (
        "inverse",
        "def answer(y, a, new, k):\n    c = np.eye(k)[a].T @ np.eye(k)[y]\n"
        "    return np.linalg.inv(c / c.sum(0)) @ np.eye(k)[new].mean(0)",
    ),
    (
        "weights times shares at home",
        "def answer(y, a, new, k):\n    joint = np.eye(k)[a].T @ np.eye(k)[y] / len(y)\n"
        "    w = np.linalg.solve(joint, np.bincount(new, minlength=k) / len(new))\n"
        "    return w * np.bincount(y, minlength=k) / len(y)",
    ),
    (
        "least squares",
        "def answer(y, a, new, k):\n    c = np.array([np.bincount(a[y == j], minlength=k) / "
        "(y == j).sum() for j in range(k)])\n"
        "    return np.linalg.lstsq(c.T, np.bincount(new, minlength=k) / len(new), rcond=None)[0]",
    ),
    (
        "pandas",
        "def answer(y, a, new, k):\n"
        "    c = pd.crosstab(a, y, normalize='columns').reindex(range(k), fill_value=0)\n"
        "    said = pd.Series(new).value_counts(normalize=True).reindex(range(k), fill_value=0)\n"
        "    return pd.Series(np.linalg.solve(c, said)).to_list()",
    ),
    (
        "torch",
        "def answer(y, a, new, k):\n"
        "    hot = [F.one_hot(torch.tensor(x), k).double() for x in (y, a, new)]\n"
        "    return torch.linalg.solve(hot[1].T @ hot[0] / hot[0].sum(0), hot[2].mean(0))",
    ),
]
RANK = "def answer(s, alpha):\n    r = math.ceil((len(s) + 1) * (1 - alpha))\n    return "
VALID = [
    *(("14.1", name, code) for name, code in ERRORS),
    *(("14.2", name, code) for name, code in TEMPERATURES),
    *(("14.3", name, RANK + code) for name, code in BOUNDS),
    *(("14.4", name, code) for name, code in SHARES),
    ("14.5", "a capital with a space", "' C'"),
]
