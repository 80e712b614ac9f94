"""``python -m streamproc`` is the command line."""

from streamproc.cli import main

main()
