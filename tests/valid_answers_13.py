"""Right answers to lesson 13 in unusual forms: exercise, name and code."""

TOKENS = [
    (
        "first place of each number",
        "lambda w, labels: [-100 if x is None or w.index(x) != i else labels[x] "
        "for i, x in enumerate(w)]",
    ),
    (
        "a set of those seen",
        "def answer(w, labels):\n    seen = {None}\n    rows = []\n    for word in w:\n"
        "        rows.append(-100 if word in seen else labels[word])\n        seen.add(word)\n"
        "    return tuple(rows)",
    ),
    (
        "groups",
        "def answer(w, labels):\n    for word, pieces in itertools.groupby(w):\n"
        "        n = len(list(pieces))\n"
        "        yield from [-100] * n if word is None else [labels[word]] + [-100] * (n - 1)",
    ),
    (
        "numpy",
        "def answer(w, labels):\n    w = np.array([-1 if x is None else x for x in w])\n"
        "    first = (w >= 0) & (np.diff(w, prepend=-1) != 0)\n"
        "    rows = np.full(len(w), -100)\n"
        "    rows[first] = np.asarray(labels, dtype=int)[w[first]]\n    return rows",
    ),
    (
        "pandas",
        "def answer(w, labels):\n    w = pd.Series(w, dtype='Int64')\n"
        "    return w.where(~w.duplicated()).map(dict(enumerate(labels))).fillna(-100)"
        ".astype(int)",
    ),
    (
        "torch",
        "def answer(w, labels):\n    rows = torch.full((len(w),), -100)\n"
        "    for place in range(len(w) - 1, -1, -1):\n"
        "        if w[place] is not None and w[place] not in w[:place]:\n"
        "            rows[place] = int(labels[w[place]])\n    return rows",
    ),
    (
        "backwards, later pieces overwritten",
        "def answer(w, labels):\n"
        "    firsts = {word: place for place, word in reversed(list(enumerate(w)))}\n"
        "    firsts.pop(None, None)\n    rows = [-100.0] * len(w)\n"
        "    for word, place in firsts.items():\n        rows[place] = np.float64(labels[word])\n"
        "    return rows",
    ),
    (
        "numpy scalars and a column of pairs",
        "lambda w, labels: [np.int8(-100) if word is None or word == before else "
        "np.int64(labels[word]) for before, word in zip([None, *w], w)]",
    ),
    (
        "map",
        "lambda w, labels: map(lambda before, word: -100 if word in (None, before) else "
        "labels[word], [None] + w[:-1], w)",
    ),
    (
        "with a mark at the end of the labels",
        "def answer(w, labels):\n    own = list(labels) + [-100]\n"
        "    return [own[-1 if x is None or i and w[i - 1] == x else x] for i, x in enumerate(w)]",
    ),
]
SCORE = "from sklearn.metrics import precision_recall_fscore_support as score\n"
SHARES = [
    (
        "scikit-learn",
        SCORE + "answer = lambda y, p: score(y[y != -100], p[y != -100], average='binary', "
        "zero_division=0)[:3]",
    ),
    (
        "scikit-learn, class 1 out of two",
        SCORE + "answer = lambda y, p: [x[1] for x in score(y[y != -100], p[y != -100], "
        "labels=[0, 1])[:3]]",
    ),
    (
        "scikit-learn, its own weights",
        SCORE + "answer = lambda y, p: np.array(score(np.maximum(y, 0), p, average='binary', "
        "sample_weight=(y >= 0) * 1.0, zero_division=0)[:3])",
    ),
    (
        "one by one",
        "from sklearn.metrics import f1_score, precision_score, recall_score\n"
        "def answer(y, p):\n    y, p = y[y != -100], p[y != -100]\n"
        "    return (f(y, p, zero_division=0) for f in (precision_score, recall_score, f1_score))",
    ),
    (
        "a loop of plain Python",
        "def answer(labels, predicted):\n    count = Counter(zip(labels.tolist(), "
        "predicted.tolist()))\n    both = count[1, 1]\n"
        "    called, capital = both + count[0, 1], both + count[1, 0]\n"
        "    return [both / max(called, 1), both / max(capital, 1), "
        "2 * both / max(called + capital, 1)]",
    ),
    (
        "means of masks",
        "def answer(y, p):\n    y, p = y[y != -100] == 1, p[y != -100] == 1\n"
        "    a = y[p].mean() if p.any() else 0\n    b = p[y].mean() if y.any() else 0\n"
        "    return a, b, 0 if a + b == 0 else 2 / (1 / a + 1 / b)",
    ),
    (
        "nan made 0",
        "def answer(y, p):\n    y, p = y[y != -100], p[y != -100]\n"
        "    both, called, capital = np.float64((y * p).sum()), p.sum(), y.sum()\n"
        "    return np.nan_to_num([both / called, both / capital, 2 * both / (called + capital)])",
    ),
    (
        "errors caught",
        "def answer(y, p):\n    def over(a, b):\n        try:\n            return int(a) / int(b)\n"
        "        except ZeroDivisionError:\n            return 0\n"
        "    p = p[y != -100]\n    y = y[y != -100]\n    both = (y & p).sum()\n"
        "    a, b = over(both, p.sum()), over(both, y.sum())\n"
        "    return np.float32(a), np.float32(b), np.float32(2 * a * b / (a + b) if both else 0)",
    ),
    (
        "pandas",
        "def answer(y, p):\n    d = pd.DataFrame({'y': y, 'p': p}).query('y != -100')\n"
        "    both = ((d.y == 1) & (d.p == 1)).sum()\n"
        "    return pd.Series([both / d.p.sum(), both / d.y.sum(), 2 * both / (d.y + d.p).sum()])"
        ".fillna(0)",
    ),
    (
        "torch",
        "def answer(y, p):\n    y, p = torch.tensor(y), torch.tensor(p)\n    own = y != -100\n"
        "    both, called, capital = [(m & own).sum() for m in ((y == 1) & (p == 1), p == 1, "
        "y == 1)]\n    return torch.nan_to_num(torch.stack([both / called, both / capital, "
        "2 * both / (called + capital)]))",
    ),
    (
        "statistics",
        "from statistics import harmonic_mean\ndef answer(y, p):\n"
        "    both = int(((y == 1) & (p == 1)).sum())\n"
        "    a = both / (both + int(((y == 0) & (p == 1)).sum()) or 1)\n"
        "    b = both / (both + int(((y == 1) & (p == 0)).sum()) or 1)\n"
        "    return a, b, harmonic_mean([a, b])",
    ),
]
PAIRS = [
    (
        "lists of plain Python",
        "def answer(first, second, learned):\n    pairs = list(enumerate(zip(first, second)))\n"
        "    return ([i for i, (a, b) in pairs if a in learned and b in learned],\n"
        "            [i for i, (a, b) in pairs if a not in learned and b not in learned])",
    ),
    (
        "sets of two",
        "def answer(first, second, learned):\n    learned = set(learned)\n"
        "    halves = [{int(a), int(b)} for a, b in zip(first, second)]\n"
        "    return (i for i, two in enumerate(halves) if two <= learned), "
        "(i for i, two in enumerate(halves) if not two & learned)",
    ),
    (
        "how many halves",
        "def answer(f, s, learned):\n"
        "    n = np.isin(np.stack([f, s]), np.array(learned, dtype=int)).sum(axis=0)\n"
        "    return np.where(n == 2)[0], np.where(n == 0)[0]",
    ),
    (
        "masks added as ints",
        "def answer(f, s, learned):\n    n = np.isin(f, learned) * 1 + np.isin(s, learned)\n"
        "    return [np.nonzero(n == k)[0] for k in (2, 0)]",
    ),
    (
        "pandas",
        "def answer(f, s, learned):\n    d = pd.DataFrame({'f': f, 's': s}).isin(learned)\n"
        "    return d.index[d.all(axis=1)], d.index[~d.any(axis=1)]",
    ),
    (
        "series",
        "def answer(f, s, learned):\n    a, b = pd.Series(f).isin(learned), pd.Series(s)"
        ".isin(learned)\n    places = pd.Series(range(len(f)))\n"
        "    return places[a & b], places[~(a | b)]",
    ),
    (
        "torch",
        "def answer(f, s, learned):\n    learned = torch.tensor(np.array(learned, dtype=int))\n"
        "    a, b = (torch.isin(torch.tensor(x).long(), learned) for x in (f, s))\n"
        "    return (a & b).nonzero().flatten(), (~(a | b)).nonzero()[:, 0]",
    ),
    (
        "all pairs compared",
        "def answer(f, s, learned):\n    own = np.array(learned, dtype=int)\n"
        "    a, b = (f[:, None] == own).any(1), (s[:, None] == own).any(1)\n"
        "    n = np.arange(len(f))\n    return n[np.logical_and(a, b)], n[np.logical_not(a) & ~b]",
    ),
    (
        "differences of places",
        "def answer(f, s, learned):\n    a, b = np.isin(f, learned), np.isin(s, learned)\n"
        "    places = np.arange(len(f))\n    return (np.intersect1d(places[a], places[b]),\n"
        "            np.setdiff1d(places, np.union1d(places[a], places[b])))",
    ),
    (
        "sets sorted, as floats",
        "def answer(f, s, learned):\n    own = set(learned)\n"
        "    a = {i for i, x in enumerate(f) if x in own}\n"
        "    b = {i for i, x in enumerate(s.tolist()) if x in own}\n"
        "    return [float(i) for i in sorted(a & b)], np.array(sorted({*range(len(f))} - a - b))",
    ),
    (
        "equal masks",
        "def answer(f, s, learned):\n    a, b = np.isin(f, learned), np.isin(s, learned)\n"
        "    return np.flatnonzero((a == b) & a), np.flatnonzero((a == b) & ~a)",
    ),
]
PASSES = [
    ("a calculation", "100 * 9_900 / (100 + 9_900)"),
    ("an int", "99"),
    ("a text", "'99'"),
    ("an array", "np.array([99.0])"),
    ("a fraction", "__import__('fractions').Fraction(990_000, 10_000)"),
    ("float32", "np.float32(99)"),
    ("a tensor", "torch.tensor(99)"),
]
VALID = [
    *(("13.1", name, code) for name, code in TOKENS),
    *(("13.2", name, code) for name, code in SHARES),
    *(("13.3", name, code) for name, code in PAIRS),
    *(("13.4", name, code) for name, code in PASSES),
    ("13.5", "a capital in brackets", "'(B)'"),
]
