"""Wrong answers to lesson 07: exercise, name, code and a word of the message."""

E = "(s.mean() + t.mean()) / 2"
DISTANCES = [
    ("all rows together", "2 * (1 - 2 * np.concatenate([s, t]).mean())", "both domains together"),
    ("half", f"1 - 2 * {E}", "half of the distance"),
    ("once", f"2 * (1 - {E})", "subtracted once"),
    ("added", "2 * (1 - 2 * (s.mean() + t.mean()))", "added the two"),
    ("right rows", "2 * (1 - 2 * ((~s).mean() + (~t).mean()) / 2)", "turned round"),
    ("cut at 0", f"max(0, 2 * (1 - 2 * {E}))", "below 0"),
    ("no sign", f"abs(2 * (1 - 2 * {E}))", "dropped the sign"),
    ("source", "2 * (1 - 2 * s.mean())", "source alone"),
    ("target", "2 * (1 - 2 * t.mean())", "target alone"),
    ("error", E, "That is the error"),
    ("accuracy", f"1 - {E}", "told apart"),
    ("counts", "2 * (1 - 2 * (s.sum() + t.sum()))", "counted the mistaken"),
    ("the larger", "2 * (1 - 2 * max(s.mean(), t.mean()))", "larger of the two"),
    ("the smaller", "2 * (1 - 2 * min(s.mean(), t.mean()))", ""),
    ("whole number", f"round(2 * (1 - 2 * {E}))", "rounded"),
    ("two places", f"round(2 * (1 - 2 * {E}), 2)", "rounded"),
    ("four places", f"round(2 * (1 - 2 * {E}), 4)", "rounded"),
    ("whole division", "2 * (1 - 2 * (s.mean() + t.mean()) // 2)", ""),
    ("minus", f"-2 * (1 - 2 * {E})", ""),
    ("product", "2 * (1 - 2 * s.mean() * t.mean())", ""),
    ("root of the product", "2 * (1 - 2 * np.sqrt(s.mean() * t.mean()))", ""),
    ("pooled by the larger", "2 * (1 - 2 * (s.sum() + t.sum()) / (2 * max(len(s), len(t))))", ""),
    ("rows that fit", "2 * (1 - 2 * (s[:len(t)] | t[:len(s)]).mean())", ""),
    ("for each row", "2 * (1 - 2 * s)", "of shape"),
    ("an array", "2 * (1 - 2 * np.array([s.mean(), t.mean()]))", "of shape"),
    ("a text", f"f'{{2 * (1 - 2 * {E}):.2f}}'", "a text"),
    (
        "turned round in place",
        f"(np.logical_not(s, out=s), 2 * (1 - 2 * {E}))[1]",
        "`s` is no longer",
    ),
    ("sorted in place", f"(t.sort(), 2 * (1 - 2 * {E}))[1]", "`t` is no longer"),
    ("any mistake", "2 * (1 - 2 * (s.any() + t.any()) / 2)", ""),
]

EACH = """
def answer(source, target):
    def scale(rows, other):
        {before}
        return {scaled}
    return {result}
"""
CONST = "np.where(np.ptp(rows, axis=0) > 0, rows.std(axis=0), 1)"
BOTH = "scale(source, target), scale(target, source)"
SCALED = [
    ("source's numbers", "", "(rows - source.mean(0)) / source.std(0)", BOTH, "source's numbers"),
    ("target's numbers", "", "(rows - target.mean(0)) / target.std(0)", BOTH, "target's numbers"),
    ("the other's", "", "(rows - other.mean(0)) / other.std(0)", BOTH, "of the other one"),
    (
        "both together",
        "b = np.concatenate([rows, other])",
        "(rows - b.mean(0)) / b.std(0)",
        BOTH,
        "over both domains",
    ),
    (
        "rows",
        "",
        "(rows - rows.mean(1, keepdims=True)) / np.where(rows.std(1, keepdims=True) > 0, "
        "rows.std(1, keepdims=True), 1)",
        BOTH,
        "scaled each row",
    ),
    ("one mean", "", "(rows - rows.mean()) / rows.std()", BOTH, "one mean over all"),
    (
        "n - 1",
        "",
        "(rows - rows.mean(0)) / rows.std(0, ddof=1)",
        BOTH,
        "n − 1",
    ),
    ("means alone", "", "rows - rows.mean(0)", BOTH, "scales are still there"),
    ("variance", "", "(rows - rows.mean(0)) / rows.var(0)", BOTH, "variance"),
    ("scales alone", "", "rows / rows.std(0)", BOTH, "means are still there"),
    (
        "target as it was",
        "",
        f"(rows - rows.mean(0)) / {CONST}",
        "scale(source, 0), target",
        "as it was",
    ),
    (
        "one array",
        "",
        f"(rows - rows.mean(0)) / {CONST}",
        "np.concatenate([scale(source, 0), scale(target, 0)])",
        "both domains into one",
    ),
    ("divided by 0", "", "(rows - rows.mean(0)) / rows.std(0)", BOTH, "0 divided by 0"),
    (
        "constants kept",
        "",
        f"np.where(np.ptp(rows, axis=0) > 0, (rows - rows.mean(0)) / {CONST}, rows)",
        BOTH,
        "came back as it was",
    ),
    (
        "deviation above 0",
        "sd = rows.std(0)",
        "(rows - rows.mean(0)) / np.where(sd > 0, sd, 1)",
        BOTH,
        "floats round",
    ),
    (
        "deviation not 0",
        "sd = rows.std(0)",
        "(rows - rows.mean(0)) / np.where(sd == 0, 1, sd)",
        BOTH,
        "floats round",
    ),
    (
        "nan to number",
        "",
        "np.nan_to_num((rows - rows.mean(0)) / rows.std(0))",
        BOTH,
        "floats round",
    ),
    ("plus 1e-8", "", "(rows - rows.mean(0)) / (rows.std(0) + 1e-8)", BOTH, ""),
    ("plus 1e-6", "", "(rows - rows.mean(0)) / (rows.std(0) + 1e-6)", BOTH, "varies very little"),
    ("plus 1e-10", "", "(rows - rows.mean(0)) / (rows.std(0) + 1e-10)", BOTH, "varies very little"),
    (
        "at least 1e-6",
        "",
        "(rows - rows.mean(0)) / np.maximum(rows.std(0), 1e-6)",
        BOTH,
        "varies very little",
    ),
    (
        "first row like the last one",
        "",
        "(rows - rows.mean(0)) / np.where(rows[0] == rows[-1], 1, rows.std(0))",
        BOTH,
        "but for one row",
    ),
    ("plus 0.001", "", "(rows - rows.mean(0)) / (rows.std(0) + 1e-3)", BOTH, ""),
    (
        "at least 0.01",
        "",
        "(rows - rows.mean(0)) / np.maximum(rows.std(0), 0.01)",
        BOTH,
        "varies very little",
    ),
    (
        "swapped",
        "",
        f"(rows - rows.mean(0)) / {CONST}",
        "scale(target, 0), scale(source, 0)",
        "swapped",
    ),
    (
        "source twice",
        "",
        f"(rows - rows.mean(0)) / {CONST}",
        "scale(source, 0), scale(source, 0)",
        "twice",
    ),
    ("median", "", f"(rows - np.median(rows, axis=0)) / {CONST}", BOTH, "subtracted the median"),
    (
        "length one",
        "c = rows - rows.mean(0)",
        "c / np.linalg.norm(c, axis=1, keepdims=True)",
        BOTH,
        "length one",
    ),
    (
        "between 0 and 1",
        "",
        "(rows - rows.min(0)) / np.ptp(rows, axis=0)",
        BOTH,
        "between 0 and 1",
    ),
    (
        "absolute deviation",
        "",
        "(rows - rows.mean(0)) / np.abs(rows - rows.mean(0)).mean(0)",
        BOTH,
        "",
    ),
    ("source alone", "", f"(rows - rows.mean(0)) / {CONST}", "scale(source, 0)", ""),
    ("rounded", "", f"((rows - rows.mean(0)) / {CONST}).round(3)", BOTH, "rounded"),
    (
        "a dict",
        "",
        f"(rows - rows.mean(0)) / {CONST}",
        "{'source': scale(source, 0), 'target': scale(target, 0)}",
        "dict",
    ),
    (
        "in place",
        "rows -= rows.mean(0)",
        f"rows / {CONST}",
        BOTH,
        "`source` and `target`",
    ),
    (
        "three features",
        "rows = rows[:, :3]",
        f"(rows - rows.mean(0)) / {CONST}",
        BOTH,
        "of shape",
    ),
]

CORAL = """
def answer(source, target):
    def power(rows, p):
        values, vectors = np.linalg.eigh({matrix})
        return {power}
    centred = source - source.mean(axis=0)
    return {result}
"""
C = "np.cov(rows, rowvar=False)"
MATRIX = f"{C} + np.eye(rows.shape[1])"
POWER = "(vectors * values**p) @ vectors.T"
RESULT = "centred @ power(source, -.5) @ power(target, .5) + target.mean(axis=0)"
CORALS = [
    ("not centred", MATRIX, POWER, RESULT.replace("centred", "source"), "did not subtract"),
    (
        "centred late",
        MATRIX,
        POWER,
        RESULT.replace("centred", "source") + " - source.mean(axis=0)",
        "after the matrices",
    ),
    ("around 0", MATRIX, POWER, RESULT.split(" + ")[0], "lie around 0"),
    (
        "own mean back",
        MATRIX,
        POWER,
        RESULT.replace("target.mean", "source.mean"),
        "own mean back",
    ),
    (
        "swapped",
        MATRIX,
        POWER,
        "centred @ power(target, -.5) @ power(source, .5) + target.mean(axis=0)",
        "swapped",
    ),
    (
        "target moved",
        MATRIX,
        POWER,
        "(target - target.mean(0)) @ power(target, -.5) @ power(source, .5) + source.mean(0)",
        "moved the target",
    ),
    (
        "coloured first",
        MATRIX,
        POWER,
        "centred @ power(target, .5) @ power(source, -.5) + target.mean(axis=0)",
        "before you whitened",
    ),
    ("no roots", MATRIX, POWER, RESULT.replace(".5", "1"), "−1 and 1"),
    ("inverse", MATRIX, POWER, RESULT.replace("-.5", "-1"), "the inverse"),
    ("no root of the target", MATRIX, POWER, RESULT.replace(" .5", " 1"), "covariance itself"),
    ("once more", MATRIX, POWER, RESULT.replace("-.5", ".5"), "once more"),
    ("not coloured", MATRIX, POWER, RESULT.replace(" @ power(target, .5)", ""), "not coloured"),
    ("not whitened", MATRIX, POWER, RESULT.replace(" @ power(source, -.5)", ""), "not whitened"),
    ("each number", MATRIX, f"({MATRIX})**p", RESULT, "each number by itself"),
    (
        "variances alone",
        "np.diag(rows.var(axis=0, ddof=1)) + np.eye(rows.shape[1])",
        POWER,
        RESULT,
        "variances alone",
    ),
    ("no identity", C, POWER, RESULT, "identity is missing"),
    ("ones everywhere", f"{C} + 1", POWER, RESULT, "every number"),
    ("a small identity", f"{C} + 1e-6 * np.eye(rows.shape[1])", POWER, RESULT, "small multiple"),
    ("twice the identity", f"{C} + 2 * np.eye(rows.shape[1])", POWER, RESULT, "identity twice"),
    ("three by three", f"{C} + np.eye(3)", POWER, RESULT, "ValueError"),
    ("as many as rows", f"{C} + np.eye(len(rows))", POWER, RESULT, "ValueError"),
    ("n", "np.cov(rows, rowvar=False, bias=True) + np.eye(rows.shape[1])", POWER, RESULT, "by n"),
    ("rows as features", "np.cov(rows) + np.eye(len(rows))", POWER, RESULT, "ValueError"),
    (
        "correlation",
        "np.corrcoef(rows, rowvar=False) + np.eye(rows.shape[1])",
        POWER,
        RESULT,
        "correlations",
    ),
    ("products", "rows.T @ rows / len(rows) + np.eye(rows.shape[1])", POWER, RESULT, "not centred"),
    ("vectors in rows", MATRIX, "(vectors.T * values**p) @ vectors", RESULT, "into the columns"),
    ("values alone", MATRIX, "np.diag(values**p)", RESULT, "eigenvalues alone"),
    ("vectors left out on one side", MATRIX, "vectors * values**p", RESULT, ""),
    (
        "Cholesky",
        MATRIX,
        f"(lambda r: r if p > 0 else np.linalg.inv(r))(np.linalg.cholesky({MATRIX}).T)",
        RESULT,
        "Cholesky",
    ),
    (
        "in units",
        f"{C} + np.trace({C}) / rows.shape[1] * np.eye(rows.shape[1])",
        POWER,
        RESULT,
        "in units",
    ),
    ("mean alone", MATRIX, POWER, "centred + target.mean(axis=0)", "mean alone"),
    ("source twice", MATRIX, POWER, RESULT.replace("power(target", "power(source"), "undo each"),
    (
        "both together",
        MATRIX,
        POWER,
        RESULT.replace("power(source", "power(np.concatenate([source, target])"),
        "both domains together",
    ),
    ("transposed", MATRIX, POWER, f"({RESULT}).T", "transposed"),
    (
        "matrix in front",
        MATRIX,
        POWER,
        "(power(source, -.5) @ power(target, .5) @ centred.T).T + target.mean(0)",
        "",
    ),
    ("one mean", MATRIX, POWER, RESULT.replace("mean(axis=0)", "mean()"), "one mean over"),
    ("rounded", MATRIX, POWER, f"({RESULT}).round(2)", "rounded"),
    ("both", MATRIX, POWER, f"({RESULT}, target)", ""),
    (
        "item by item",
        MATRIX,
        POWER,
        "centred * np.diag(power(source, -.5)) * np.diag(power(target, .5)) + target.mean(0)",
        "",
    ),
    (
        "in place",
        MATRIX,
        POWER,
        f"(source.__isub__(source.mean(axis=0)), {RESULT})[1]",
        "`source` is no longer what it was",
    ),
]

PSEUDO = """
def answer(probabilities, share):
    predicted, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    chosen = []
    for label in np.unique(predicted):
        own = np.flatnonzero(predicted == label)
        order = {order}
        chosen.append({taken})
    items = {items}
    return {result}
"""
ORDER = "np.argsort(-sure[own], kind='stable')"
TAKEN = "own[order[:round(share * len(own))]]"
ITEMS = "np.sort(np.concatenate(chosen))"
PAIR = "items, predicted[items]"
GUESSES = [
    ("least confident", "np.argsort(sure[own], kind='stable')", TAKEN, ITEMS, PAIR, "least conf"),
    ("in no order", "np.arange(len(own))", TAKEN, ITEMS, PAIR, "first items"),
    ("class after class", ORDER, TAKEN, "np.concatenate(chosen)", PAIR, "class after class"),
    (
        "ascending in each class",
        ORDER,
        f"np.sort({TAKEN})",
        "np.concatenate(chosen)",
        PAIR,
        "within each class",
    ),
    (
        "labels left behind",
        ORDER,
        TAKEN,
        ITEMS,
        "items, predicted[np.concatenate(chosen)]",
        "left the labels",
    ),
    ("down", ORDER, "own[order[:int(share * len(own))]]", ITEMS, PAIR, "rounded down"),
    ("up", ORDER, "own[order[:math.ceil(share * len(own))]]", ITEMS, PAIR, "rounded up"),
    ("half up", ORDER, "own[order[:int(share * len(own) + .5)]]", ITEMS, PAIR, "half up"),
    (
        "at least one",
        ORDER,
        "own[order[:max(1, round(share * len(own)))]]",
        ITEMS,
        PAIR,
        "at least one",
    ),
    ("one more", ORDER, "own[order[:round(share * len(own)) + 1]]", ITEMS, PAIR, "too many"),
    ("one less", ORDER, "own[order[:max(0, round(share * len(own)) - 1)]]", ITEMS, PAIR, ""),
    (
        "the rest",
        ORDER,
        "own[order[:round((1 - share) * len(own))]]",
        ITEMS,
        PAIR,
        "left out as many",
    ),
    ("of all", ORDER, "own[order[:round(share * len(predicted))]]", ITEMS, PAIR, "all items"),
    (
        "as many of each",
        ORDER,
        "own[order[:round(share * len(predicted) / probabilities.shape[1])]]",
        ITEMS,
        PAIR,
        "as many items of each class",
    ),
    (
        "as many as classes are predicted",
        ORDER,
        "own[order[:round(share * len(predicted) / len(np.unique(predicted)))]]",
        ITEMS,
        PAIR,
        "",
    ),
    (
        "the last of equals",
        "np.argsort(sure[own], kind='stable')[::-1]",
        TAKEN,
        ITEMS,
        PAIR,
        "last",
    ),
    ("places", ORDER, "order[:round(share * len(own))]", ITEMS, PAIR, ""),
    (
        "everything for none",
        "np.argsort(sure[own])",
        "own[order[-round(share * len(own)):]]",
        ITEMS,
        PAIR,
        "everything where n is 0",
    ),
    (
        "everything for none, the first of equals",
        "len(own) - 1 - np.argsort(sure[own][::-1], kind='stable')",
        "own[order[-round(share * len(own)):]]",
        ITEMS,
        PAIR,
        "everything where n is 0",
    ),
    ("floats", ORDER, TAKEN, ITEMS, "items.astype(float), predicted[items]", "items are float64"),
    (
        "appended to an empty array",
        ORDER,
        TAKEN,
        ITEMS,
        "items, np.append(np.array([]), predicted[items])",
        "classes are float64",
    ),
    ("items alone", ORDER, TAKEN, ITEMS, "items", "labels are missing"),
    ("swapped", ORDER, TAKEN, ITEMS, "predicted[items], items", "swapped"),
    ("all labels", ORDER, TAKEN, ITEMS, "items, predicted", "all items"),
    (
        "a mask",
        ORDER,
        TAKEN,
        ITEMS,
        "np.isin(np.arange(len(predicted)), items), predicted[items]",
        "True and False",
    ),
    ("confidence", ORDER, TAKEN, ITEMS, "items, sure[items]", "holds confidences"),
    ("from 1", ORDER, TAKEN, ITEMS, "items + 1, predicted[items] + 1", "counted from 1"),
    ("descending", ORDER, TAKEN, ITEMS + "[::-1]", PAIR, "descending order"),
    (
        "a dict",
        ORDER,
        TAKEN,
        ITEMS,
        "{'items': items, 'labels': predicted[items]}",
        "dict",
    ),
    ("dict by item", ORDER, TAKEN, ITEMS, "dict(zip(items, predicted[items]))", "dict"),
    ("list of classes", ORDER, TAKEN, ITEMS, "chosen", ""),
    ("pairs", ORDER, TAKEN, ITEMS, "list(zip(items, predicted[items]))", "a pair of"),
    (
        "two classes",
        ORDER,
        f"{TAKEN} if label < 2 else own[:0]",
        ITEMS,
        PAIR,
        "",
    ),
    (
        "above a half",
        ORDER,
        "own[order[:round(share * len(own))]][sure[own[order[:round(share * len(own))]]] > .5]",
        ITEMS,
        PAIR,
        "",
    ),
]
GUESSES_WHOLE = [
    (
        "most confident of all",
        "def answer(p, share):\n    o = np.argsort(-p.max(1), kind='stable')\n"
        "    i = np.sort(o[:round(share * len(p))])\n    return i, p.argmax(1)[i]",
        "all classes together",
    ),
    (
        "threshold",
        "def answer(p, share):\n    i = np.flatnonzero(p.max(1) >= share)\n"
        "    return i, p.argmax(1)[i]",
        "threshold",
    ),
    (
        "columns sorted in place",
        "def answer(p, share):\n    p.sort(axis=1)\n    i = np.arange(3)\n"
        "    return i, p.argmax(1)[i]",
        "`p` is no longer what it was",
    ),
    (
        "confidence marked off",
        "def answer(p, share):\n    k, s, chosen = p.argmax(1), p.max(1), []\n"
        "    for c in np.unique(k):\n        own = np.flatnonzero(k == c)\n"
        "        chosen.append(own[np.argsort(-s[own], kind='stable')][:round(share * len(own))])\n"
        "    i = np.sort(np.concatenate(chosen))\n    p[i] = 0\n    return i, k[i]",
        "`p` is no longer what it was",
    ),
    (
        "over the items",
        "def answer(p, share):\n    k = p.argmax(axis=0)\n    return np.sort(k), np.arange(len(k))",
        "",
    ),
]

S = "(adapted - source_only) / (oracle - source_only)"
NAN = "float('nan') if oracle <= source_only else "
CLOSED = [
    ("still open", "(oracle - adapted) / (oracle - source_only)", "still open"),
    ("gain", "adapted - source_only", "gain itself"),
    ("share of the oracle", "adapted / oracle", "compared with 0"),
    ("by source only", "(adapted - source_only) / source_only", "by source_only"),
    ("by the oracle", "(adapted - source_only) / oracle", "by the oracle"),
    ("sign", "(source_only - adapted) / (oracle - source_only)", "turned round"),
    ("below cut off", f"{NAN}max(0, {S})", "below 0"),
    ("above cut off", f"{NAN}min(1, {S})", "above 1"),
    ("both cut off", f"{NAN}min(1, max(0, {S}))", "between 0 and 1"),
    ("clip", f"{NAN}np.clip({S}, 0, 1)", "between 0 and 1"),
    ("no sign", f"{NAN}abs({S})", "dropped the sign"),
    ("percent", f"{NAN}100 * {S}", "percent"),
    ("no guard", S, "Right where there is a gap"),
    ("equal alone", f"float('nan') if oracle == source_only else {S}", "equals source_only"),
    ("below alone", f"float('nan') if oracle < source_only else {S}", "compare with <="),
    ("0 without a gap", f"0.0 if oracle <= source_only else {S}", "nothing of it"),
    ("1 without a gap", f"1.0 if oracle <= source_only else {S}", "all of it"),
    ("None without a gap", f"None if oracle <= source_only else {S}", "returns None"),
    ("text without a gap", f"'no gap' if oracle <= source_only else {S}", ""),
    ("infinite without a gap", f"np.inf if oracle <= source_only else {S}", "infinity"),
    *((f"rounded to {n}", f"{NAN}round({S}, {n})", "rounded") for n in (1, 2, 3, 4)),
    (
        "upside down",
        f"{NAN}(oracle - source_only) / (adapted - source_only) "
        "if adapted != source_only else np.inf",
        "upside down",
    ),
    (
        "nan for harm",
        f"float('nan') if adapted < source_only or oracle <= source_only else {S}",
        "",
    ),
    (
        "nan where nothing is gained",
        f"float('nan') if adapted <= source_only else {NAN}{S}",
        "does harm or gains nothing",
    ),
    ("nan for a small gap", f"float('nan') if oracle - source_only < .01 else {S}", "small"),
    (
        "nan beyond the oracle",
        f"float('nan') if adapted > oracle or oracle <= source_only else {S}",
        "",
    ),
    ("from the oracle", "adapted - oracle", "from the oracle"),
    ("source only added", f"{NAN}source_only + {S}", "added source_only"),
    ("a little more", f"{NAN}(adapted - source_only) / (oracle - source_only + 1e-3)", ""),
    ("whole division", f"{NAN}(adapted - source_only) // (oracle - source_only)", ""),
    ("with chance 0.5", f"{NAN}(adapted - .5) / (oracle - .5)", ""),
    ("a text", f"{NAN}str({S})", "a text"),
    ("error instead", f"1 / 0 if oracle <= source_only else {S}", "infinity"),
    ("assert", f"{{}}['no gap'] if oracle <= source_only else {S}", "KeyError"),
]

WRONG = [
    *(("07.1", name, f"lambda s, t: {code}", word) for name, code, word in DISTANCES),
    *(
        ("07.2", name, EACH.format(before=before or "pass", scaled=scaled, result=result), word)
        for name, before, scaled, result, word in SCALED
    ),
    *(
        ("07.3", name, CORAL.format(matrix=matrix, power=power, result=result), word)
        for name, matrix, power, result, word in CORALS
    ),
    *(
        ("07.4", name, PSEUDO.format(order=order, taken=taken, items=items, result=result), word)
        for name, order, taken, items, result, word in GUESSES
    ),
    *(("07.4", name, code, word) for name, code, word in GUESSES_WHOLE),
    *(
        ("07.7", name, f"lambda source_only, adapted, oracle: {code}", word)
        for name, code, word in CLOSED
    ),
    ("07.5", "unsupervised", "'a'", "the choice did"),
    ("07.5", "all twenty", "'c'", "which of them to take"),
    ("07.5", "of no use", "'d'", "bears its name"),
    ("07.6", "source accuracy", "'a'", "only the target matters"),
    ("07.6", "distance", "'b'", "far source may help"),
    ("07.6", "test side", "'c'", "choose and judge at once"),
]
