"""The model card: what a saved model is for, how good it was found to be, and what nobody tried."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd

from tlhelpers.own_data.chosen_runs import runs_of_answer
from tlhelpers.own_data.comparison import Comparison

TASKS = {"pictures": "image-classification", "texts": "text-classification"}
UNSTATED = ("", "not stated", "none")


def write_model_card(card: dict, comparison: Comparison) -> str:
    """A model card as Markdown, laid out as those of Hugging Face.

    Parameters
    ----------
    card : dict
        What ``model.json`` tells.
    comparison : Comparison

    Returns
    -------
    str
    """
    parts = [
        _front_matter(card),
        f"# {TASKS[card['kind']].replace('-', ' ').capitalize()}: {_names(card, 4)}",
        _summary(card),
        "## Intended use\n" + _intended_use(card),
        "## Training data\n" + _training_data(card, comparison),
        "## Evaluation\n" + _evaluation(card, comparison),
        "## What it was not tested on\n" + _not_tested(card),
        "## How to use it\n" + _how_to(card),
        "## Licence\n" + _licence(card),
        "## How it was made\n" + _made(card),
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(card: dict) -> str:
    """The lines that the model hub reads; JSON is YAML, so that no name breaks them."""
    told = {
        "license": _licence_of(card).lower() or "unknown",
        "pipeline_tag": TASKS[card["kind"]],
        "tags": ["transfer-learning", card["form"]],
        "library_name": "tlhelpers",
    }
    lines = (f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in told.items())
    return "---\n" + "\n".join(lines) + "\n---"


def _names(card: dict, most: int) -> str:
    names = [_plain(name) for name in card["class_names"]]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _plain(text: object) -> str:
    """A name that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|~!])", r"\\\1", " ".join(str(text).split()))


def _summary(card: dict) -> str:
    return (
        f"It sorts {card['kind']} into {len(card['class_names'])} classes by "
        f"**{_plain(card['strategy'])}**{_backbone_part(card)}. {_plain(card['sentence'])}"
    )


def _backbone_part(card: dict) -> str:
    network = card["network"] or {}
    name = network.get("name")
    if not name:
        return ""
    weights = network.get("provenance", {}).get("weights", "")
    return f", on {_plain(name)} ({_plain(weights)})" if weights else f", on {_plain(name)}"


def _intended_use(card: dict) -> str:
    return (
        f"{card['kind'].capitalize()} of the same kind and from the same source as the training "
        f'data, each of which is one of: {_names(card, 50)}. It has no answer "none of these": '
        "an item of another kind also gets one of the classes. Have a person look at what has "
        "consequences for anybody, and at what is predicted with low confidence."
    )


def _training_data(card: dict, comparison: Comparison) -> str:
    data = card["data"]
    left_out = comparison.reading.count_left_out()
    lines = [
        f"{data['items']} items in {data['groups']} groups; a group is what belongs together, and "
        f"lies in training or in test as a whole. {left_out} files or rows were left out."
        + _sample(card),
        "",
        "| class | items |",
        "|---|---|",
        *(f"| {_plain(name)} | {count} |" for name, count in data["counts"].items()),
    ]
    if card["form"] == "words":
        lines += ["", "The file `model.json` holds the words of the training texts."]
    if card["form"] == "neighbours":
        lines += ["", "The file `model.safetensors` holds the features of each training item."]
    return "\n".join(lines)


def _sample(card: dict) -> str:
    count = card.get("trained_on", card["data"]["items"])
    few = f" It was trained on a sample of {count}, with the classes in their proportions."
    return few if count < card["data"]["items"] else ""


def _evaluation(card: dict, comparison: Comparison) -> str:
    own = runs_of_answer(comparison)
    labels = f", with {own['labels'].iloc[0]} labels per class" if len(own) else ""
    lines = [
        f"Accuracy on items that the model was not trained on: {_accuracy(card)}, over repeated "
        f"splits by group{labels}. This model was then trained on all items, so that none is left "
        "to test it on.",
    ]
    table = _accuracy_per_class(card, own)
    if table:
        lines += ["", "| class | accuracy | test items |", "|---|---|---|", *table]
    return "\n".join(lines)


def _accuracy(card: dict) -> str:
    mean, *ends = card["accuracy"]
    if None in (mean, *ends):
        return "not known" if mean is None else f"{mean:.2f} (of one split, without an interval)"
    return f"{mean:.2f}, 95 % interval [{ends[0]:.2f}, {ends[1]:.2f}]"


def _accuracy_per_class(card: dict, own: pd.DataFrame) -> list[str]:
    """Over the test sides of the runs that the answer rests on; items come as often as tested."""
    if not len(own) or not {"truth", "predicted"} <= set(own.columns):
        return []
    truth, predicted = (np.concatenate(list(own[name])) for name in ("truth", "predicted"))
    rows = []
    for label, name in enumerate(card["class_names"]):
        of_class = truth == label
        share = f"{(predicted[of_class] == label).mean():.2f}" if of_class.any() else "–"
        rows.append(f"| {_plain(name)} | {share} | {int(of_class.sum())} |")
    return rows


def _not_tested(card: dict) -> str:
    others = {
        "pictures": "Pictures of another camera, place, light or season, drawings in place of "
        "photographs, pictures that were cropped or changed on purpose",
        "texts": "Texts of another source, time, language or length, texts that were changed on "
        "purpose",
    }
    return (
        f"{others[card['kind']]}, and items of none of the classes. How it does for groups of "
        "people was not looked at. If classes are as frequent elsewhere as they are here was not "
        "looked at either; its confidences follow the training data's shares."
    )


def _how_to(card: dict) -> str:
    what = "PICTURES" if card["kind"] == "pictures" else "TABLE.csv --text COLUMN"
    return (
        f"```\npython3 -m tlhelpers predict FOLDER_OF_THIS_FILE {what}\n```\n\n"
        "Or in Python: `load_saved(folder).predict_proba(data)` of `tlhelpers.own_data.saved_model`"
        f". Probabilities come in this order: {_names(card, 50)}.{_input(card)}"
    )


def _input(card: dict) -> str:
    transform = (card["network"] or {}).get("transform")
    size = card["picture_size"]
    read = f" Pictures are read at {size} × {size} px." if size else ""
    if not transform:
        return read
    return (
        f"{read} The network takes {transform['size']} × {transform['size']} px, values from 0 to "
        f"1 minus {list(transform['mean'])}, divided by {list(transform['std'])}."
    )


def _licence_of(card: dict) -> str:
    told = (card["network"] or {}).get("provenance", {}).get("licence") or ""
    return "" if str(told).lower() in UNSTATED else str(told)


def _licence(card: dict) -> str:
    network = card["network"] or {}
    if "provenance" not in network:
        return "No weights of anybody else are in it. Add the terms of your data here."
    told = _licence_of(card)
    own = f"{_plain(told)}" if told else "not stated: ask its makers before you pass this model on"
    return f"Licence of {_plain(network.get('name'))}: {own}. Add the terms of your data here."


def _made(card: dict) -> str:
    versions = ", ".join(f"{name} {value}" for name, value in card["versions"].items())
    settings = ", ".join(f"{key} {value}" for key, value in card["settings"].items())
    return (
        f"On {card['date']} with `python3 -m tlhelpers compare`. Settings: {_plain(settings)}. "
        f"Versions: {_plain(versions)}. Fingerprint of the data: `{card['data']['fingerprint']}`."
    )
