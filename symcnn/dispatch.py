"""Functions that a low room declares and a room above it has the rules for.

A low room declares a ``functools.singledispatch`` function; the room that registers its rules is imported when a rule
is first missing. Which room that is, is said by the façade (``symcnn/__init__.py``): a low room knows none above it.
"""

from collections.abc import Callable
from functools import singledispatch
from importlib import import_module
from typing import Any, Generic, TypeVar

T = TypeVar("T")

#: A declared function, as "module.name" -> the module that registers its rules.
registrars: dict[str, str] = {}


def call_registered(function: Any, first: object, *arguments: Any) -> Any:
    """Import the module that registers the rules of ``function``, then call the rule for the type of ``first``.

    Raises:
        NotImplementedError: there is no rule for this type.
    """
    import_module(registrars[f"{function.__module__}.{function.__name__}"])
    rule: Callable[..., Any] = function.dispatch(type(first))
    if rule is function.dispatch(object):
        raise NotImplementedError(f"{function.__name__}: no rule for {type(first).__name__}")
    return rule(first, *arguments)


class DispatchMethod(Generic[T]):
    """``functools.singledispatchmethod``, which copies the method's name and text at each call."""

    def __init__(self, function: Callable[..., T]) -> None:
        self._rules = singledispatch(function)
        self.register = self._rules.register

    def __get__(self, instance: object, owner: type) -> Callable[..., T]:
        dispatch = self._rules.dispatch
        return lambda first, *rest: dispatch(type(first))(instance, first, *rest)
