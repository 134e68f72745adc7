"""Take a small convolutional network apart, symbolically: derive, prove, train and export every number in it."""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from symcnn.errors import InputError, NotSupportedYetError, SymcnnError, TrainingDivergedError
from symcnn.version import __version__

if TYPE_CHECKING:
    from symcnn import article
    from symcnn.certificate import write_certificate
    from symcnn.checks import CheckResult, check, check_network, check_text, check_workbook
    from symcnn.exercise import write_exercise
    from symcnn.explain import explain as explain
    from symcnn.interactive import InteractiveDerivation as Derivation
    from symcnn.interactive import derive
    from symcnn.network import (
        Activation,
        AvgPool2D,
        Conv2D,
        Data,
        Dense,
        Flatten,
        MaxPool2D,
        Network,
        read_data,
        read_network,
    )
    from symcnn.numeric import Program
    from symcnn.numeric import compile_program as compile
    from symcnn.reports import write_report
    from symcnn.train import Run
    from symcnn.train import train as train
    from symcnn.verification import Verification
    from symcnn.verification.verify import verify
    from symcnn.workbook import export_workbook

__all__ = [
    "Activation", "AvgPool2D", "CheckResult", "Conv2D", "Data", "Dense", "Derivation", "Flatten", "InputError",
    "MaxPool2D", "Network", "NotSupportedYetError", "Program", "Run", "SymcnnError", "TrainingDivergedError",
    "Verification", "__version__", "article", "check", "check_network", "check_text", "check_workbook", "compile",
    "derive", "explain", "export_workbook", "read_data", "read_network", "train", "verify", "write_certificate",
    "write_exercise", "write_report",
]  # fmt: skip

#: Public name -> where it is defined, imported at its first use: SymPy and NumPy take a second to import, and
#: ``symcnn --help`` needs neither. The imports above are the same table for type checkers; a test holds them together.
_DEFINED_IN = {
    "write_certificate": "certificate",
    "CheckResult": "checks", "check": "checks", "check_network": "checks", "check_text": "checks",
    "check_workbook": "checks",
    "write_exercise": "exercise",
    "Derivation": "interactive:InteractiveDerivation", "derive": "interactive",
    "explain": "explain",
    "export_workbook": "workbook",
    "Activation": "network", "AvgPool2D": "network", "Conv2D": "network", "Data": "network", "Dense": "network",
    "Flatten": "network", "MaxPool2D": "network", "Network": "network", "read_data": "network",
    "read_network": "network",
    "Program": "numeric", "compile": "numeric:compile_program",
    "write_report": "reports",
    "Run": "train", "train": "train",
    "Verification": "verification", "verify": "verification.verify",
}  # fmt: skip


def _load(name: str) -> Any:
    module, _, attribute = _DEFINED_IN[name].partition(":")
    return getattr(import_module(f"{__name__}.{module}"), attribute or name)


class _Package(ModuleType):
    """This package, in which ``train`` and ``explain`` are the functions and never the modules of the same names.

    When ``symcnn.train`` is imported, the import system binds the subpackage as an attribute of its parent; the setter
    ignores that one value, so that ``symcnn.train(…)`` and ``python -m symcnn.train`` both work.
    """


def _function(name: str) -> property:
    """The attribute of the package that is a function, though a module has its name."""

    def get(package: ModuleType) -> Any:
        if name not in package.__dict__:
            package.__dict__[name] = _load(name)
        return package.__dict__[name]

    def set_to(package: ModuleType, value: object) -> None:
        if value is not sys.modules.get(f"{__name__}.{name}"):
            package.__dict__[name] = value

    def delete(package: ModuleType) -> None:
        package.__dict__.pop(name, None)

    return property(get, set_to, delete)


_Package.train, _Package.explain = _function("train"), _function("explain")  # type: ignore[attr-defined]


if not TYPE_CHECKING:  # a checker that saw __getattr__ would accept any name
    sys.modules[__name__].__class__ = _Package

    def __getattr__(name: str) -> Any:
        """A public name or a subpackage, at its first use."""
        if name in _DEFINED_IN:
            value = globals()[name] = _load(name)
            return value
        if not name.startswith("_"):
            try:
                return import_module(f"{__name__}.{name}")
            except ModuleNotFoundError as error:
                if error.name != f"{__name__}.{name}":
                    raise
            near = import_module(f"{__name__}.network.words").public_name(name, __all__)
            if near:
                raise AttributeError(f"module {__name__!r} has no attribute {name!r}; did you mean {near!r}?")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
