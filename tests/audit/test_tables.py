"""Tables of numbers: what one says of those before it."""

import dataclasses

import pytest

from symcnn.article import printed
from symcnn.audit import audit_text
from symcnn.audit.tables import tables
from symcnn.formula.reader import Numbers, fragments


def written(table):
    return "\n".join("\t".join(str(v).replace(".", ",") for v in row) for row in table)


def article():
    """Part 1's tables, in the article's order."""
    facts = printed.numbers()
    window = [row[6:9] for row in facts["image"][2:5]]
    parts = [
        facts["first_products"],
        facts["image"],
        facts["feature"],
        window,
        facts["last_products"],
        [[facts["last_value"]]],
        facts["map"],
    ]
    return "\n\n∇\n\n".join(map(written, parts))


def found(text):
    return [f for f in fragments(text) if isinstance(f, Numbers)]


def test_the_articles_tables_are_explained():
    rules = [t.rule for t in tables(found(article()), printed.tables())]
    assert rules == ["products", "window", "given", "window", "products", "mean", "map"]
    assert not any(t.wrong for t in tables(found(article()), printed.tables()))


def changed():
    numbers = found(article())
    for k, table in enumerate(numbers):
        for r, row in enumerate(table.rows):
            for c, cell in enumerate(row):
                new = cell[1:] if cell.startswith("-") else f"-{cell}"
                rows = [list(row) for row in table.rows]
                rows[r][c] = new
                yield k, r, [*numbers[:k], dataclasses.replace(table, rows=tuple(map(tuple, rows))), *numbers[k + 1 :]]


def test_a_cell_with_the_other_sign_is_told():
    """Of a feature or a window it may be another piece of the image that is meant; then the products after it differ."""
    total = at_the_line = somewhere = 0
    for k, r, numbers in changed():
        if numbers[k].rows[r] == found(article())[k].rows[r]:
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
    text = article().replace("0,8", "0,9", 1)
    [finding] = audit_text(text, derivation, given=printed.tables()).findings
    assert (finding.verdict, finding.kind, finding.correction) == ("false", "table", "0,8")
    assert text.split("\n")[finding.line - 1].startswith("0,9")
