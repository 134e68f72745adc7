"""A method whose rule is chosen by the type of its first argument."""

from collections.abc import Callable
from functools import singledispatch
from typing import Generic, TypeVar

T = TypeVar("T")


class DispatchMethod(Generic[T]):
    """``functools.singledispatchmethod``, which copies the method's name and text at each call."""

    def __init__(self, function: Callable[..., T]) -> None:
        self._rules = singledispatch(function)
        self.register = self._rules.register

    def __get__(self, instance: object, owner: type) -> Callable[..., T]:
        dispatch = self._rules.dispatch
        return lambda first, *rest: dispatch(type(first))(instance, first, *rest)
