"""Variants of the exercises that ask for a number: other numbers in the text and in the check."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

from tlhelpers.course.grading.ways import Numbers

SMALL = {3: "Three", 4: "Four", 5: "Five", 6: "Six"}
CLASSES = {30: "Thirty", 40: "Forty", 50: "Fifty", 60: "Sixty", 80: "Eighty"}


def _block(draw: Random) -> Numbers:
    kernel, n_in, n_out = draw.choice((5, 7)), draw.choice((16, 24, 48)), draw.choice((40, 80, 96))
    return Numbers(
        f"{kernel}×{kernel}, {n_in} to {n_out}",
        (
            (
                "A 3×3 convolution from 32 to 64 channels",
                f"A {kernel}×{kernel} convolution from {n_in} to {n_out} channels",
            ),
            ("BatchNorm over its 64 channels", f"BatchNorm over its {n_out} channels"),
        ),
        (("3 * 3 * 32 * 64 + 2 * 64", f"{kernel} * {kernel} * {n_in} * {n_out} + 2 * {n_out}"),),
        kernel * kernel * n_in * n_out + 2 * n_out,
    )


def _lora(draw: Random) -> Numbers:
    n_in, n_out, rank = (
        draw.choice((320, 512, 768)),
        draw.choice((960, 1024, 1536)),
        draw.choice((4, 6, 16)),
    )
    return Numbers(
        f"{n_in} to {n_out:,}, rank {rank}",
        (
            ("takes 640 numbers to 1,280", f"takes {n_in} numbers to {n_out:,}"),
            ("LoRA of rank 8", f"LoRA of rank {rank}"),
        ),
        (("8 * 640 + 1280 * 8", f"{rank} * {n_in} + {n_out} * {rank}"),),
        rank * (n_in + n_out),
    )


def _price(draw: Random) -> Numbers:
    seconds, percent, trials = (
        draw.choice((15, 20, 25)),
        draw.choice((60, 80)),
        draw.choice((4, 5, 6)),
    )
    return Numbers(
        f"{seconds} s, {trials} trials on {percent} %",
        (
            ("takes 12 CPU seconds", f"takes {seconds} CPU seconds"),
            (
                "Three settings are tried, each trained on 70 %",
                f"{SMALL[trials]} settings are tried, each trained on {percent} %",
            ),
        ),
        (("3 * 0.7 * 12 + 12", f"{trials} * {percent / 100} * {seconds} + {seconds}"),),
        trials * percent / 100 * seconds + seconds,
    )


def _encoder(draw: Random) -> Numbers:
    width, layers, rank = (
        draw.choice((256, 512, 768)),
        draw.choice((4, 8, 12)),
        draw.choice((2, 4, 16)),
    )
    words = {4: "four", 8: "eight", 12: "twelve"}
    return Numbers(
        f"width {width}, {layers} layers, r = {rank}",
        (
            ("384", str(width)),
            (
                "in each of six layers, with r = 8",
                f"in each of {words[layers]} layers, with r = {rank}",
            ),
        ),
        (("6 * 2 * (8 * 384 + 384 * 8)", f"{layers} * 2 * ({rank} * {width} + {width} * {rank})"),),
        layers * 2 * 2 * rank * width,
    )


def _loss(draw: Random) -> Numbers:
    classes = draw.choice(list(CLASSES))
    return Numbers(
        f"{classes} classes",
        (
            ("Twenty classes.", f"{CLASSES[classes]} classes."),
            (
                "to the nineteen others, and these twenty numbers",
                f"to the {classes - 1} others, and these {classes} numbers",
            ),
        ),
        (("np.log(np.e + 19) - 1", f"np.log(np.e + {classes - 1}) - 1"),),
        math.log(math.e + classes - 1) - 1,
    )


def _speed_up(draw: Random) -> Numbers:
    alone, divided = draw.choice((5, 15, 20)), draw.choice((60, 80, 90))
    words = {4: "four", 5: "five", 10: "ten"}
    processes = draw.choice(list(words))
    return Numbers(
        f"{alone} s and {divided} s, {processes} processes",
        (
            ("A job takes 50 seconds", f"A job takes {alone + divided} seconds"),
            (
                "10 seconds cannot be divided, 40 can",
                f"{alone} seconds cannot be divided, {divided} can",
            ),
            ("with eight processes", f"with {words[processes]} processes"),
        ),
        (("50 / (10 + 40 / 8)", f"{alone + divided} / ({alone} + {divided} / {processes})"),),
        (alone + divided) / (alone + divided / processes),
    )


def _passes(draw: Random) -> Numbers:
    """So many questions and answers that the ratio is whole, as in the course."""
    times, ratio = draw.choice((2, 3, 4)), draw.choice((19, 24, 39, 49))
    questions, answers = times * (ratio + 1), times * ratio * (ratio + 1)
    return Numbers(
        f"{questions} questions, {answers:,} answers",
        (
            (
                "Each of 100 questions is to be compared with each of 9,900 answers.",
                f"Each of {questions} questions is to be compared with each of {answers:,} "
                "answers.",
            ),
        ),
        (
            (
                "100 * 9_900 / (100 + 9_900)",
                f"{questions} * {answers:_} / ({questions} + {answers:_})",
            ),
        ),
        times * ratio,
    )


DRAWS: dict[str, Callable[[Random], Numbers]] = {
    "01.4": _block,
    "03.6": _lora,
    "04.1": _price,
    "06.4": _encoder,
    "09.7": _loss,
    "11.4": _speed_up,
    "13.4": _passes,
}
