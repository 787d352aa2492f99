"""Wrong answers to lesson 06: exercise, name, code and a word of the message."""

JOIN = """
def answer(pieces):
    words = []
    for p in pieces:
        if {goes_on}:
            {add}
        else:
            {begin}
    {then}
    return {result}
"""
PARTS = {
    "goes_on": "p.startswith('##')",
    "add": "words[-1] += p[2:]",
    "begin": "words.append(p)",
    "then": "",
    "result": "words",
}
JOINED = [
    ("marks left", {"add": "words[-1] += p"}, "marks are still inside"),
    ("first pieces", {"add": "pass"}, "Only the first piece"),
    ("marks taken off", {"add": "words.append(p[2:])"}, "nothing was joined"),
    ("as they came", {"add": "words.append(p)"}, "as they came"),
    ("one text", {"result": "' '.join(words)"}, "stand in one text"),
    ("one text without a gap", {"result": "''.join(words)"}, "without a gap"),
    ("one word", {"result": "[''.join(words)]"}, "become one word"),
    ("a space before", {"add": "words[-1] += ' ' + p[2:]"}, "spaces in between"),
    ("a hyphen before", {"add": "words[-1] += '-' + p[2:]"}, ""),
    ("the last one missing", {"result": "words[:-1]"}, "last word is missing"),
    ("an empty word in front", {"result": "[''] + words"}, "empty word stands in front"),
    (
        "one # is enough",
        {"goes_on": "words and p.startswith('#')", "add": "words[-1] += p.lstrip('#')"},
        "lone #",
    ),
    (
        "joins hashtags",
        {"goes_on": "words and p[0] == '#'", "add": "words[-1] += p.removeprefix('##')"},
        "single #",
    ),
    ("## anywhere", {"goes_on": "words and '##' in p"}, ""),
    ("lstrip", {"add": "words[-1] += p.lstrip('#')"}, "lstrip"),
    ("strip", {"add": "words[-1] += p.strip('#')"}, "both ends"),
    ("replace", {"add": "words[-1] += p.replace('##', '')"}, "every place"),
    ("one sign too few", {"add": "words[-1] += p[1:]"}, "One # of each mark"),
    ("one sign too many", {"add": "words[-1] += p[3:]"}, "first letter behind"),
    ("in front", {"add": "words[-1] = p[2:] + words[-1]"}, ""),
    ("to the first word", {"add": "words[0] += p[2:]"}, ""),
    ("each word once", {"result": "list(dict.fromkeys(words))"}, "comes twice"),
    ("sorted", {"result": "sorted(words)"}, "sorted the words"),
    ("reversed", {"result": "words[::-1]"}, "in reverse"),
    ("a set", {"result": "set(words)"}, "a set"),
    ("number of words", {"result": "len(words)"}, "one number"),
    ("whole words only", {"result": "[w for w in words if w in pieces]"}, ""),
    ("long words only", {"result": "[w for w in words if len(w) > 1]"}, ""),
    ("pairs", {"result": "[(w, len(w)) for w in words]"}, ""),
    ("small letters", {"result": "[w.lower() for w in words]"}, "letters small"),
    ("without [UNK]", {"result": "[w for w in words if w != '[UNK]']"}, "left out [UNK]"),
    ("without brackets", {"result": "[w.strip('[]') for w in words]"}, "[UNK]"),
    ("ASCII alone", {"result": "[w.encode('ascii', 'ignore').decode() for w in words]"}, "a to z"),
    ("digits left out", {"result": "[w for w in words if not w.isdigit()]"}, "of shape"),
    ("small letters of marks", {"add": "words[-1] += p[2:].title()"}, ""),
    ("returns in the loop", {"begin": "words.append(p)\n            return words"}, ""),
    ("no word yet", {"add": "words[-2] += p[2:]"}, "IndexError"),
    ("takes pieces away", {"then": "pieces.clear()"}, "`pieces` is no longer what it was"),
    ("a text for nothing", {"result": "words or ''"}, "gives a text"),
    ("an empty word for nothing", {"result": "words or ['']"}, "empty list"),
    ("None for nothing", {"result": "words or None"}, "returned None"),
]
JOINED_WHOLE = [
    ("spaces between all", "lambda pieces: ' '.join(pieces)", "space between all pieces"),
    ("joined by hand, at spaces", "lambda pieces: ' '.join(pieces).replace('##', '').split()", ""),
    (
        "two pieces at most",
        "def answer(pieces):\n    words = []\n    for before, p in zip(['', *pieces], pieces):\n"
        "        if p[:2] == '##':\n            words[-1] = before.removeprefix('##') + p[2:]\n"
        "        else:\n            words.append(p)\n    return words",
        "lost its first one",
    ),
    (
        "the last word left behind",
        "def answer(pieces):\n    words, word = [], ''\n    for p in pieces:\n"
        "        if p.startswith('##'):\n            word += p[2:]\n        else:\n"
        "            words.append(word)\n            word = p\n    return words",
        "last word is missing",
    ),
    (
        "in place",
        "def answer(pieces):\n    i = 0\n    while i < len(pieces):\n"
        "        if pieces[i].startswith('##'):\n            pieces[i - 1] += pieces.pop(i)[2:]\n"
        "        else:\n            i += 1\n    return pieces",
        "`pieces` is no longer what it was",
    ),
    ("the example", "lambda pieces: ['unbelievable', '!']", ""),
    (
        "the tokenizer",
        "lambda pieces: tokenizer.convert_tokens_to_string(pieces).split()",
        "NameError",
    ),
    ("the result", "['unbelievable', '!']", "the function itself"),
]

M = "mask[:, :, None]"
MEANS = [
    ("plain mean", "hidden.mean(axis=1)", "plain mean"),
    ("sum by the length", f"(hidden * {M}).mean(axis=1)", "length of the batch"),
    ("sum", f"(hidden * {M}).sum(axis=1)", "masked sum"),
    ("padding in the sum", "hidden.sum(axis=1) / mask.sum(axis=1, keepdims=True)", "still in the"),
    ("by all tokens", f"(hidden * {M}).sum(axis=1) / mask.sum()", "whole batch"),
    ("one vector", f"(hidden * {M}).sum(axis=(0, 1)) / mask.sum()", "one vector"),
    (
        "from the front",
        "np.array([h[:m.sum()].mean(0) for h, m in zip(hidden, mask)])",
        "in front",
    ),
    (
        "from the end",
        "np.array([h[-m.sum():].mean(0) for h, m in zip(hidden, mask)])",
        "from the end",
    ),
    ("as places", "np.array([h[m].mean(0) for h, m in zip(hidden, mask)])", "places 0 and 1"),
    ("the first token", "hidden[:, 0]", "first place"),
    (
        "the first token that is one",
        "hidden[np.arange(len(hidden)), mask.argmax(axis=1)]",
        "first token",
    ),
    (
        "the last token",
        "hidden[np.arange(len(hidden)), mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1)]",
        "last token",
    ),
    ("maximum", f"np.where({M} == 1, hidden, -np.inf).max(axis=1)", "maximum"),
    ("median", "np.median(hidden, axis=1)", "median"),
    (
        "median of tokens",
        f"np.nanmedian(np.where({M} == 1, hidden, np.nan), axis=1)",
        "",
    ),
    (
        "the other way round",
        f"(hidden * (1 - {M})).sum(axis=1) / mask.sum(axis=1, keepdims=True)",
        "summed the padding",
    ),
    (
        "padding alone",
        f"(hidden * (1 - {M})).sum(axis=1) / (1 - mask).sum(axis=1, keepdims=True)",
        "",
    ),
    (
        "one more",
        f"(hidden * {M}).sum(axis=1) / (mask.sum(axis=1, keepdims=True) + 1)",
        "one more",
    ),
    (
        "one less",
        f"(hidden * {M}).sum(axis=1) / (mask.sum(axis=1, keepdims=True) - 1).clip(1)",
        "",
    ),
    (
        "whole division",
        f"(hidden * {M}).sum(axis=1) // mask.sum(axis=1, keepdims=True)",
        "//",
    ),
    ("over the numbers", f"(hidden * {M}).mean(axis=2)", ""),
    ("wrong axis of the mask", "(hidden * mask[:, None]).sum(axis=1)", "ValueError"),
    ("no new axis", "(hidden * mask).sum(axis=1) / mask.sum(axis=1)", "ValueError"),
    ("sum over items", f"(hidden * {M}).sum(axis=0) / mask.sum(axis=0)[:, None]", ""),
    ("numbers per text", f"(hidden * {M}).sum(axis=1) / mask.sum(axis=1)", "ValueError"),
    ("one number per text", f"(hidden * {M}).sum(axis=(1, 2)) / mask.sum(axis=1)", "of shape"),
    (
        "an axis too many",
        f"(hidden * {M}).sum(axis=1, keepdims=True) / mask.sum(axis=1)[:, None, None]",
        "of shape",
    ),
    (
        "length one",
        f"(lambda v: v / np.linalg.norm(v, axis=1, keepdims=True))((hidden * {M}).sum(axis=1))",
        "length one",
    ),
    (
        "what is not 0",
        f"(hidden * {M}).sum(axis=1) / (hidden != 0).sum(axis=1)",
        "",
    ),
    ("tokens of all texts", "hidden[mask == 1].mean(axis=0)", "one vector"),
    ("tokens without their text", "hidden[mask == 1]", "of shape"),
    (
        "by the longest",
        f"(hidden * {M}).sum(axis=1) / mask.sum(axis=1).max()",
        "",
    ),
    (
        "by the root",
        f"(hidden * {M}).sum(axis=1) / np.sqrt(mask.sum(axis=1, keepdims=True))",
        "the root",
    ),
    (
        "rounded",
        f"((hidden * {M}).sum(axis=1) / mask.sum(axis=1, keepdims=True)).round(2)",
        "rounded",
    ),
    (
        "plain mean in half precision",
        "hidden.mean(axis=1).astype('float16')",
        "",
    ),
    ("five tokens", f"(hidden * {M})[:, :5].sum(axis=1) / mask.sum(axis=1, keepdims=True)", ""),
    (
        "padding set to 0 in place",
        "(hidden.__setitem__(mask == 0, 0), hidden.sum(axis=1) / mask.sum(axis=1)[:, None])[1]",
        "`hidden` is no longer what it was",
    ),
    (
        "multiplied in place",
        "(hidden.__imul__(mask[:, :, None]), hidden.sum(axis=1) / mask.sum(axis=1)[:, None])[1]",
        "`hidden` is no longer what it was",
    ),
    (
        "mask turned round in place",
        f"(mask.__ixor__(1), (hidden * (1 - {M})).sum(axis=1) / (1 - mask).sum(1)[:, None])[1]",
        "`mask` is no longer what it was",
    ),
]
NUMBERS = [
    ("one of the two matrices", "6 * 2 * 8 * 384", "half of it"),
    ("a quarter", "6 * 8 * 384", "quarter"),
    ("one layer", "2 * 2 * 8 * 384", "one layer"),
    ("one pair", "2 * 8 * 384", "single pair"),
    ("one matrix", "8 * 384", "single thin matrix"),
    ("384 squared", "384**2", "leaves alone"),
    ("key too", "6 * 3 * 2 * 8 * 384", "key gets no pair"),
    ("sides added", "6 * 2 * 2 * (8 + 384)", "two sides"),
    ("with a numpy array", "np.array([36864])", "half of it"),
    ("a list", "[73728]", "not list"),
    ("two numbers", "np.array([73728, 1])", "not ndarray"),
    ("a word", "'many'", "not str"),
    ("beyond all floats", "10**400", ""),
    ("a series of two", "pd.Series([73728, 1])", "not Series"),
]

WRONG = [
    *(("06.1", name, JOIN.format(**PARTS | parts), word) for name, parts, word in JOINED),
    *(("06.1", name, code, word) for name, code, word in JOINED_WHOLE),
    *(("06.2", name, f"lambda hidden, mask: {code}", word) for name, code, word in MEANS),
    ("06.2", "a dict", "lambda hidden, mask: {'mean': hidden.mean(axis=1)}", "dict"),
    ("06.2", "mask alone", "lambda mask: mask", "positional argument"),
    *(("06.4", name, code, word) for name, code, word in NUMBERS),
    ("06.3", "ten seeds", "'a'", "still chose and judged"),
    ("06.3", "an interval", "'c'", "does not know of"),
    ("06.3", "last layer", "'d'", "nothing was chosen"),
    ("06.5", "mean", "'a'", "between two groups"),
    ("06.5", "best", "'b'", "belong to the setting"),
    ("06.5", "three", "'c'", "if all goes well"),
    ("06.6", "because", "'b'", "one head of one layer"),
    ("06.6", "without", "'c'", "another input"),
    ("06.6", "nothing", "'d'", "the same each time"),
]
