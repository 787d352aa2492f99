"""Right answers to lesson 06 in unusual forms: exercise, name and code."""

JOINED = [
    (
        "generator",
        "def answer(pieces):\n    word = None\n    for p in pieces:\n"
        "        if p.startswith('##'):\n            word += p[2:]\n        else:\n"
        "            if word is not None:\n                yield word\n            word = p\n"
        "    if word is not None:\n        yield word",
    ),
    (
        "one text cut at spaces",
        "def answer(pieces):\n    return ' '.join(pieces).replace(' ##', '').split()",
    ),
    (
        "tuple",
        "def answer(pieces):\n    words = ()\n    for p in pieces:\n"
        "        words = (*words[:-1], words[-1] + p[2:]) if p[:2] == '##' else (*words, p)\n"
        "    return words",
    ),
    (
        "numpy",
        "def answer(pieces):\n    words = []\n    for p in pieces:\n"
        "        if p[:2] == '##':\n            words[-1] += p.removeprefix('##')\n"
        "        else:\n            words.append(p)\n    return np.array(words, dtype=str)",
    ),
    (
        "from the end",
        "def answer(pieces):\n    words, rest = [], ''\n    for p in reversed(pieces):\n"
        "        if p.startswith('##'):\n            rest = p[2:] + rest\n        else:\n"
        "            words.insert(0, p + rest)\n            rest = ''\n    return words",
    ),
    (
        "groups",
        "def answer(pieces):\n    n = itertools.accumulate(p[:2] != '##' for p in pieces)\n"
        "    pairs = itertools.groupby(zip(n, pieces), key=lambda x: x[0])\n"
        "    return [''.join(p[2:] if i else p for i, (_, p) in enumerate(g)) for _, g in pairs]",
    ),
    (
        "regular expression",
        "def answer(pieces):\n    import re\n    text = '\\n'.join(pieces)\n"
        "    return re.sub('\\n##', '', text).split('\\n') if pieces else []",
    ),
    (
        "recursion",
        "def answer(pieces):\n    if not pieces:\n        return []\n    *before, last = pieces\n"
        "    if last[:2] != '##':\n        return [*answer(before), last]\n"
        "    *words, word = answer(before)\n    return [*words, word + last[2:]]",
    ),
    (
        "map",
        "def answer(pieces):\n    places = [i for i, p in enumerate(pieces) if p[:2] != '##']\n"
        "    return map(lambda a, b: pieces[a] + ''.join(p[2:] for p in pieces[a + 1:b]), "
        "places, places[1:] + [None])",
    ),
]
M = "mask[..., None]"
MEANS = [
    ("einsum", "np.einsum('ntd,nt->nd', hidden, mask / mask.sum(axis=1, keepdims=True))"),
    ("average", "[np.average(h, axis=0, weights=m) for h, m in zip(hidden, mask)]"),
    ("generator", "(h[m == 1].mean(axis=0) for h, m in zip(hidden, mask))"),
    ("matrix product", "(mask[:, None] @ hidden)[:, 0] / mask.sum(axis=1)[:, None]"),
    (
        "masked array",
        f"np.ma.array(hidden, mask=np.broadcast_to({M} == 0, hidden.shape)).mean(axis=1)",
    ),
    ("nanmean", f"np.nanmean(np.where({M} == 1, hidden, np.nan), axis=1)"),
    ("mean with where", f"hidden.mean(axis=1, where={M} == 1)"),
    (
        "torch",
        "(torch.tensor(hidden) * torch.tensor(mask)[..., None]).sum(1) "
        "/ torch.tensor(mask).sum(1, keepdim=True)",
    ),
    ("guarded", f"(hidden * {M}).sum(1) / np.clip({M}.sum(1), 1e-9, None)"),
    (
        "a little more",
        f"(hidden * {M}).sum(1) / ({M}.sum(1) + 1e-9)",
    ),
    ("float16", f"((hidden * {M}).sum(1) / {M}.sum(1)).astype('float16')"),
    ("bfloat16", f"torch.tensor((hidden * {M}).sum(1) / {M}.sum(1)).bfloat16()"),
    ("float32", f"((hidden * {M}).sum(1) / {M}.sum(1)).astype('float32')"),
    ("a copy", f"(hidden.copy().__imul__({M})).sum(1) / mask.sum(1, keepdims=True)"),
]
NUMBERS = [
    ("array", "np.array([73728])"),
    ("array of arrays", "np.array([[73728.0]])"),
    ("a series of one", "pd.Series([73728], index=['weights'])"),
    ("tensor", "torch.tensor([73728])"),
    ("tensor of whole numbers", "torch.tensor(73728)"),
    ("numpy number", "np.int32(73728)"),
    ("text", "'73728'"),
    ("float", "73728.0"),
]
VALID = [
    *(("06.1", name, code) for name, code in JOINED),
    *(("06.2", name, f"lambda hidden, mask: {code}") for name, code in MEANS),
    *(("06.4", name, code) for name, code in NUMBERS),
    ("06.3", "a capital", "'B'"),
    ("06.5", "a capital", "'D '"),
    ("06.6", "a capital", "' A'"),
]
