"""The golden harness: nothing differs from itself, and what was changed is told as what it is."""

import copy
import json

import pytest

from tests.tools import golden


@pytest.fixture(scope="module")
def one():
    """Every output of the smallest network, as it is kept."""
    return json.loads(json.dumps(golden.outputs("one")))


def test_every_kind_of_output_is_there(one):
    assert set(one) > {"formulas", "proofs", "program numpy", "training", "workbook, formula", "workbook, value",
                       "workbook, format", "workbook, name", "report, md", "report, html", "report, tex", "certificate",
                       "verification"}  # fmt: skip
    assert all(parts for kind, parts in one.items() if kind != "program numba")
    assert [
        part for kind, parts in one.items() for part in parts if part[0] == "error" and kind != "program numba"
    ] == []
    assert any(name == "Forward!D1" or "$" in text for name, text in one["workbook, formula"])
    assert {"math", "svg", "line"} <= {name for name, _ in one["report, html"]}


def test_the_same_network_gives_the_same_bytes(one):
    assert list(golden.differences("one", one, golden.outputs("one"))) == []


@pytest.mark.parametrize("kind", ["workbook, formula", "workbook, format", "workbook, name", "report, html", "proofs"])
def test_a_part_that_is_changed_or_missing_or_new_is_one_difference_of_its_kind(one, kind):
    for change in ("changed", "missing", "new"):
        other = copy.deepcopy(one)
        name, text = other[kind][1]
        if change == "changed":
            other[kind][1] = [name, text + " "]
        elif change == "missing":
            del other[kind][1]
        else:
            other[kind].insert(1, ["new", "new"])
        [difference] = golden.differences("one", one, other)
        assert (difference.kind, difference.network) == (kind, "one")
        expected = {"changed": (text, text + " "), "missing": (text, None), "new": (None, "new")}[change]
        assert (difference.before, difference.after) == expected


def test_another_order_is_a_difference(one):
    other = copy.deepcopy(one)
    other["workbook, name"].reverse()
    [difference] = golden.differences("one", one, other)
    assert difference.part == "order"


def test_a_meant_difference_is_counted_and_an_idle_intention_fails(one, tmp_path, capsys):
    folders = tmp_path / "before", tmp_path / "after"
    other = copy.deepcopy(one)
    other["proofs"][0][1] = "proved"
    for folder, kinds in zip(folders, (one, other), strict=True):
        folder.mkdir()
        (folder / "one.json").write_text(json.dumps(kinds), "utf-8")
    words = ["compare", *map(str, folders)]
    assert golden.main(words) == 1
    assert "proofs: 1 differences in 1 networks" in capsys.readouterr().out
    meant = tmp_path / "meant.toml"
    meant.write_text('[[intended]]\nkind = "proofs"\nafter = "proved"\nwhy = "shorter"\n', "utf-8")
    assert golden.main([*words, "--intended", str(meant)]) == 0
    assert "meant, 1 times: shorter" in capsys.readouterr().out
    assert golden.main(["compare", str(folders[0]), str(folders[0]), "--intended", str(meant)]) == 1
    assert "fits nothing" in capsys.readouterr().out
    (folders[1] / "one.json").unlink()
    with pytest.raises(SystemExit, match=r"one\.json is missing"):
        golden.main(words)
