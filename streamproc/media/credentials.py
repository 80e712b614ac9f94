"""What a file says of itself: C2PA content credentials, signed statements of who made it, with what, from what.

The library is an extra: ``pip install 'streamproc[credentials]'`` (docs/decisions/0027). No network is asked.
"""

import importlib.util
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

_LOCAL: Final = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
_UNTRUSTED: Final = "signingCredential.untrusted"  # said of every signer as long as nobody is trusted
_OWN: Final = "c2pa."  # what C2PA's own actions begin with
_LONGEST = 200  # characters of a text that is passed on; whoever made the file wrote it


class State(StrEnum):
    """What credentials are worth."""

    WHOLE = "whole"
    """Signature and file fit together. Who signed is as the certificate says, which anybody can make."""
    BROKEN = "broken"
    """They do not: the file or its credentials were changed after they were signed."""
    UNREADABLE = "unreadable"
    """There are some, but too damaged to be read."""
    ELSEWHERE = "elsewhere"
    """The file only says where they are; they were not fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something that was done to the file, or to one that it was made from."""

    action: str
    """As C2PA calls it: ``c2pa.edited``, ``c2pa.placed``, …"""
    source_type: str | None
    """The last part of the digital source type: ``trainedAlgorithmicMedia`` is what a generator made."""
    software: str | None
    description: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a file's credentials say."""

    state: State
    problems: tuple[str, ...] = ()
    """C2PA's codes of what does not hold, or what the library says."""
    generator: str | None = None
    """The program that made the claim."""
    signer: str | None = None
    signed_at: str | None = None
    """By a time stamp; None without one."""
    actions: tuple[Action, ...] = ()
    """The file's own first, then those of what it was made from."""
    ingredients: tuple[str, ...] = ()
    """What it was made from, by title."""

    def told(self) -> dict[str, Any]:
        """Return it as findings.json has it."""
        return {
            "state": self.state.value,
            "problems": list(self.problems),
            "claim_generator": self.generator,
            "signer": self.signer,
            "signed_at": self.signed_at,
            "actions": [
                {
                    "action": one.action,
                    "digital_source_type": one.source_type,
                    "software": one.software,
                    "description": one.description,
                }
                for one in self.actions
            ],
            "ingredients": list(self.ingredients),
        }

    @property
    def deeds(self) -> tuple[str, ...]:
        """What was done, in short, without C2PA's prefix, each once."""
        named = (
            one.action.removeprefix(_OWN) + (f" ({one.source_type})" if one.source_type else "") for one in self.actions
        )
        return tuple(dict.fromkeys(named))

    def line(self, source: str) -> str:
        """Return it in one line for a terminal."""
        if self.state is State.ELSEWHERE:
            return f"{source}: its content credentials are kept elsewhere and were not fetched"
        if self.state is State.UNREADABLE:
            return f"{source}: holds content credentials that can't be read ({'; '.join(self.problems)})"
        said = [f"made with {self.generator}" if self.generator else "", ", ".join(self.deeds)]
        said.append(f"from {', '.join(self.ingredients)}" if self.ingredients else "")
        by = f"signed as {self.signer or 'nobody'}"
        words = "; ".join(one for one in [*said, by] if one)
        if self.state is State.BROKEN:
            return (
                f"{source}: its content credentials DO NOT HOLD, it or they were changed after signing "
                f"({', '.join(self.problems)}); they say: {words}"
            )
        return f"{source}: content credentials: {words} (whoever that is: certificates are not looked up)"


def credentials_of(path: Path) -> Credentials | None:
    """Return what a file's credentials say; None without any, and where the extra is not installed.

    Never raises for what is in the file, and reaches out to no network.
    """
    if importlib.util.find_spec("c2pa") is None:
        return None
    from c2pa import C2paError, Context, Reader

    try:
        # The kind is told from the bytes: a wrong suffix must hide nothing.
        with path.open("rb") as file, Context.from_dict(_LOCAL) as context:
            reader = Reader.try_create(None, file, context=context)
            if reader is None:
                return None
            with reader:
                return parsed(json.loads(reader.json()))
    except C2paError as error:
        return _failed(error)
    except OSError:
        return None  # whoever reads the file says so


def _failed(error: Exception) -> Credentials | None:
    """Return what the library's error means: most say only that the file is of another kind."""
    from c2pa import C2paError

    said = _short(" ".join(str(error).split()))
    if isinstance(error, C2paError.RemoteManifest) or said.startswith("Remote:"):
        return Credentials(state=State.ELSEWHERE, problems=(said,))
    damaged = C2paError.Verify, C2paError.Manifest, C2paError.Signature, C2paError.Decoding, C2paError.Assertion
    return Credentials(state=State.UNREADABLE, problems=(said,)) if isinstance(error, damaged) else None


def parsed(store: Mapping[str, Any]) -> Credentials:
    """Return what a manifest store says, as the library's reader gives it."""
    manifests = store.get("manifests") or {}
    active = manifests.get(store.get("active_manifest")) or {}
    others = [one for label, one in manifests.items() if label != store.get("active_manifest")]
    problems = [str(one.get("code")) for one in store.get("validation_status") or [] if one.get("code") != _UNTRUSTED]
    signature = active.get("signature_info") or {}
    signer = [str(signature[key]) for key in ("common_name", "issuer") if signature.get(key)]
    return Credentials(
        state=State.BROKEN if store.get("validation_state") == "Invalid" else State.WHOLE,
        problems=tuple(dict.fromkeys(problems)),
        generator=_generator(active),
        signer=_short(", ".join(dict.fromkeys(signer))) or None,
        signed_at=signature.get("time"),
        actions=tuple(action for one in [active, *others] for action in _actions(one)),
        ingredients=tuple(_short(str(one.get("title") or "?")) for one in active.get("ingredients") or []),
    )


def _generator(manifest: Mapping[str, Any]) -> str | None:
    named = [_software(one) for one in manifest.get("claim_generator_info") or []]
    return ", ".join(one for one in named if one) or _short(manifest.get("claim_generator") or "") or None


def _actions(manifest: Mapping[str, Any]) -> Iterator[Action]:
    for assertion in manifest.get("assertions") or []:
        if not str(assertion.get("label")).startswith("c2pa.actions"):
            continue
        for one in (assertion.get("data") or {}).get("actions") or []:
            kind = one.get("digitalSourceType")
            yield Action(
                action=_short(str(one.get("action"))),
                source_type=_short(str(kind).rpartition("/")[2]) if kind else None,
                software=_software(one.get("softwareAgent")),
                description=_short(str(one["description"])) if one.get("description") else None,
            )


def _software(told: Any) -> str | None:
    """Return a program's name and version; older claims give it as one text."""
    if isinstance(told, Mapping):
        told = " ".join(str(told[key]) for key in ("name", "version") if told.get(key))
    return _short(str(told)) if told else None


def _short(text: str) -> str:
    """Return a text as one line that is no longer than is shown: it comes from whoever made the file."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"
