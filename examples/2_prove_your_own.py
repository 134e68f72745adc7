"""Hand in formulas of your own for ∂E/∂h_1: which are right? Equality is decided exactly, not by numbers."""

import sympy

import symcnn

o_1, o_2, t_1, t_2, w_h1o1, w_h1o2 = sympy.symbols("o_1 o_2 t_1 t_2 w_h1o1 w_h1o2")
candidates = {
    "as the article prints it": (o_1 - t_1) * o_1 * (1 - o_1) * w_h1o1 + (o_2 - t_2) * o_2 * (1 - o_2) * w_h1o2,
    "with a sign lost": (t_1 - o_1) * o_1 * (1 - o_1) * w_h1o1 + (o_2 - t_2) * o_2 * (1 - o_2) * w_h1o2,
    "off by 10⁻¹²": (o_1 - t_1) * o_1 * (1 - o_1) * w_h1o1 * (1 + sympy.Rational(1, 10**12))
    + (o_2 - t_2) * o_2 * (1 - o_2) * w_h1o2,
}

derivation = symcnn.derive(symcnn.article.network())
for words, formula in candidates.items():
    verdict = derivation.decide("h_1", formula)
    print(f"{words}: {'proved' if verdict else 'refuted'}")
