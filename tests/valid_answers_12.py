"""Right answers to lesson 12 in unusual forms: exercise, name and code."""

from wrong_answers_12 import (
    CLEAR,
    MADE,
    OPEN,
    REPORT,
    RESULT,
    RUN,
    SHARED_REPORT,
    STRATEGIES,
)

SENTENCES = [
    ("points with a comma", CLEAR, "Good rows beat noise by 12,8 points (7,1 to 18,5)."),
    ("percent", CLEAR, "Good rows are right more often than noise: 12.8 % [7.1 %, 18.5 %]."),
    ("the loser first", CLEAR, "Noise loses to good rows, by .13 (interval from .07 to .19)."),
    ("below", CLEAR, "noise lies 13 points [7, 19] below good rows"),
    ("does not tell", OPEN, "The data do not tell whether good rows help: +2 points (−1 to +6)."),
    ("percent and dashes", CLEAR, "Good rows beat noise by 12.8% (7.1%–18.5%)."),
    ("the lower end", CLEAR, "From 0.07 (lower end) to 0.19: good rows beat noise by 0.13."),
    ("above 0", CLEAR, "The interval, 0.07 to 0.19, lies above 0: good rows beat noise by 0.13."),
    ("unclear", OPEN, "It is unclear whether good rows are slightly better: 0.02 [-0.01, 0.06]."),
    ("which", OPEN, "It is not yet resolved which of the two is better: 0.02 [-0.01, 0.06]."),
    (
        "although",
        OPEN,
        "Although it is +0.02, we cannot say that good rows are better, -.01 to .06.",
    ),
    ("undecided", OPEN, "Good rows against noise is undecided, 0.021 [-0.013, 0.055]."),
    ("no difference is resolved", OPEN, "No difference is resolved: 2 points, from -1 to 6."),
]
OWN_BOOTSTRAP = """
a, b = (runs[runs.strategy == name].reset_index() for name in plan['compared'])
groups = np.unique(np.concatenate(list(a['items'])))
sums, sizes = np.zeros((2, len(groups), 10))
for seed in range(10):
    place = np.searchsorted(groups, a['items'][seed])
    np.add.at(sums[:, seed], place, a.correct[seed] * 1.0 - b.correct[seed])
    np.add.at(sizes[:, seed], place, 1)
rng = np.random.default_rng(7)
people = rng.multinomial(len(groups), np.full(len(groups), 1 / len(groups)), 4000)
seeds = rng.multinomial(10, np.full(10, 0.1), 4000)
draws = ((people @ sums) / (people @ sizes) * seeds).sum(1) / 10
low, high = np.quantile(draws, [0.025, 0.975])
result = {'difference': (a.accuracy - b.accuracy).mean(), 'low': low, 'high': high}
"""
FITTED = """from sklearn.linear_model import LogisticRegression
    known['fitted'] = lambda trial: LogisticRegression().fit(
        data.rows[trial.train], data.labels[trial.train]).predict(data.rows[trial.test])
    draw = np.random.default_rng
    known['random'] = lambda trial: draw(trial.seed).integers(0, 2, len(trial.test))"""
VALID = [
    *(("12.8", name, MADE + REPORT.format(ends=ends, text=text)) for name, ends, text in SENTENCES),
    ("12.8", "one name stands in the other", MADE + SHARED_REPORT.format(
        ends=CLEAR, text="Shuffled GloVe is worse than GloVe: 13 points [7, 19].")),
    ("12.7", "a bootstrap of one's own", MADE + RESULT.format(change=OWN_BOOTSTRAP)),
    ("12.7", "rounded", MADE + RESULT.format(change="names = ('difference', 'low', 'high')\n"
     "result = {name: round(getattr(right, name), 3) for name in names}")),
    ("12.6", "twelve columns more", MADE + RUN.format(change="runs = runs.assign(note='x')")),
    ("12.6", "a plain table", MADE + RUN.format(change="runs = pd.DataFrame(runs)")),
    ("12.5", "scikit-learn, and drawn by the seed",
     MADE + STRATEGIES.format(more="", inside=FITTED, returned="known")),
    ("12.4", "lists", MADE + "answer = {'data': made.made_set(), 'parts': "
     "{'choosing': list(range(60)), 'reporting': list(range(60, 180))}}"),
    ("12.4", "half of it", MADE + "answer = {'data': made.made_set(), 'parts': "
     "{'choosing': np.arange(90, 180), 'reporting': np.arange(90)}}"),
    ("12.3", "another order", MADE + "items = np.arange(0, 60, 3); data = made.made_set()\n"
     "mine = tuple(data.class_names[k] for k in data.labels[items])\n"
     "look = {'interval': np.array([0.839, 1.0]), 'agree': 20.0, 'mine': mine}\n"
     "answer = {'look': look, 'items': items, 'data': data}"),
    ("12.1", "a list of two, and more settings", MADE + "plan = made.made_plan()\n"
     "plan['compared'] = list(plan['compared'])\n"
     "for one in plan['strategies'].values(): one['seeds'] = 10\n"
     "answer = {'plan': plan | {'note': 1}}"),
]  # fmt: skip
