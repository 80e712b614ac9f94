"""The command line: arguments to calls, errors to one clear line and an exit code. Thin; the work is elsewhere."""

import sys

from streamproc.cli.root import app
from streamproc.errors import StreamprocError


def main() -> None:
    """Run the command line; end with the exit code that the error names."""
    try:
        app()
    except (StreamprocError, BaseExceptionGroup) as error:
        purposeful = _purposeful(error)
        if purposeful is None:
            raise
        sys.stderr.write(f"streamproc: {purposeful}\n")
        raise SystemExit(purposeful.exit_code) from None


def _purposeful(error: BaseException) -> StreamprocError | None:
    """Return the error that was raised on purpose, also out of a task group; None when it is a bug."""
    if isinstance(error, StreamprocError):
        return error
    if isinstance(error, BaseExceptionGroup):
        found, others = error.split(StreamprocError)
        if found is not None and others is None:
            first = found.exceptions[0]
            return _purposeful(first)
    return None
