"""What comes from the model hub: refused where it is too slow or not what the hub says it is."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tlhelpers.data.downloads import LEAST, PATIENCE
from tlhelpers.errors import CourseError

CARD = "README.md"


class TooSlow(OSError):
    """Raised while a file comes; the hub's own library would wait without end."""


@contextmanager
def impatient() -> Iterator[None]:
    """Inside, a server that sends less than a few bytes per second is given up.

    The hub's library notices one that sends nothing, and not one that sends a byte now and then.
    """
    import huggingface_hub
    from huggingface_hub.utils import _http

    before = _http._GLOBAL_CLIENT_FACTORY

    def client():
        made = before()
        hooks = made.event_hooks
        made.event_hooks = hooks | {"response": [*hooks.get("response", []), _watch]}
        return made

    huggingface_hub.set_client_factory(client)
    try:
        yield
    finally:
        huggingface_hub.set_client_factory(before)


def _watch(response) -> None:
    """Let the body come through `_in_time`."""
    import httpx2

    class Watched(httpx2.SyncByteStream):
        def __init__(self, stream):
            self.stream = stream

        def __iter__(self):
            return _in_time(self.stream)

        def close(self) -> None:
            self.stream.close()

    response.stream = Watched(response.stream)


def _in_time(chunks: Iterator[bytes]) -> Iterator[bytes]:
    began, received = time.monotonic(), 0
    for chunk in chunks:
        yield chunk
        received += len(chunk)
        seconds = time.monotonic() - began
        if seconds > PATIENCE and received < LEAST * seconds:
            raise TooSlow(f"it sends only {received / seconds:,.0f} bytes per second")


def is_held(repository: str, file: str, revision: str | None = None) -> bool:
    """Whether the hub's own cache holds a file."""
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(repository, file, revision=revision), str)


def refuse_other_content(path: Path) -> None:
    """Raise an OSError, and forget the file, where it is not what the hub told of it.

    In the hub's cache a file is named after its hash: SHA-256 of a large one, Git's of a small one.
    """
    blob = path.resolve()
    told = blob.name
    if blob.parent.name != "blobs" or not re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", told):
        return
    data = blob.read_bytes()
    plain = hashlib.sha256(data)
    git = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False)
    if told != (plain if len(told) == 64 else git).hexdigest():
        path.unlink(missing_ok=True)
        blob.unlink(missing_ok=True)
        raise OSError(f"{path.name} does not have the hash that the hub tells")


def refuse_other_contents(repository: str) -> None:
    """The same of all files that the cache holds of a model."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(repository, "config.json")
    if isinstance(config, str):
        for path in sorted(Path(config).parent.rglob("*")):
            if path.is_file():
                refuse_other_content(path)


def advice_on(error: BaseException) -> str | None:
    """What to do about an error of the hub that says what is wrong; None for all others."""
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, GatedRepoError) or (
        isinstance(error, HfHubHTTPError) and status in (401, 403) and not _is_unknown(error)
    ):
        return (
            "it asks for a token: accept its terms on its page of the hub, make a token there, and "
            "start with HF_TOKEN=…"
        )
    return None


def _is_unknown(error: BaseException) -> bool:
    """The hub answers so, too, where there is no such model, lest it tells of private ones."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    return isinstance(error, RepositoryNotFoundError) and not isinstance(error, GatedRepoError)


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and those behind it: libraries wrap what the hub says."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def reason_of(error: BaseException) -> tuple[str, str | None]:
    """In one line what went wrong, and what to do about it where that is known."""
    told = [one for one in causes(error) if isinstance(one, TooSlow)]
    first = (str((told or [error])[0]).splitlines() or [""])[0] or type(error).__name__
    advice = next((found for one in causes(error) if (found := advice_on(one))), None)
    return first, advice


def card_licence(repository: str, local: bool) -> str | None:
    """What the model card names; None where there is no card or it names none."""
    from huggingface_hub import hf_hub_download, metadata_load

    name, _, revision = repository.partition("@")
    try:
        path = hf_hub_download(name, CARD, revision=revision or None, local_files_only=local)
        told = metadata_load(path) or {}
    except Exception:  # a card is not needed, and may hold anything
        return None
    return str(told["license"]) if told.get("license") else None


def fetch_weights(repository: str, folder: str) -> None:
    """Bring the weights of a model as safetensors; a CourseError where there are only others."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    for file in ("model.safetensors", "model.safetensors.index.json"):
        try:
            refuse_other_content(Path(hf_hub_download(repository, file, subfolder=folder or None)))
            return
        except LocalEntryNotFoundError:  # it is not known whether there is one
            raise
        except EntryNotFoundError:
            continue
    raise CourseError(
        f"the model {repository!r} of the model hub holds no model.safetensors: only safetensors "
        "are taken from there, for weights in other files could run code; look for another model, "
        "or for a later version of this one"
    )
