"""Tables of numbers: what one says of those before it."""

import dataclasses

import pytest

from symcnn.article import printed
from symcnn.audit import audit_text
from symcnn.audit.article import tables_held
from symcnn.audit.tables import tables
from symcnn.formula.reader import NumberTable, fragments


def found(text):
    return [f for f in fragments(text) if isinstance(f, NumberTable)]


def test_the_articles_tables_are_explained():
    rules = [t.rule for t in tables_held()]
    assert rules == ["products", "window", "given", "window", "products", "mean", "map"]
    assert not any(t.wrong for t in tables_held())


def changed():
    numbers = found(printed.tables_text())
    for k, table in enumerate(numbers):
        for r, row in enumerate(table.rows):
            for c, cell in enumerate(row):
                new = cell[1:] if cell.startswith("-") else f"-{cell}"
                rows = [list(row) for row in table.rows]
                rows[r][c] = new
                yield k, r, [*numbers[:k], dataclasses.replace(table, rows=tuple(map(tuple, rows))), *numbers[k + 1 :]]


GROWING = "-1\n\n∇\n\n-1\t1\n\n∇\n\n-1\t1\t1\n\n∇\n\n"


def test_a_table_that_grows_is_checked_by_the_one_that_it_becomes():
    whole = list(tables(found(GROWING + printed.tables_text()), printed.tables()))
    assert [t.rule for t in whole[:4]] == ["begins"] * 3 + ["products"]
    assert not any(t.wrong for t in whole)


def test_a_cell_that_a_growing_table_loses_again_is_told():
    text = GROWING.replace("-1\t1\n", "-1\t-1\n") + printed.tables_text()
    first, second, *_ = tables(found(text), printed.tables())
    assert first.wrong is None
    assert second.wrong == (0, 1, "-1", 1)


def test_numbers_that_nothing_follows_from_are_not_checked():
    lonely = list(tables(found("5\t7\n\n∇\n\n" + printed.tables_text()), printed.tables()))
    assert (lonely[0].rule, lonely[0].wrong) == ("", None)


@pytest.mark.slow
def test_a_cell_with_the_other_sign_is_told():
    """Of a feature or a window it may be another piece of the image that is meant; then the products after it differ."""
    total = at_the_line = somewhere = 0
    for k, r, numbers in changed():
        if numbers[k].rows[r] == found(printed.tables_text())[k].rows[r]:
            continue
        after = list(tables(numbers, printed.tables()))
        total += 1
        at_the_line += bool(after[k].wrong and after[k].wrong[0] == r)
        somewhere += any(t.wrong for t in after)
    assert somewhere >= 0.97 * total > 90
    assert at_the_line >= 0.9 * total


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("1 2 3\n4 5 6\n7 8 9\n\nby\n\n1 0\n0 1\n\ngives\n\n6 8\n12 14\n", ["", "", "map"]),
        ("1 2 3\n4 5 6\n7 8 9\n\nby\n\n1 0\n0 1\n\ngives\n\n1.5 2\n3 3.5\n", ["", "", "map"]),
        ("1 2\n3 4\n5 6\n\n1 1\n2 2\n3 3\n\n1 2\n6 8\n15 18\n", ["", "", "products"]),
        ("1 2\n3 4\n\n10\n", ["", "sum"]),
        ("1 2\n3 4\n\n2.5\n", ["", "mean"]),
        ("1 2\n3\n\n4 5 6\n", ["", ""]),
    ],
)
def test_what_a_table_shows(text, rules):
    assert [t.rule for t in tables(found(text))] == rules


def test_a_wrong_cell_is_a_finding_with_its_line_and_what_it_should_be(derivation):
    text = printed.tables_text().replace("0,8", "0,9", 1)
    [finding] = audit_text(text, derivation, given=printed.tables()).findings
    assert (finding.verdict, finding.kind, finding.correction) == ("false", "table", "0,8")
    assert text.split("\n")[finding.line - 1].startswith("0,9")
