"""Wrong answers to lesson 04: exercise, name, code and a word of the message."""

WITHIN = [
    ("cheapest", "min(s, key=s.get)", ""),
    ("cheapest that fits", "min([n for n in a if s[n] <= b], key=s.get, default=None)", "cheapest"),
    ("most accurate of all", "max(a, key=a.get)", "whether it fits"),
    ("less than", "max([n for n in a if s[n] < b], key=a.get, default=None)", "exactly"),
    (
        "none where the cheapest needs exactly the budget",
        "max([n for n in a if s[n] <= b], key=a.get) if min(s.values()) < b else None",
        "the cheapest needs exactly",
    ),
    ("more than", "max([n for n in a if s[n] >= b], key=a.get, default=None)", ""),
    ("the accuracy", "max([a[n] for n in a if s[n] <= b], default=None)", "the name"),
    (
        "the dearest that fits",
        "max([n for n in a if s[n] <= b], key=s.get, default=None)",
        "dearest",
    ),
    (
        "the cheapest where none fits",
        "max([n for n in a if s[n] <= b], key=a.get, default=min(s, key=s.get))",
        "None",
    ),
    (
        "a text where none fits",
        "max([n for n in a if s[n] <= b], key=a.get, default='None')",
        "none",
    ),
    ("empty text", "max([n for n in a if s[n] <= b], key=a.get, default='')", ""),
    ("stops where none fits", "max([n for n in a if s[n] <= b], key=a.get)", "ValueError"),
    (
        "by place",
        "max([n for n, t in zip(a, s.values()) if t <= b], key=a.get, default=None)",
        "by name",
    ),
    ("above 10 %", "max([n for n in a if s[n] <= b and a[n] > .2], key=a.get, default=None)", ""),
    ("above 0", "max([n for n in a if s[n] <= b and a[n] > 0], key=a.get, default=None)", "low"),
    ("only the best", "(lambda n: n if s[n] <= b else None)(max(a, key=a.get))", "alone"),
    (
        "per second",
        "max([n for n in a if s[n] <= b], key=lambda n: a[n] / s[n], default=None)",
        "divided",
    ),
    (
        "rounded seconds",
        "max([n for n in a if round(s[n]) <= b], key=a.get, default=None)",
        "",
    ),
    (
        "rounded accuracy",
        "max([n for n in a if s[n] <= b], key=lambda n: round(a[n]), default=None)",
        "",
    ),
    ("the first that fits", "next((n for n in a if s[n] <= b), None)", ""),
    ("the last in the alphabet", "max([n for n in a if s[n] <= b], default=None)", ""),
    ("all that fit", "[n for n in a if s[n] <= b]", ""),
    ("name and accuracy", "max([(a[n], n) for n in a if s[n] <= b], default=None)", ""),
    ("names of the lesson", "'features' if s.get('features', 0) <= b else None", ""),
    ("the worst", "min([n for n in a if s[n] <= b], key=a.get, default=None)", ""),
    (
        "removes from the dict",
        "[a.pop(n) for n in list(a) if s[n] > b] and None or max(a, key=a.get, default=None)",
        "`a` is no longer what it was",
    ),
]

VERDICT = [
    ("middle", "'A' if low + high > 0 else 'B'", "middle"),
    ("swapped", "'B' if low > 0 else 'A' if high < 0 else 'not resolved'", "swapped"),
    ("0 left out", "'A' if low >= 0 else 'B' if high <= 0 else 'not resolved'", "exactly at 0"),
    ("no third answer", "'A' if low > 0 else 'B'", "third answer"),
    ("B never", "'A' if low > 0 else 'not resolved'", "B never wins"),
    ("A never", "'B' if high < 0 else 'not resolved'", ""),
    ("high decides", "'A' if high > 0 else 'B' if low < 0 else 'not resolved'", ""),
    *(
        (
            f"rounded to {places}",
            f"'A' if round(low, {places}) > 0 else 'B' if round(high, {places}) < 0 "
            "else 'not resolved'",
            word,
        )
        for places, word in ((1, ""), (2, "rounded"), (3, "rounded"), (4, ""), (6, ""))
    ),
    ("a point at least", "'A' if low > .01 else 'B' if high < -.01 else 'not resolved'", ""),
    ("small letters", "'a' if low > 0 else 'b' if high < 0 else 'not resolved'", ""),
    ("large letters", "'A' if low > 0 else 'B' if high < 0 else 'Not resolved'", ""),
    ("shouted", "'A' if low > 0 else 'B' if high < 0 else 'NOT RESOLVED'", "small letters"),
    ("another word", "'A' if low > 0 else 'B' if high < 0 else 'unresolved'", ""),
    ("None", "'A' if low > 0 else 'B' if high < 0 else None", "not resolved"),
    ("True", "low > 0 or high < 0", "True or False"),
    ("number", "1 if low > 0 else -1 if high < 0 else 0", "one number"),
    (
        "about 0",
        "'not resolved' if np.isclose(low, 0) or low < 0 < high else 'A' if low > 0 "
        "else 'B' if high < 0 else 'not resolved'",
        "",
    ),
    ("width", "'not resolved' if high - low > .2 else 'A' if low > 0 else 'B'", ""),
    ("magnitude", "'A' if abs(high) > abs(low) else 'B'", "middle"),
    ("always open", "'not resolved'", ""),
    ("product", "'not resolved' if low * high < 0 else 'A' if high > 0 else 'B'", ""),
]

CHOOSE = [
    ("first of equals", "max(v, key=v.get)", "first one"),
    ("last of equals", "max(reversed(list(v)), key=v.get)", "last one"),
    ("cheapest", "min(v, key=s.get)", ""),
    ("cheapest of the prices", "min(s, key=s.get)", "cheapest setting of all"),
    ("dearest of equals", "max(v, key=lambda n: (v[n], s[n]))", "dearest"),
    ("nearly equal", "min([n for n in v if v[n] > max(v.values()) - .01], key=s.get)", "nearly"),
    ("isclose", "min([n for n in v if np.isclose(v[n], max(v.values()))], key=s.get)", "nearly"),
    (
        "math.isclose",
        "min([n for n in v if math.isclose(v[n], max(v.values()), rel_tol=1e-6)], key=s.get)",
        "nearly",
    ),
    *(
        (f"rounded to {places}", f"max(v, key=lambda n: (round(v[n], {places}), -s[n]))", "nearly")
        for places in (2, 3, 4, 6)
    ),
    ("divided", "max(v, key=lambda n: v[n] / s[n])", "divided"),
    ("a little per second", "max(v, key=lambda n: v[n] - 1e-4 * s[n])", ""),
    ("the accuracy", "max(v.values())", "the name"),
    ("name and accuracy", "max(v.items(), key=lambda item: item[1])", ""),
    ("worst", "min(v, key=lambda n: (v[n], s[n]))", ""),
    ("alphabet of equals", "min(v, key=lambda n: (-v[n], n))", ""),
    ("all equals", "[n for n in v if v[n] == max(v.values())]", ""),
    ("price only", "min(s.values())", "one number"),
    ("place", "list(v)[int(np.argmax(list(v.values())))]", "first one"),
    ("by place", "min(zip(v.values(), s.values(), v), key=lambda t: (-t[0], t[1]))[2]", ""),
    (
        "None for ties",
        "(lambda e: e[0] if len(e) == 1 else None)([n for n in v if v[n] == max(v.values())])",
        "None",
    ),
    ("truthy only", "min([n for n in v if v[n] and v[n] == max(v.values())], key=s.get)", ""),
    ("hard-coded", "'setting A'", ""),
    (
        "removes from the dict",
        "[s.pop(n) for n in list(v) if v[n] < max(v.values())] and None or min(s, key=s.get)",
        "",
    ),
    (
        "overwrites a value",
        "(v.update({k: x / 2 for k, x in v.items()}), max(v, key=lambda n: (v[n], -s[n])))[1]",
        "`v` is no longer what it was",
    ),
    ("cheapest of two best", "min(sorted(v, key=v.get)[-2:], key=s.get)", ""),
]

WRONG = [
    ("04.1", "last training alone", "12", "last training alone"),
    ("04.1", "rounded", "37", "rounded"),
    ("04.1", "rounded up", "38", ""),
    ("04.1", "trials alone", "3 * .7 * 12", "three trials"),
    ("04.1", "four full ones", "4 * 12", "four full"),
    ("04.1", "a text with a unit", "'37.2 s'", "number"),
    ("04.1", "percent", "3720", ""),
    ("04.4", "equal", "'b'", "not show"),
    ("04.4", "mean", "'c'", "luck"),
    ("04.6", "e", "'e'", "letters"),
    ("04.6", "half", "'b'", "Half"),
    *(("04.2", name, f"lambda b, a, s: {code}", word) for name, code, word in WITHIN),
    *(("04.3", name, f"lambda low, high: {code}", word) for name, code, word in VERDICT),
    *(("04.5", name, f"lambda v, s: {code}", word) for name, code, word in CHOOSE),
]
