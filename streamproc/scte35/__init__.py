"""SCTE-35 as bytes: what a cue says, how one is made, and how it gets into a transport stream. The only importer of
threefive. docs/cues.md tells what cues are for; docs/decisions/0010-scte-35.md why it is done so.
"""
