"""Right answers to lesson 11 in unusual forms: exercise, name and code."""

VALID = [
    (
        "11.1",
        "floats",
        "lambda m, w, t, i: float(max(0, np.floor((m - 4 * (w + 3 * t)) / i)))",
    ),
    (
        "11.1",
        "counted up",
        "def answer(memory, weights, trained, per_item):\n"
        "    n = 0\n"
        "    while 4 * weights + 12 * trained + (n + 1) * per_item <= memory:\n"
        "        n += 1\n"
        "    return n",
    ),
    ("11.1", "numpy", "lambda m, w, t, i: np.maximum(np.int64(m - 4 * w - 12 * t) // i, 0)"),
    (
        "11.2",
        "autograd.grad",
        "def answer(model, parts):\n"
        "    n = sum(len(y) for _, y in parts)\n"
        "    weights, total = list(model.parameters()), None\n"
        "    for x, y in parts:\n"
        "        loss = F.cross_entropy(model(x), y, reduction='sum') / n\n"
        "        some = torch.autograd.grad(loss, weights)\n"
        "        total = some if total is None else [a + b for a, b in zip(total, some)]\n"
        "    return total",
    ),
    (
        "11.2",
        "weighted means",
        "def answer(model, parts):\n"
        "    for w in model.parameters():\n"
        "        w.grad = None\n"
        "    n = sum(y.numel() for _, y in parts)\n"
        "    for x, y in parts:\n"
        "        (F.cross_entropy(model(x), y) * (len(y) / n)).backward()\n"
        "    return tuple(w.grad.clone() for w in model.parameters())",
    ),
    (
        "11.2",
        "item by item",
        "def answer(model, parts):\n"
        "    model.zero_grad(set_to_none=False)\n"
        "    n = 0\n"
        "    for x, y in parts:\n"
        "        for k in range(len(y)):\n"
        "            F.cross_entropy(model(x[k : k + 1]), y[k : k + 1]).backward()\n"
        "            n += 1\n"
        "    return [w.grad / n for w in model.parameters()]",
    ),
    (
        "11.2",
        "looks at the shape first",
        "def answer(model, parts):\n"
        "    model.zero_grad()\n"
        "    n = sum(model(x).shape[0] for x, _ in parts)\n"
        "    for x, y in parts:\n"
        "        losses = F.cross_entropy(model(x), y, reduction='none')\n"
        "        losses.sum().div(n).backward()\n"
        "    return [w.grad for w in model.parameters()]",
    ),
    (
        "11.2",
        "functional",
        "def answer(model, parts):\n"
        "    weights = {k: w.detach() for k, w in model.named_parameters()}\n"
        "    n, found = sum(len(y) for _, y in parts), None\n"
        "    def loss(weights, x, y):\n"
        "        out = torch.func.functional_call(model, weights, (x,))\n"
        "        return F.cross_entropy(out, y, reduction='sum') / n\n"
        "    for x, y in parts:\n"
        "        some = torch.func.grad(loss)(weights, x, y)\n"
        "        found = some if found is None else {k: found[k] + some[k] for k in some}\n"
        "    return list(found.values())",
    ),
    (
        "11.2",
        "layer after layer, each with its own pass",
        "def answer(model, parts):\n"
        "    model.zero_grad()\n"
        "    n = sum(len(y) for _, y in parts)\n"
        "    for x, y in parts:\n"
        "        for layer in model:\n"
        "            x = layer(x)\n"
        "        (F.cross_entropy(x, y, reduction='sum') / n).backward()\n"
        "    return [w.grad for w in model.parameters()]",
    ),
    (
        "11.2",
        "arrays",
        "def answer(model, parts):\n"
        "    model.zero_grad()\n"
        "    n = sum(len(y) for _, y in parts)\n"
        "    for x, y in parts:\n"
        "        (F.cross_entropy(model(x), y, reduction='sum') / n).backward()\n"
        "    return [w.grad.numpy().copy() for w in model.parameters()]",
    ),
    (
        "11.3",
        "blocks",
        "def answer(n, processes, rank, epoch, seed):\n"
        "    order = np.random.default_rng(1000 * seed + epoch).permutation(n)\n"
        "    return np.array_split(order, processes)[rank]",
    ),
    (
        "11.3",
        "plain Python",
        "def answer(n, processes, rank, epoch, seed):\n"
        "    order = list(range(n))\n"
        "    random.Random(f'{seed}-{epoch}').shuffle(order)\n"
        "    return order[rank::processes]",
    ),
    (
        "11.3",
        "torch",
        "def answer(n, processes, rank, epoch, seed):\n"
        "    draw = torch.Generator().manual_seed(seed * 7919 + epoch)\n"
        "    return torch.randperm(n, generator=draw)[rank::processes]",
    ),
    (
        "11.3",
        "the global state",
        "def answer(n, processes, rank, epoch, seed):\n"
        "    np.random.seed(seed + 17 * epoch)\n"
        "    return np.random.permutation(n)[rank::processes].tolist()",
    ),
    ("11.4", "shares", "1 / (0.2 + 0.8 / 8)"),
    ("11.4", "rounded", "3.3"),
    (
        "11.5",
        "Welford",
        "def answer(batches):\n"
        "    n, mean, m2 = 0, 0.0, 0.0\n"
        "    for batch in batches:\n"
        "        for row in batch:\n"
        "            n += 1\n"
        "            step = row - mean\n"
        "            mean = mean + step / n\n"
        "            m2 = m2 + step * (row - mean)\n"
        "    return mean, np.sqrt(m2 / n)",
    ),
    (
        "11.5",
        "scikit-learn",
        "def answer(batches):\n"
        "    from sklearn.preprocessing import StandardScaler\n"
        "    scaler = StandardScaler()\n"
        "    for batch in batches:\n"
        "        scaler.partial_fit(batch)\n"
        "    return scaler.mean_, np.sqrt(scaler.var_)",
    ),
    (
        "11.5",
        "means and variances by batch",
        "def answer(batches):\n"
        "    found = [(len(b), b.mean(0), b.var(0)) for b in batches]\n"
        "    n, m, v = (np.array(part) for part in zip(*found))\n"
        "    mean = np.average(m, axis=0, weights=n)\n"
        "    return [mean, np.sqrt(np.average(v + m ** 2, axis=0, weights=n) - mean ** 2)]",
    ),
    (
        "11.5",
        "one array",
        "def answer(batches):\n"
        "    n, s = 0, 0\n"
        "    while (batch := next(batches, None)) is not None:\n"
        "        n, s = n + len(batch), s + np.stack([batch.sum(0), (batch ** 2).sum(0)])\n"
        "    return np.stack([s[0] / n, np.sqrt(s[1] / n - (s[0] / n) ** 2)])",
    ),
    (
        "11.6",
        "pandas",
        "lambda rows: pd.DataFrame(rows).drop_duplicates(['strategy', 'seed'])"
        ".groupby('strategy').accuracy.mean().to_dict()",
    ),
    (
        "11.6",
        "a loop",
        "def answer(results):\n"
        "    seen, by_name = set(), {}\n"
        "    for row in results:\n"
        "        if (row['seed'], row['strategy']) not in seen:\n"
        "            seen.add((row['seed'], row['strategy']))\n"
        "            by_name.setdefault(row['strategy'], []).append(row['accuracy'])\n"
        "    return OrderedDict((name, sum(v) / len(v)) for name, v in by_name.items())",
    ),
    (
        "11.6",
        "nested dicts",
        "def answer(results):\n"
        "    found = {}\n"
        "    for row in reversed(results):\n"
        "        found.setdefault(row['strategy'], {})[row['seed']] = row['accuracy']\n"
        "    return {name: np.float32(np.mean(list(v.values()))) for name, v in found.items()}",
    ),
    ("11.7", "with a bracket", "'b)'"),
]
