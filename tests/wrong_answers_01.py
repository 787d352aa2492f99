"""Wrong answers to lesson 01: exercise, name, code and a word of the message."""

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
        "`groups` is another one",
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
]
