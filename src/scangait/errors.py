"""Every error a user can meet, drawn as one tree.

ScangaitError            exit code 1: the data are at fault
├── CaptureError         unreadable file, unknown link type, missing column, a row that does not parse
├── TelescopeError       bad prefix, or no probe falls into the telescope
├── SampleError          too few probes, movements or samples to learn from or to classify
├── FitError             a likelihood that is not finite or goes down, a collapsed state
├── LibraryError         damaged library, newer version, movement it was not learned for
├── ScannerError         unknown tool or version, a scan that cannot be
├── ResultError          a saved result that is damaged or newer than this program
├── CheckpointError      a checkpoint that is damaged or of another watch
├── ConfigError          a configuration that cannot be read or followed
└── OutputError          a file that cannot be written

A message says what is wrong, where, and what to try, in one line.
"""


class ScangaitError(Exception):
    """The data are at fault; the message is one line that says what, where, and what to try."""


class CaptureError(ScangaitError):
    """A capture or a row file cannot be read."""


class TelescopeError(ScangaitError):
    """The telescope is not well formed, or no probe falls into it."""


class SampleError(ScangaitError):
    """There is too little left to learn from or to classify."""


class FitError(ScangaitError):
    """A model could not be fitted."""


class LibraryError(ScangaitError):
    """A library cannot be used."""


class ScannerError(ScangaitError):
    """The scan that was asked for cannot be."""


class ResultError(ScangaitError):
    """A saved result cannot be shown."""


class ConfigError(ScangaitError):
    """A configuration cannot be read or followed."""


class CheckpointError(ScangaitError):
    """A watch cannot go on from this checkpoint."""


class OutputError(ScangaitError):
    """An output file cannot be written."""
