"""Small encoders with random weights, on disk as transformers saves them, and texts for them."""

from __future__ import annotations

import random
import string
from pathlib import Path

import numpy as np
import torch

from tlhelpers.data.texts import TextSet
from tlhelpers.models import encoder_loading
from tlhelpers.models.encoders import Encoder

WORDS = """
    [PAD] [UNK] [CLS] [SEP] [MASK] a the river money bank of rob was near good bad fine poor
    film plot walk ##s ##ing ##ed , . ! c +
""".split()  # noqa: SIM905
SIZES = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2,
         "intermediate_size": 32, "max_position_embeddings": 40}  # fmt: skip
# For `checkpoint`: no dropout, so that a training is the same at every call.
CALM = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
WEIGHTS = "model.safetensors"


def checkpoint(folder: Path, kind: str = "bert", words=WORDS, **changes) -> Path:
    """Write a small network with random weights and its tokenizer, as transformers saves them."""
    import transformers
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    folder.mkdir(parents=True)
    sizes = SIZES | changes
    if kind == "roberta":
        signs = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "Ġ", *string.ascii_lowercase]
        vocabulary = {sign: place for place, sign in enumerate(signs)}
        tokenizer = transformers.RobertaTokenizer(vocab=vocabulary, merges=[])
        config = transformers.RobertaConfig(vocab_size=len(signs), **sizes)
    else:
        (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
        tokenizer = transformers.BertTokenizerFast(vocab=str(folder / "vocab.txt"))
        maker = {"bert": transformers.BertConfig, "distilbert": transformers.DistilBertConfig}[kind]
        config = maker(vocab_size=len(words), **sizes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = transformers.AutoModel.from_config(config)
        for weight in model.parameters():
            if weight.ndim > 1:  # the usual ones are so small that all texts look alike
                torch.nn.init.normal_(weight, std=0.3)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


def opinions(n: int = 40) -> TextSet:
    """Short texts that one word decides."""
    said = {0: ("bad", "poor"), 1: ("good", "fine")}
    things = ("film", "plot", "walk", "bank", "river")
    labels = np.arange(n) % 2
    texts = [f"the {things[i % 5]} was {said[i % 2][i // 2 % 2]} ." for i in range(n)]
    return TextSet(texts, labels, ["no", "yes"], [str(i) for i in range(n)], np.zeros(n))


def its_own(source, **options):
    """The network as transformers itself reads it."""
    import transformers

    return transformers.AutoModel.from_pretrained(source, **options).eval()


def unpacked() -> str:
    return str(encoder_loading._unpacked("minilm-l6"))


def random_states() -> tuple:
    return torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002


def state_of(encoder: Encoder) -> tuple:
    modes = [(name, part.training) for name, part in encoder.named_modules()]
    weights = [(name, p.requires_grad, p.grad, p.dtype) for name, p in encoder.named_parameters()]
    config = encoder.model.config
    return (
        modes,
        weights,
        encoder.fingerprint(),
        config.to_json_string(),
        config._attn_implementation,
    )
