"""Right answers to lesson 09 in unusual forms: exercise, name and code."""

BALANCED = [
    (
        "pandas",
        "def answer(y, train):\n    d = pd.DataFrame({'i': train, 'y': y[train]})\n"
        "    most = d.y.value_counts().max()\n"
        "    return pd.concat([g.i.iloc[np.arange(most) % len(g)] for _, g in d.groupby('y')])",
    ),
    (
        "a list, shuffled",
        "def answer(y, train):\n    most = max(Counter(y[train].tolist()).values())\n"
        "    found = []\n    for c in set(y[train].tolist()):\n"
        "        own = [i for i in train.tolist() if y[i] == c]\n"
        "        found += list(itertools.islice(itertools.cycle(own), most))\n"
        "    random.shuffle(found)\n    return found",
    ),
    (
        "tile and a draw without replacement",
        "def answer(y, train):\n    rng, found = np.random.default_rng(3), []\n"
        "    classes, n = np.unique(y[train], return_counts=True)\n"
        "    for c, k in zip(classes, n):\n        own, most = train[y[train] == c], n.max()\n"
        "        rest = rng.choice(own, most % k, replace=False)\n"
        "        found += [np.tile(own, most // k), rest]\n    return np.concatenate(found)",
    ),
    (
        "torch",
        "def answer(y, train):\n    t, y = torch.tensor(train), torch.tensor(y)\n"
        "    most = y[t].bincount().max()\n"
        "    return torch.cat([t[y[t] == c][torch.arange(most) % (y[t] == c).sum()] "
        "for c in y[t].unique()])",
    ),
    (
        "training items first",
        "def answer(y, train):\n    k = np.bincount(y[train])\n"
        "    more = [np.resize(train[y[train] == c], k.max())[k[c]:] for c in set(y[train])]\n"
        "    return np.concatenate([train, *more])",
    ),
]
REPORTS = [
    (
        "a loop",
        "lambda v, t: sum(b[list(a).index(max(a))] for a, b in zip(v, t)) / len(v)",
    ),
    (
        "take_along_axis",
        "lambda v, t: np.take_along_axis(t, v.argmax(1, keepdims=True), 1).mean()",
    ),
    (
        "pandas",
        "lambda v, t: np.mean([pd.Series(b)[pd.Series(a).idxmax()] for a, b in zip(v, t)])",
    ),
    ("diagonal", "lambda v, t: np.diagonal(t[:, v.argmax(1)]).mean()"),
    (
        "torch",
        "def answer(v, t):\n    place = torch.tensor(v.argmax(1))[:, None]\n"
        "    return torch.tensor(t).gather(1, place).mean()",
    ),
    (
        "mask",
        "def answer(v, t):\n    best = v == v.max(1, keepdims=True)\n"
        "    return t[best & (best.cumsum(1) == 1)].mean()",
    ),
]
PREDICTIONS = [
    (
        "a copy",
        "def answer(m, x, b):\n    twin = copy.deepcopy(m).eval()\n"
        "    with torch.inference_mode():\n"
        "        return [int(c) for part in x.split(b) for c in twin(part).argmax(1)]",
    ),
    (
        "decorated, with a dictionary of names",
        "@torch.no_grad()\ndef answer(m, x, b):\n"
        "    modes = {n: k.training for n, k in m.named_modules()}\n    m.eval()\n    found = []\n"
        "    for i in range(0, len(x), b):\n"
        "        found.append(m(x[i:i + b]).softmax(1).max(1).indices)\n"
        "    for n, k in m.named_modules():\n        k.training = modes[n]\n"
        "    return torch.cat(found)",
    ),
    (
        "a data loader",
        "def answer(m, x, b):\n    modes = [k.training for k in m.modules()]\n    m.eval()\n"
        "    with torch.no_grad():\n"
        "        found = torch.cat([m(p) for p in torch.utils.data.DataLoader(x, b)])\n"
        "    for k, mode in zip(m.modules(), modes):\n        k.train(mode)\n"
        "    for k, mode in zip(m.modules(), modes):\n        k.training = mode\n"
        "    return np.argmax(found.numpy(), 1)",
    ),
    (
        "one by one, each by itself",
        "def answer(m, x, b):\n    m = copy.deepcopy(m)\n    for k in m.modules():\n"
        "        k.training = False\n"
        "    return np.array([m(row[None]).detach().numpy().argmax() for row in x])",
    ),
    (
        "with try and finally",
        "def answer(m, x, b):\n    was = [k for k in m.modules() if k.training]\n    try:\n"
        "        m.eval()\n        with torch.no_grad():\n"
        "            return torch.cat([m(p).argmax(-1) for p in torch.split(x, b)]).numpy()\n"
        "    finally:\n        for k in was:\n            k.training = True",
    ),
]
ALARMS = [
    (
        "numpy",
        "lambda a, b, t: sorted(n for n in set(a) - set(t) "
        "if (a[n].numpy() != b[n].numpy()).any())",
    ),
    (
        "a loop",
        "def answer(before, after, trained):\n    found = []\n"
        "    for name, old in before.items():\n"
        "        if name in trained:\n            continue\n"
        "        if not (old == after[name]).all():\n            found.append(name)\n"
        "    found.sort()\n    return found",
    ),
    (
        "bytes",
        "lambda a, b, t: sorted(n for n, w in a.items() if n not in t "
        "and w.numpy().tobytes() != b[n].numpy().tobytes())",
    ),
    (
        "lists",
        "def answer(a, b, t):\n    return sorted({n for n in a if a[n].tolist() != b[n].tolist()} "
        "- set(t))",
    ),
    (
        "difference",
        "lambda a, b, t: tuple(n for n in sorted(a) if n not in t "
        "and (a[n] - b[n]).count_nonzero())",
    ),
]
RENAMED = [
    (
        "dictionary and vectorize",
        "def answer(y, a, b):\n    "
        "if set(a) != set(b) or len(set(a)) != len(a) or len(b) != len(a):\n"
        "        raise ValueError('other names')\n    place = {n: i for i, n in enumerate(b)}\n"
        "    return np.vectorize(lambda i: place[a[i]], otypes=[int])(y)",
    ),
    (
        "argsort twice",
        "def answer(y, a, b):\n    if sorted(a) != sorted(b) or len(set(b)) < len(b):\n"
        "        raise ValueError\n    table = np.empty(len(a), int)\n"
        "    table[np.argsort(a)] = np.argsort(b)\n    return table[y]",
    ),
    (
        "take",
        "def answer(y, a, b):\n    if Counter(a) != Counter(b) or max(Counter(a).values()) > 1:\n"
        "        raise ValueError(f'{a} and {b}')\n"
        "    return np.take([b.index(n) for n in a], y)",
    ),
    (
        "torch",
        "def answer(y, a, b):\n    if sorted(a) != sorted(b) or len({*a}) != len(a):\n"
        "        raise ValueError('no')\n"
        "    return torch.tensor([b.index(n) for n in a])[torch.tensor(y)]",
    ),
    (
        "names first",
        "def answer(y, a, b):\n    "
        "if len(set(a)) != len(a) or set(a) ^ set(b) or len(a) != len(b):\n"
        "        raise ValueError('no')\n    order = np.argsort(b)\n"
        "    return order[np.searchsorted(np.array(b)[order], np.array(a)[y])]",
    ),
]
VALID = [
    *(("09.1", name, code) for name, code in BALANCED),
    ("09.2", "a capital with a bracket", "'(C)'"),
    ("09.3", "a point behind it", "'a.'"),
    *(("09.4", name, code) for name, code in REPORTS),
    *(("09.5", name, code) for name, code in PREDICTIONS),
    *(("09.6", name, code) for name, code in ALARMS),
    ("09.7", "by torch", "F.cross_entropy(torch.eye(20), torch.arange(20))"),
    ("09.7", "two decimals", "2.08"),
    *(("09.8", name, code) for name, code in RENAMED),
    ("09.9", "with spaces", "' D '"),
]
