"""Every error this package raises on purpose, named for who must act.

::

    StreamprocError
    ├── ConfigError            the operator: a setting is wrong
    │   ├── ConfigRefused      the operator: the file can't be changed from here; by hand it can
    │   └── ConfigStale        whoever asks: the settings are others by now
    ├── SourceError            whoever runs the feed
    │   ├── SourceLost         it was there and went, or can't be reached: worth trying again
    │   └── SourceUnsupported  it is there, but we can't use it: trying again won't help
    ├── PictureError           a picture can't be examined: too small, broken, no picture
    ├── ModelError             the engineer: a model or its card is wrong
    ├── RecordingError         the operator: the recording can't be written or read
    ├── CatalogueError         the operator: the catalogue can't be opened or migrated
    │   └── CatalogueConflict  whoever asks: it is not possible, or no more, as things stand
    │       └── CatalogueOutdated  whoever asks: somebody else was faster; look again
    ├── ClipError              the cut failed or did not pass its check
    │   └── ClipStorageError   the operator: the folder of clips is full or can't be written to
    ├── EvidenceError          whoever relies on it: an evidence pack is not as it was made
    ├── DeliveryError          a file did not arrive at its target: worth trying again
    │   ├── DeliveryRefused    the operator: credentials, rights, space or the target's settings must be mended first
    │   └── DeliveryImpossible the file is gone or was changed: trying again won't help
    ├── ScheduleError          whoever provides the schedule: it can't be had, or can't be used
    └── InstanceError          the operator: another daemon owns this folder

Each message is one line that says what is wrong, where, and what to do. No message ever holds a stream key.
"""


class StreamprocError(Exception):
    """The root; ``exit_code`` is what a command line ends with."""

    exit_code = 1


class ConfigError(StreamprocError):
    """What the user wrote in the configuration or on the command line is wrong."""

    exit_code = 2


class ConfigRefused(ConfigError):
    """The configuration file can't be written by the daemon, or not without harm; a person can."""


class ConfigStale(ConfigError):
    """What is to be changed is not any more what whoever asks has seen."""


class SourceError(StreamprocError):
    """A source of video can't be read."""

    exit_code = 3


class SourceLost(SourceError):
    """The source went away or could not be reached; trying again may help."""


class SourceUnsupported(SourceError):
    """The source was reached but holds nothing we can use; trying again will not help."""


class PictureError(StreamprocError):
    """A picture can't be examined for traces: it is broken, too small or too large, or no picture at all."""

    exit_code = 3


class ModelError(StreamprocError):
    """A model file is missing, broken, or does not match its card."""

    exit_code = 2


class RecordingError(StreamprocError):
    """The recording can't be written (full, read-only) or read (damaged)."""

    exit_code = 4


class CatalogueError(StreamprocError):
    """The catalogue can't be opened, migrated or written."""

    exit_code = 4


class CatalogueConflict(CatalogueError):
    """What is asked for is not possible in the state that its subject is in: a delivered order can't be taken back."""


class CatalogueOutdated(CatalogueConflict):
    """What is to be changed is not as the person who changes it has seen it: somebody else was faster."""


class ClipError(StreamprocError):
    """A clip could not be cut, or failed its check after cutting."""


class ClipStorageError(ClipError):
    """A clip could not be written: the disk is full, or the folder is read-only; waiting may help."""


class EvidenceError(StreamprocError):
    """An evidence pack, or the recording it was made from, is not as it was when it was made."""


class DeliveryError(StreamprocError):
    """A file did not arrive whole at its target; trying again may help."""


class DeliveryRefused(DeliveryError):
    """The target will not take the file until somebody mends something: credentials, rights, space, a setting."""


class DeliveryImpossible(DeliveryError):
    """There is nothing to send any more: the file is gone, or is not the one that was checked."""


class ScheduleError(StreamprocError):
    """The printed schedule can't be fetched, read or used; the one before it stays."""

    exit_code = 2


class InstanceError(StreamprocError):
    """Another daemon already works on this data folder."""

    exit_code = 2
