"""The key of a displayed quantity, as numbers have it: x_12, z_h1, w_x11h1, dE_df_12, dx_11_df_12.

It is the name that ``Typography`` was given, found again from what it wrote.
"""

from collections.abc import Callable, Mapping

from symcnn.formula.tree import Node, Partial, Symbol

_SUBSCRIPTS = str.maketrans("0123456789-aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₋ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")


def keys(words: Mapping[str, str]) -> Callable[[Node], str]:
    """What gives the key of a formula, "" if it is no single quantity.

    Args:
        words: the typography's, in the language of the document.
    """
    before = {words["preactivation"]: "z_{}{}", words["expected"]: "t_{1}", "": "{}_{}",
              words["predicted"]: "{}_{}", words["activation"]: "{}_{}"}  # fmt: skip

    def key(node: Node) -> str:
        if isinstance(node, Partial):
            of, by = key(node.of), key(node.by)
            return f"d{'E' if of == 'E_total' else of}_d{by}" if of and by else ""
        if not isinstance(node, Symbol):
            return ""
        if node.letter == "E" and not node.indices:
            return {"": "E", "total": "E_total"}.get(node.word, "")
        indices = node.indices.replace("-", "")
        if not (indices.isascii() and indices.isalnum() and node.word in before):
            return ""
        return before[node.word].format(node.letter, indices)

    return key


def subscripted(symbol: Symbol) -> str:
    """A quantity where no formula can stand: f₁₂, wₓ₁₁₋ₕ₁."""
    word = f" ({symbol.word})" if symbol.word else ""
    return symbol.letter + symbol.indices.translate(_SUBSCRIPTS) + word
