import random

import pytest
from sympy import Integer, Rational, Symbol, symbols

import symcnn
from symcnn.printers.cells import (
    Binary,
    CellReader,
    FormulaError,
    FunctionCall,
    Name,
    Numeral,
    Percent,
    Range,
    Reference,
    Text,
    Unary,
    filling,
    moved,
    parse,
    reference,
    written,
)
from symcnn.symbolic import LEAVES, gate, leaky_relu, maximum, relu, sigmoid, softplus, tanh, wins
from tests.tools.cell_formulas import disagreements, printed, read

a, b, c = symbols("q_1 q_2 q_3")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("=-2^2", 4),
        ("=2^-1", Rational(1, 2)),
        ("=2^3^2", 64),
        ("=-50%^2", Rational(1, 4)),
        ("=2-3-4", -5),
        ("=2/4/5", Rational(1, 10)),
        ("=2+3*4^2", 50),
        ("=(2+3)*4", 20),
        ("=--3", 3),
        ("=50%*4", 2),
        ("=1.5E+1", 15),
        ("=.5+1.", Rational(3, 2)),
        ("=2*-3", -6),
        ("=SUM(1,2,3)", 6),
        ("=SUMSQ(3,4)", 25),
        ("=SUMPRODUCT(3,4)", 12),
        ("=1E-05", Rational(1, 100_000)),
        (" = 1 + 1"[1:], 2),
    ],
)
def test_operators_bind_as_in_excel(text, value):
    assert read(text) == value


def test_a_formula_becomes_a_tree():
    assert parse("=-A$1") == Unary("-", Reference(None, 1, 1, True, False))
    assert parse("='l''été'!$B2:C3") == Range(Reference("l'été", 2, 2, False, True), Reference("l'été", 3, 3))
    assert parse('="a""b"&learning_rate%') == Binary("&", Text('a"b'), Percent(Name("learning_rate")))
    assert parse("=max(1,x_1)") == FunctionCall("MAX", (Numeral("1"), Name("x_1")))
    with pytest.raises(AttributeError):
        parse("=1").text = "2"  # frozen


@pytest.mark.parametrize("text", ["XFD1048576", "xfd1", "A1"])
def test_the_last_cell_is_a_cell(text):
    assert isinstance(reference(text), Reference)


@pytest.mark.parametrize(
    "text", ["XFE1", "A1048577", "A0", "A01", "C3:A1", "A:A", "1:1", "A1:", "[1]S!A1", "S!", "A1:B2:C3"]
)
def test_what_lies_outside_a_sheet_is_none(text):
    assert reference(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it ends where an operand is expected"),
        ("=", "it ends"),
        ("=1+", "it ends"),
        ("=1 2", "at character 3, 2: expected an operator"),
        ("=A1 B1", "at character 4, B1: expected an operator"),
        ("=a)", "a closing parenthesis too many"),
        ("=(1", "at its end: expected an operator or a closing"),
        ("=(1,2)", "not a supported operator"),
        ("={1,2}", "at character 1"),
        ("=1;2", "expected an operator"),
        ('="a', "Reached end of formula"),
        ("=@A1", "neither a number nor a cell"),
        ("=#REF!+1", "neither"),
        ("=Tab[x]", "neither"),
        ("=[1]S!A1", "neither"),
        ("=A1:INDEX(B1,2)", "not the name of a function"),
        ("=()", "empty parentheses"),
        ("=" + "(" * 65 + "1" + ")" * 65, "nested more than 64 deep"),
        ("=" + "-" * 70 + "1", "too many signs"),
        ("=" + "1+" * 4100 + "1", "a formula has at most 8192"),
        ("=SUM(" + "1," * 255 + "1)", "at most 255 arguments"),
        ("=1%" + "%" * 70, "too many percent signs"),
    ],
)
def test_what_is_no_formula_is_refused_in_one_line_that_says_where(text, words):
    with pytest.raises(symcnn.InputError) as refused:
        parse(text)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("=RAND()", "RAND: not a function"),
        ('="a"', "text: not part"),
        ("=A1=B1", "only inside an IF"),
        ("=2^A1", "a whole exponent"),
        ("=2^1000", "a whole exponent"),
        ("=1/0", "a division by zero"),
        ("=EXP(1,2)", "it takes one"),
        ("=IF(A1,1,0)", "IF: expected"),
        ("=IF(A1=B1,2,3)", "IF: expected"),
        ("=IF(1)", "it takes three"),
        ("=IF(A1<0,EXP(A1)/(1+EXP(B1)),1/(1+EXP(-A1)))", "IF: expected"),
        ("=IF(A1<1,EXP(A1)/(1+EXP(A1)),1/(1+EXP(-A1)))", "IF: expected"),
        ("=IF(A1<0,EXP(A1)/(1+EXP(A1)),1/(1+EXP(-B1)))", "IF: expected"),
        ("=SUMPRODUCT(A1:B1,A1:A2)", "different shapes"),
        ("=SUM(A1:XFD100)", "at most 20000"),
        ("=MAX()", "MAX of nothing"),
        ("=A1:B1", "range: not part"),
        ("=TRUE", "logical: not part"),
        ("=INDEX(A1:A9,2)", "INDEX: not a function"),
    ],
)
def test_what_is_outside_the_arithmetic_is_refused(text, words):
    with pytest.raises(symcnn.InputError, match=words.replace("(", r"\(")):
        read(text)


def test_a_range_of_as_many_cells_as_may_be_is_read(monkeypatch):
    monkeypatch.setattr("symcnn.printers.cells.MAX_CELLS", 3)
    assert read("=SUM(A1:C1)") == a + b + c
    monkeypatch.setattr("symcnn.printers.cells.MAX_CELLS", 2)
    with pytest.raises(symcnn.InputError, match="1×3 cells; at most 2"):
        read("=SUM(A1:C1)")


def test_nothing_is_evaluated():
    for text in ("=__import__('os').system('true')", "=exec(1)", "=lambda", "=open(A1)"):
        with pytest.raises((symcnn.InputError, AssertionError)):
            read(text)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("=1/(1+EXP(-A1))", sigmoid(a)),
        ("=IF(A1<0,EXP(A1)/(1+EXP(A1)),1/(1+EXP(-A1)))", sigmoid(a)),
        ("=B1*IF(A1+C1<0,EXP(A1+C1)/(1+EXP(A1+C1)),1/(1+EXP(-(A1+C1))))", b * sigmoid(a + c)),
        ("=1/(1+EXP(-(A1+B1)))*C1", c * sigmoid(a + b)),
        ("=TANH(A1)", tanh(a)),
        ("=MAX(0,A1)", relu(a)),
        ("=MAX(A1,A1/100)", leaky_relu(a)),
        ("=C1+MAX(A1,0)+LN(1+EXP(-ABS(A1)))-B1", c + softplus(a) - b),
        ("=MAX(A1,B1,C1)", maximum(a, b, c)),
        ("=MAX(A1:C1)", maximum(a, b, c)),
        ("=IF(A1>0,1,1/100)", gate(a, 1, Rational(1, 100))),
        ("=IF(AND(A1=B1,C1<>B1),1,0)", wins(a, b, c)),
        ("=IF(A1=B1,1,0)", wins(a, b)),
        ("=SUM(A1:B1,C1)", a + b + c),
        ("=SUMPRODUCT(A1:B1,B1:C1)", a * b + b * c),
        ("=-1*A1^2/2", -(a**2) / 2),
    ],
)
def test_printed_forms_are_read_as_what_they_mean(text, meaning):
    assert read(text) == meaning


def test_every_leaf_function_is_read_back():
    for leaf in (leaf.function for leaf in LEAVES):
        arguments = {gate: (a, Integer(1), Integer(0)), maximum: (a, b, c), wins: (a, b, c)}.get(leaf, (a,))
        assert read(printed(leaf(*arguments))) == leaf(*arguments)


def test_random_expressions_come_back_and_have_their_value_in_a_spreadsheet(tmp_path):
    assert disagreements(300, 1, tmp_path) == []


def test_a_reader_that_errs_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(CellReader, "_power", lambda self, formula: self.expression(formula.left))
    assert disagreements(40, 1, tmp_path)


def test_a_long_chain_is_no_deep_tree():
    assert read("=" + "+".join(["A1"] * 2_000)) == 2_000 * Symbol("q_1")


def test_random_text_is_read_or_refused():
    rng = random.Random(3)
    for _ in range(3_000):
        text = "=" + "".join(rng.choice("A1+-*/^(),.%&<>=:$!'\"{}@#[] EMSUMINF2x_") for _ in range(rng.randint(0, 30)))
        try:
            parse(text)
        except symcnn.InputError as refused:
            words = str(refused)
        else:
            words = ""
        assert "\n" not in words


def test_copied_down_relative_rows_move_and_fixed_ones_stay():
    copy = filling("'A1 b'!B$2*C3+SUM(D4:$E$5)&\"F6\"+LOG10(G7)+x_11")
    assert copy(2) == "'A1 b'!B$2*C5+SUM(D6:$E$5)&\"F6\"+LOG10(G9)+x_11"
    assert moved("A1*$B1*C$1+Sheet!D4", 2, 1) == "B3*$B3*D$1+Sheet!E6"
    with pytest.raises(symcnn.InputError, match="outside the sheet"):
        moved("A1", 0, 16_384)


@pytest.mark.parametrize("column", [-26, -1, 0, 16385])
def test_outside_the_sheet_there_is_no_address(column):
    with pytest.raises(FormulaError, match=f"column {column}"):
        written(("Forward", 1, column))


def test_a_number_is_the_same_however_long_its_exponent_is_written():
    """LibreOffice writes 1E-30 as 1E-030."""
    assert parse("MAX(1E-030,A1)") == parse("MAX(1E-30,A1)")
    assert parse("1E-03") != parse("1E-30")
    assert parse("1E+05") == parse("1E+5")
