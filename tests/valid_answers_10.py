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
]
