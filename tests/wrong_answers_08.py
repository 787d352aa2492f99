"""Wrong answers to lesson 08: exercise, name, code and a word of the message."""

A = "axis=(0, 2, 3)"
STATISTICS = [
    ("per item and channel", "x.mean(axis=(2, 3)), x.var(axis=(2, 3))", "over the items, too"),
    ("over the items", "x.mean(axis=0), x.var(axis=0)", "items alone"),
    ("over all", "x.mean(), x.var()", "one number for everything"),
    ("per item", "x.mean(axis=(1, 2, 3)), x.var(axis=(1, 2, 3))", "one number per item"),
    ("last axis", "x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))", "channels are axis 1"),
    ("rows", "x.mean(axis=(0, 1, 3)), x.var(axis=(0, 1, 3))", "per row of the image"),
    ("one axis short", "x.mean(axis=(0, 2)), x.var(axis=(0, 2))", ""),
    (
        "unbiased",
        f"x.mean({A}), x.var({A}, ddof=1 if x.size > x.shape[1] else 0)",
        "one less",
    ),
    ("deviation", f"x.mean({A}), x.std({A})", "standard deviation"),
    ("within items", f"x.mean({A}), x.var(axis=(2, 3)).mean(axis=0)", "within each item"),
    ("of the items' means", f"x.mean({A}), x.mean(axis=(2, 3)).var(axis=0)", "items' means"),
    ("mean of squares", f"x.mean({A}), (x**2).mean({A})", "mean of the squares"),
    ("dimensions kept", f"x.mean({A}, keepdims=True), x.var({A}, keepdims=True)", "(1, c, 1, 1)"),
    ("swapped", f"x.var({A}), x.mean({A})", "other way round"),
    ("mean alone", f"x.mean({A})", "mean alone"),
    ("variance alone", f"x.var({A})", ""),
    ("sum", f"x.sum({A}), x.var({A})", "sum of each channel"),
    ("median", f"np.median(x, {A}), x.var({A})", "median"),
    ("first item", "x[0].mean(axis=(1, 2)), x[0].var(axis=(1, 2))", "first item alone"),
    ("of absolute values", f"x.mean({A}), np.abs(x).var({A})", "absolute values"),
    ("squared mean", f"x.mean({A}) ** 2, x.var({A})", ""),
    ("rounded", f"x.mean({A}).round(2), x.var({A}).round(2)", "rounded"),
    ("a dict", f"{{'mean': x.mean({A}), 'var': x.var({A})}}", "dict"),
    ("by channel", "{c: x[:, c].mean() for c in range(x.shape[1])}", "dict"),
    ("pairs", f"list(zip(x.mean({A}), x.var({A})))", ""),
    ("one row", f"np.concatenate([x.mean({A}), x.var({A})])", ""),
    ("standardised", f"(x - x.mean({A}, keepdims=True)) / x.std({A}, keepdims=True)", ""),
    ("three channels", f"x[:, :3].mean({A}), x[:, :3].var({A})", "of shape"),
    (
        "divided by the items",
        f"x.mean({A}), ((x - x.mean({A}, keepdims=True)) ** 2).sum({A}) / len(x)",
        "number of items",
    ),
    (
        "in place",
        f"(x.mean({A}), x.__isub__(x.mean({A}, keepdims=True)).var({A}))",
        "`x` is",
    ),
    ("sorted", f"(x.sort(axis=0), x.mean({A}), x.var({A}))[1:]", "`x` is"),
    ("torch axes", "torch.tensor(x).mean(0), torch.tensor(x).var(0)", ""),
    (
        "a flat copy",
        "x.reshape(x.shape[1], -1).mean(1), x.reshape(x.shape[1], -1).var(1)",
        "mixes the channels",
    ),
]

LOSS = """
def answer(a, b):
    def covariance(x):
        centred = x - x.mean(dim=0)
        return {covariance}
    d, difference = a.shape[1], {difference}
    return {result}
"""
PARTS = {
    "covariance": "centred.T @ centred / (len(x) - 1)",
    "difference": "covariance(a) - covariance(b)",
    "result": "difference.square().sum() / (4 * d**2)",
}
LOSSES = [
    ("norm", {"result": "difference.norm() / (4 * d**2)"}, "norm itself"),
    ("not centred", {"covariance": "x.T @ x / (len(x) - 1)"}, "did not subtract"),
    (
        "one mean for both",
        {"covariance": "(lambda c: c.T @ c / (len(x) - 1))(x - torch.cat([a, b]).mean(0))"},
        "both batches together",
    ),
    (
        "mean of rows",
        {"covariance": "(lambda c: c.T @ c / (len(x) - 1))(x - x.mean(1, keepdim=True))"},
        "each row",
    ),
    ("rows as features", {"covariance": "torch.cov(x)"}, "torch.cov(x.T)"),
    ("4 d", {"result": "difference.square().sum() / (4 * d)"}, "4 d"),
    ("d²", {"result": "difference.square().sum() / d**2"}, "4 is missing"),
    ("mean", {"result": "difference.square().mean()"}, "4 is missing"),
    ("sum", {"result": "difference.square().sum()"}, "Divide it by 4 d²"),
    ("mean divided again", {"result": "difference.square().mean() / (4 * d**2)"}, "d² twice"),
    ("rows squared", {"result": "difference.square().sum() / (4 * len(a) ** 2)"}, "number of rows"),
    ("summed first", {"result": "difference.sum() ** 2 / (4 * d**2)"}, "summed first"),
    ("variances", {"result": "difference.diag().square().sum() / (4 * d**2)"}, "variances alone"),
    (
        "spectral norm",
        {"result": "torch.linalg.norm(difference, 2) ** 2 / (4 * d**2)"},
        "singular value",
    ),
    ("n", {"covariance": "centred.T @ centred / len(x)"}, "divide by n"),
    ("no division", {"covariance": "centred.T @ centred"}, "the more rows"),
    ("means", {"covariance": "x.mean(dim=0, keepdim=True)"}, "compared the means"),
    ("item", {"result": "(difference.square().sum() / (4 * d**2)).item()"}, "no gradient"),
    ("detached", {"result": "(difference.square().sum() / (4 * d**2)).detach()"}, "no gradient"),
    ("numpy", {"result": "difference.detach().numpy().__pow__(2).sum() / (4 * d**2)"}, "no grad"),
    (
        "a new tensor",
        {"result": "torch.tensor(float(difference.square().sum() / (4 * d**2)))"},
        "no",
    ),
    ("b detached", {"difference": "covariance(a) - covariance(b).detach()"}, "reaches b"),
    ("a detached", {"difference": "covariance(a).detach() - covariance(b)"}, "reaches a"),
    (
        "rows of a for both",
        {"covariance": "centred.T @ centred / (len(a) - 1)"},
        "each has its own n",
    ),
    ("absolute", {"result": "difference.abs().sum() / (4 * d**2)"}, "absolute"),
    ("2 d²", {"result": "difference.square().sum() / (2 * d**2)"}, "2 d²"),
    ("4 d squared", {"result": "difference.square().sum() / (4 * d) ** 2"}, "4 as well"),
    ("correlation", {"covariance": "torch.corrcoef(x.T)"}, "correlations"),
    ("sign", {"result": "-difference.square().sum() / (4 * d**2)"}, "turned round"),
    ("added", {"difference": "covariance(a) + covariance(b)"}, ""),
    ("the matrix", {"result": "difference.square() / (4 * d**2)"}, "of shape"),
    (
        "one number in a row",
        {"result": "(difference.square().sum() / (4 * d**2))[None]"},
        "loss is of shape (1,)",
    ),
    ("in a list", {"result": "[difference.square().sum() / (4 * d**2)]"}, "returned a list"),
    ("largest", {"result": "difference.square().max() / (4 * d**2)"}, ""),
    ("three features", {"result": "difference.square().sum() / (4 * 3**2)"}, ""),
    ("whole division", {"result": "difference.square().sum() // (4 * d**2)"}, "No gradient passes"),
    ("upper half", {"result": "difference.triu().square().sum() / (4 * d**2)"}, ""),
    ("elements", {"covariance": "centred * centred / (len(x) - 1)"}, ""),
    ("trace", {"result": "difference.trace().square() / (4 * d**2)"}, ""),
    (
        "subtracted row by row",
        {"difference": "covariance(a - b)"},
        "",
    ),
    (
        "centred in place",
        {"covariance": "(lambda c: c.T @ c / (len(x) - 1))(x.sub_(x.mean(dim=0)))"},
        "`a`",
    ),
    (
        "centred in place under no_grad",
        {
            "covariance": "(lambda c: c.T @ c / (len(x) - 1))(torch.no_grad()(lambda: "
            "x.sub_(x.mean(dim=0)))())"
        },
        "`a`",
    ),
    (
        "only b in place",
        {"result": "(b.mul_(0), difference.square().sum() / (4 * d**2))[1]"},
        "`b`",
    ),
    ("text", {"result": "str(difference)"}, "a text"),
]

SIMILARITIES = """
def answer(a, b, h):
    def k(x, y):
        squared = ((x[:, None] - y[None]) ** 2).sum(axis=2)
        return {kernel}
    def within(x):
        n, own = len(x), k(x, x)
        return {within}
    return {result}
"""
MMD_PARTS = {
    "kernel": "np.exp(-squared / (2 * h**2))",
    "within": "(own.sum() - n) / (n * (n - 1))",
    "result": "within(a) + within(b) - 2 * k(a, b).mean()",
}
MMDS = [
    ("biased", {"within": "own.mean()"}, "biased"),
    ("divided by n²", {"within": "(own.sum() - n) / n**2"}, "divided by n²"),
    ("own pairs in the sum", {"within": "own.sum() / (n * (n - 1))"}, "still in the sum"),
    (
        "each pair once",
        {"within": "own[np.triu_indices(n, 1)].sum() / (n * (n - 1))"},
        "where each stands twice",
    ),
    ("sum", {"within": "own.sum() - n"}, ""),
    ("across once", {"result": "within(a) + within(b) - k(a, b).mean()"}, "taken off twice"),
    ("across added", {"result": "within(a) + within(b) + 2 * k(a, b).mean()"}, "it is taken off"),
    ("no across", {"result": "within(a) + within(b)"}, "mean across is missing"),
    ("across alone", {"result": "k(a, b).mean()"}, "mean across alone"),
    ("across summed", {"result": "within(a) + within(b) - 2 * k(a, b).sum()"}, ""),
    ("turned round", {"result": "2 * k(a, b).mean() - within(a) - within(b)"}, "turned round"),
    ("no b", {"result": "within(a) - 2 * k(a, b).mean()"}, "within b is missing"),
    ("no a", {"result": "within(b) - 2 * k(a, b).mean()"}, "within a is missing"),
    ("a twice", {"result": "2 * within(a) - 2 * k(a, b).mean()"}, "within a twice"),
    ("half", {"result": "(within(a) + within(b)) / 2 - k(a, b).mean()"}, "half of it"),
    ("distance", {"kernel": "np.exp(-np.sqrt(squared) / (2 * h**2))"}, "drop the root"),
    ("squared twice", {"kernel": "np.exp(-squared**2 / (2 * h**2))"}, "squared the distance twice"),
    ("h²", {"kernel": "np.exp(-squared / h**2)"}, "Divide by 2 h²"),
    ("2 h", {"kernel": "np.exp(-squared / (2 * h))"}, "h is squared"),
    ("2 squared", {"kernel": "np.exp(-squared / (2 * h) ** 2)"}, "squared the 2 as well"),
    ("brackets", {"kernel": "np.exp(-squared / 2 * h**2)"}, "in brackets"),
    ("times 2 h²", {"kernel": "np.exp(-squared * 2 * h**2)"}, "multiplied by 2 h²"),
    ("no h", {"kernel": "np.exp(-squared / 2)"}, "h is missing"),
    ("gamma h", {"kernel": "np.exp(-h * squared)"}, ""),
    ("mean over features", {"kernel": "np.exp(-squared / x.shape[1] / (2 * h**2))"}, "their sum"),
    ("no minus", {"kernel": "np.exp(squared / (2 * h**2))"}, "minus in the exponent"),
    ("no exp", {"kernel": "-squared / (2 * h**2)"}, "exp is missing"),
    ("squares alone", {"kernel": "squared"}, "compared squared distances"),
    ("a line", {"kernel": "x @ y.T"}, ""),
    ("Laplace", {"kernel": "np.exp(-np.abs(x[:, None] - y[None]).sum(2) / h)"}, ""),
    ("rational", {"kernel": "1 / (1 + squared / (2 * h**2))"}, ""),
    ("not below 0", {"result": "max(within(a) + within(b) - 2 * k(a, b).mean(), 0)"}, "below 0"),
    ("absolute", {"result": "abs(within(a) + within(b) - 2 * k(a, b).mean())"}, "absolute value"),
    (
        "root",
        {"result": "max(within(a) + within(b) - 2 * k(a, b).mean(), 0) ** 0.5"},
        "took the root",
    ),
    ("root of all", {"result": "np.sqrt(within(a) + within(b) - 2 * k(a, b).mean())"}, "the root"),
    ("means", {"result": "((a.mean(0) - b.mean(0)) ** 2).sum()"}, "two means"),
    ("row by row", {"result": "within(a) + within(b) - 2 * np.diag(k(a, b)).mean()"}, "every row"),
    (
        "never in the same place",
        {
            "result": "within(a) + within(b) - 2 * (k(a, b).sum() - np.trace(k(a, b))) "
            "/ (k(a, b).size - min(k(a, b).shape))"
        },
        "in the same place",
    ),
    (
        "equal ones across left out",
        {"result": "within(a) + within(b) - 2 * k(a, b)[k(a, b) < 1].mean()"},
        "pairs of equal rows",
    ),
    (
        "n of a for both",
        {"within": "(own.sum() - n) / (len(a) * (len(a) - 1))"},
        "its own number of rows",
    ),
    (
        "equal ones left out",
        {"within": "own[own < 1].mean() if (own < 1).any() else 0."},
        "Two diff",
    ),
    ("median", {"kernel": "np.exp(-squared / (2 * np.median(squared[squared > 0])))"}, ""),
    ("h of 1.5", {"kernel": "np.exp(-squared / (2 * 1.5**2))"}, ""),
    ("rounded", {"result": "round(within(a) + within(b) - 2 * k(a, b).mean(), 3)"}, "rounded"),
    ("a row", {"result": "[within(a) + within(b) - 2 * k(a, b).mean()]"}, "(1,)"),
    ("a matrix", {"result": "within(a) + within(b) - 2 * k(a, b)"}, "of shape"),
    ("a text", {"result": "str(within(a) + within(b) - 2 * k(a, b).mean())"}, "a text"),
    ("first rows", {"result": "within(a[:3]) + within(b[:3]) - 2 * k(a[:3], b[:3]).mean()"}, ""),
    (
        "centred in place",
        {"result": "(a.__isub__(a.mean(0)), within(a) + within(b) - 2 * k(a, b).mean())[1]"},
        "`a` is no longer",
    ),
    (
        "b in place",
        {"result": "(within(a) + within(b) - 2 * k(a, b).mean(), b.sort(axis=0))[0]"},
        "`b` is no longer",
    ),
]

REVERSALS = [
    ("values turned", "-strength * x", "values have changed"),
    ("minus", "-x", "values round"),
    ("detached", "x.detach()", "no gradient passes"),
    ("plus", "x.detach() * (1 - strength) + strength * x", "wrong sign"),
    ("as it is", "x.clone()", "Nothing is reversed"),
    ("x itself", "x", "Nothing is reversed"),
    ("full strength", "2 * x.detach() - x", "full strength"),
    ("one part", "x.detach() - strength * x", "(1 - strength) times"),
    ("other part", "x * (1 + strength) - strength * x.detach()", "other part"),
    ("a plus", "x.detach() * (1 + strength) + strength * x", "plus where a minus"),
    (
        "hook on x",
        "(x.register_hook(lambda g: -strength * g), x)[1]",
        "hooked x itself",
    ),
    (
        "hook on x, a copy returned",
        "(x.register_hook(lambda g: -strength * g), x.clone())[1]",
        "",
    ),
    ("doubled", "2 * x - x.detach()", "doubled"),
    ("twice the strength", "x.detach() * (1 + strength**2) - strength**2 * x", ""),
    ("twice as strong", "x.detach() * (1 + 2 * strength) - 2 * strength * x", "twice as strong"),
    (
        "divided",
        "x.detach() * (1 + 1 / strength) - x / strength if strength else x.detach()",
        "divided by strength",
    ),
    ("always 1", "2 * x.detach() - x if strength else x.detach()", ""),
    ("numpy", "x.detach().numpy()", "no tensor"),
    ("list", "[x]", "no tensor"),
    ("summed", "(x.detach() * (1 + strength) - strength * x).sum()", "shape"),
    ("flat", "(x.detach() * (1 + strength) - strength * x).flatten()", "shape"),
    ("shifted", "x.detach() * (1 + strength) - strength * x + 1", ""),
    ("product", "x * x.detach()", ""),
    ("zero", "x * 0", ""),
    ("no_grad", "torch.no_grad()(lambda: x.detach() * (1 + strength) - strength * x)()", "no grad"),
    ("data", "x.data", "no gradient passes"),
    ("in place", "x.mul_(-strength)", ""),
    ("data in place", "(x.data.mul_(2), x.detach() * (1 + strength) - strength * x)[1]", "`x`"),
    ("requires_grad off", "x.requires_grad_(False)", "RuntimeError"),
    ("rounded strength", "x.detach() * (1 + round(strength)) - round(strength) * x", ""),
]
OWN_CLASS = """
class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(context, x, strength):
        context.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(context, gradient):
        return -context.strength * gradient, None

answer = lambda x, strength: {}
"""

P = "step / steps"
STRENGTHS = [
    ("fixed steps", "2 / (1 + np.exp(-gamma * step / 1000)) - 1", "fixed number"),
    ("the step", "2 / (1 + np.exp(-gamma * step)) - 1", "step itself"),
    ("no -1", f"2 / (1 + np.exp(-gamma * {P}))", "-1 at the end"),
    ("half", f"1 / (1 + np.exp(-gamma * {P}))", "begins at a half"),
    ("a line", P, "straight line"),
    ("sign", f"2 / (1 + np.exp(gamma * {P})) - 1", "sign in front"),
    ("ten", f"2 / (1 + np.exp(-10 * {P})) - 1", "wrote 10"),
    ("no gamma", f"2 / (1 + np.exp(-{P})) - 1", "gamma is missing"),
    ("whole division", "2 / (1 + np.exp(-gamma * (step // steps))) - 1", "//"),
    ("one step on", "2 / (1 + np.exp(-gamma * (step + 1) / steps)) - 1", "one step too many"),
    ("to steps - 1", "2 / (1 + np.exp(-gamma * step / max(steps - 1, 1))) - 1", "steps - 1"),
    ("to come", "2 / (1 + np.exp(-gamma * (1 - step / steps))) - 1", "still to come"),
    ("half height", f"1 / (1 + np.exp(-gamma * {P})) - .5", "ends at a half"),
    ("tanh", f"np.tanh(gamma * {P})", "hyperbolic tangent"),
    ("exponential", f"1 - np.exp(-gamma * {P})", "1 − exp"),
    ("divided by gamma", f"2 / (1 + np.exp(-{P} / gamma)) - 1", "divided by gamma"),
    ("percent", f"100 * (2 / (1 + np.exp(-gamma * {P})) - 1)", "percent"),
    ("rounded", f"round(2 / (1 + np.exp(-gamma * {P})) - 1, 3)", "rounded"),
    ("rounded to 6", f"round(2 / (1 + np.exp(-gamma * {P})) - 1, 2)", "rounded"),
    ("brackets", f"2 / 1 + np.exp(-gamma * {P}) - 1", ""),
    ("brackets of the last", f"2 / (1 + np.exp(-gamma * {P}) - 1)", ""),
    ("power of 2", f"2 / (1 + 2 ** (-gamma * {P})) - 1", ""),
    ("times gamma", f"gamma * (2 / (1 + np.exp(-{P})) - 1)", ""),
    ("at most .9", f"min(.9, 2 / (1 + np.exp(-gamma * {P})) - 1)", ""),
    ("a warm-up", f"min(1, 2 * {P})", ""),
    ("upside down", "2 / (1 + np.exp(-gamma * steps / max(step, 1))) - 1", ""),
    ("an array", f"np.array([2 / (1 + np.exp(-gamma * {P})) - 1])", "of shape"),
    ("a text", f"str(2 / (1 + np.exp(-gamma * {P})) - 1)", "a text"),
    ("all steps", "2 / (1 + np.exp(-gamma * np.arange(steps) / steps)) - 1", "of shape"),
    ("steps swapped", "2 / (1 + np.exp(-gamma * steps / (step or 1))) - 1", ""),
    ("remaining gamma", f"2 / (1 + np.exp(-gamma)) * {P} - 1", ""),
]

H = "-(p * np.log(np.where(p > 0, p, 1))).sum(axis=1)"
CHOSEN = [
    ("highest", "max(q, key=lambda n: score(q[n]))", f"({H}).mean()", "highest entropy"),
    ("minus missing", "min(q, key=lambda n: score(q[n]))", f"-({H}).mean()", "minus is missing"),
    ("highest probability", "max(q, key=lambda n: score(q[n]))", "p.max(1).mean()", "highest prob"),
    (
        "nan",
        "min(q, key=lambda n: score(q[n]))",
        "-(p * np.log(p)).sum(1).mean()",
        "comparison with nan",
    ),
    (
        "argmin of nan",
        "list(q)[int(np.argmin([score(p) for p in q.values()]))]",
        "-(p * np.log(p)).sum(1).mean()",
        "first nan",
    ),
    (
        "rows without 0",
        "min(q, key=lambda n: score(q[n]))",
        f"(lambda p: ({H}).mean() if len(p) else np.nan)(p[(p > 0).all(1)])",
        "left out every row",
    ),
    (
        "mean first",
        "min(q, key=lambda n: score(q[n]))",
        f"(lambda p: ({H})[0])(p.mean(0, keepdims=True))",
        "mean of the probabilities",
    ),
    ("sum", "min(q, key=lambda n: score(q[n]))", f"({H}).sum()", "summed over the rows"),
    ("median", "min(q, key=lambda n: score(q[n]))", f"np.median({H})", "median"),
    ("least", "min(q, key=lambda n: score(q[n]))", f"({H}).min()", "most confident row"),
    ("largest", "min(q, key=lambda n: score(q[n]))", f"({H}).max()", "least confident row"),
    ("first row", "min(q, key=lambda n: score(q[n]))", f"({H})[0]", "first row"),
    ("Gini", "min(q, key=lambda n: score(q[n]))", "1 - (p**2).sum(1).mean()", "Gini"),
    ("sum of squares", "max(q, key=lambda n: score(q[n]))", "(p**2).sum(1).mean()", "Gini"),
    *(
        (
            f"{e} in the logarithm",
            "min(q, key=lambda n: score(q[n]))",
            f"-(p * np.log(p + {e})).sum(1).mean()",
            "inside the logarithm" if e in (0.1, 0.01, 0.001) else "",
        )
        for e in (0.1, 0.05, 0.01, 0.005, 0.001)
    ),
    (
        "cut at 0.01",
        "min(q, key=lambda n: score(q[n]))",
        "-(p.clip(.01) * np.log(p.clip(.01))).sum(1).mean()",
        "",
    ),
    (
        "cut at 0.0001",
        "min(q, key=lambda n: score(q[n]))",
        "-(p.clip(1e-4) * np.log(p.clip(1e-4))).sum(1).mean()",
        "cut p off",
    ),
    (
        "spread",
        "max(q, key=lambda n: score(q[n]))",
        "p.std(1).mean()",
        "",
    ),
    (
        "margin",
        "max(q, key=lambda n: score(q[n]))",
        "np.diff(np.sort(p, axis=1)[:, -2:], axis=1).mean()",
        "",
    ),
    (
        "first class",
        "min(q, key=lambda n: score(q[n]))",
        "-(p[:, 0] * np.log(np.where(p[:, 0] > 0, p[:, 0], 1))).mean()",
        "",
    ),
    (
        "of columns",
        "min(q, key=lambda n: score(q[n]))",
        "-(p * np.log(np.where(p > 0, p, 1))).sum(0).mean()",
        "",
    ),
    (
        "of columns that sum to 1",
        "min(q, key=lambda n: score(q[n]))",
        "(lambda p: -(p * np.log(np.where(p > 0, p, 1))).sum(0).mean())(p / (p.sum(0) + 1e-9))",
        "",
    ),
    ("without p", "min(q, key=lambda n: score(q[n]))", "-np.log(p.max(1)).mean()", ""),
    (
        "last of equals",
        "min(reversed(q), key=lambda n: score(q[n]))",
        f"({H}).mean()",
        "took the last",
    ),
    ("the entropy", "min(score(p) for p in q.values())", f"({H}).mean()", "lowest mean entropy"),
    (
        "the place",
        "int(np.argmin([score(p) for p in q.values()]))",
        f"({H}).mean()",
        "place of the name",
    ),
    ("the array", "q[min(q, key=lambda n: score(q[n]))]", f"({H}).mean()", ""),
    ("by the alphabet", "min(q)", "0", ""),
    ("first model", "next(iter(q))", "0", "first name"),
    ("ranks", "sorted(q, key=lambda n: score(q[n]))", f"({H}).mean()", ""),
    (
        "rounded",
        "min(q, key=lambda n: round(score(q[n]), 2))",
        f"({H}).mean()",
        "two places",
    ),
    (
        "fewest rows",
        "min(q, key=lambda n: len(q[n]))",
        "0",
        "",
    ),
    (
        "0 made 1 in place",
        "min(q, key=lambda n: score(q[n]))",
        "(p.__setitem__(p == 0, 1), -(p * np.log(p)).sum(1).mean())[1]",
        "`q` is no longer what it was",
    ),
    (
        "models taken out",
        "(lambda name: (q.pop(name), name)[1])(min(q, key=lambda n: score(q[n])))",
        f"({H}).mean()",
        "`q` is no longer what it was",
    ),
    (
        "names of the lesson",
        "'dann' if 'dann' in q else 'coral'",
        "0",
        "",
    ),
]

N = "[n for n, p in m.named_parameters() if {}]"
KINDS = "(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)"
OF_LAYERS = "[f'{{n}}.{{p}}'.lstrip('.') for n, l in {} if isinstance(l, {}) for p, _ in l.{}]"
TENTS = [
    ("all", "list(dict(m.named_parameters()))", "all parameters"),
    ("open ones", N.format("p.requires_grad"), ""),
    ("one axis", N.format("p.ndim == 1"), "one axis"),
    ("not a matrix", N.format("p.ndim < 2"), "one axis"),
    ("by bn", N.format("'bn' in n"), "went by the name"),
    ("by norm", N.format("'norm' in n"), "went by the name"),
    ("weights", N.format("n.endswith('weight')"), ""),
    ("biases", N.format("n.endswith('bias')"), ""),
    ("ones", N.format("bool((p == 1).all())"), ""),
    (
        "BatchNorm2d",
        OF_LAYERS.format("m.named_modules()", "nn.BatchNorm2d", "named_parameters()"),
        "nn.BatchNorm1d",
    ),
    (
        "BatchNorm1d and 2d",
        OF_LAYERS.format(
            "m.named_modules()", "(nn.BatchNorm1d, nn.BatchNorm2d)", "named_parameters()"
        ),
        "nn.BatchNorm3d",
    ),
    (
        "whatever has running statistics",
        OF_LAYERS.format("m.named_modules()", KINDS, "named_parameters()").replace(
            "isinstance(", "l.running_mean is not None and isinstance("
        ),
        "",
    ),
    (
        "whatever may have running statistics",
        OF_LAYERS.format("m.named_modules()", "object", "named_parameters()").replace(
            "isinstance(", "hasattr(l, 'running_mean') and isinstance("
        ),
        "InstanceNorm has scale and shift",
    ),
    (
        "more than one channel",
        N.format(
            "p.numel() > 1 and isinstance(m.get_submodule(n.rpartition('.')[0]), " + KINDS + ")"
        ),
        "one channel",
    ),
    (
        "Norm in the name of the class",
        OF_LAYERS.format("m.named_modules()", "object", "named_parameters()").replace(
            "isinstance(", "'Norm' in type(l).__name__ and isinstance("
        ),
        "and InstanceNorm",
    ),
    (
        "children",
        OF_LAYERS.format("m.named_children()", KINDS, "named_parameters()"),
        "outermost modules alone",
    ),
    ("buffers", OF_LAYERS.format("m.named_modules()", KINDS, "named_buffers()"), ""),
    (
        "statistics as well",
        OF_LAYERS.format("m.named_modules()", KINDS, "state_dict().items()"),
        "",
    ),
    (
        "other normalizations",
        OF_LAYERS.format(
            "m.named_modules()",
            "(*" + KINDS + ", nn.LayerNorm, nn.GroupNorm)",
            "named_parameters()",
        ),
        "LayerNorm and GroupNorm",
    ),
    (
        "heads",
        OF_LAYERS.format("m.named_modules()", "nn.Linear", "named_parameters()"),
        "linear layers",
    ),
    (
        "a point too many",
        OF_LAYERS.format("m.named_modules()", KINDS, "named_parameters()").replace(
            ".lstrip('.')", ""
        ),
        "without a point",
    ),
    (
        "whatever has none",
        f"[f'{{n}}.{{p}}' for n, l in m.named_modules() if isinstance(l, {KINDS}) "
        "for p in ('weight', 'bias')]",
        "affine=False",
    ),
    (
        "scales",
        f"[f'{{n}}.weight'.lstrip('.') for n, l in m.named_modules() if isinstance(l, {KINDS}) "
        "and l.affine]",
        "These are the scales",
    ),
    (
        "shifts",
        f"[f'{{n}}.bias'.lstrip('.') for n, l in m.named_modules() if isinstance(l, {KINDS}) "
        "and l.affine]",
        "These are the shifts",
    ),
    (
        "layers",
        f"[n for n, l in m.named_modules() if isinstance(l, {KINDS})]",
        "These are the layers",
    ),
    (
        "parameters",
        f"[p for l in m.modules() if isinstance(l, {KINDS}) for p in l.parameters()]",
        "parameters themselves",
    ),
    (
        "modules",
        f"[l for l in m.modules() if isinstance(l, {KINDS})]",
        "asked for is a list of names",
    ),
    (
        "short names",
        f"[n for l in m.modules() if isinstance(l, {KINDS}) for n, _ in l.named_parameters()]",
        "",
    ),
    ("a count", "sum(1 for _ in m.parameters())", "asked for is a list of names"),
    ("a text", "'weight'", "asked for is a list of names"),
    ("a dict", "dict(m.named_parameters())", "asked for is a list of names"),
    ("twice", "2 * " + OF_LAYERS.format("m.named_modules()", KINDS, "named_parameters()"), ""),
    ("the first", OF_LAYERS.format("m.named_modules()", KINDS, "named_parameters()") + "[:2]", ""),
    ("none", "[]", ""),
    (
        "frozen on the way",
        "(m.requires_grad_(False), "
        + OF_LAYERS.format("m.named_modules()", KINDS, "named_parameters()")
        + ")[1]",
        "changes the model",
    ),
    (
        "momentum set",
        f"([setattr(l, 'momentum', None) for l in m.modules() if isinstance(l, {KINDS})], "
        + OF_LAYERS.format("m.named_modules()", KINDS, "named_parameters()")
        + ")[1]",
        "setting of a layer",
    ),
    (
        "in training mode",
        "(m.eval(), " + OF_LAYERS.format("m.named_modules()", KINDS, "named_parameters()") + ")[1]",
        "changes the model",
    ),
]

WRONG = [
    *(("08.1", name, f"lambda x: ({code})", word) for name, code, word in STATISTICS),
    *(("08.3", name, LOSS.format(**PARTS | parts), word) for name, parts, word in LOSSES),
    *(("08.4", name, SIMILARITIES.format(**MMD_PARTS | parts), word) for name, parts, word in MMDS),
    *(("08.5", name, f"lambda x, strength: {code}", word) for name, code, word in REVERSALS),
    ("08.5", "a class", OWN_CLASS.format("Reverse.apply(x, strength)"), "forbids"),
    ("08.5", "a class, then 0", OWN_CLASS.format("Reverse.apply(x, strength) + 0"), "forbids"),
    *(
        ("08.6", name, f"lambda step, steps, gamma=10.0: {code}", word)
        for name, code, word in STRENGTHS
    ),
    ("08.6", "no gamma to give", "lambda step, steps: step / steps", "positional argument"),
    *(
        ("08.8", name, f"def answer(q):\n    score = lambda p: {score}\n    return {code}", word)
        for name, code, score, word in CHOSEN
    ),
    *(("08.9", name, f"lambda m: {code}", word) for name, code, word in TENTS),
    ("08.2", "nothing", "'a'", "Its mean is that of this class"),
    ("08.2", "exact", "'b'", "one class"),
    ("08.2", "moved", "'d'", "does not move items"),
    ("08.7", "yes", "'b'", "which of its classes"),
    ("08.7", "no", "'c'", "tries to reach"),
    ("08.7", "source", "'d'", "just as high"),
]
