"""Wrong answers to lesson 01: exercise, name, code and a word of the message."""

CONVOLUTION = "nn.Conv2d(channels_in, channels_out, 3, padding=1)"


def block(
    conv=CONVOLUTION, norm="nn.BatchNorm2d(channels_out)", relu="nn.ReLU()", pool="nn.MaxPool2d(2)"
) -> str:
    """An answer to 01.5 of these four layers."""
    layers = f"{conv}, {norm}, {relu}, {pool}"
    return f"def answer(channels_in, channels_out):\n    return nn.Sequential({layers})"


WRONG = [
    ("01.1", "majority", "lambda tr, te: (te == np.bincount(tr).argmax()).mean()", "majority"),
    ("01.1", "chance", "lambda tr, te: 1 / len(np.unique(tr))", "chance"),
    (
        "01.1",
        "draws guesses",
        "lambda tr, te: (np.random.choice(tr, len(te)) == te).mean()",
        "every call",
    ),
    (
        "01.1",
        "draws with a seed",
        "lambda tr, te: (np.random.default_rng(0).choice(tr, len(te)) == te).mean()",
        "drew",
    ),
    (
        "01.1",
        "training twice",
        "lambda tr, te: ((np.bincount(tr) / len(tr)) ** 2).sum()",
        "training labels twice",
    ),
    (
        "01.1",
        "pairs in order",
        "lambda tr, te: np.mean([a == b for a, b in zip(tr, te)])",
        "",
    ),
    (
        "01.1",
        "percent",
        "lambda tr, te: 100 * np.mean([(tr == c).mean() for c in te])",
        "percent",
    ),
    (
        "01.1",
        "classes alike",
        "lambda tr, te: np.mean([(tr == c).mean() for c in set(te)])",
        "same weight",
    ),
    (
        "01.1",
        "classes of both sides must agree",
        "lambda tr, te: (np.bincount(tr) / len(tr) * np.bincount(te) / len(te)).sum()",
        "ValueError",
    ),
    (
        "01.2",
        "order of a set",
        """
def answer(groups, share, seed):
    names = list(set(groups))
    random.Random(seed).shuffle(names)
    test = np.isin(groups, names[:round(share * len(names))])
    return np.flatnonzero(~test), np.flatnonzero(test)
""",
        "another Python process",
    ),
    (
        "01.2",
        "order of hashes",
        """
def answer(groups, share, seed):
    names = sorted(set(groups), key=lambda name: hash((name, seed)))
    test = np.isin(groups, names[:round(share * len(names))])
    return np.flatnonzero(~test), np.flatnonzero(test)
""",
        "another Python process",
    ),
    *(
        (
            "01.2",
            name,
            f"""
def answer(groups, share, seed):
    names = {names}
    test = np.isin(groups, names[:{cut}])
    return np.flatnonzero(~test), np.flatnonzero(test)
""",
            word,
        )
        for name, names, cut, word in [
            (
                "no seed",
                "np.random.permutation(np.unique(groups))",
                "round(share * len(names))",
                "same seed gave two",
            ),
            (
                "seed 0",
                "np.random.default_rng(0).permutation(np.unique(groups))",
                "round(share * len(names))",
                "does not follow the seed",
            ),
            ("not shuffled", "np.unique(groups)", "round(share * len(names))", "follow the seed"),
            (
                "names in a ring",
                "np.roll(np.unique(groups), seed)",
                "round(share * len(names))",
                "neighbours in a list",
            ),
            (
                "share of 0.3 always",
                "np.random.default_rng(seed).permutation(np.unique(groups))",
                "round(0.3 * len(names))",
                "about `share`",
            ),
            (
                "two splits only",
                "np.random.default_rng(seed % 2).permutation(np.unique(groups))",
                "round(share * len(names))",
                "follow the seed",
            ),
            (
                "one group too many",
                "np.random.default_rng(seed).permutation(np.unique(groups))",
                "round(share * len(names)) + 1",
                "about `share`",
            ),
            (
                "one group too few",
                "np.random.default_rng(seed).permutation(np.unique(groups))",
                "int(share * len(names)) - 1",
                "about `share`",
            ),
            (
                "share of the items",
                "np.random.default_rng(seed).permutation(np.unique(groups))",
                "round(share * len(groups))",
                "",
            ),
            (
                "share of training",
                "np.random.default_rng(seed).permutation(np.unique(groups))",
                "round((1 - share) * len(names))",
                "swapped",
            ),
            (
                "always ten",
                "np.random.default_rng(seed).permutation(np.unique(groups))",
                "7",
                "about `share`",
            ),
            (
                "last group never tested",
                "np.append(np.random.default_rng(seed).permutation(np.unique(groups)[:-1]), '')",
                "round(share * len(names))",
                "never come",
            ),
            (
                "items shuffled",
                "np.random.default_rng(seed).permutation(groups)",
                "round(share * len(names))",
                "",
            ),
        ]
    ),
    (
        "01.2",
        "scikit-learn without groups",
        """
def answer(groups, share, seed):
    from sklearn.model_selection import train_test_split
    return train_test_split(np.arange(len(groups)), test_size=share, random_state=seed)
""",
        "both sides",
    ),
    (
        "01.2",
        "sorts its argument",
        """
def answer(groups, share, seed):
    groups.sort()
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    test = np.isin(groups, names[:round(share * len(names))])
    return np.flatnonzero(~test), np.flatnonzero(test)
""",
        "`groups` is no longer what it was",
    ),
    (
        "01.2",
        "a sorted copy",
        """
def answer(groups, share, seed):
    groups = np.sort(groups)
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    test = np.isin(groups, names[:round(share * len(names))])
    return np.flatnonzero(~test), np.flatnonzero(test)
""",
        "both sides",
    ),
    *(
        (
            "01.2",
            name,
            f"""
def answer(groups, share, seed):
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    test = np.isin(groups, names[:round(share * len(names))])
    return {returned}
""",
            word,
        )
        for name, returned, word in [
            ("test first", "np.flatnonzero(test), np.flatnonzero(~test)", "swapped"),
            ("masks", "~test, test", "masks"),
            ("the names", "groups[~test], groups[test]", "names of the groups"),
            ("tuples of np.where", "np.where(~test), np.where(test)", "tuple"),
            ("the test side only", "np.flatnonzero(test)", "two arrays"),
            ("three arrays", "np.flatnonzero(~test), np.flatnonzero(test), names", "two arrays"),
            ("all for training", "np.arange(len(groups)), np.flatnonzero(test)", "twice"),
            ("counted from 1", "np.flatnonzero(~test) + 1, np.flatnonzero(test) + 1", "no item"),
            (
                "floats",
                "np.flatnonzero(~test).astype(float), np.flatnonzero(test).astype(float)",
                "whole number",
            ),
            ("no last item", "np.flatnonzero(~test)[:-1], np.flatnonzero(test)", "neither"),
            ("a text", "'train, test'", "two arrays"),
            (
                "dict",
                "{'train': np.flatnonzero(~test), 'test': np.flatnonzero(test)}",
                "two arrays",
            ),
        ]
    ),
    ("01.4", "no BatchNorm", "3 * 3 * 32 * 64", "convolution alone"),
    ("01.4", "with bias", "3 * 3 * 32 * 64 + 3 * 64", "bias"),
    ("01.4", "a text", "'many'", "number"),
    ("01.4", "not a number", "float('nan')", ""),
    *(
        (
            "01.5",
            name,
            f"""
def answer(channels_in, channels_out):
    return nn.Sequential({layers})
""",
            word,
        )
        for name, layers, word in [
            (
                "dilated",
                "nn.Conv2d(channels_in, channels_out, 3, dilation=2, padding=2), "
                "nn.BatchNorm2d(channels_out), nn.ReLU(), nn.MaxPool2d(2)",
                "dilation",
            ),
            (
                "ReLU6",
                "nn.Conv2d(channels_in, channels_out, 3, padding=1), "
                "nn.BatchNorm2d(channels_out), nn.ReLU6(), nn.MaxPool2d(2)",
                "ReLU6",
            ),
            (
                "Dropout",
                "nn.Conv2d(channels_in, channels_out, 3, padding=1), "
                "nn.BatchNorm2d(channels_out), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(.5)",
                "Dropout",
            ),
            (
                "hard-coded channels",
                "nn.Conv2d(3, 5, 3, padding=1), nn.BatchNorm2d(5), nn.ReLU(), nn.MaxPool2d(2)",
                "instead of numbers",
            ),
            (
                "hard-coded channels out",
                "nn.Conv2d(channels_in, 5, 3, padding=1), nn.BatchNorm2d(5), nn.ReLU(), "
                "nn.MaxPool2d(2)",
                "instead of numbers",
            ),
            (
                "LeakyReLU",
                "nn.Conv2d(channels_in, channels_out, 3, padding=1), "
                "nn.BatchNorm2d(channels_out), nn.LeakyReLU(), nn.MaxPool2d(2)",
                "negative",
            ),
            (
                "GELU",
                "nn.Conv2d(channels_in, channels_out, 3, padding=1), "
                "nn.BatchNorm2d(channels_out), nn.GELU(), nn.MaxPool2d(2)",
                "",
            ),
            (
                "Softplus",
                "nn.Conv2d(channels_in, channels_out, 3, padding=1), "
                "nn.BatchNorm2d(channels_out), nn.Softplus(), nn.MaxPool2d(2)",
                "Softplus",
            ),
            (
                "groups",
                "nn.Conv2d(channels_in, channels_out, 3, padding=1, "
                "groups=math.gcd(channels_in, channels_out)), "
                "nn.BatchNorm2d(channels_out), nn.ReLU(), nn.MaxPool2d(2)",
                "groups",
            ),
            (
                "mirrored border",
                "nn.Conv2d(channels_in, channels_out, 3, padding=1, padding_mode='reflect'), "
                "nn.BatchNorm2d(channels_out), nn.ReLU(), nn.MaxPool2d(2)",
                "border",
            ),
            (
                "5×5",
                "nn.Conv2d(channels_in, channels_out, 5, padding=2), "
                "nn.BatchNorm2d(channels_out), nn.ReLU(), nn.MaxPool2d(2)",
                "3×3",
            ),
            (
                "two convolutions",
                "nn.Conv2d(channels_in, channels_in, 3, padding=1), "
                "nn.Conv2d(channels_in, channels_out, 3, padding=1), "
                "nn.BatchNorm2d(channels_out), nn.ReLU(), nn.MaxPool2d(2)",
                "one convolution",
            ),
            (
                "ReLU before BatchNorm",
                "nn.Conv2d(channels_in, channels_out, 3, padding=1), nn.ReLU(), "
                "nn.BatchNorm2d(channels_out), nn.MaxPool2d(2)",
                "negative",
            ),
            (
                "pooling before BatchNorm",
                "nn.Conv2d(channels_in, channels_out, 3, padding=1), nn.MaxPool2d(2), "
                "nn.BatchNorm2d(channels_out), nn.ReLU()",
                "in this order",
            ),
            (
                "GroupNorm",
                "nn.Conv2d(channels_in, channels_out, 3, padding=1), "
                "nn.GroupNorm(1, channels_out), nn.ReLU(), nn.MaxPool2d(2)",
                "no nn.BatchNorm2d",
            ),
            (
                "BatchNorm1d",
                "nn.Conv2d(channels_in, channels_out, 3, padding=1), "
                "nn.BatchNorm1d(channels_out), nn.ReLU(), nn.MaxPool2d(2)",
                "The block stopped",
            ),
            (
                "BatchNorm of the wrong width",
                "nn.Conv2d(channels_in, channels_out, 3, padding=1), "
                "nn.BatchNorm2d(channels_in), nn.ReLU(), nn.MaxPool2d(2)",
                "The block stopped",
            ),
            (
                "no running statistics",
                "nn.Conv2d(channels_in, channels_out, 3, padding=1), "
                "nn.BatchNorm2d(channels_out, track_running_stats=False), nn.ReLU(), "
                "nn.MaxPool2d(2)",
                "statistics",
            ),
            (
                "wide pooling",
                "nn.Conv2d(channels_in, channels_out, 3, padding=1), "
                "nn.BatchNorm2d(channels_out), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1)",
                "in this order",
            ),
            (
                "one size only",
                "nn.Conv2d(channels_in, channels_out, 3, padding=1), "
                "nn.BatchNorm2d(channels_out), nn.ReLU(), nn.AdaptiveMaxPool2d(4)",
                "come out with shape",
            ),
            (
                "flat",
                "nn.Conv2d(channels_in, channels_out, 3, padding=1), "
                "nn.BatchNorm2d(channels_out), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()",
                "come out with shape",
            ),
            (
                "sigmoid at the end",
                "nn.Conv2d(channels_in, channels_out, 3, padding=1), "
                "nn.BatchNorm2d(channels_out), nn.ReLU(), nn.MaxPool2d(2), nn.Sigmoid()",
                "Sigmoid",
            ),
            (
                "channels swapped",
                "nn.Conv2d(channels_out, channels_in, 3, padding=1), "
                "nn.BatchNorm2d(channels_in), nn.ReLU(), nn.MaxPool2d(2)",
                "instead of numbers",
            ),
        ]
    ),
    (
        "01.5",
        "evaluation mode",
        """
def answer(n_in, n_out):
    layers = nn.Conv2d(n_in, n_out, 3, padding=1), nn.BatchNorm2d(n_out), nn.ReLU()
    return nn.Sequential(*layers, nn.MaxPool2d(2)).eval()
""",
        "evaluation mode",
    ),
    (
        "01.5",
        "one block for all",
        """
made = {}
def answer(n_in, n_out):
    layers = nn.Conv2d(n_in, n_out, 3, padding=1), nn.BatchNorm2d(n_out), nn.ReLU()
    return made.setdefault((n_in, n_out), nn.Sequential(*layers, nn.MaxPool2d(2)))
""",
        "one and the same block",
    ),
    ("01.5", "a class", "lambda n_in, n_out: nn.Sequential", "nn.Sequential"),
    (
        "01.1",
        "geometric",
        "lambda tr, te: np.prod([(tr == c).mean() for c in te]) ** (1 / len(te))",
        "",
    ),
    ("01.1", "max share", "lambda tr, te: max((tr == c).mean() for c in te)", ""),
    (
        "01.1",
        "many draws",
        "lambda tr, te: np.mean([np.random.choice(tr, len(te)) == te for _ in range(2000)])",
        "every call",
    ),
    (
        "01.1",
        "many seeded draws",
        "lambda tr, te: (np.random.default_rng(0).choice(tr, (3000, len(te))) == te).mean()",
        "",
    ),
    (
        "01.1",
        "divided by training, over training",
        "lambda tr, te: np.mean([(te == c).sum() / len(tr) for c in tr])",
        "",
    ),
    (
        "01.1",
        "mean over classes of training",
        "lambda tr, te: np.mean([(tr == c).mean() * (te == c).mean() for c in set(tr)])",
        "",
    ),
    ("01.1", "array", "lambda tr, te: [(tr == c).mean() for c in te]", "of shape"),
    (
        "01.1",
        "shares of both sides",
        "lambda tr, te: np.mean([(np.append(tr, te) == c).mean() for c in te])",
        "",
    ),
    (
        "01.2",
        "per-item coin",
        """
def answer(groups, share, seed):
    rng = np.random.default_rng(seed)
    test = rng.random(len(groups)) < share
    return np.flatnonzero(~test), np.flatnonzero(test)
""",
        "both sides",
    ),
    (
        "01.2",
        "per-group coin",
        """
def answer(groups, share, seed):
    rng = np.random.default_rng(seed)
    names = np.unique(groups)
    test = np.isin(groups, names[rng.random(len(names)) < share])
    return np.flatnonzero(~test), np.flatnonzero(test)
""",
        "about `share`",
    ),
    (
        "01.2",
        "choice with replacement",
        """
def answer(groups, share, seed):
    rng = np.random.default_rng(seed)
    names = np.unique(groups)
    test = np.isin(groups, rng.choice(names, round(share * len(names))))
    return np.flatnonzero(~test), np.flatnonzero(test)
""",
        "about `share`",
    ),
    (
        "01.2",
        "seed plus time",
        """
def answer(groups, share, seed):
    import time
    rng = np.random.default_rng(seed + time.perf_counter_ns())
    names = rng.permutation(np.unique(groups))
    test = np.isin(groups, names[:round(share * len(names))])
    return np.flatnonzero(~test), np.flatnonzero(test)
""",
        "two different splits",
    ),
    (
        "01.2",
        "KFold",
        """
def answer(groups, share, seed):
    from sklearn.model_selection import GroupKFold
    return next(GroupKFold(2).split(groups, groups=groups))
""",
        "about `share`",
    ),
    (
        "01.2",
        "first item of each group",
        """
def answer(groups, share, seed):
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    test = [list(groups).index(n) for n in names[:round(share * len(names))]]
    return [i for i in range(len(groups)) if i not in test], test
""",
        "both sides",
    ),
    (
        "01.2",
        "names that begin alike",
        """
def answer(groups, share, seed):
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    chosen = names[:round(share * len(names))]
    test = np.array([any(g.startswith(n) for n in chosen) for g in groups])
    return np.flatnonzero(~test), np.flatnonzero(test)
""",
        "about `share`",
    ),
    ("01.3", "word", "'too high'", ""),
    ("01.4", "two convs", "2 * 3 * 3 * 32 * 64", ""),
    ("01.4", "BatchNorm of channels in", "3*3*32*64 + 2*32", ""),
    ("01.4", "a calculation in quotes", "'3*3*32*64+128'", ""),
    ("01.4", "per position", "3*3*(32+64)", ""),
    ("01.4", "all with bias and stats", "3*3*32*64+64+4*64", ""),
    ("01.4", "thousands", "18.56", ""),
    ("01.5", "momentum 0", block(norm="nn.BatchNorm2d(channels_out, momentum=0.0)"), "do not move"),
    (
        "01.5",
        "two norms",
        block(norm="nn.BatchNorm2d(channels_out), nn.BatchNorm2d(channels_out)"),
        "",
    ),
    (
        "01.5",
        "Conv 3x1",
        block(conv="nn.Conv2d(channels_in, channels_out, (3, 1), padding=(1, 0))"),
        "3×3",
    ),
    (
        "01.5",
        "transposed convolution",
        block(conv="nn.ConvTranspose2d(channels_in, channels_out, 3, padding=1)"),
        "one convolution",
    ),
    (
        "01.5",
        "linear head added",
        block(pool="nn.MaxPool2d(2), nn.Conv2d(channels_out, channels_out, 1)"),
        "",
    ),
    ("01.5", "ELU", block(relu="nn.ELU()"), "negative"),
    ("01.5", "instance norm", block(norm="nn.InstanceNorm2d(channels_out)"), "no nn.BatchNorm2d"),
    ("01.5", "pool 3", block(pool="nn.MaxPool2d(3)"), "come out with shape"),
    ("01.5", "pool 4", block(pool="nn.MaxPool2d(4)"), "come out with shape"),
    (
        "01.5",
        "padding 2",
        block(conv="nn.Conv2d(channels_in, channels_out, 3, padding=2)"),
        "come out with shape",
    ),
    (
        "01.5",
        "weights of 0",
        """
def answer(channels_in, channels_out):
    net = nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
        nn.MaxPool2d(2))
    nn.init.zeros_(net[0].weight)
    return net
""",
        "are 0",
    ),
    (
        "01.5",
        "frozen BatchNorm",
        """
def answer(channels_in, channels_out):
    net = nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
        nn.MaxPool2d(2))
    net[1].requires_grad_(False)
    return net
""",
        "weight and bias of BatchNorm",
    ),
    (
        "01.5",
        "a ModuleList",
        """
def answer(channels_in, channels_out):
    return nn.ModuleList([
        nn.Conv2d(channels_in, channels_out, 3, padding=1),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
        nn.MaxPool2d(2)])
""",
        "forward",
    ),
    (
        "01.5",
        "a function instead of a network",
        """
def answer(channels_in, channels_out):
    convolution = nn.Conv2d(channels_in, channels_out, 3, padding=1)
    norm = nn.BatchNorm2d(channels_out)
    return lambda x: nn.MaxPool2d(2)(nn.ReLU()(norm(convolution(x))))
""",
        "not yet a network",
    ),
    ("01.5", "RReLU", block(relu="nn.RReLU()"), "negative"),
    (
        "01.6",
        "more than patience",
        """
def answer(losses, patience):
    best = 0
    for i, loss in enumerate(losses):
        if loss < losses[best]: best = i
        if i - best > patience: break
    return i + 1, best + 1
""",
        "one epoch too many",
    ),
    (
        "01.6",
        "counter beyond patience",
        """
def answer(losses, patience):
    best, wait = float('inf'), 0
    for i, loss in enumerate(losses):
        if loss < best: best, where, wait = loss, i, 0
        else: wait += 1
        if wait > patience: return i + 1, where + 1
    return len(losses), where + 1
""",
        "one epoch too many",
    ),
    (
        "01.6",
        "last argmin",
        """
def answer(losses, patience):
    a = np.array(losses)
    best = len(a) - 1 - a[::-1].argmin()
    return min(len(a), best + 1 + patience), best + 1
""",
        "",
    ),
    (
        "01.6",
        "global argmin plus patience",
        """
def answer(losses, patience):
    best = int(np.argmin(losses))
    return min(len(losses), best + 1 + patience), best + 1
""",
        "",
    ),
    (
        "01.6",
        "first rise",
        """
def answer(losses, patience):
    for i in range(1, len(losses)):
        if losses[i] > losses[i - 1]: return i + 1, i
    return len(losses), len(losses)
""",
        "",
    ),
    (
        "01.6",
        "returns loss list",
        """
def answer(losses, patience):
    best = int(np.argmin(losses))
    return losses[:best + patience + 1]
""",
        "of shape",
    ),
    (
        "01.6",
        "only the best",
        """
def answer(losses, patience):
    best = 0
    for i, loss in enumerate(losses):
        if loss < losses[best]: best = i
        if i - best == patience: break
    return best + 1
""",
        "one number",
    ),
    (
        "01.6",
        "stop looked up by its loss",
        """
def answer(losses, patience):
    best = 0
    for i, loss in enumerate(losses):
        if loss < losses[best]: best = i
        if i - best == patience: break
    return losses.index(loss) + 1, best + 1
""",
        "the last loss has come before",
    ),
    (
        "01.6",
        "a lowest loss that is guessed",
        """
def answer(losses, patience):
    low, best, wait = 10, 0, 0
    for i, loss in enumerate(losses):
        if loss < low: low, best, wait = loss, i, 0
        else: wait += 1
        if wait == patience: break
    return i + 1, best + 1
""",
        "the losses are large",
    ),
    (
        "01.6",
        "patience in all",
        """
def answer(losses, patience):
    return patience + int(np.argmin(losses)) + 1, int(np.argmin(losses)) + 1
""",
        "",
    ),
    (
        "01.6",
        "smallest step that counts",
        """
def answer(losses, patience):
    best = 0
    for i, loss in enumerate(losses):
        if loss < losses[best] - 1e-3: best = i
        if i - best == patience: break
    return i + 1, best + 1
""",
        "very little",
    ),
    (
        "01.6",
        "sorts",
        """
def answer(losses, patience):
    losses.sort()
    return len(losses), 1
""",
        "`losses` is no longer what it was",
    ),
    (
        "01.6",
        "pops",
        """
def answer(losses, patience):
    best, n, k = losses[0], 0, 0
    while losses:
        l = losses.pop(0); n += 1
        if n == 1 or l < best: best, k = l, n
        if n - k == patience: break
    return n, k
""",
        "`losses` is no longer what it was",
    ),
    (
        "01.6",
        "begins with the second epoch",
        """
def answer(losses, patience):
    best = 1
    for i in range(1, len(losses)):
        if losses[i] < losses[best]: best = i
        if i - best == patience: break
    return i + 1, best + 1
""",
        "UnboundLocalError",
    ),
    (
        "01.6",
        "rounds losses",
        """
def answer(losses, patience):
    losses = [round(l, 1) for l in losses]
    best = 0
    for i, loss in enumerate(losses):
        if loss < losses[best]: best = i
        if i - best == patience: break
    return i + 1, best + 1
""",
        "",
    ),
    (
        "01.6",
        "counter not reset",
        """
def answer(losses, patience):
    best, wait = 0, 0
    for i, loss in enumerate(losses):
        if loss < losses[best]: best = i
        else: wait += 1
        if wait == patience: break
    return i + 1, best + 1
""",
        "",
    ),
    (
        "01.6",
        "no return at the end",
        """
def answer(losses, patience):
    best = 0
    for i, loss in enumerate(losses):
        if loss < losses[best]: best = i
        if i - best == patience: return i + 1, best + 1
""",
        "returned None",
    ),
    (
        "01.6",
        "strings",
        """
def answer(losses, patience):
    return '3', '2'
""",
        "",
    ),
    (
        "01.6",
        "maximum",
        """
def answer(losses, patience):
    best = 0
    for i, loss in enumerate(losses):
        if loss > losses[best]: best = i
        if i - best == patience: break
    return i + 1, best + 1
""",
        "",
    ),
    (
        "01.6",
        "stop minus patience",
        """
def answer(losses, patience):
    best = 0
    for i, loss in enumerate(losses):
        if loss < losses[best]: best = i
        if i - best == patience: break
    return i + 1, i + 1 - patience
""",
        "",
    ),
    (
        "01.6",
        "while no bound",
        """
def answer(losses, patience):
    best = i = 0
    while i - best < patience:
        i += 1
        if losses[i] < losses[best]: best = i
    return i + 1, best + 1
""",
        "IndexError",
    ),
    ("01.8", "more detail", "'a'", "no detail comes back"),
    ("01.8", "no labels", "'b'", "labels"),
    ("01.8", "other test drawings", "'D '", "same drawings anyway"),
    ("01.8", "sentence", "'sharper input'", ""),
    ("01.8", "two", "'c and d'", ""),
    ("01.7", "animals", "'b'", "still a bird"),
    ("01.7", "digits", "' C'", "still a 7"),
    ("01.7", "flowers", "'d'", "in the shade"),
    ("01.7", "two letters", "'a and c'", "letters"),
]
