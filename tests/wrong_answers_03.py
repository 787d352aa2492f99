"""Wrong answers to lesson 03: exercise, name, code and a word of the message."""

STEPS = [
    ("upwards", "weight += lr * weight.grad", "minus"),
    ("without lr", "weight -= weight.grad", "whole gradient"),
    ("divided by lr", "weight -= weight.grad / lr", ""),
    ("divided by the items", "weight -= lr * weight.grad / len(y)", ""),
    ("sign of the gradient", "weight -= lr * weight.grad.sign()", ""),
    ("clamped", "weight -= lr * weight.grad.clamp(-1, 1)", ""),
    ("scaled to length one", "weight -= lr * weight.grad / weight.grad.norm().clamp(min=1)", ""),
    ("decay", "weight -= lr * (weight.grad + 0.01 * weight)", "decay"),
    ("a new tensor", "weight = weight - lr * weight.grad", "no weight has moved"),
    ("biases left out", "if weight.dim() > 1: weight -= lr * weight.grad", "biases"),
    ("twice", "weight -= 2 * lr * weight.grad", ""),
    ("lr hard-coded", "weight -= 0.5 * weight.grad", ""),
    ("gradient instead of the weight", "weight.copy_(lr * weight.grad)", ""),
]

LOSSES = [
    ("sum", "F.cross_entropy(model(x), y, reduction='sum')", "summed"),
    ("softmax first", "F.cross_entropy(model(x).softmax(1), y)", "softmax"),
    ("log-softmax missing", "F.nll_loss(model(x), y)", ""),
    ("label smoothing", "F.cross_entropy(model(x), y, label_smoothing=.1)", ""),
    ("squared error", "((model(x) - F.one_hot(y, model(x).shape[1])) ** 2).mean()", ""),
    ("one item", "F.cross_entropy(model(x[:1]), y[:1])", ""),
    ("standardised batch", "F.cross_entropy(model((x - x.mean()) / x.std()), y)", ""),
    ("evaluation mode", "F.cross_entropy(model.eval()(x), y)", "training mode"),
]

RETURNS = [
    ("a tensor", "loss", "still a tensor"),
    ("nothing", "None", "nothing is returned"),
    ("loss after", "F.cross_entropy(model(x), y).item()", "loss after"),
    ("rounded to 2", "round(loss.item(), 2)", "rounded"),
    ("rounded to 3", "round(loss.item(), 3)", "rounded"),
    ("a text", "str(loss.item())", "a text"),
    ("loss and model", "(loss.item(), model)", ""),
    ("accuracy", "(model(x).argmax(1) == y).float().mean().item()", ""),
    ("sum of items", "loss.item() * len(y)", ""),
]

RATES = [
    ("same difference", "list(np.linspace(a, b, n))", "same difference"),
    ("backwards", "list(np.geomspace(b, a, n))", "other way round"),
    ("one too many", "list(np.geomspace(a, b, n + 1))", "too many"),
    ("one too few", "list(np.geomspace(a, b, n))[:-1]", "too few"),
    ("n steps", "[a * (b / a) ** (i / n) for i in range(n)]", "n - 1 steps"),
    ("starts late", "[a * (b / a) ** ((i + 1) / n) for i in range(n)]", "not low"),
    ("a quotient", "[a * (b / a / max(1, n - 1)) ** i for i in range(n)]", "quotient"),
    ("only the last", "[a] * (n - 1) + [b]", "last group"),
    ("low for one group", "list(np.geomspace(a, b, n))", "n = 1"),
    ("divides by 0", "[a * (b / a) ** (i / (n - 1)) for i in range(n)]", "zero"),
    ("a number for one group", "b if n == 1 else list(np.geomspace(a, b, n))", "one number"),
    ("rounded", "[round(float(r), 5) for r in np.geomspace(a, b, n)] if n > 1 else [b]", ""),
    ("rounded to 8", "[round(float(r), 8) for r in np.geomspace(a, b, n)] if n > 1 else [b]", ""),
    ("factor 10", "[a * 10**i for i in range(n)] if n > 1 else [b]", ""),
    ("factor 2.6", "[b / 2.6**i for i in range(n)][::-1]", ""),
    ("powers", "[b ** ((i + 1) / n) for i in range(n)]", ""),
    ("all high", "[b] * n", ""),
    ("all low", "[a] * n", ""),
    ("exponents", "list(np.linspace(np.log10(a), np.log10(b), n)) if n > 1 else [b]", ""),
    ("tuples", "[(i, r) for i, r in enumerate(np.geomspace(a, b, n))] if n > 1 else [b]", ""),
    ("whole numbers", "[int(r) for r in np.geomspace(a, b, n)] if n > 1 else [b]", ""),
    ("four always", "list(np.geomspace(a, b, 4)) if n > 1 else [b]", ""),
    ("a dict", "dict(enumerate(np.geomspace(a, b, n))) if n > 1 else [b]", "something else"),
]

LORA = [
    ("alpha alone", "x @ (W + alpha * B @ A).T", "alpha alone"),
    ("no W", "x @ (alpha / len(A) * B @ A).T", "W is missing"),
    ("no scale", "x @ (W + B @ A).T", "scale is missing"),
    ("rank / alpha", "x @ (W + len(A) / alpha * B @ A).T", "rank / alpha"),
    ("size of the input", "x @ (W + alpha / A.shape[1] * B @ A).T", "size of the input"),
    ("W scaled", "x @ (alpha / len(A) * (W + B @ A)).T", "scaled W"),
    ("not transposed", "x @ (W + alpha / len(A) * B @ A)", "transpose"),
    ("A and B swapped", "x @ (W + alpha / len(A) * A.T @ B.T).T", "wrong order"),
    ("minus", "x @ (W - alpha / len(A) * B @ A).T", ""),
    ("root of the rank", "x @ (W + alpha / len(A) ** .5 * B @ A).T", ""),
    ("whole division", "x @ (W + alpha // len(A) * B @ A).T", "no whole number"),
    ("rank 2", "x @ (W + alpha / 2 * B @ A).T", ""),
    ("item by item", "x @ (W * (1 + alpha / len(A) * B @ A)).T", ""),
    ("W alone", "x @ W.T", ""),
    ("scaled twice", "x @ (W + (alpha / len(A)) ** 2 * B @ A).T", ""),
    ("the adapted weight", "W + alpha / len(A) * B @ A", ""),
    ("summed", "(x @ (W + alpha / len(A) * B @ A).T).sum()", "one number"),
    ("transposed result", "(W + alpha / len(A) * B @ A) @ x.T", ""),
    ("rounded", "(x @ (W + alpha / len(A) * B @ A).T).round(2)", "rounded"),
]

COUNTS = [
    ("all", "sum(p.numel() for p in model.parameters())", "all weights"),
    ("tensors", "sum(p.requires_grad for p in model.parameters())", "number of tensors"),
    ("frozen", "sum(p.numel() for p in model.parameters() if not p.requires_grad)", "frozen ones"),
    ("state", "sum(v.numel() for v in model.state_dict().values())", "state_dict"),
    ("len", "sum(len(p) for p in model.parameters() if p.requires_grad)", "len()"),
    (
        "with buffers",
        "sum(p.numel() for p in [*model.parameters(), *model.buffers()] if p.requires_grad or "
        "not isinstance(p, nn.Parameter))",
        "buffers",
    ),
    (
        "direct children",
        "sum(p.numel() for c in model.children() for p in c._parameters.values() "
        "if p is not None and p.requires_grad)",
        "outermost",
    ),
    (
        "linear layers",
        "sum(p.numel() for m in model.modules() if isinstance(m, nn.Linear) "
        "for p in m.parameters() if p.requires_grad)",
        "",
    ),
    (
        "layers of children",
        "sum(p.numel() for c in model.children() for p in c.parameters() if p.requires_grad)",
        "",
    ),
    (
        "modules, each with its own modules",
        "sum(p.numel() for m in model.modules() for p in m.parameters() if p.requires_grad)",
        "",
    ),
    (
        "matrices only",
        "sum(p.shape[0] * p.shape[1] for p in model.parameters() if p.requires_grad "
        "and p.dim() > 1)",
        "",
    ),
    (
        "no biases",
        "sum(p.numel() for n, p in model.named_parameters() if p.requires_grad "
        "and 'bias' not in n)",
        "",
    ),
    (
        "first weight decides",
        "sum(p.numel() for p in model.parameters()) if next(model.parameters()).requires_grad "
        "else 0",
        "",
    ),
    (
        "shared twice",
        "sum(p.numel() for m in model.modules() for p in m._parameters.values() "
        "if p is not None and p.requires_grad)",
        "share",
    ),
    ("share of all", "np.mean([p.requires_grad for p in model.parameters()])", ""),
    ("bytes", "4 * sum(p.numel() for p in model.parameters() if p.requires_grad)", ""),
    ("in thousands", "sum(p.numel() for p in model.parameters() if p.requires_grad) // 1000", ""),
    (
        "opens all",
        "sum(p.numel() for p in model.requires_grad_(True).parameters())",
        "changes the model",
    ),
    (
        "leaves evaluation mode",
        "sum(p.numel() for p in model.eval().parameters() if p.requires_grad)",
        "changes the model",
    ),
    ("both counts", "(sum(p.numel() for p in model.parameters() if p.requires_grad), 0)", "one"),
]


# A right transfer, and what is replaced in it.
TRANSFER = """
def answer(model, x, y, train, test, lr, epochs):
    open_ = [w for w in model.parameters() if w.requires_grad]
    optimizer = torch.optim.Adam(open_, lr=lr)
    for epoch in range(epochs):
        model.train()
        for m in model.modules():
            if hasattr(m, "running_mean") and not m.weight.requires_grad:
                m.eval()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x[train]), y[train])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        hits = model(x[test]).argmax(1) == y[test]
    right, n = int(hits.sum()), len(test)
    low, high = wilson(right, n)
    return right / n, low, high
"""
HITS = "hits = model(x[test]).argmax(1) == y[test]"
N = "right, n = int(hits.sum()), len(test)"
INTERVAL = "low, high = wilson(right, n)"
RETURN = "return right / n, low, high"
FROM_LOOK = "model.eval()\n        hits = (model(x[test]).argmax(1) == y[test])\n        "
LOSS = "loss = F.cross_entropy(model(x[train]), y[train])"
AT_THE_END = "    model.eval()\n    with"
Z = "z := model(x[train])"
ONE_HOT = "F.one_hot(y[train], int(y.max()) + 1).float()"
OTHER_LOSSES = [
    ("softmax first", "F.cross_entropy(model(x[train]).softmax(1), y[train])", "softmax"),
    ("squared error", f"F.mse_loss(model(x[train]), {ONE_HOT})", "squared error"),
    ("squared error of shares", f"F.mse_loss(model(x[train]).softmax(1), {ONE_HOT})", "squared"),
    ("hinge loss", "F.multi_margin_loss(model(x[train]), y[train])", "hinge"),
    (
        "smoothed labels",
        "F.cross_entropy(model(x[train]), y[train], label_smoothing=0.1)",
        "label_smoothing",
    ),
    (
        "hardly smoothed labels",
        "F.cross_entropy(model(x[train]), y[train], label_smoothing=0.02)",
        "label_smoothing",
    ),
    ("summed", "F.cross_entropy(model(x[train]), y[train], reduction='sum')", "summed"),
    ("half of it", "0.5 * F.cross_entropy(model(x[train]), y[train])", "0.5 times"),
    (
        "classes that count more",
        "F.cross_entropy(model(x[train]), y[train], weight=torch.arange(1.0, 2.0 + y.max()))",
        "count more",
    ),
    (
        "focal loss",
        "((1 - (-(c := F.cross_entropy(model(x[train]), y[train], reduction='none'))).exp()) ** 2"
        " * c).mean()",
        "count more",
    ),
    (
        "the first half of the items",
        "F.cross_entropy(model(x[train]), y[train], reduction='none')[:len(train) // 2].mean()",
        "count more",
    ),
    ("no log-softmax", "F.nll_loss(model(x[train]), y[train])", "nll_loss"),
    (
        "binary",
        f"F.binary_cross_entropy_with_logits(model(x[train]), {ONE_HOT})",
        "binary",
    ),
    ("a temperature", "F.cross_entropy(model(x[train]) / 2, y[train])", "not the mean"),
    (
        "a penalty on the weights",
        "F.cross_entropy(model(x[train]), y[train]) + 1e-3 * sum((w**2).sum() for w in open_)",
        "added to the loss",
    ),
    (
        "a penalty on the logits",
        f"F.cross_entropy({Z}, y[train]) + 0.01 * (z**2).mean()",
        "",
    ),
    (
        "noise",
        "F.cross_entropy(model(x[train] + 0.1 * torch.randn_like(x[train])), y[train])",
        "with noise",
    ),
    (
        "mixed items",
        "F.cross_entropy(model(0.9 * x[train] + 0.1 * x[train].flip(0)), y[train])",
        "as they are",
    ),
]
OTHER_STEPS = [
    ("twice", "optimizer.step(); optimizer.step()", "more than once"),
    ("clipped", "nn.utils.clip_grad_norm_(open_, 0.1); optimizer.step()", "clipped"),
    ("clipped values", "nn.utils.clip_grad_value_(open_, 0.01); optimizer.step()", "changes them"),
    (
        "each second weight",
        "for w in open_[epoch % 2 :: 2]:\n            w.grad = None\n        optimizer.step()",
        "",
    ),
    (
        "a decay by hand",
        "optimizer.step(); torch._foreach_mul_([w.data for w in open_], 0.999)",
        "something else than the steps",
    ),
    (
        "a falling rate",
        "optimizer.step(); optimizer.param_groups[0]['lr'] = lr * math.cos(epoch / epochs)",
        "keep it constant",
    ),
    (
        "momentum by hand",
        "v = [w.grad + (0.9 * u if epoch else 0) for w, u in zip(open_, v if epoch else open_)]\n"
        "        torch._foreach_sub_([w.data for w in open_], [lr * u for u in v])",
        "weight − lr · gradient, with",
    ),
    (
        "twice the rate by hand",
        "torch._foreach_sub_([w.data for w in open_], [2 * lr * w.grad for w in open_])",
        "2 times as long",
    ),
    (
        "upwards by hand",
        "torch._foreach_add_([w.data for w in open_], [lr * w.grad for w in open_])",
        "go up",
    ),
]
BEFORE_TUNING = [
    ("doubles", "model.double(); x = x.double()", "float64 now"),
    ("one item left out", "train = train[:-1]", "takes 35 of the 36"),
    ("one item twice", "train = np.append(train, train[0])", "several times"),
    ("bootstrapped", "train = np.random.default_rng(0).choice(train, len(train))", "several times"),
    ("a new head", "list(model.modules())[-1].reset_parameters()", "before the first step"),
    ("one test item", "model(x[test[:1]])", "not yet tuned to the end"),
    ("an accuracy before", "model.eval()(x[test])", "not yet tuned to the end"),
    ("all items standardised", "x = (x - x[train].mean(0)) / x[train].std(0)", "as they are"),
    ("one test item left out", "test = test[:-1]", ""),
]
AFTER_TUNING = [
    (
        "dropout left on",
        "model.eval(); [m.train() for m in model.modules() if isinstance(m, nn.Dropout)]\n"
        "    model.eval = lambda: model",
        "training mode",
    ),
    (
        "a step on its own answers",
        "said = model.eval()(x[test]).argmax(1); optimizer.zero_grad()\n"
        "    F.cross_entropy(model(x[test]), said).backward(); optimizer.step()",
        "Test items have a part",
    ),
    ("BatchNorm sees the test items", "model.train()(x[test])", "training mode"),
    (
        "BatchNorm sees other items",
        "with torch.no_grad(): model.train()(np.delete(x, [*train, *test], 0))",
        "neither in `train` nor in `test`",
    ),
    ("smaller weights", "torch._foreach_mul_([w.data for w in open_], 0.9)", "something else"),
    ("back to the start", "model.load_state_dict(old_state)", "set back"),
]
OTHER_TESTS = [
    (
        "test items standardised by themselves",
        "z = x[test]; hits = model((z - z.mean(0)) / z.std(0))",
        "as they are",
    ),
    (
        "mean over noise",
        "hits = sum(model(x[test] + 0.1 * torch.randn_like(x[test])) for _ in range(9))",
        "as they are",
    ),
]
SECOND_ROUND = [
    ("a short accuracy", RETURN, "return np.float16(right / n), low, high", "you return 0.79"),
    (
        "noise on the gradients",
        "optimizer.step()",
        "[w.grad.add_(0.01 * torch.randn_like(w)) for w in open_]; optimizer.step()",
        "changes them",
    ),
    (
        "an averaged model",
        "optimizer.step()\n    model.eval()\n    with",
        "optimizer.step()\n"
        "        mean = torch.optim.swa_utils.AveragedModel(model) if epoch == 0 else mean\n"
        "        mean.update_parameters(model)\n    model = mean.eval()\n    with",
        "other weights",
    ),
    (
        "votes of all epochs",
        f"optimizer.step()\n{AT_THE_END} torch.no_grad():\n        hits = model(x[test])",
        "optimizer.step()\n        now = model.eval()(x[test]).softmax(1)\n"
        "        votes = votes + now if epoch else now\n    with torch.no_grad():\n"
        "        hits = votes",
        "not yet tuned to the end",
    ),
    ("wrong labels", "y[train])", "torch.cat([y[train][:4] * 0, y[train][4:]]))", "other labels"),
    (
        "corrected by the prior",
        "model(x[test]).argmax",
        "(model(x[test]) - 2 * torch.bincount(y[train]).log()).argmax",
        "you return",
    ),
    ("one per cent more rate", "lr=lr", "lr=1.01 * lr", "at the rate 0.0505"),
    ("at most a rate of 0.045", "lr=lr", "lr=min(lr, 0.045)", "at the rate 0.045"),
    (
        "no dropout any more",
        "open_ =",
        "[setattr(m, 'p', 0.0) for m in model.modules() if isinstance(m, nn.Dropout)]\n    open_ =",
        "options",
    ),
    (
        "each item twice",
        "model(x[train]), y[train]",
        "model(x[np.r_[train, train]]), y[np.r_[train, train]]",
        "several times",
    ),
    (
        "backward twice",
        "loss.backward()",
        "loss.backward(retain_graph=True); loss.backward()",
        "2 times the mean",
    ),
    (
        "zero_grad after backward",
        "loss.backward()",
        "loss.backward(); optimizer.zero_grad(set_to_none=False)",
        "comes after backward",
    ),
    (
        "mean over batches",
        RETURN,
        "return np.mean([part.float().mean() for part in hits.split(8)]), low, high",
        "you return",
    ),
    (
        "flipped items too",
        "model(x[test]).argmax",
        "(model(x[test]) + model(x[test].flip(-1))).argmax",
        "as they are",
    ),
    (
        "the head first",
        "optimizer.step()",
        "[setattr(w, 'grad', None) for w in open_[:-2] if epoch < 5]; optimizer.step()",
        "fewer",
    ),
    ("half precision", "open_ =", "model.half().float()\n    open_ =", ""),
    (
        "drawn to the start",
        LOSS,
        f"{LOSS} + 0.01 * sum(((w - s) ** 2).sum() for w, s in zip(open_, start))",
        "added to the loss",
    ),
    (
        "entropy of the test items",
        LOSS,
        f"{LOSS} - 0.1 * (p := model(x[test]).softmax(1)).mul(p.log()).sum(1).mean()",
        "Test items have a part",
    ),
    ("at least five epochs", "range(epochs)", "range(max(5, epochs))", "more than `epochs`"),
    (
        "a closure that adds up",
        f"optimizer.zero_grad()\n        {LOSS}\n        loss.backward()\n        optimizer.step()",
        "optimizer.step(lambda: (c := F.cross_entropy(model(x[train]), y[train])).backward() or c)",
        "zero_grad",
    ),
]
REPLACED = [
    ("nothing", RETURN, "return None", "nothing is returned"),
    ("accuracy alone", RETURN, "return right / n", "three numbers"),
    ("interval alone", RETURN, "return low, high", "three numbers"),
    ("four numbers", RETURN, "return right / n, low, high, n", "three numbers"),
    ("interval as a pair", RETURN, "return right / n, (low, high)", "three numbers"),
    ("a dict", RETURN, "return {'a': right / n, 'low': low, 'high': high}", "three numbers"),
    ("texts", RETURN, "return f'{right / n}', f'{low}', f'{high}'", "three numbers"),
    ("the hits", RETURN, "return hits.float(), low, high", "three numbers"),
    ("percent", RETURN, "return 100 * right / n, 100 * low, 100 * high", "percent"),
    ("percent of the accuracy", RETURN, "return 100 * right / n, low, high", "percent"),
    ("percent of the ends", RETURN, "return right / n, 100 * low, 100 * high", "percent"),
    ("ends swapped", RETURN, "return right / n, high, low", "swapped"),
    ("accuracy in the middle", RETURN, "return low, right / n, high", "another order"),
    ("accuracy last", RETURN, "return low, high, right / n", "another order"),
    ("errors", RETURN, "return 1 - right / n, low, high", "wrong answers"),
    ("errors throughout", "argmax(1) == y", "argmax(1) != y", "wrong answers"),
    ("the count", RETURN, "return right, low, high", "number of right"),
    ("the loss", RETURN, "return loss.item(), low, high", ""),
    (
        "loss on the test items",
        RETURN,
        "return F.cross_entropy(model(x[test]), y[test]).item(), low, high",
        "loss on the test items",
    ),
    ("rounded", RETURN, "return round(right / n, 2), round(low, 2), round(high, 2)", "rounded"),
    ("ends rounded", RETURN, "return right / n, round(low, 3), round(high, 3)", "rounded"),
    (
        "mean of the classes",
        RETURN,
        "return np.mean([hits[y[test] == c].float().mean().item() for c in y[test].unique()]), "
        "low, high",
        "mean over the classes",
    ),
    (
        "training items",
        f"{HITS}\n    {N}",
        "hits = model(x[train]).argmax(1) == y[train]\n    right, n = int(hits.sum()), len(train)",
        "accuracy on the training items",
    ),
    (
        "all items",
        f"{HITS}\n    {N}",
        "hits = model(x).argmax(1) == y\n    right, n = int(hits.sum()), len(y)",
        "accuracy on all items",
    ),
    (
        "all items outside of train",
        f"{HITS}\n    {N}",
        "test = np.setdiff1d(np.arange(len(x)), train)\n    "
        f"{HITS}\n    right, n = int(hits.sum()), len(test)",
        "outside of `train`",
    ),
    ("labels of others", "== y[test]", "== y[:len(test)]", "in evaluation mode"),
    (
        "n of the training items",
        INTERVAL,
        "low, high = wilson(min(right, len(train)), len(train))",
        "",
    ),
    (
        "share of the training items",
        INTERVAL,
        "low, high = wilson(round(right / n * len(train)), len(train))",
        "as many items as `train`",
    ),
    ("n of all items", INTERVAL, "low, high = wilson(right, len(x))", "as there are in all"),
    (
        "interval of the training count",
        INTERVAL,
        "low, high = wilson(int((model(x[train]).argmax(1) == y[train]).sum()), len(train))",
        "interval of the accuracy on the training items",
    ),
    (
        "normal approximation",
        INTERVAL,
        "p = right / n\n    low, high = (p + s * 1.96 * (p * (1 - p) / n) ** 0.5 for s in (-1, 1))",
        "normal approximation",
    ),
    (
        "normal approximation, cut at 1",
        INTERVAL,
        "p = right / n\n    e = 2 * (p * (1 - p) / n) ** 0.5\n    "
        "low, high = max(0, p - 0.98 * e), min(1, p + 0.98 * e)",
        "normal approximation",
    ),
    (
        "one standard error",
        INTERVAL,
        "e = (right * (n - right) / n**3) ** 0.5\n    low, high = right / n - e, right / n + e",
        "Wilson interval goes from",
    ),
    (
        "distances",
        INTERVAL,
        "low, high = wilson(right, n)\n    low, high = right / n - low, high - right / n",
        "distances",
    ),
    (
        "90 %",
        INTERVAL,
        "from scipy.stats import binomtest\n    "
        "low, high = binomtest(right, n).proportion_ci(0.9, method='wilson')",
        "another level",
    ),
    (
        "exact interval",
        INTERVAL,
        "from scipy.stats import binomtest\n    low, high = binomtest(right, n).proportion_ci()",
        "another kind of interval",
    ),
    ("tuned on everything", "model(x[train]), y[train]", "model(x), y", "Test items have a part"),
    (
        "tuned on the test items",
        "model(x[train]), y[train]",
        "model(x[test]), y[test]",
        "Test items have a part",
    ),
    (
        "tuned on all but the test items",
        "model(x[train]), y[train]",
        "model(np.delete(x, test, 0)), np.delete(y, test)",
        "neither in `train` nor in `test`",
    ),
    (
        "test items pass BatchNorm in training",
        "model(x[train]), y[train]",
        "model(x)[train], y[train]",
        "training mode",
    ),
    (
        "keeps the best epoch of the test items",
        "optimizer.step()\n    model.eval()",
        f"optimizer.step()\n        {FROM_LOOK}hits = hits.float().mean().item()\n        "
        "if epoch == 0 or hits > best:\n            best, kept = hits, "
        "copy.deepcopy(model.state_dict())\n    model.load_state_dict(kept)\n    model.eval()",
        "decide about the training",
    ),
    (
        "stops when the test items are good",
        "optimizer.step()\n    model.eval()",
        f"optimizer.step()\n        {FROM_LOOK}if hits.float().mean() > 0.75:\n"
        "            break\n    model.eval()",
        "do not stop early",
    ),
    (
        "reports the best epoch of the test items",
        f"optimizer.step()\n    model.eval()\n    with torch.no_grad():\n        {HITS}",
        f"optimizer.step()\n        {FROM_LOOK}best = hits if epoch == 0 or "
        "hits.sum() > best.sum() else best\n    hits = best",
        "not yet tuned to the end",
    ),
    ("no eval()", "    model.eval()\n    with", "    with", "measured in training mode"),
    (
        "eval of one layer",
        "    model.eval()\n    with",
        "    model.layers[-1].eval()\n    with",
        "",
    ),
    (
        "training mode again",
        "    model.eval()\n    with",
        "    model.train()\n    with",
        "BatchNorm",
    ),
    ("a copy", "open_ =", "model = copy.deepcopy(model)\n    open_ =", "tuned a copy"),
    (
        "a copy that nobody measures",
        "optimizer = torch.optim.Adam(open_",
        "old, model = model, copy.deepcopy(model)\n    "
        "optimizer = torch.optim.Adam(model.parameters()",
        "tuned a copy",
    ),
    (
        "measures an old copy",
        f"    model.eval()\n    with torch.no_grad():\n        {HITS}",
        "    with torch.no_grad():\n        hits = old.eval()(x[test]).argmax(1) == y[test]",
        "before tuning",
    ),
    ("no step", "optimizer.step()", "pass", "No weight has moved"),
    ("no backward", "loss.backward()", "pass", "No weight has moved"),
    ("one step", "range(epochs)", "range(1)", "fewer than `epochs`"),
    ("one step too few", "range(epochs)", "range(1, epochs)", "fewer than `epochs`"),
    ("its own number of steps", "range(epochs)", "range(200)", "more than `epochs`"),
    ("its own rate", "lr=lr", "lr=0.01", "at the rate 0.01, where lr is 0.05"),
    ("rate of the library", "open_, lr=lr", "open_", "at the rate"),
    ("upwards", "loss.backward()", "(-loss).backward()", "go up"),
    ("other labels", "y[train])", "y[train].flip(0))", "other labels than"),
    (
        "opens everything",
        "open_ =",
        "model.requires_grad_(True)\n    open_ =",
        "requires_grad as it is",
    ),
    (
        "opens everything and freezes again",
        "open_ =",
        "flags = [w.requires_grad for w in model.parameters()]\n    "
        "model.requires_grad_(True)\n    open_ =",
        "frozen weight moved",
    ),
    (
        "freezes at the end",
        "    model.eval()\n    with",
        "    model.eval().requires_grad_(False)\n    with",
        "requires_grad as it is",
    ),
    (
        "frozen statistics move",
        "                m.eval()",
        "                pass",
        "hold_statistics",
    ),
    (
        "the last layer alone",
        "open_ = [w for w in model.parameters() if w.requires_grad]",
        "open_ = list(model.parameters())[-2:]",
        "have not moved",
    ),
    (
        "no biases",
        "if w.requires_grad]",
        "if w.requires_grad and w.dim() > 1]",
        "have not moved",
    ),
    ("scaled input", "open_ =", "x -= x[train].mean(0)\n    open_ =", "`x` is no longer"),
    ("sorted indices", "open_ =", "test.sort()\n    open_ =", "`test` is no longer"),
    *((name, LOSS, f"loss = {loss}", word) for name, loss, word in OTHER_LOSSES),
    *((name, "optimizer.step()", code, word) for name, code, word in OTHER_STEPS),
    *((name, "open_ =", f"{code}\n    open_ =", word) for name, code, word in BEFORE_TUNING),
    *((name, AT_THE_END, f"    {code}\n{AT_THE_END}", word) for name, code, word in AFTER_TUNING),
    *((name, "hits = model(x[test])", code, word) for name, code, word in OTHER_TESTS),
    ("ten times the rate", "lr=lr", "lr=10 * lr", "at the rate 0.5, where lr is 0.05"),
    ("half of the rate", "lr=lr", "lr=lr / 2", "at the rate 0.025"),
    (
        "a higher rate for the head",
        "torch.optim.Adam(open_, lr=lr)",
        "torch.optim.Adam([{'params': open_[:-2], 'lr': lr / 10}, {'params': open_[-2:]}], lr=lr)",
        "Some weights step at the rate",
    ),
    ("twice the epochs", "range(epochs)", "range(2 * epochs)", "more than `epochs`"),
    ("one epoch more", "range(epochs)", "range(epochs + 1)", "more than `epochs`"),
    ("no zero_grad", "optimizer.zero_grad()", "pass", "zero_grad"),
    (
        "zero_grad in each second epoch",
        "optimizer.zero_grad()",
        "optimizer.zero_grad() if epoch % 2 == 0 else None",
        "zero_grad",
    ),
    ("maximize", "lr=lr)", "lr=lr, maximize=True)", "go up"),
    (
        "batches of 8",
        f"{LOSS}\n        loss.backward()\n        optimizer.step()",
        "for part in torch.tensor(train).split(8):\n            optimizer.zero_grad()\n"
        "            F.cross_entropy(model(x[part]), y[part]).backward()\n"
        "            optimizer.step()",
        "takes 8 of the 36",
    ),
    (
        "batches added up, each with its own mean",
        f"{LOSS}\n        loss.backward()",
        "for part in np.array_split(train, 4):\n"
        "            F.cross_entropy(model(x[part]), y[part]).backward()",
        "4 times the mean",
    ),
    (
        "measured before the last step",
        f"optimizer.step()\n    model.eval()\n    with torch.no_grad():\n        {HITS}",
        f"{FROM_LOOK}optimizer.step()\n    model.eval()",
        "before the last step",
    ),
    (
        "early stop on the loss",
        "loss.backward()",
        "if loss < 0.1: break\n        loss.backward()",
        "do not stop early",
    ),
    ("at least a half", RETURN, "return max(right / n, 0.5), low, high", "you return 0.5."),
    *SECOND_ROUND,
    ("wilson not imported", "wilson(right, n)", "wilson_interval(right, n)", "NameError"),
    (
        "numpy of a gradient",
        "    with torch.no_grad():\n        hits = model(x[test])",
        "    hits = model(x[test]).numpy()",
        "RuntimeError",
    ),
]


def _transfer(name: str, old: str, new: str) -> str:
    """The right transfer with one thing replaced, and what some replacements need beside it."""
    assert TRANSFER.count(old) == 1, name
    code = TRANSFER.replace(old, new)
    if "old.eval()" in new:
        code = code.replace("open_ =", "old = copy.deepcopy(model)\n    open_ =", 1)
    if "start)" in new:
        code = code.replace(
            "    optimizer", "    start = [w.clone().detach() for w in open_]\n    optimizer", 1
        )
    if "old_state" in new:
        code = code.replace(
            "open_ =", "old_state = copy.deepcopy(model.state_dict())\n    open_ =", 1
        )
    if "flags =" in new:
        again = "[w.requires_grad_(f) for w, f in zip(model.parameters(), flags)]\n    model.eval()"
        code = code.replace("\n    model.eval()", f"\n    {again}", 1)
    return "from tlhelpers.evaluation import wilson\n" + code


PUT_BACK = _transfer("statistics put back", "                m.eval()", "                pass")
PUT_BACK = PUT_BACK.replace(
    "    model.eval()\n",
    "    [model.get_buffer(name).copy_(old) for name, old in kept.items()]\n    model.eval()\n",
).replace("open_ =", "kept = copy.deepcopy(dict(model.named_buffers()))\n    open_ =", 1)
WITH_FIT = """
from tlhelpers.evaluation import wilson
from tlhelpers.training import fit, freeze, hold_statistics, predict
def answer(model, x, y, train, test, lr, epochs):
    {}
    fit(model, lambda items: {}, y[train], epochs=epochs, quiet=True, {})
    right = int((predict(model, lambda items: x[test][items], len(test)) == y[test].numpy()).sum())
    return right / len(test), *wilson(right, len(test))
"""
WHOLE = "lr=lr, batch_size=len(train)"
FITTED = [
    ("statistics not held", "pass", "x[train][items]", WHOLE, "hold_statistics"),
    ("freezes more", "freeze(model)", "x[train][items]", WHOLE, "requires_grad as it is"),
    ("inputs of others", "hold_statistics(model)", "x[items]", WHOLE, ""),
    *(
        (name, "hold_statistics(model)", "x[train][items]", options, word)
        for name, options, word in [
            ("in batches", "lr=lr", "batch_size=len(train)"),
            ("a cosine schedule", f"{WHOLE}, schedule='cosine'", "steps at the rate"),
            ("a warm-up", f"{WHOLE}, warmup=0.5", "steps at the rate"),
            ("rates by layer", f"{WHOLE.replace('=lr', '=slice(lr / 9, lr)')}", "Some weights"),
            ("balanced draws", f"{WHOLE}, balanced_draws=True", "several times"),
            (
                "weights by class",
                f"{WHOLE}, class_weights=np.arange(1.0, 1 + int(y.max()) + 1)",
                "count more",
            ),
            (
                "the test side for validation",
                f"{WHOLE}, validation=(lambda items: x[test][items], y[test])",
                "not yet tuned",
            ),
            (
                "patience on the test side",
                f"{WHOLE}, patience=1, validation=(lambda items: x[test][items], y[test])",
                "decide about the training",
            ),
        ]
    ),
]


def _step(
    move="weight -= lr * weight.grad",
    loss="F.cross_entropy(model(x), y)",
    returned="loss.item()",
    before="model.zero_grad()",
    wanted="weight.requires_grad",
):
    return f"""
def answer(model, x, y, lr):
    {before}
    loss = {loss}
    loss.backward()
    with torch.no_grad():
        for weight in model.parameters():
            if {wanted}:
                {move}
    return {returned}
"""


WRONG = [
    *(("03.1", name, _step(move=code), word) for name, code, word in STEPS),
    *(("03.1", name, _step(loss=code), word) for name, code, word in LOSSES),
    *(("03.1", name, _step(returned=code), word) for name, code, word in RETURNS),
    ("03.1", "old gradients", _step(before="pass"), "old ones leak"),
    ("03.1", "no condition", _step(wanted="True"), "where a layer is frozen"),
    (
        "03.1",
        "zeros what is None",
        _step(before="[w.grad.zero_() for w in model.parameters()]"),
        "AttributeError",
    ),
    (
        "03.1",
        "opens all",
        _step(before="model.zero_grad(); model.requires_grad_(True)"),
        "requires_grad as it is",
    ),
    ("03.1", "input in place", _step(before="model.zero_grad(); x -= x.mean()"), "`x` is no "),
    (
        "03.1",
        "old gradients of frozen weights",
        _step(
            before="[setattr(w, 'grad', None) for w in model.parameters() if w.requires_grad]",
            wanted="weight.grad is not None",
        ),
        "frozen weight moved",
    ),
    (
        "03.1",
        "outside of no_grad",
        """
def answer(model, x, y, lr):
    model.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    for weight in model.parameters():
        weight -= lr * weight.grad
    return loss.item()
""",
        "RuntimeError",
    ),
    *(
        (
            "03.1",
            f"torch.optim.{name}",
            f"""
def answer(model, x, y, lr):
    optimizer = torch.optim.{name}(model.parameters(), lr=lr)
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()
""",
            "forbids",
        )
        for name in ("SGD", "Adam")
    ),
    (
        "03.1",
        "clipped by norm",
        """
def answer(model, x, y, lr):
    model.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.grad is not None:
                weight -= lr * weight.grad
    return loss.item()
""",
        "clipped",
    ),
    (
        "03.1",
        "clears at the end",
        """
def answer(model, x, y, lr):
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.grad is not None:
                weight -= lr * weight.grad
    model.zero_grad()
    return loss.item()
""",
        "at the end",
    ),
    (
        "03.1",
        "last layer only",
        """
def answer(model, x, y, lr):
    model.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    with torch.no_grad():
        for weight in model[-1].parameters():
            weight -= lr * weight.grad
    return loss.item()
""",
        "last layer",
    ),
    (
        "03.1",
        "outermost layers only",
        """
def answer(model, x, y, lr):
    model.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    with torch.no_grad():
        for layer in model.children():
            for weight in layer._parameters.values():
                if weight is not None and weight.grad is not None:
                    weight -= lr * weight.grad
    return loss.item()
""",
        "modules lie in modules",
    ),
    *(("03.2", name, f"lambda model: {code}", word) for name, code, word in COUNTS),
    ("03.3", "an error", "'a'", "does not compare"),
    ("03.3", "no gradients", "'c'", "do not ask"),
    *(("03.4", name, f"lambda a, b, n: {code}", word) for name, code, word in RATES),
    ("03.4", "without end", "lambda a, b, n: (a * 2**i for i in itertools.count())", ""),
    *(("03.5", name, f"lambda x, W, A, B, alpha: {code}", word) for name, code, word in LORA),
    (
        "03.5",
        "overwrites W",
        """
def answer(x, W, A, B, alpha):
    W += alpha / len(A) * B @ A
    return x @ W.T
""",
        "`W` is no longer what it was",
    ),
    (
        "03.5",
        "scales B in place",
        """
def answer(x, W, A, B, alpha):
    B *= alpha / len(A)
    return x @ (W + B @ A).T
""",
        "`B` is no longer what it was",
    ),
    ("03.6", "the layer", "640 * 1280", "frozen"),
    ("03.6", "one matrix", "8 * 640", "A alone"),
    ("03.6", "with biases", "8 * (640 + 1280) + 1280", ""),
    *(("03.7", name, _transfer(name, *code), word) for name, *code, word in REPLACED),
    ("03.7", "statistics put back", PUT_BACK, "in training mode during a step"),
    *(("03.7", f"fit, {name}", WITH_FIT.format(*code), word) for name, *code, word in FITTED),
]
