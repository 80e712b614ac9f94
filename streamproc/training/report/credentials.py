"""What files' content credentials say, as rows of a report."""

from collections.abc import Mapping
from typing import Any

from streamproc.media.credentials import Credentials
from streamproc.training.report.texts import say


def credential_rows(files: Mapping[str, Credentials | None]) -> list[dict[str, Any]]:
    """Return a row for each file that carries credentials. Those without are not told of: absence proves nothing."""
    return [_row(source, one) for source, one in files.items() if one is not None]


def _row(source: str, credentials: Credentials) -> dict[str, Any]:
    said = []
    if credentials.generator:
        said.append(say("credentials_made_with", name=credentials.generator))
    if credentials.deeds:
        said.append(say("credentials_done", deeds=", ".join(credentials.deeds)))
    if credentials.ingredients:
        said.append(say("credentials_from", names=", ".join(credentials.ingredients)))
    if credentials.signer:
        said.append(say("credentials_signed", name=credentials.signer))
    return {
        "source": source,
        "state": say(f"credentials_{credentials.state.value}"),
        "said": said,
        "problems": ", ".join(credentials.problems),
    }
