"""Right answers to lesson 10 in unusual forms: exercise, name and code."""

VALID = [
    (
        "10.2",
        "a loop",
        "def answer(mean, low, high, per_class):\n    if low > 0 or high < 0:\n        return 0\n"
        "    if not mean:\n        return math.inf\n    more = 0\n"
        "    while (high - low) / 2 * (per_class / (per_class + more)) ** .5 > abs(mean) + 1e-12:\n"
        "        more += 1\n    return more",
    ),
    (
        "10.2",
        "product of the ends",
        "def answer(mean, low, high, per_class):\n    if low * high > 0:\n        return 0\n"
        "    if mean == 0:\n        return np.inf\n"
        "    return -int(-(per_class * ((high - low) / 2 / mean) ** 2 - per_class) // 1)",
    ),
    (
        "10.3",
        "a loop over items",
        "def answer(labels, p):\n    k = p.shape[1]\n"
        "    bars = [np.average(p[:, j], weights=labels == j) for j in range(k)]\n    found = []\n"
        "    for i, row in enumerate(p):\n"
        "        able = [j for j in range(k) if row[j] >= bars[j] - 1e-12]\n"
        "        if able and max(able, key=lambda j: row[j]) != labels[i]:\n"
        "            found.append(i)\n    return np.array(found, dtype=int)",
    ),
    (
        "10.3",
        "with pandas",
        "def answer(labels, p):\n    d = pd.DataFrame(p)\n"
        "    bars = d.groupby(labels).mean().to_numpy().diagonal()\n"
        "    kept = d.where(d >= bars)\n    has = kept.notna().any(axis=1)\n"
        "    best = kept.fillna(-1).idxmax(axis=1)\n"
        "    return np.flatnonzero(has & (best != labels))",
    ),
    (
        "10.6",
        "with pandas",
        "lambda p, saved, wanted: pd.DataFrame(p, columns=saved)[wanted].to_numpy()",
    ),
    (
        "10.6",
        "column by column",
        "lambda p, saved, wanted: np.stack([p[:, saved.index(n)] for n in wanted], axis=1)",
    ),
    (
        "10.6",
        "with a matrix",
        "def answer(p, saved, wanted):\n"
        "    swap = np.array([[a == b for b in wanted] for a in saved])\n"
        "    return p @ swap.astype(float)",
    ),
    (
        "10.2",
        "with roots",
        "def answer(mean, low, high, per_class):\n"
        "    if low > 0 or high < 0: return 0\n"
        "    if mean == 0: return float('inf')\n"
        "    half = (high - low) / 2\n"
        "    return math.ceil((math.sqrt(per_class)*half/abs(mean))**2) - per_class",
    ),
    (
        "10.2",
        "with torch",
        "def answer(mean, low, high, per_class):\n"
        "    if low > 0 or high < 0: return 0\n"
        "    if mean == 0: return float('inf')\n"
        "    half = (high - low) / 2\n"
        "    return torch.ceil(torch.tensor(per_class*(half/abs(mean))**2 - per_class))",
    ),
    (
        "10.2",
        "an array without dimensions",
        "def answer(mean, low, high, per_class):\n"
        "    if low > 0 or high < 0: return 0\n"
        "    if mean == 0: return float('inf')\n"
        "    half = (high - low) / 2\n"
        "    return np.array(np.ceil(per_class*(half/abs(mean))**2 - per_class))",
    ),
    (
        "10.2",
        "division by zero caught",
        "def answer(mean, low, high, per_class):\n"
        "    if low*high > 0: return 0.0\n"
        "    try:\n"
        "        return math.ceil(per_class*((high-low)/2/mean)**2) - per_class\n"
        "    except ZeroDivisionError:\n"
        "        return float('inf')",
    ),
    (
        "10.2",
        "with fractions",
        "def answer(mean, low, high, per_class):\n"
        "    if low > 0 or high < 0: return 0\n"
        "    if mean == 0: return float('inf')\n"
        "    from fractions import Fraction as Q\n"
        "    half=(Q(high)-Q(low))/2\n"
        "    return math.ceil(per_class*(half/Q(mean))**2) - per_class",
    ),
    (
        "10.3",
        "a tuple",
        "def answer(labels, probabilities):\n"
        "    k = probabilities.shape[1]\n"
        "    bars = np.array([probabilities[labels == j, j].mean() for j in range(k)])\n"
        "    reached = probabilities >= bars\n"
        "    best = np.where(reached, probabilities, -1).argmax(axis=1)\n"
        "    return tuple(np.flatnonzero(reached.any(axis=1) & (best != labels)).tolist())",
    ),
    (
        "10.3",
        "with np.where",
        "def answer(labels, probabilities):\n"
        "    k = probabilities.shape[1]\n"
        "    bars = np.array([probabilities[labels == j, j].mean() for j in range(k)])\n"
        "    reached = probabilities >= bars\n"
        "    best = np.where(reached, probabilities, -1).argmax(axis=1)\n"
        "    return np.where(reached.any(axis=1) & (best != labels))[0]",
    ),
    (
        "10.3",
        "index of a series",
        "def answer(labels, probabilities):\n"
        "    k = probabilities.shape[1]\n"
        "    bars = np.array([probabilities[labels == j, j].mean() for j in range(k)])\n"
        "    reached = probabilities >= bars\n"
        "    best = np.where(reached, probabilities, -1).argmax(axis=1)\n"
        "    m = pd.Series(reached.any(axis=1) & (best != labels)); return m[m].index",
    ),
    (
        "10.3",
        "with a masked array",
        "def answer(labels, p):\n"
        "    k=p.shape[1]; bars=[p[labels==j][:, j].mean() for j in range(k)]\n"
        "    m=np.ma.masked_less(p, bars)\n"
        "    best=m.filled(0).argmax(axis=1)\n"
        "    ok=~np.ma.getmaskarray(m).all(axis=1)\n"
        "    return np.flatnonzero(ok & (best != labels))",
    ),
    (
        "10.3",
        "with NaN",
        "def answer(labels, p):\n"
        "    q=p.copy(); k=p.shape[1]\n"
        "    for j in range(k):\n"
        "        q[q[:, j] < p[labels==j, j].mean(), j] = np.nan\n"
        "    ok=~np.isnan(q).all(axis=1)\n"
        "    return [i for i in np.flatnonzero(ok) if np.nanargmax(q[i]) != labels[i]]",
    ),
    (
        "10.3",
        "with a one-hot matrix",
        "def answer(labels, p):\n"
        "    y=np.eye(p.shape[1])[labels]\n"
        "    bars=(p*y).sum(0)/y.sum(0)\n"
        "    r=p>=bars\n"
        "    b=(p*r).argmax(1)\n"
        "    return np.flatnonzero(r.any(1)&(b!=labels))",
    ),
    (
        "10.3",
        "with bincount",
        "def answer(labels, p):\n"
        "    own=p[np.arange(len(labels)), labels]\n"
        "    bars=np.bincount(labels, own)/np.bincount(labels)\n"
        "    r=p>=bars\n"
        "    b=np.where(r,p,-np.inf).argmax(1)\n"
        "    return np.flatnonzero(r.any(1)&(b!=labels))",
    ),
    (
        "10.3",
        "with torch in float32",
        "def answer(labels, p):\n"
        "    P=torch.tensor(p).float(); L=torch.tensor(labels)\n"
        "    bars=torch.stack([P[L==j,j].mean() for j in range(P.shape[1])])\n"
        "    r=P>=bars\n"
        "    b=torch.where(r,P,-1.).argmax(1)\n"
        "    return torch.nonzero(r.any(1)&(b!=L)).flatten()",
    ),
    (
        "10.3",
        "with plain loops",
        "def answer(labels, p):\n"
        "    n,k=p.shape; s=[0]*k; c=[0]*k\n"
        "    for i in range(n):\n"
        "        s[labels[i]]+=p[i][labels[i]]; c[labels[i]]+=1\n"
        "    out=[]\n"
        "    for i in range(n):\n"
        "        best,bp=None,-1\n"
        "        for j in range(k):\n"
        "            if p[i][j]>=s[j]/c[j] and p[i][j]>bp: best,bp=j,p[i][j]\n"
        "        if best is not None and best!=labels[i]: out.append(i)\n"
        "    return out",
    ),
    (
        "10.3",
        "with cleanlab",
        "def answer(labels, p):\n"
        "    from cleanlab.count import compute_confident_joint as joint\n"
        "    return sorted(joint(labels, p, return_indices_of_off_diagonals=True)[1])",
    ),
    (
        "10.3",
        "a generator",
        "def answer(labels, probabilities):\n"
        "    k = probabilities.shape[1]\n"
        "    bars = np.array([probabilities[labels == j, j].mean() for j in range(k)])\n"
        "    reached = probabilities >= bars\n"
        "    best = np.where(reached, probabilities, -1).argmax(axis=1)\n"
        "    return (i for i in range(len(labels)) if reached[i].any() and best[i] != labels[i])",
    ),
    (
        "10.6",
        "rows of the transpose",
        "lambda p, s, w: p.T[[s.index(n) for n in w]].T",
    ),
    (
        "10.6",
        "a table",
        "lambda p, s, w: pd.DataFrame(p, columns=s)[w]",
    ),
    (
        "10.6",
        "list of lists",
        "lambda p, s, w: [[row[s.index(n)] for n in w] for row in p]",
    ),
    (
        "10.6",
        "into an empty array",
        "def answer(p, s, w):\n"
        "    out = np.empty_like(p)\n"
        "    for j, n in enumerate(s):\n"
        "        out[:, w.index(n)] = p[:, j]\n"
        "    return out",
    ),
    (
        "10.6",
        "with three argsorts",
        "lambda p, s, w: p[:, np.argsort(s)[np.argsort(np.argsort(w))]]",
    ),
    (
        "10.6",
        "with torch",
        "lambda p, s, w: torch.tensor(p)[:, [s.index(n) for n in w]]",
    ),
    (
        "10.6",
        "item by item",
        "def answer(p, s, w):\n"
        "    out = p.copy()\n"
        "    for i in range(len(p)):\n"
        "        for j in range(len(w)):\n"
        "            out[i, j] = p[i, s.index(w[j])]\n"
        "    return out",
    ),
]
