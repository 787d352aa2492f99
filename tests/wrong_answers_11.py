"""Wrong answers to lesson 11: exercise, name, code and a word of the message."""

FITS = """
def answer(memory, weights, trained, per_item):
    left = {left}
    return {result}
"""
LEFT, MOST = "memory - 4 * weights - 12 * trained", "max(0, left // per_item)"
BATCHES = [
    ("no optimizer", "memory - 4 * weights - 4 * trained", MOST, "AdamW is missing"),
    ("one of three", "memory - 4 * weights - 8 * trained", MOST, "One of three"),
    ("weights alone", "memory - 4 * weights", MOST, "weights alone"),
    ("16 for trained", "memory - 4 * weights - 16 * trained", MOST, "twice"),
    ("no weights", "memory - 12 * trained", MOST, "weights themselves"),
    ("only trained ones", "memory - 16 * trained", MOST, "Frozen weights take memory"),
    ("all trained", "memory - 16 * weights", MOST, "frozen have"),
    ("gradients of all", "memory - 8 * weights - 8 * trained", MOST, "a gradient to all weights"),
    ("AdamW of all", "memory - 12 * weights - 4 * trained", MOST, "two numbers to all weights"),
    ("with each item", LEFT, "memory // (4 * weights + 12 * trained + per_item)", "for each item"),
    ("activations in numbers", LEFT, "max(0, left // (4 * per_item))", "bytes already"),
    ("half precision", "memory - 2 * weights - 6 * trained", MOST, "float32"),
    ("numbers", "memory - weights - 3 * trained", MOST, "not bytes"),
    ("up", LEFT, "max(0, math.ceil(left / per_item))", "rounded up"),
    ("nearest", LEFT, "max(0, round(left / per_item))", "nearest"),
    ("one at least", LEFT, "max(1, left // per_item)", "answer is 0"),
    ("negative", LEFT, "left // per_item", "cannot be negative"),
    ("None", LEFT, "left // per_item if left >= per_item else None", "None"),
    ("unrounded", LEFT, "max(0, left / per_item)", "no part of an item"),
    ("bytes", LEFT, "max(0, left)", "How many items"),
    ("a power of two", LEFT, "2 ** int(np.log2(max(1, left // per_item)))", ""),
    ("a text", LEFT, "str(max(0, left // per_item))", "a text"),
    ("inverse", LEFT, "per_item // max(1, left)", ""),
    ("megabytes", "memory / 1e6 - 4 * weights - 12 * trained", MOST, ""),
    ("less one", LEFT, "max(0, left // per_item - 1)", ""),
    ("ten in reserve", "0.9 * memory - 4 * weights - 12 * trained", MOST, ""),
    ("raises", LEFT, "range(left // per_item)[-1]", "stopped with"),
    ("negative as one", LEFT, "abs(left) // per_item", ""),
]
GRADIENTS = """
def answer(model, parts):
    {first}
    n = sum(len(y) for _, y in parts)
    for x, y in parts:
        {inside}
        loss = {loss}
        loss.backward()
    return {result}
"""
CLEAR, GRADS = "model.zero_grad()", "[w.grad for w in model.parameters()]"
SUM = "F.cross_entropy(model(x), y, reduction='sum')"
LOSS = f"{SUM} / n"
PARTS = [
    ("mean of means", CLEAR, "", "F.cross_entropy(model(x), y) / len(parts)", GRADS, "means"),
    ("sum of means", CLEAR, "", "F.cross_entropy(model(x), y)", GRADS, "added up"),
    ("sum", CLEAR, "", SUM, GRADS, "sum of all losses"),
    ("means by items", CLEAR, "", "F.cross_entropy(model(x), y) / n", GRADS, "divide it once"),
    ("by parts", CLEAR, "", f"{SUM} / len(parts)", GRADS, "number of items"),
    ("first size", CLEAR, "", f"{SUM} / len(parts[0][1]) / len(parts)", GRADS, "first part"),
    ("never cleared", "", "", LOSS, GRADS, "leak in"),
    ("cleared inside", "", CLEAR, LOSS, GRADS, "last part alone"),
    ("minus", CLEAR, "", f"-{LOSS}", GRADS, "turned round"),
    ("one vector", CLEAR, "", LOSS, "torch.cat([w.grad.flatten() for w in model.parameters()])",
     "one long vector"),
    ("weights", CLEAR, "", LOSS, "list(model.parameters())", ""),
    ("norms", CLEAR, "", LOSS, "[w.grad.norm() for w in model.parameters()]", ""),
    ("a dict", CLEAR, "", LOSS, "{k: w.grad for k, w in model.named_parameters()}", "else (dict)"),
    ("the loss", CLEAR, "", LOSS, "loss.item()", "not"),
    ("the first weight", CLEAR, "", LOSS, "[next(iter(model.parameters())).grad]", "not"),
    ("wrong order", CLEAR, "", LOSS, "[w.grad for w in model.parameters()][::-1]", ""),
    ("clipped", CLEAR, "", LOSS, "torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1) and "
     + GRADS, ""),
    ("softmax first", CLEAR, "", "F.cross_entropy(model(x).softmax(1), y, reduction='sum') / n",
     GRADS, "softmax first"),
    ("detached", CLEAR, "", "F.cross_entropy(model(x).detach(), y) / n", GRADS, "stopped with"),
    ("graph dropped", CLEAR, "", f"{LOSS} + 0 * n", "[w.grad * 0 for w in model.parameters()]", ""),
    ("weight decay", CLEAR, "", f"{LOSS} + 0.01 * sum((w ** 2).sum() for w in model.parameters())",
     GRADS, ""),
]  # fmt: skip
ONE_BACKWARD = """
def answer(model, parts):
    model.zero_grad()
    n = sum(len(y) for _, y in parts)
    loss = sum(F.cross_entropy(model(x), y, reduction='sum') for x, y in parts) / n
    loss.backward()
    return [w.grad for w in model.parameters()]
"""
ONE_BACKWARD_FORWARD = ONE_BACKWARD.replace("model(x)", "model.forward(x)")
READ_AFTER = """
def answer(model, parts):
    n = sum(len(y) for _, y in parts)
    model.zero_grad()
    for x, y in parts:
        (F.cross_entropy(model(x), y, reduction='sum') / n).backward()
    model.zero_grad()
    return [w.grad for w in model.parameters()]
"""
CLEARED_AFTER = """
def answer(model, parts):
    n = sum(len(y) for _, y in parts)
    model.zero_grad()
    for x, y in parts:
        (F.cross_entropy(model(x), y, reduction='sum') / n).backward()
    found = [w.grad for w in model.parameters()]
    model.zero_grad(set_to_none=False)
    return found
"""
AT_ONCE = """
def answer(model, parts):
    model.zero_grad()
    x, y = torch.cat([x for x, _ in parts]), torch.cat([y for _, y in parts])
    F.cross_entropy(model(x), y).backward()
    return [w.grad for w in model.parameters()]
"""
STEPPED = """
def answer(model, parts):
    model.zero_grad()
    n = sum(len(y) for _, y in parts)
    for x, y in parts:
        (F.cross_entropy(model(x), y, reduction='sum') / n).backward()
    torch.optim.SGD(model.parameters(), 0.1).step()
    return [w.grad for w in model.parameters()]
"""
SHARE = """
def answer(n, processes, rank, epoch, seed):
    rng = np.random.default_rng({seed})
    order = {order}
    return {result}
"""
BOTH, ORDER, MINE = "[seed, epoch]", "rng.permutation(n)", "order[rank::processes]"
SHARES = [
    ("own orders", "[seed, epoch, rank]", ORDER, MINE, "two processes"),
    ("no order", BOTH, "np.arange(n)", MINE, "random order"),
    ("no epoch", "seed", ORDER, MINE, "`epoch`"),
    ("no seed", "epoch", ORDER, MINE, "Another seed"),
    ("rest dropped", BOTH, ORDER, "order[: n // processes * processes][rank::processes]",
     "no process's share"),
    ("blocks dropped", BOTH, ORDER,
     "order[rank * (n // processes) : (rank + 1) * (n // processes)]", "no process's share"),
    ("blocks rounded up", BOTH, ORDER,
     "order[rank * -(-n // processes) : (rank + 1) * -(-n // processes)]", "more than one item"),
    ("filled up", BOTH, ORDER, "np.resize(order, -(-n // processes) * processes)[rank::processes]",
     "two processes"),
    ("fixed items", BOTH, "np.arange(n)[rank::processes]", "rng.permutation(order)",
     "same items in every epoch"),
    ("drawn", BOTH, "rng.integers(0, n, n)", MINE, "stands twice"),
    ("mask", BOTH, ORDER, "np.isin(np.arange(n), order[rank::processes])", "indices"),
    ("unseeded", "None", ORDER, MINE, "Called twice"),
    ("sorted", BOTH, ORDER, "np.sort(order[rank::processes])", "random order"),
    ("all", BOTH, ORDER, "order", "two processes"),
    ("from 1", BOTH, ORDER, "order[rank::processes] + 1", "from 0"),
    ("of numbers", BOTH, ORDER, "order[rank::processes] / n", "whole numbers"),
    ("pairs", BOTH, ORDER, "[(i, rank) for i in order[rank::processes]]", "one axis"),
    ("count", BOTH, ORDER, "len(order[rank::processes])", "one axis"),
    ("all shares", BOTH, ORDER, "[order[k::processes].tolist() for k in range(processes)]",
     "indices"),
    ("every rank-th", BOTH, ORDER, "order[::rank + 1]", "two processes"),
    ("modulo shifted", BOTH, ORDER, "order[(rank + 1)::processes]", "no process's share"),
    ("by epoch and rank", "[seed, epoch + rank]", ORDER, MINE, "two processes"),
]  # fmt: skip
HANDED_ROUND = """
def answer(n, processes, rank, epoch, seed):
    order = np.random.default_rng(seed).permutation(n)
    return order[(rank + epoch) % processes :: processes]
"""
ROLLED = """
def answer(n, processes, rank, epoch, seed):
    return np.roll(np.random.default_rng(seed).permutation(n), epoch * processes)[rank::processes]
"""
STREAM = """
def answer(batches):
    n, total, squares, means, stds, sizes = 0, 0.0, 0.0, [], [], []
    for batch in batches:
        n += len(batch)
        total = total + batch.sum(axis=0)
        squares = squares + (batch ** 2).sum(axis=0)
        means.append(batch.mean(axis=0)); stds.append(batch.std(axis=0)); sizes.append(len(batch))
    mean, means, stds = total / n, np.array(means), np.array(stds)
    return {result}
"""
STD = "np.sqrt(squares / n - mean ** 2)"
STREAMS = [
    ("means", "means.mean(axis=0), stds.mean(axis=0)", "means over batches"),
    ("of variances", "means.mean(axis=0), (stds ** 2).mean(axis=0)", "of variances"),
    ("mean of means", f"means.mean(axis=0), {STD}", "standard deviation is right"),
    ("weighted stds", "mean, np.average(stds, axis=0, weights=sizes)", "not the standard"),
    ("plain stds", "mean, stds.mean(axis=0)", "mean over batches"),
    ("within", "mean, np.sqrt(np.average(stds ** 2, axis=0, weights=sizes))", "within batches"),
    ("between", "mean, means.std(axis=0)", "batches' means"),
    ("variance", "mean, squares / n - mean ** 2", "square root"),
    ("n − 1", "mean, np.sqrt((squares / n - mean ** 2) * n / (n - 1))", "n − 1"),
    ("turned round", f"{STD}, mean", "turned round"),
    ("mean alone", "mean", "missing"),
    ("sum squared", "mean, np.sqrt(total ** 2 / n - mean ** 2)", "squared the sum"),
    ("root first", "mean, np.sqrt(squares / n) - mean", "root comes last"),
    (
        "by numbers",
        "total / (n * len(total)), np.sqrt(squares / (n * len(total)) - "
        "(total / (n * len(total))) ** 2)",
        "count with len",
    ),
    ("squares alone", "mean, np.sqrt(squares / n)", ""),
    ("sums", f"total, {STD}", ""),
    ("three", f"mean, {STD}, n", "not 2 arrays"),
    ("one number", f"mean.mean(), {STD}.mean()", ""),
    ("of batches", "total / len(sizes), np.sqrt(squares / len(sizes))", ""),
    ("rounded", f"mean.round(2), {STD}.round(2)", "rounded"),
    ("a dict", f"dict(mean=mean, std={STD})", "not 2 arrays"),
    ("a text", "'mean and std'", ""),
    ("wrong sign", "mean, np.sqrt(np.abs(squares / n + mean ** 2))", ""),
]
KEPT = [
    ("a list", "lambda b: (lambda r: (r.mean(0), r.std(0)))(np.concatenate(list(b)))", "holds"),
    (
        "views",
        "def answer(batches):\n"
        "    rows = [row for batch in batches for row in batch]\n"
        "    return np.mean(rows, axis=0), np.std(rows, axis=0)",
        "holds",
    ),
    (
        "twice through",
        "def answer(batches):\n"
        "    n = total = squares = 0\n"
        "    for b in batches:\n"
        "        n, total = n + len(b), total + b.sum(0)\n"
        "    for b in batches:\n"
        "        squares = squares + ((b - total / n) ** 2).sum(0)\n"
        "    return total / n, np.sqrt(squares / n) + 0 * total",
        "come once",
    ),
    ("the last", "lambda b: [(r.mean(0), r.std(0)) for r in b][-1]", "last batch alone"),
    (
        "around the mean so far",
        "def answer(batches):\n"
        "    n = total = squares = 0\n"
        "    for b in batches:\n"
        "        n, total = n + len(b), total + b.sum(0)\n"
        "        squares = squares + ((b - total / n) ** 2).sum(0)\n"
        "    return total / n, np.sqrt(squares / n)",
        "mean so far",
    ),
    ("the first", "lambda b: (lambda r: (r.mean(0), r.std(0)))(next(b))", ""),
]
ONCE = """
def answer(results):
    once = {{{key}: row for row in {rows}}}
    by_name = {{}}
    for row in once.values():
        by_name.setdefault(row['strategy'], []).append(row['accuracy'])
    return {result}
"""
KEY, MEANS = "(row['strategy'], row['seed'])", "{k: np.mean(v) for k, v in by_name.items()}"
RUNS = [
    ("all", "id(row)", "results", MEANS, "counts twice"),
    ("by value", "(row['strategy'], row['accuracy'])", "results", MEANS, "same accuracy"),
    ("by worker", "(row['strategy'], row['seed'], row['worker'])", "results", MEANS, "two workers"),
    ("by seed", "row['seed']", "results", MEANS, "over all strategies"),
    ("by strategy", "row['strategy']", "results", MEANS, ""),
    (
        "none of the two",
        KEY,
        "[r for r in results if sum((o['strategy'], o['seed']) == (r['strategy'], r['seed']) "
        "for o in results) == 1]",
        MEANS,
        "belongs there once",
    ),
    (
        "neighbours",
        "id(row)",
        "[b for a, b in zip([{'strategy': 0, 'seed': 0}] + results, results) "
        "if (a['strategy'], a['seed']) != (b['strategy'], b['seed'])]",
        MEANS,
        "the one before",
    ),
    ("one worker", KEY, "[r for r in results if r['worker'] == 0]", MEANS, "some workers"),
    ("median", KEY, "results", MEANS.replace("mean", "median"), "median"),
    ("sum", KEY, "results", MEANS.replace("mean", "sum"), "added"),
    ("best", KEY, "results", MEANS.replace("mean", "max"), "best seed"),
    ("count", KEY, "results", MEANS.replace("np.mean", "len"), "counted the seeds"),
    ("pairs", KEY, "results", f"list({MEANS}.items())", "as a dict"),
    ("one mean", KEY, "results", f"np.mean(list({MEANS}.values()))", "over all strategies"),
    ("a Series", KEY, "results", f"pd.Series({MEANS})", "to_dict"),
    (
        "keys of pairs",
        KEY,
        "results",
        "{k: row['accuracy'] for k, row in once.items()}",
        "not the names",
    ),
    ("one dict inside", KEY, "results", f"{{'accuracy': {MEANS}}}", "not the names"),
    ("lists", KEY, "results", "by_name", ""),
    ("the rows", KEY, "results", "once", ""),
    ("strategies", KEY, "results", "list(by_name)", ""),
    ("percent", KEY, "results", MEANS.replace("np.mean(v)", "100 * np.mean(v)"), ""),
    ("best strategy", KEY, "results", f"max({MEANS})", ""),
    (
        "over all rows",
        KEY,
        "results",
        "{k: sum(v) / sum(r['strategy'] == k for r in results) for k, v in by_name.items()}",
        "number of all rows",
    ),
    ("a frame", KEY, "results", "pd.Series(by_name)", ""),
]
HALVED = """
def answer(results):
    once, found = {(row['strategy'], row['seed']): row for row in results}, {}
    for row in once.values():
        name, value = row['strategy'], row['accuracy']
        found[name] = (found[name] + value) / 2 if name in found else value
    return found
"""
SORTED_ONCE = """
def answer(results):
    results.sort(key=lambda row: row['seed'])
    once = {(row['strategy'], row['seed']): row for row in results}
    return {s: np.mean([r['accuracy'] for r in once.values() if r['strategy'] == s])
            for s in {s for s, _ in once}}
"""
WRONG = [
    *(("11.1", name, FITS.format(left=a, result=b), word) for name, a, b, word in BATCHES),
    ("11.1", "a number", "7", "the function itself"),
    ("11.1", "nothing", "lambda *given: None", None),
    *(
        ("11.2", name, GRADIENTS.format(first=a, inside=b, loss=c, result=d), word)
        for name, a, b, c, d, word in PARTS
    ),
    ("11.2", "at once", AT_ONCE, "at once"),
    ("11.2", "read after clearing", READ_AFTER, "stands None"),
    ("11.2", "one backward through forward", ONE_BACKWARD_FORWARD, "the one before it"),
    ("11.2", "one backward", ONE_BACKWARD, "the one before it"),
    ("11.2", "cleared after", CLEARED_AFTER, "gradients are 0"),
    ("11.2", "a step", STEPPED, "have changed"),
    ("11.2", "nothing", "lambda model, parts: ...", None),
    *(
        ("11.3", name, SHARE.format(seed=a, order=b, result=c), word)
        for name, a, b, c, word in SHARES
    ),
    ("11.3", "handed round", HANDED_ROUND, "take turns"),
    ("11.3", "an order shifted by epochs", ROLLED, ""),
    ("11.3", "nothing", "lambda *given: None", None),
    ("11.4", "all divided", "50 / (50 / 8)", "could be divided"),
    ("11.4", "eight", "8", "could be divided"),
    ("11.4", "new time", "10 + 40 / 8", "new time"),
    ("11.4", "new over old", "(10 + 40 / 8) / 50", "new over old"),
    ("11.4", "the limit", "5", "the limit"),
    ("11.4", "the other divided", "50 / (40 + 10 / 8)", "other forty"),
    ("11.4", "the rest forgotten", "50 / (40 / 8)", "ten seconds that stay"),
    ("11.4", "how much faster", "50 / (10 + 40 / 8) - 1", "twice as fast is 2"),
    ("11.4", "seconds saved", "50 - 15", "seconds saved"),
    ("11.4", "share saved", "1 - 15 / 50", "that is saved"),
    ("11.4", "time if all divided", "(10 + 40) / 8", "cannot be divided"),
    ("11.4", "a job that grows", "0.2 + 0.8 * 8", "stays the same"),
    ("11.4", "a text", "'three times'", "a number"),
    *(("11.5", name, STREAM.format(result=a), word) for name, a, word in STREAMS),
    *(("11.5", name, code, word) for name, code, word in KEPT),
    *(
        ("11.6", name, ONCE.format(key=a, rows=b, result=c), word)
        for name, a, b, c, word in RUNS
    ),
    ("11.6", "halved again and again", HALVED, "last seeds"),
    ("11.6", "sorted in place", SORTED_ONCE, "changes what it is given"),
    ("11.6", "nothing", "lambda results: None", None),
    ("11.7", "a pickle", "'a'", "pickle"),
    ("11.7", "remote code", "'c'", "Python"),
    ("11.7", "research", "'d'", "licence"),
    ("11.7", "two letters", "'bd'", "one of the letters"),
]  # fmt: skip
