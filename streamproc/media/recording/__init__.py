"""The recording of one channel: its writer, its readers, its retention. See docs/decisions/0002-fragmented-mp4.md.

Import from the modules: the page reads with ``reader``, which needs no codec, and a process pays for what it imports.
"""
