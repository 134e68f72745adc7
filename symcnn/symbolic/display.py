"""How low objects show in Jupyter: declared here, at the bottom; the rooms that know typography register the rules."""

from functools import singledispatch


@singledispatch
def latex_of(thing: object) -> str:
    """LaTeX of an object, as displays."""
    raise NotImplementedError(type(thing))


@singledispatch
def html_of(thing: object) -> str:
    """HTML of an object."""
    raise NotImplementedError(type(thing))
