"""Wrong answers to lesson 12: exercise, name, code and a word of the message."""

MADE = "from tlhelpers.course.exercise_book import made_project as made\n"
PLANS = [
    ("no plan", "answer = {'plan': 'BERT or not?'}", "a dict with the keys"),
    ("open", "answer = {'plan': None}", None),
    (
        "no control",
        "plan = made.made_plan(); del plan['control']; answer = {'plan': plan}",
        'nothing yet under "control"',
    ),
    (
        "another label count",
        "plan = made.made_plan(); plan['strategies']['noise'] |= {'learned from': '50'}\n"
        "answer = {'plan': plan}",
        "2 things change",
    ),
    (
        "all settings differ",
        "plan = made.made_plan()\n"
        "plan['strategies']['noise'] = dict.fromkeys(plan['strategies']['noise'], 'else')\n"
        "answer = {'plan': plan}",
        "3 things change",
    ),
    (
        "the same, written otherwise",
        "plan = made.made_plan(); plan['strategies']['noise'] = {\n"
        "    k: f' {v}'.upper() for k, v in plan['strategies']['good rows'].items()}\n"
        "answer = {'plan': plan}",
        "the same settings",
    ),
    (
        "no strategies",
        "answer = {'plan': made.made_plan() | {'strategies': {}}}",
        "is a dict of dicts",
    ),
    (
        "three compared",
        "answer = {'plan': made.made_plan() | {'compared': ('good rows', 'noise', 'majority')}}",
        "names of two strategies",
    ),
    (
        "baseline is the transfer",
        "answer = {'plan': made.made_plan() | {'baseline': 'good rows'}}",
        "It is a third",
    ),
    (
        "control is the transfer",
        "answer = {'plan': made.made_plan() | {'control': 'good rows'}}",
        "differs from 'good rows' in nothing",
    ),
    (
        "control first",
        "answer = {'plan': made.made_plan() | {'compared': ('noise', 'good rows')}}",
        "put to the test stands there",
    ),
    (
        "baseline is the control",
        "plan = made.made_plan(); plan['strategies']['noise']['rows'] = 'none'\n"
        "answer = {'plan': plan | {'control': 'majority'}}",
        "your baseline and your control",
    ),
    (
        "one point",
        "answer = {'plan': made.made_plan() | {'smallest that matters': 1}}",
        "100 points",
    ),
    ("points", "answer = {'plan': made.made_plan() | {'smallest that matters': 3}}", "percent"),
    ("a text", "answer = {'plan': made.made_plan() | {'prediction': 'more'}}", "is a number"),
]
SIZE = "data, plan = made.made_set(), made.made_plan()\nsize = {size}\n"
SIZE += "answer = {{'data': data, 'plan': plan, 'size': size}}"
SIZES = [
    (
        "items counted",
        "{'disagreement': 0.2, 'needed': 77, 'there are': len(data), 'enough': True}",
        "number of items",
    ),
    (
        "the difference is taken for half of it",
        "{'disagreement': 0.2, 'needed': 308, 'there are': 60, 'enough': False}",
        "not 308",
    ),
    (
        "no disagreement in it",
        "{'disagreement': 0.2, 'needed': 385, 'there are': 60, 'enough': False}",
        "not 385",
    ),
    ("nothing yet", "{'disagreement': 0.2}", 'nothing yet under "needed"'),
]
LOOK = "items = np.arange(0, 60, 3)\ndata = made.made_set()\n"
LOOK += "mine = [data.class_names[label] for label in data.labels[items]]\n"
LOOK += "answer = {{'data': data, 'items': items, 'look': {look}}}"
LOOKS = [
    ("numbers", "{'mine': [0, 1] * 10, 'agree': 20, 'interval': (0.84, 1)}", "0 is no class"),
    ("a share", "{'mine': mine, 'agree': 1.0, 'interval': (0.84, 1)}", "number of items"),
    ("no width", "{'mine': mine, 'agree': 20, 'interval': (1, 1)}", "normal curve"),
    ("too wide", "{'mine': mine, 'agree': 20, 'interval': (0.5, 1)}", "goes from 0.839"),
    ("one number", "{'mine': mine, 'agree': 20, 'interval': 0.84}", "goes from 0.839"),
]
PARTS = "data, whole = made.made_set(), np.arange(180)\n{before}\n"
PARTS += "answer = {{'data': data, 'parts': {parts}}}"
BY_ITEM = "a, b = np.sort(np.random.default_rng(3).permutation(180).reshape(4, 45)[0]), 0\n"
SPLITS = [
    ("by item", BY_ITEM, "{'choosing': a, 'reporting': np.setdiff1d(whole, a)}", "stand in both"),
    ("first items", "", "{'choosing': whole[:40], 'reporting': whole[40:]}", "1 groups stand"),
    ("one part", "", "{'choosing': whole[:45], 'reporting': whole}", "tested on them"),
    ("masks", "", "{'choosing': whole < 45, 'reporting': whole >= 45}", "whole numbers"),
    ("a gap", "", "{'choosing': whole[:45], 'reporting': whole[60:]}", "neither part"),
    ("hardly any", "", "{'choosing': whole[:12], 'reporting': whole[12:]}", "Take a tenth"),
    ("most", "", "{'choosing': whole[:150], 'reporting': whole[150:]}", "Take a tenth"),
    ("beyond", "", "{'choosing': whole[:45] + 170, 'reporting': whole}", "whole numbers"),
    (
        "one class",
        "left = whole[(whole // 3) % 2 == 0][:45]",
        "{'choosing': left, 'reporting': np.setdiff1d(whole, left)}",
        "'right' has fewer than two",
    ),
    (
        "a copy apart",
        "data, a = made.with_a_copy(), whole[6:51]",
        "{'choosing': a, 'reporting': np.setdiff1d(whole, a)}",
        "same content",
    ),
]
STRATEGIES = """
data, parts = made.made_set(), made.made_parts()
{more}
def strategies(data):
    known = made.made_strategies(data)
    {inside}
    return {returned}
answer = {{'data': data, 'parts': parts, 'strategies': strategies}}
"""
TRUTH = "known['t'] = lambda trial: data.labels[trial.test]"
CENTRE = """known['c'] = lambda trial: (
        data.rows[trial.test, 0] > np.mean([data.rows[data.labels == k, 0].mean() for k in (0, 1)])
    ).astype(int)"""
CHOSEN = """fit = [np.corrcoef(data.rows[:, c], data.labels)[0, 1] ** 2 for c in range(3)]
    best = int(np.argmax(fit))
    known['b'] = made.nearest_mean([best])(data)
    known['w'] = lambda trial: known['b'](trial) if data.labels.mean() > 0.4 else 0 * trial.test"""
SEEN = [
    ("the truth itself", "", TRUTH, "known", "has seen them"),
    ("means over all items", "", CENTRE, "known", "'c' gave other answers"),
    ("a column chosen on all items", "", CHOSEN, "known", "has seen them"),
    ("global data", "own = data.subset(parts['reporting'])", "", "made.made_strategies(own)",
     "another set"),
    ("one strategy", "", "", "{'noise': known['noise']}", "at least a baseline"),
    ("a list", "", "", "list(known.values())", "dict of strategies"),
    ("labels in place of strategies", "", "", "{name: data.labels for name in known}", "dict of"),
    ("nothing", "", "", "None", None),
]  # fmt: skip
RUN = "plan, parts, data = made.made_plan(), made.made_parts(), made.made_set()\n"
RUN += "runs = made.made_runs()\n{change}\n"
RUN += "answer = {{'data': data, 'parts': parts, 'plan': plan, 'runs': runs}}"
RUNS = [
    ("a seed", "runs = runs[runs.seed == 0]", "1 seeds"),
    ("no baseline", "runs = runs[runs.strategy != 'majority']", "'majority' of your plan"),
    ("means", "runs = runs.groupby('strategy').accuracy.mean()", "repeat() returns"),
    ("a seed of one is missing", "runs = runs.drop(index=1)", "not tested on the same items"),
    (
        "better by hand",
        "runs = runs.copy(); runs.loc[runs.strategy == 'good rows', 'accuracy'] = 0.99",
        "changed after the run",
    ),
    (
        "parts turned round",
        "parts = {'choosing': parts['reporting'], 'reporting': parts['choosing']}",
        "44 groups of your part for choosing",
    ),
]
RESULT = "plan, runs = made.made_plan(), made.made_runs()\nright = made.made_result()\n{change}\n"
RESULT += "answer = {{'plan': plan, 'runs': runs, 'result': result}}"
GAPS = "p = runs.pivot(index='seed', columns='strategy', values='accuracy')\n"
GAPS += "gap = p['good rows'] - p['noise']\n"
RESULTS = [
    (
        "standard error of seeds",
        GAPS + "half = 1.96 * gap.std() / 10 ** 0.5\n"
        "result = {'difference': gap.mean(), 'low': gap.mean() - half, 'high': gap.mean() + half}",
        "seeds alone",
    ),
    (
        "standard deviation",
        GAPS + "result = {'difference': gap.mean(), 'low': gap.mean() - gap.std(), "
        "'high': gap.mean() + gap.std()}",
        "seeds alone",
    ),
    (
        "bootstrap of seeds",
        GAPS + "draws = np.random.default_rng(1).choice(gap, (20000, 10)).mean(1)\n"
        "low, high = np.quantile(draws, [0.025, 0.975])\n"
        "result = {'difference': gap.mean(), 'low': low, 'high': high}",
        "seeds alone",
    ),
    (
        "bootstrap of answers",
        "right_of = {n: np.concatenate(list(runs[runs.strategy == n].correct)).astype(float) "
        "for n in ('good rows', 'noise')}\n"
        "d = right_of['good rows'] - right_of['noise']\n"
        "rng = np.random.default_rng(0)\n"
        "draws = [rng.choice(d, len(d)).mean() for _ in range(4000)]\n"
        "low, high = np.quantile(draws, [0.025, 0.975])\n"
        "result = {'difference': d.mean(), 'low': low, 'high': high}",
        "counts each item by itself",
    ),
    (
        "in points",
        "result = {n: 100 * getattr(right, n) for n in ('difference', 'low', 'high')}",
        "Those are points",
    ),
    ("two numbers", "result = (right.low, right.high)", "What compare() returns"),
    ("no number", "result = {'difference': 'large', 'low': 0, 'high': 1}", "could not read"),
    (
        "a wider one",
        "result = {'difference': right.difference, 'low': right.low - 0.1, 'high': right.high}",
        "not that of a paired bootstrap",
    ),
]
REPORT = "result = dict(zip(('difference', 'low', 'high'), {ends}))\n"
REPORT += "report = {{'question': 'Do good rows help with ten labels?', 'answer': {text!r},\n"
REPORT += (
    "    'cost': 'It takes 3 seconds of computing.', 'limits': ['Only made people were tried.',\n"
)
REPORT += "    'Only ten labels were tried.', 'Only one head was tried.']}}\n"
REPORT += "answer = {{'plan': made.made_plan(), 'result': result, 'report': report}}"
OPEN, CLEAR = (0.021, -0.013, 0.055), (0.128, 0.071, 0.185)
SENTENCES = [
    ("open, sold", OPEN, "Good rows beat noise by 2 points (−1 to 6).", "not resolved"),
    (
        "open, a tendency",
        OPEN,
        "Good rows are slightly better than noise, +0.02 [−0.01, +0.06].",
        "not resolved",
    ),
    ("open, equal", OPEN, "Both are equally good: +.02 [−.01, +.06].", "not equal"),
    (
        "open, no difference",
        OPEN,
        "There is no difference of good rows and noise: 0.02 [−0.01, 0.06].",
        "not equal",
    ),
    (
        "open, and yet better",
        OPEN,
        "It is not resolved, but good rows are slightly better than noise: 0.02 [-0.01, 0.06].",
        "takes a side",
    ),
    (
        "open, a trend",
        OPEN,
        "Good rows tend to beat noise, though it is not resolved: 0.02 [-0.01, 0.06].",
        "takes a side",
    ),
    (
        "open, not significant",
        OPEN,
        "Good rows and noise do not differ significantly, 0.02 [-0.01, 0.06], "
        "so the difference is not significant.",
        "not significant",
    ),
    ("clear, denied", CLEAR, "Good rows do not beat noise: 0.13 [0.07, 0.19].", "leaves out 0"),
    ("open, no numbers", OPEN, "It is not resolved which is better.", "the difference"),
    ("clear, turned", CLEAR, "Noise is better than good rows: 0.13 [0.07, 0.19].", "of the other"),
    (
        "clear, turned with worse",
        CLEAR,
        "Good rows are worse than noise by 13 points [7, 19].",
        "of the other",
    ),
    ("clear, timid", CLEAR, "Not resolved: good rows − noise 0.13 [0.07, 0.19].", "leaves out 0"),
    ("clear, no words", CLEAR, "Good rows − noise = 0.13 [0.07, 0.19].", "Say in words"),
    ("clear, other ends", CLEAR, "Good rows beat noise by 0.13 [0.10, 0.16].", "lower end"),
    ("clear, rounded up", CLEAR, "Good rows beat noise by 0.2 [0.07, 0.19].", "the difference"),
]
# The name of one strategy stands in that of the other.
SHARED = "{'compared': ('GloVe', 'shuffled GloVe')}"
SHARED_REPORT = REPORT.replace("made.made_plan()", SHARED.replace("{", "{{").replace("}", "}}"))
TABLES = {
    "12.1": ((name, code, word) for name, code, word in PLANS),
    "12.2": ((name, SIZE.format(size=size), word) for name, size, word in SIZES),
    "12.3": ((name, LOOK.format(look=look), word) for name, look, word in LOOKS),
    "12.4": (
        (name, PARTS.format(before=before, parts=parts), word)
        for name, before, parts, word in SPLITS
    ),
    "12.5": (
        (name, STRATEGIES.format(more=more, inside=inside or "pass", returned=returned), word)
        for name, more, inside, returned, word in SEEN
    ),
    "12.6": ((name, RUN.format(change=change), word) for name, change, word in RUNS),
    "12.7": ((name, RESULT.format(change=change), word) for name, change, word in RESULTS),
    "12.8": (
        (name, REPORT.format(ends=ends, text=text), word) for name, ends, text, word in SENTENCES
    ),
}
OPEN_PART = "answer = {'data': made.made_set(), 'parts': None, 'plan': 1, 'runs': 1}"
WRONG = [
    *(
        (exercise, name, MADE + code, word)
        for exercise, rows in TABLES.items()
        for name, code, word in rows
    ),
    (
        "12.8",
        "turned, and one name stands in the other",
        MADE
        + SHARED_REPORT.format(ends=CLEAR, text="Shuffled GloVe beats GloVe by 13 points [7, 19]."),
        "of the other",
    ),
    ("12.6", "the table alone", MADE + "answer = made.made_runs()", "a dict with"),
    ("12.6", "open", MADE + OPEN_PART, None),
]
