"""How low objects show in Jupyter: declared here, at the bottom; the rooms that know typography register the rules."""

from functools import singledispatch

from symcnn.dispatch import call_registered


@singledispatch
def latex_of(thing: object) -> str:
    """LaTeX of an object, as displays."""
    return str(call_registered(latex_of, thing))


@singledispatch
def html_of(thing: object) -> str:
    """HTML of an object."""
    return str(call_registered(html_of, thing))
