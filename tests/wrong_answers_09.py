"""Wrong answers to lesson 09: exercise, name, code and a word of the message."""

BALANCE = """
def answer(labels, train):
    {before}
    classes, counts = np.unique(labels[train], return_counts=True)
    parts = [{part} for c in classes]
    return {result}
"""
PART = "np.resize(train[labels[train] == c], counts.max())"
JOINED = "np.concatenate(parts)"
RNG = "rng = np.random.default_rng(0)"
BALANCED = [
    ("of all items", "train = np.arange(len(labels))", PART, JOINED, "outside of `train`"),
    (
        "what lies outside",
        "train = np.setdiff1d(np.arange(len(labels)), train)",
        PART,
        JOINED,
        "",
    ),
    (
        "drawn at random",
        RNG,
        "rng.choice(train[labels[train] == c], counts.max())",
        JOINED,
        "replacement",
    ),
    (
        "kept, the rest drawn",
        RNG,
        "np.r_[train[labels[train] == c], rng.choice(train[labels[train] == c], "
        "counts.max() - (labels[train] == c).sum())]",
        JOINED,
        "differ by one",
    ),
    ("places", "", "np.resize(np.flatnonzero(labels[train] == c), counts.max())", JOINED, "places"),
    ("labels", "", PART, f"labels[{JOINED}]", ""),
    ("smallest", "", PART.replace("max", "min"), JOINED, "smallest"),
    ("one too many", "", PART.replace("max()", "max() + 1"), JOINED, ""),
    ("mean size", "", PART.replace("counts.max()", "int(counts.mean())"), JOINED, ""),
    ("twice all", "", "np.tile(train[labels[train] == c], 2)", JOINED, ""),
    (
        "whole times",
        "",
        "np.tile(train[labels[train] == c], counts.max() // (labels[train] == c).sum())",
        JOINED,
        "whole number of times",
    ),
    ("a list of arrays", "", PART, "parts", "one array"),
    ("sorted in place", "train.sort()", PART, JOINED, "`train` is no longer"),
    ("a mask", "", PART, "np.isin(np.arange(len(labels)), train)", "one array"),
    ("both", "", PART, f"({JOINED}, labels[{JOINED}])", "one array"),
    ("as it was", "", PART, "train", "as it was"),
    ("all items as they are", "", PART, "np.arange(len(labels))", ""),
]
REPORTS = [
    ("best of test", "t.max(axis=1).mean()", "test side chose"),
    ("best of held-out", "v.max(axis=1).mean()", "held-out accuracy at its own"),
    ("swapped", "v[range(len(v)), t.argmax(1)].mean()", "swapped"),
    ("one for all seeds", "t[:, v.mean(0).argmax()].mean()", "one epoch for all"),
    ("best of the mean", "t.mean(0).max()", "the test side chose"),
    ("best seed", "t[range(len(t)), v.argmax(1)].max()", ""),
    ("last epoch", "t[:, -1].mean()", "last epoch"),
    ("mean of all", "t.mean()", "all epochs"),
    ("wrong axis", "t[v.argmax(0), range(t.shape[1])].mean()", ""),
    ("every column", "t[:, v.argmax(1)].mean()", "every chosen epoch"),
    ("lowest", "t[range(len(t)), v.argmin(1)].mean()", "lowest"),
    ("all seeds", "t[range(len(t)), v.argmax(1)]", "one number"),
    ("sum", "t[range(len(t)), v.argmax(1)].sum()", ""),
    ("median", "np.median(t[range(len(t)), v.argmax(1)])", "median"),
    ("percent", "100 * t[range(len(t)), v.argmax(1)].mean()", "percent"),
    ("rounded", "round(t[range(len(t)), v.argmax(1)].mean(), 2)", "rounded"),
    (
        "last of equals",
        "t[range(len(t)), v.shape[1] - 1 - v[:, ::-1].argmax(1)].mean()",
        "take the first",
    ),
    ("average of both", "((v + t) / 2).max(1).mean()", ""),
    ("epochs", "v.argmax(1).mean()", ""),
]
PREDICT = """
def answer(model, x, batch):
    {before}
    with torch.no_grad():
        parts = [{step} for part in {cut}]
    {after}
    return {result}
"""
STEP = "model(part).argmax(dim=1)"
CUT = "x.split(batch)"
CAT = "torch.cat(parts).numpy()"
NOTE = "modes = [(m, m.training) for m in model.modules()]; model.eval()"
BACK = "[setattr(m, 'training', mode) for m, mode in modes]"
PREDICTIONS = [
    ("no mode at all", "", STEP, CUT, "", CAT, "training mode"),
    ("left in evaluation mode", "model.eval()", STEP, CUT, "", CAT, "left in evaluation"),
    ("all to train", "model.eval()", STEP, CUT, "model.train()", CAT, "sets all modules"),
    (
        "outer mode put back",
        "mode = model.training; model.eval()",
        STEP,
        CUT,
        "model.train(mode)",
        CAT,
        "sets all modules",
    ),
    ("train mode on purpose", "model.train()", STEP, CUT, "", CAT, "training mode"),
    (
        "outermost alone",
        "model.training = False",
        STEP,
        CUT,
        "model.training = True",
        CAT,
        "training mode",
    ),
    (
        "BatchNorm alone",
        "modes = [(m, m.training) for m in model.modules() if 'Norm' in type(m).__name__]\n"
        "    [m.eval() for m, _ in modes]",
        STEP,
        CUT,
        BACK,
        CAT,
        "such as dropout",
    ),
    (
        "direct children alone",
        "modes = [(m, m.training) for m in model.modules()]\n"
        "    for m in model.inner.children(): m.training = False",
        STEP,
        CUT,
        BACK,
        CAT,
        "training mode",
    ),
    ("at once", NOTE, STEP, "[x]", BACK, CAT, "at once"),
    ("one more than allowed", NOTE, STEP, "x.split(batch + 1)", BACK, CAT, "at once"),
    (
        "last batch lost",
        NOTE,
        STEP,
        "[x[i:i + batch] for i in range(0, len(x) - batch + 1, batch)]",
        BACK,
        CAT,
        "smaller batch",
    ),
    ("overlap", NOTE, STEP, "[x[:batch], *x.split(batch)]", BACK, CAT, "items"),
    ("logits", NOTE, "model(part)", CUT, BACK, CAT, "whole numbers"),
    ("largest logits", NOTE, "model(part).max(1).values", CUT, BACK, CAT, "whole numbers"),
    ("a column", NOTE, "model(part).argmax(1, keepdim=True)", CUT, BACK, CAT, "shape"),
    ("over items", NOTE, "model(part).argmax(dim=0)", CUT, BACK, CAT, ""),
    ("a list of batches", NOTE, STEP, CUT, BACK, "parts", "whole numbers"),
    ("least likely", NOTE, "model(part).argmin(dim=1)", CUT, BACK, CAT, ""),
    ("frozen", NOTE, STEP, CUT, f"{BACK}; model.requires_grad_(False)", CAT, "requires_grad"),
    (
        "statistics erased",
        "[m.reset_running_stats() for m in model.modules() if hasattr(m, 'running_mean')]; " + NOTE,
        STEP,
        CUT,
        BACK,
        CAT,
        "",
    ),
    (
        "shuffled",
        NOTE,
        STEP,
        "x[torch.randperm(len(x), generator=torch.Generator().manual_seed(1))].split(batch)",
        BACK,
        CAT,
        "order",
    ),
    ("scaled in place", f"x /= 2; {NOTE}", STEP, CUT, BACK, CAT, ""),
    ("floats", NOTE, STEP, CUT, BACK, f"{CAT}.astype(float)", "whole numbers"),
]
ALARM = "sorted(n for n in before if n not in trained and {differ})"
EQUAL = "not torch.equal(before[n], after[n])"
ALARMS = [
    ("trained ones too", f"sorted(n for n in before if {EQUAL})", "meant to move"),
    ("stood still", ALARM.format(differ=EQUAL[4:]), "stood still"),
    ("count", f"len({ALARM.format(differ=EQUAL)})", "how many"),
    ("whether", f"bool({ALARM.format(differ=EQUAL)})", "something moved"),
    ("first", f"{ALARM.format(differ=EQUAL)}[:1]", "first name"),
    ("from the end", f"{ALARM.format(differ=EQUAL)}[::-1]", "from the end"),
    ("unsorted", ALARM.format(differ=EQUAL).replace("sorted(", "list("), "not sorted"),
    ("a set", f"set({ALARM.format(differ=EQUAL)})", "without an order"),
    (
        "allclose",
        ALARM.format(differ="not torch.allclose(before[n].float(), after[n].float())"),
        "bit for bit",
    ),
    (
        "a coarse bound",
        ALARM.format(differ="(before[n] - after[n]).abs().max() > 1e-3"),
        "",
    ),
    ("all numbers", ALARM.format(differ="bool((before[n] != after[n]).all())"), "*one*"),
    ("sums", ALARM.format(differ="bool(before[n].sum() != after[n].sum())"), "sums"),
    (
        "norms",
        ALARM.format(differ="bool(before[n].float().norm() != after[n].float().norm())"),
        "",
    ),
    ("weights alone", ALARM.format(differ=f"{EQUAL} and n.endswith('weight')"), "weights alone"),
    (
        "no statistics",
        ALARM.format(differ=f"{EQUAL} and 'running' not in n"),
        "Running statistics",
    ),
    (
        "decimals alone",
        ALARM.format(differ=f"{EQUAL} and before[n].is_floating_point()"),
        "whole number",
    ),
    ("everything else", ALARM.format(differ="True"), "all names that were to stand still"),
    (
        "part of a name",
        f"sorted(n for n in before if {EQUAL} and not any(t in n for t in trained))",
        "*holds*",
    ),
    (
        "beginning of a name",
        f"sorted(n for n in before if {EQUAL} and not n.startswith(tuple(trained)))",
        "",
    ),
    ("by identity", ALARM.format(differ="before[n] is not after[n]"), "all names"),
    ("in their order", ALARM.format(differ="True").replace("sorted", "list"), ""),
]
RENAME = """
def answer(labels, then, now):
    {refuse}
    table = {table}
    return {result}
"""
REFUSE = "if sorted(then) != sorted(now) or len(set(now)) < len(now): raise ValueError('other')"
TABLE = "np.array([now.index(n) for n in then], dtype=int)"
RENAMED = [
    ("as they were", REFUSE, TABLE, "labels.copy()", "as they were"),
    ("the way back", REFUSE, "np.array([then.index(n) for n in now])", "table[labels]", "way back"),
    ("names", REFUSE, TABLE, "np.array(then)[labels]", "names"),
    ("wrong names", REFUSE, TABLE, "np.array(now)[labels]", "wrong ones"),
    ("one axis", REFUSE, TABLE, "table[labels].ravel()", "one axis"),
    ("the table", REFUSE, TABLE, "table", ""),
    ("in place", REFUSE, TABLE, "labels.__setitem__(..., table[labels]) or labels",
     "`labels` is no longer"),
    ("alphabet", REFUSE, "np.argsort(np.argsort(then))", "table[labels]", "alphabet"),
    ("argsort once", REFUSE, "np.argsort(then)", "table[labels]", ""),
    (
        "small letters",
        REFUSE,
        "np.array([[m.lower() for m in now].index(n.lower()) for n in then], dtype=int)",
        "table[labels]",
        "differ in case",
    ),
    ("refuses nothing", "", "{n: i for i, n in enumerate(now)}",
     "np.array([table[n] for n in then], dtype=int)[labels]", "says so"),
    ("only sets", "if set(then) != set(now): raise ValueError('other')", TABLE, "table[labels]",
     "twice"),
    ("only order", "if sorted(then) != sorted(now): raise ValueError('other')", TABLE,
     "table[labels]", "twice"),
    ("only missing", "", TABLE, "table[labels]", "has come"),
    (
        "an assertion",
        "assert sorted(then) == sorted(now) and len(set(now)) == len(now)",
        TABLE,
        "table[labels]",
        "",
    ),
    ("other order refused", "if list(then) != list(now): raise ValueError('other order')", TABLE,
     "table[labels]", "other order"),
    ("floats", REFUSE, TABLE, "table[labels] + 0.5", ""),
    ("counted from 1", REFUSE, TABLE, "table[labels] + 1", ""),
    ("returns None", "if sorted(then) != sorted(now): return None", TABLE, "table[labels]", ""),
]  # fmt: skip
WRONG = [
    *(
        ("09.1", name, BALANCE.format(before=before or "pass", part=part, result=result), word)
        for name, before, part, result, word in BALANCED
    ),
    ("09.2", "more folds", "'a'", "precise"),
    ("09.2", "another classifier", "'b'", "as high"),
    ("09.2", "test side alone", "'d'", "fall to chance"),
    ("09.2", "another letter", "'e'", "one of the letters"),
    ("09.3", "both hospitals", "'b'", "praised"),
    ("09.3", "equal numbers", "'c'", "majority"),
    ("09.3", "patients", "'d'", "not enough"),
    *(("09.4", name, f"lambda v, t: {code}", word) for name, code, word in REPORTS),
    ("09.4", "open", "lambda v, t: None", None),
    *(
        (
            "09.5",
            name,
            PREDICT.format(
                before=before or "pass", step=step, cut=cut, after=after or "pass", result=result
            ),
            word,
        )
        for name, before, step, cut, after, result, word in PREDICTIONS
    ),
    ("09.5", "open", "lambda model, x, batch: ...", None),
    *(
        ("09.6", name, f"lambda before, after, trained: {code}", word)
        for name, code, word in ALARMS
    ),
    ("09.7", "a perfect loss", "0.0", "probabilities"),
    ("09.7", "knows nothing", "np.log(20)", "knows nothing"),
    ("09.7", "the probability", "np.e / (np.e + 19)", "probability"),
    ("09.7", "the sign", "1 - np.log(np.e + 19)", "sign"),
    ("09.7", "base ten", "-np.log10(np.e / (np.e + 19))", "base ten"),
    ("09.7", "twenty others", "np.log(np.e + 20) - 1", "nineteen"),
    ("09.7", "one decimal", "2.1", ""),
    ("09.7", "a text", "'two'", "number"),
    *(
        ("09.8", name, RENAME.format(refuse=refuse or "pass", table=table, result=result), word)
        for name, refuse, table, result, word in RENAMED
    ),
    (
        "09.8",
        "one after another",
        "def answer(labels, then, now):\n    found = labels.copy()\n"
        "    for i, n in enumerate(then):\n        found[found == i] = now.index(n)\n"
        "    return found",
        "",
    ),
    ("09.9", "line 1", "'a'", "Nothing is lost"),
    ("09.9", "line 2", "'b'", "rows[train] alone"),
    ("09.9", "line 4", "'c'", "seconds"),
]
