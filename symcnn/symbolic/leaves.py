"""The leaf functions: one record for each, for all that prints, proves or evaluates expressions.

A record has the SymPy function, its name as an activation, its definition in simpler leaves, and a column for each
target that needs a text of its own: where the definition would overflow or lose digits, or where the target has a
better word. Without a column, the definition is printed. The slope is derived from the definition and written with the
output y, as a person would; at a kink it is that of the side below (PyTorch's choice).

To add one: a class, a record in ``LEAVES``, its words in ``text/*.toml``, a test. Nothing else.

A column is a template for ``str.format``: {0} is the first argument, {0:power} the same in parentheses unless it binds
as tightly as a power, {all} every argument with commas between them.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from typing import Any, Literal, NamedTuple

import mpmath
import sympy
from mpmath.libmp import prec_to_dps
from sympy import Expr, S
from sympy import exp as exp
from sympy import log as log
from sympy import tanh as tanh

Function = type[sympy.Function]

#: In a record: the argument of a function, and its value.
Z, Y = sympy.symbols("z y")

#: How tightly text binds.
SUM, PRODUCT, POWER, ATOM = range(4)
LEVELS = {"sum": SUM, "product": PRODUCT, "power": POWER, "atom": ATOM}


class LeafFunction(sympy.Function):
    """A leaf function of symcnn's own, of one argument: slope and value come from its record."""

    def fdiff(self, argindex: int = 1) -> Expr:
        return LEAF[type(self)].slope.xreplace({Z: self.args[0], Y: self})

    def _eval_rewrite_as_exp(self, z: Expr, **_: object) -> Expr | None:
        definition = LEAF[type(self)].definition
        return definition.xreplace({Z: z}) if definition.has(exp, log) else None

    def _eval_evalf(self, prec: int) -> Expr:
        z = self.args[0].evalf(prec_to_dps(prec) + 5)  # SymPy's own evaluation loses the digits of zeros inside
        if not z.is_Float and not z.is_Rational:
            return self
        leaf = LEAF[type(self)]
        side = leaf.side(z > 0)
        if side is not None and not side.has(sympy.Function):
            return side.xreplace({Z: z})._eval_evalf(prec) if side.has(Z) else side
        with mpmath.workprec(prec + 16):
            return sympy.Float(leaf.value_at(mpmath, z._to_mpmath(prec + 16)), precision=prec)


class sigmoid(LeafFunction):
    """The logistic function 1/(1 + exp(-z))."""

    nargs = 1


class relu(LeafFunction):
    """The rectifier max(0, z); its slope at 0 is 0."""

    nargs = 1


class leaky_relu(LeafFunction):
    """z where it is positive, else z/100 (PyTorch's default); its slope at 0 is 1/100."""

    nargs = 1


class elu(LeafFunction):
    """z where it is positive, else exp(z) - 1; its slope at 0 is 1."""

    nargs = 1


class softplus(LeafFunction):
    """log(1 + exp(z))."""

    nargs = 1


class gate(sympy.Function):
    """``gate(y, above, below)``: above where y > 0, else below."""

    nargs = 3

    def fdiff(self, argindex: int = 1) -> Expr:
        return S.Zero if argindex == 1 else gate(self.args[0], int(argindex == 2), int(argindex == 3))

    def _eval_evalf(self, prec: int) -> Expr:
        y, above, below = (a._eval_evalf(prec) for a in self.args)
        return (above if y > 0 else below) if y.is_number else self


class maximum(sympy.Function):
    """The largest of its arguments. Its slopes are ``wins``.

    Not ``sympy.Max``: that one sorts its arguments, drops equal ones and asks for their assumptions (6 ms each).
    """

    def _eval_evalf(self, prec: int) -> Expr:
        values = [a._eval_evalf(prec) for a in self.args]
        return max(values) if all(v.is_number for v in values) else self


class wins(sympy.Function):
    """``wins(candidate, largest, *before)``: 1 where the candidate is the first that equals the largest, else 0."""

    def fdiff(self, argindex: int = 1) -> Expr:
        return S.Zero

    def _eval_evalf(self, prec: int) -> Expr:
        value, largest, *before = (a._eval_evalf(prec) for a in self.args)
        if not all(v.is_number for v in (value, largest, *before)):
            return self
        return S.One if value == largest and largest not in before else S.Zero


# --- the record -----------------------------------------------------------------------------------------------------

#: python: scalars, numba's too. loops: where it differs from python's. numpy: one array expression. arrays: calls of
#: ufuncs, nested. excel: a cell. coq: the specification; calculus: the name in the proof. latex, typst: the name alone.
Target = Literal["python", "loops", "numpy", "arrays", "excel", "coq", "calculus", "latex", "typst"]


class Column(NamedTuple):
    """The text of a call in one target.

    Attributes:
        text: a template for ``str.format``, or a function of the arguments.
        level: how tightly the text binds.
        folds: the template takes two arguments, and is applied from the left.
    """

    text: str | Callable[..., str]
    level: int = ATOM
    folds: bool = False


@dataclass(frozen=True)
class Leaf:
    """The record of a leaf function.

    Attributes:
        function: the SymPy function.
        definition: in z and simpler leaves; None for the simplest.
        activation: its name as an activation; "": it is none.
        display: its name in formulas; "": its definition is displayed.
        explicit_slope: in z and the value y, if it is not derived from the definition.
        value: its value at a number of a library (``math``, mpmath, a context of it), where the library has no function
            of that name and the definition would lose digits.
        moves_behind_maximum: it never falls, and its slope is 0 wherever it makes different values equal; so
            max φ(x) = φ(max x), ties included. Not so leaky_relu: z/100 rounds neighbours to one value.
        rule: the rule of its slope in a line, if it is proved.
        columns: a template for each target; those of names are plain text.
        earlier_cells: its cell formulas of z in earlier versions, whose workbooks are still read.
    """

    function: Function
    definition: Expr = None
    activation: str = ""
    display: str = ""
    explicit_slope: Expr = None
    value: Callable[[Any, Any], Any] | None = None
    moves_behind_maximum: bool = False
    rule: str = ""
    columns: Mapping[Target, str | Column] = field(default_factory=dict)
    earlier_cells: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return str(self.function.__name__)

    def column(self, *targets: Target) -> Column | None:
        """The template of the first of the targets that has one."""
        column = next((self.columns[t] for t in targets if t in self.columns), None)
        return Column(column) if isinstance(column, str) else column

    @property
    def takes_one(self) -> bool:
        """Is it a function of one argument, with a slope?"""
        return self.definition is not None or self.explicit_slope is not None

    @cached_property
    def sides(self) -> tuple[Expr, Expr] | None:
        """Its formulas above 0, and up to 0, if these are two."""
        match self.definition:
            case gate(args=(z, above, below)) if z == Z:
                return above, below
            case maximum(args=(S.Zero, above)):
                return above, S.Zero
        return None

    def side(self, above: bool) -> Expr:
        """Its formula above 0, or up to 0; None where one formula holds everywhere."""
        return None if self.sides is None else self.sides[0 if above else 1]

    @cached_property
    def is_linear(self) -> bool:
        """Is it a multiple of z on either side of 0?"""
        return self.sides is not None and all(side.diff(Z).is_number and side.subs(Z, 0) == 0 for side in self.sides)

    @cached_property
    def has_kink(self) -> bool:
        """Does its slope jump at 0?"""
        if self.sides is None:
            return False
        above, below = (side.diff(Z).subs(Z, 0) for side in self.sides)
        return bool(above != below)

    @cached_property
    def slope(self) -> Expr:
        """Its derivative in z and the value y."""
        if self.explicit_slope is not None:
            return self.explicit_slope
        if self.sides is not None:
            return gate(Y, *map(_slope, self.sides))
        return _slope(self.definition)

    @property
    def generators(self) -> int:
        """How many unknowns a call has where equality is decided: its value and its gate; z·gate if it is linear."""
        return 2 if self.sides is not None and not self.is_linear else 1

    def value_at(self, library: Any, z: Any) -> Any:
        """Its value at a number of ``math``, mpmath or a context of mpmath."""
        if self.value is not None:
            return self.value(library, z)
        if self.definition is None or hasattr(library, self.name):
            return getattr(library, self.name)(z)
        formula = self.definition if self.sides is None else self.side(z.real > 0)
        return worked_out(formula, {Z: z}, lambda function: lambda z: LEAF[function].value_at(library, z))


def _slope(definition: Expr) -> Expr:
    """The derivative; of a fraction in one exponential, in terms of the value y."""
    powers = definition.atoms(exp)
    if len(powers) == 1:
        (power,), t = powers, sympy.Dummy("t")
        value = definition.xreplace({power: t})
        equation = sympy.fraction(sympy.together(value - Y))[0].expand()
        if not value.has(Z, sympy.Function) and sympy.degree(equation, t) == 1:
            root = -equation.coeff(t, 0) / equation.coeff(t, 1)
            derivative = value.diff(t) * power.args[0].diff(Z) * t
            return sympy.factor_terms(sympy.cancel(derivative.xreplace({t: root})).expand())
    return definition.diff(Z)


def worked_out(e: Expr, values: Mapping[Expr, Any], call: Callable[[Function], Callable[..., Any]]) -> Any:
    """Evaluate a definition, or one of its sides.

    Args:
        values: of its symbols: numbers of any kind.
        call: returns the implementation of a function.
    """
    if e in values:
        return values[e]
    if e.is_Integer:
        return int(e)
    if e.is_Rational:
        return (next(iter(values.values())) * 0 + int(e.p)) / int(e.q)  # in the numbers of the symbols
    parts = [worked_out(a, values, call) for a in e.args]
    if e.is_Add:
        return sum(parts[1:], parts[0])
    if e.is_Mul:
        return reduce(operator.mul, parts)
    if e.is_Pow and e.exp.is_Integer:
        return parts[0] ** int(e.exp)
    return call(e.func)(*parts)


# --- the records ----------------------------------------------------------------------------------------------------


def _first(equal: str, unequal: str, z: Sequence[Any], each: str = "{}") -> list[str]:
    """The conditions of ``wins``: the candidate equals the largest, and none of those before it does."""
    value, largest, *before = (f"{t:product}" for t in z)
    conditions = [f"{value}{equal}{largest}", *(f"{other}{unequal}{largest}" for other in before)]
    return [each.format(c) for c in conditions]


def _first_cell(*z: Any) -> str:
    conditions = _first("=", "<>", z)
    condition = conditions[0] if len(conditions) == 1 else f"AND({','.join(conditions)})"
    return f"IF({condition},1,0)"


#: Every leaf function; activations in the order in which messages list them.
LEAVES: tuple[Leaf, ...] = (
    Leaf(
        sigmoid, 1 / (1 + exp(-Z)), "sigmoid", "σ", rule="σ′(z) = σ(z)·(1 − σ(z))",
        value=lambda m, z: 1 / (1 + m.exp(-z)),
        columns={
            "python": Column("1.0/(1.0 + exp(-{0:atom}))", PRODUCT),
            "numpy": Column("1/(1 + np.exp(-{0:atom}))", PRODUCT),
            "arrays": "divide(1, add(exp(negative(z)), 1))",
            # EXP only takes what is at most 0: a spreadsheet gives #NUM! for EXP(710); below 0 as exact as above
            "excel": "IF({0}<0,EXP({0})/(1+EXP({0})),1/(1+EXP(-{0:atom})))",
            "coq": Column("sigmoid {0:atom}", POWER), "calculus": "Sigmoid", "latex": r"\sigma", "typst": "σ",
        },
        earlier_cells=("1/(1+EXP(-z))",),
    ),
    Leaf(
        tanh, (exp(2 * Z) - 1) / (exp(2 * Z) + 1), "tanh", "tanh", rule="tanh′(z) = 1 − tanh²(z)",
        columns={
            "python": "tanh({0})", "numpy": "np.tanh({0})", "arrays": "tanh(z)", "excel": "TANH({0})",
            "coq": Column("tanh {0:atom}", POWER), "calculus": "Tanh", "latex": r"\tanh", "typst": "tanh",
        },
    ),
    Leaf(
        relu, maximum(0, Z), "relu", "ReLU", moves_behind_maximum=True, rule="relu′(z) = [z > 0]",
        columns={
            # NaN must come out as NaN: it fails `<= 0` and `> 0`
            "python": "(0.0 if {0} <= 0.0 else {0})",
            "numpy": "np.maximum({0}, 0)", "arrays": "maximum(z, 0)", "excel": "MAX(0,{0})",
            "coq": Column("relu {0:atom}", POWER), "calculus": "Relu",
        },
    ),
    Leaf(
        leaky_relu, gate(Z, Z, Z / 100), "leaky_relu", "LeakyReLU",
        rule="leaky_relu′(z) = [z > 0] + [z ≤ 0]/100",
        columns={
            "python": "({0} if {0} > 0.0 else 0.01*{0:power})",
            "loops": "(0.01*{0:power} if {0} <= 0.0 else {0})",
            "numpy": "np.maximum({0}, 0.01*{0:power})", "arrays": "maximum(z, multiply(z, 0.01))",
            "excel": "MAX({0},{0:power}/100)",
            "coq": Column("leaky_relu {0:atom}", POWER), "calculus": "Leaky",
        },
    ),
    Leaf(
        elu, gate(Z, Z, exp(Z) - 1), "elu", "ELU", rule="elu′(z) = [z > 0] + [z ≤ 0]·(1 + elu(z))",
        value=lambda m, z: z if z > 0 else m.expm1(z),
        columns={
            "python": "({0} if {0} > 0.0 else expm1({0}))",
            "numpy": "np.where({0} > 0, {0}, np.expm1(np.minimum({0}, 0)))",
            "arrays": "add(maximum(z, 0), expm1(minimum(z, 0)))",
        },
    ),
    Leaf(
        softplus, log(1 + exp(Z)), "softplus", explicit_slope=sigmoid(Z), rule="softplus′(z) = σ(z)",
        value=lambda m, z: max(z, 0) + m.log1p(m.exp(-abs(z))),
        columns={
            "python": "(max({0}, 0.0) + log1p(exp(-abs({0}))))",
            "loops": Column("(0.0 if {0} <= 0.0 else {0}) + log1p(exp(-abs({0})))", SUM),
            "numpy": "np.logaddexp(0, {0})", "arrays": "logaddexp(z, 0)",
            "excel": Column("MAX({0},0)+LN(1+EXP(-ABS({0})))", SUM),
            "coq": Column("softplus {0:atom}", POWER), "calculus": "Softplus",
        },
    ),
    Leaf(
        exp, display="exp", explicit_slope=Y, rule="exp′(z) = exp(z)",
        columns={
            "python": "exp({0})", "numpy": "np.exp({0})", "arrays": "exp(z)", "excel": "EXP({0})",
            "coq": Column("exp {0:atom}", POWER), "calculus": "Exp", "latex": r"\exp", "typst": "exp",
        },
    ),
    Leaf(
        log, display="ln", explicit_slope=1 / Z, rule="log′(z) = 1/z",
        columns={
            "python": "log({0})", "numpy": "np.log({0})", "arrays": "log(z)", "excel": "LN({0})",
            "coq": Column("log {0:atom}", POWER), "calculus": "Log", "latex": r"\ln", "typst": "ln",
        },
    ),
    Leaf(
        gate,
        columns={
            "python": "({2} if {0} <= 0.0 else {1})", "numpy": "np.where({0} <= 0, {2}, {1})",
            "excel": "IF({0}>0,{1},{2})", "coq": Column("gate {0:atom} {1:atom} {2:atom}", POWER),
        },
    ),
    Leaf(
        maximum, display="max", rule="∂max/∂a = [a first reaches max]",
        columns={
            # not max(), which may lose a NaN
            "python": Column("largest({0}, {1})", folds=True),
            # pair by pair: an absent cell is a number beside arrays
            "numpy": Column("np.maximum({0}, {1})", folds=True),
            "excel": "MAX({all})", "coq": Column("Rmax {0:atom} {1:atom}", POWER, folds=True),
            "latex": r"\max", "typst": "max",
        },
    ),
    Leaf(
        wins,
        columns={
            "python": Column(lambda *z: f"(1.0 if {' and '.join(_first(' == ', ' != ', z))} else 0.0)"),
            "numpy": Column(lambda *z: f"np.where({' & '.join(_first(' == ', ' != ', z, '({})'))}, 1.0, 0.0)"),
            "excel": Column(_first_cell),
            "coq": Column(lambda a, m, *z: f"wins {a:atom} {m:atom} [{'; '.join(f'{t:atom}' for t in z)}]", POWER),
        },
    ),
)  # fmt: skip

#: The same, by function.
LEAF: Mapping[Function, Leaf] = {leaf.function: leaf for leaf in LEAVES}

#: Functions with two formulas, one above 0 and one up to 0, and the functions that choose between formulas.
PIECEWISE: tuple[Function, ...] = (*(leaf.function for leaf in LEAVES if leaf.sides), gate, maximum)

#: Functions whose slope jumps somewhere.
KINKED: tuple[Function, ...] = (*(leaf.function for leaf in LEAVES if leaf.has_kink), maximum)


def in_reading_order(terms: Sequence[Expr]) -> list[Expr]:
    """The terms of a sum as a person writes them, o - t and 1 - h: numbers, single quantities by name, then the rest;
    negative terms last.

    The rest stays in SymPy's order: sorting it by ``str`` would cost more than printing it.
    """

    def key(term: Expr) -> tuple[bool, bool, bool, str]:
        name = term.name if term.is_Symbol else ""
        return term.could_extract_minus_sign(), not term.is_Number, not name, name

    return sorted(terms, key=key)
