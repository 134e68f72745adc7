"""What can go wrong, as a caller would tell it apart. Every message is one line: what, where, expected."""


class SymcnnError(Exception):
    """The base of every error that symcnn raises on purpose."""


class InputError(SymcnnError, ValueError):
    """What the user gave cannot be used: a network, data, a setting or a file."""


class NotSupportedYetError(SymcnnError, NotImplementedError):
    """A sound request that this version cannot fulfil; a later one may."""


class TrainingDivergedError(SymcnnError, ArithmeticError):
    """The loss became NaN or infinite; the message names the step and the learning rate."""


class PrintError(SymcnnError):
    """A document that holds cannot be set in one format; the message names it. Other formats are not concerned."""


class SymcnnWarning(UserWarning):
    """What was done holds, but not all of it as it was asked for. One line; a command shows it on standard error."""


class RefusedError(SymcnnError, ValueError):
    """An equality that a report would show fails, or cannot be examined; the message names the display."""
