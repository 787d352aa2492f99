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
    ("03.1", "input in place", _step(before="model.zero_grad(); x -= x.mean()"), "`x` is another"),
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
        "`W` is another one",
    ),
    (
        "03.5",
        "scales B in place",
        """
def answer(x, W, A, B, alpha):
    B *= alpha / len(A)
    return x @ (W + B @ A).T
""",
        "`B` is another one",
    ),
    ("03.6", "the layer", "640 * 1280", "frozen"),
    ("03.6", "one matrix", "8 * 640", "A alone"),
    ("03.6", "with biases", "8 * (640 + 1280) + 1280", ""),
]
