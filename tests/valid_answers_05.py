"""Right answers to lesson 05 in unusual forms: exercise, name and code."""

UNIT = """
def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)
"""
NEAREST = [
    (
        "sorted",
        "lambda w, words, rows: sorted(zip(unit(rows) @ unit(rows)[words.index(w)], words))[-2][1]",
    ),
    (
        "argsort",
        "lambda w, words, rows: words[(unit(rows) @ unit(rows)[words.index(w)]).argsort()[-2]]",
    ),
    (
        "numpy text",
        "lambda w, words, rows: np.array(words)[np.argsort(-(unit(rows) @ "
        "unit(rows)[words.index(w)]))[1]]",
    ),
    (
        "max with a key",
        "lambda w, words, rows: (lambda c: max((x for x in words if x != w), "
        "key=lambda x: c[words.index(x)]))(unit(rows) @ unit(rows)[words.index(w)])",
    ),
    (
        "names and rows without the word",
        "def answer(w, words, rows):\n    i = words.index(w)\n"
        "    others = words[:i] + words[i + 1:]\n"
        "    return others[(np.delete(unit(rows), i, 0) @ rows[i]).argmax()]",
    ),
    (
        "scipy",
        "from scipy.spatial.distance import cdist\ndef answer(w, words, rows):\n"
        "    d = cdist(rows[[words.index(w)]], rows, 'cosine')[0]\n"
        "    d[words.index(w)] = 9\n    return words[d.argmin()]",
    ),
    (
        "scikit-learn",
        "from sklearn.metrics.pairwise import cosine_similarity\ndef answer(w, words, rows):\n"
        "    c = cosine_similarity(rows)\n    np.fill_diagonal(c, -2)\n"
        "    return words[c[words.index(w)].argmax()]",
    ),
    (
        "torch",
        "def answer(w, words, rows):\n    r = F.normalize(torch.tensor(rows), dim=1)\n"
        "    return words[(r @ r[words.index(w)]).topk(2).indices[1]]",
    ),
    (
        "distance of unit rows",
        "def answer(w, words, rows):\n    d = np.linalg.norm(unit(rows) - "
        "unit(rows)[words.index(w)], axis=1)\n    return words[d.argsort()[1]]",
    ),
    (
        "gensim",
        "def answer(w, words, rows):\n    from gensim.models import KeyedVectors\n"
        "    k = KeyedVectors(rows.shape[1])\n    k.add_vectors(words, rows)\n"
        "    return k.most_similar(w, topn=1)[0][0]",
    ),
    (
        "a loop",
        "def answer(w, words, rows):\n    best, found = -math.inf, None\n"
        "    me = rows[words.index(w)]\n    for x, row in zip(words, rows):\n"
        "        c = row @ me / np.sqrt(row @ row)\n        if x != w and c > best:\n"
        "            best, found = c, x\n    return found",
    ),
]
SHARES = [
    (
        "Fraction",
        "def answer(texts, v):\n    from fractions import Fraction\n"
        "    w = sum(texts, [])\n    return Fraction(sum(x in v for x in w), len(w) or 1)",
    ),
    (
        "Counter",
        "def answer(texts, v):\n    c = Counter(itertools.chain(*texts))\n"
        "    return sum(c[x] for x in v) / max(c.total(), 1)",
    ),
    (
        "numpy",
        "def answer(texts, v):\n    w = np.array([x for t in texts for x in t], dtype=str)\n"
        "    return np.isin(w, list(v)).mean() if len(w) else 0",
    ),
    (
        "pandas",
        "def answer(texts, v):\n    s = pd.Series(sum(texts, []), dtype=object)\n"
        "    return s.isin(v).mean() if len(s) else 0.0",
    ),
    (
        "two counters",
        "def answer(texts, v):\n    known = n = 0\n    for t in texts:\n        n += len(t)\n"
        "        known += len([x for x in t if x in v])\n    return known / n if n else 0",
    ),
    (
        "try",
        "def answer(texts, v):\n    w = list(itertools.chain.from_iterable(texts))\n    try:\n"
        "        return sum(map(v.__contains__, w)) / len(w)\n    except ZeroDivisionError:\n"
        "        return 0",
    ),
    (
        "statistics",
        "def answer(texts, v):\n    import statistics\n"
        "    return statistics.fmean([x in v for t in texts for x in t] or [0])",
    ),
    (
        "torch",
        "def answer(texts, v):\n    return torch.tensor([float(x in v) for t in texts for x in t] "
        "or [0.0]).mean()",
    ),
    (
        "Decimal",
        "def answer(texts, v):\n    from decimal import Decimal\n    w = sum(texts, [])\n"
        "    return Decimal(sum(x in v for x in w)) / max(len(w), 1)",
    ),
]
MEAN = """
def answer(words, vectors, weights, size):
    known = [w for w in words if w in vectors]
    if len(known) == 0:
        return {}
    s = [weights.get(w, 1) for w in known]
    return {}
"""
MEANS = [
    (
        "average",
        "np.zeros(size)",
        "np.average([vectors[w] for w in known], axis=0, weights=s)",
    ),
    ("lists", "[0] * size", "[float(x) for x in np.average([vectors[w] for w in known], 0, s)]"),
    (
        "generator",
        "(0.0 for _ in range(size))",
        "(sum(a * vectors[w][j] for a, w in zip(s, known)) / sum(s) for j in range(size))",
    ),
    (
        "torch",
        "torch.zeros(size)",
        "torch.tensor(s).double() @ torch.tensor(np.array([vectors[w] for w in known])) / sum(s)",
    ),
    (
        "pandas",
        "pd.Series(0.0, range(size))",
        "pd.DataFrame([vectors[w] for w in known]).mul(s, axis=0).sum() / sum(s)",
    ),
    (
        "shares first",
        "np.full(size, 0)",
        "np.sum([np.multiply(vectors[w], a / sum(s)) for a, w in zip(s, known)], axis=0)",
    ),
    (
        "float32",
        "np.zeros(size, dtype='float32')",
        "(np.array(s) @ np.stack([vectors[w] for w in known]) / sum(s)).astype('float32')",
    ),
    (
        "by counts",
        "np.zeros(size)",
        "sum(n * weights.get(w, 1) * vectors[w] for w, n in Counter(known).items()) / sum(s)",
    ),
    ("tuple", "(0,) * size", "tuple(np.average([vectors[w] for w in known], 0, s).tolist())"),
]
EFFECTS = [
    ("append", "(np.mean(x) - np.mean(y)) / np.std(np.append(x, y), ddof=1)"),
    ("pandas", "(x.mean() - y.mean()) / pd.Series([*x, *y]).std()"),
    (
        "statistics",
        "(lambda m: (m.fmean(x) - m.fmean(y)) / m.stdev([*map(float, x), *map(float, y)]))"
        "(__import__('statistics'))",
    ),
    ("torch", "(x.mean() - y.mean()) / torch.tensor(np.r_[x, y]).std()"),
    (
        "by hand",
        "(lambda b: (sum(x) / len(x) - sum(y) / len(y)) / (sum((b - b.mean()) ** 2) / "
        "(len(b) - 1)) ** 0.5)(np.hstack((x, y)))",
    ),
    ("root of the variance", "(x.mean() - y.mean()) / math.sqrt(np.var([*x, *y], ddof=1))"),
    (
        "difference of two",
        "x.mean() / np.r_[x, y].std(ddof=1) - y.mean() / np.r_[x, y].std(ddof=1)",
    ),
]
VALID = [
    *(
        ("05.1", name, UNIT + (code if "answer" in code else f"answer = {code}"))
        for name, code in NEAREST
    ),
    *(("05.2", name, code) for name, code in SHARES),
    *(("05.4", name, MEAN.format(none, result)) for name, none, result in MEANS),
    (
        "05.4",
        "loop",
        "def answer(words, vectors, weights, size):\n    total, n = np.zeros(size), 0.0\n"
        "    for w in words:\n        if w in vectors:\n            a = weights.get(w, 1.0)\n"
        "            total, n = total + a * vectors[w], n + a\n    return total / (n or 1)",
    ),
    *(("05.6", name, f"lambda x, y: {code}") for name, code in EFFECTS),
    ("05.3", "a capital", "' B '"),
    ("05.5", "a capital", "'C'"),
]
