"""Exercises with drawn numbers and blanks along the chain rule, and their keys: on paper, as a page, in Excel."""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sympy import Expr, Symbol

from symcnn.derivation import Derivation
from symcnn.errors import InputError, NotSupportedYetError, quoted
from symcnn.exercise.sheet import DECIMALS, RATE, Blank, ExercisePlan, ExerciseSheet, as_printed, round_half_up
from symcnn.files import check_apart, check_writable, read_bytes, write_together
from symcnn.network import Data, Network, as_data
from symcnn.network.data import class_names
from symcnn.network.file import words_of
from symcnn.network.tables import records, text_of
from symcnn.numeric.program import inputs_by_name
from symcnn.symbolic import LEAF, TensorKind, gate, wins
from symcnn.symbolic.leaves import maximum, worked_out
from symcnn.text import Catalogue, catalogue
from symcnn.text.characters import is_shown
from symcnn.version import __version__

#: What says that a JSON file is ours.
FORMAT = "symcnn exercise"

MOST_SEED = 10**9
MOST_STUDENTS = 200
MAX_LIST_BYTES, MAX_JSON_BYTES = 1_000_000, 50_000_000
LONGEST_NAME = 80

#: How often numbers are drawn, until they round well.
MOST_DRAWS = 5_000

#: From a kink or a tie.
FAR = 0.02

#: A first line of a list with one of these words is no student.
_HEADS = {"name", "names", "student", "students", "pupil", "pupils", "nom", "noms", "prénom", "élève", "élèves",
          "surname", "first name", "last name"}  # fmt: skip

Paths = str | Path | Sequence[str | Path]


def write_exercise(
    network: Network | None = None, out: Paths = "exercise.pdf", *, key: Paths | None = None, seed: int = 1,
    data: Any = None, of: str | None = None, students: str | Path | None = None, lang: str = "en",
) -> list[Path]:  # fmt: skip
    """Write an exercise with drawn numbers, and its answer key.

    >>> import symcnn
    >>> files = symcnn.write_exercise(out="exercise.html", key="key.html", seed=7)
    >>> [str(path) for path in files]
    ['exercise.html', 'exercise.json', 'key.html', 'key.json']

    Beside each of the two lies what marking will need, as JSON: seed, network, given numbers, blanks; in that of the
    key also the answers.

    Args:
        network: with a loss, and small; without one, that of the article, with its images.
        out: one file or several: .pdf, .html or .xlsx. Of several students each has a workbook of their own.
        key: the same for the answers.
        seed: of the drawn numbers; the same seed gives the same bytes.
        data: samples, of which one is shown with a pixel more; without any, an image is drawn.
        of: a weight of the first layer; the exercise follows it to the error and back.
        students: a list of names (CSV), one to a line: a sheet for each, with a seed of its own.

    Returns:
        the files.

    Raises:
        NotSupportedYetError: the network is too large to be worked out by hand.
    """
    text = catalogue(lang)
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed <= MOST_SEED:
        raise InputError(f"seed={quoted(seed)}: expected a whole number from 0 to {MOST_SEED}")
    outs, keys = check_outputs(out, key, students)
    if network is None:
        from symcnn import article

        network, data = article.network(), article.images() if data is None else data
    samples = None if data is None else as_data(data)
    names = [""] if students is None else read_students(students)
    plan = ExercisePlan(Derivation(network, 1), of)
    sheets = make_sheets(plan, samples, seed, names)
    files: dict[Path, bytes] = {}
    for paths, is_key in ((outs, False), (keys, True)):
        for path in paths:
            files |= _PRINTS[path.suffix.lower()](path, sheets, text, is_key, students is not None)
        for path in dict.fromkeys(p.with_suffix(".json") for p in paths):
            files[path] = _json(sheets, text, is_key)
    for path in files:
        _check_ours(path)
    write_together(files)
    return list(files)


def make_sheets(plan: ExercisePlan, data: Data | None, seed: int, names: Sequence[str]) -> list[ExerciseSheet]:
    """A sheet for each name: the first students of seed 7 have the seeds 7001, 7002, …"""
    if list(names) == [""]:
        return [draw(plan, data, seed)]
    return [draw(plan, data, seed * 1000 + row, name) for row, name in enumerate(names, 1)]


def check_outputs(out: Paths, key: Paths | None, *sources: str | Path | None) -> tuple[list[Path], list[Path]]:
    """The files to write, exercise and key, if they can be: known before any work is done."""
    outs, keys = ([check_writable(p, SUFFIXES) for p in _listed(paths)] for paths in (out, key))
    stems = {p.with_suffix("").resolve() for p in outs}
    for path in (*outs, *keys):
        for written in (path, path.with_suffix(".json")):
            check_apart(written, *sources)
        if path.suffix.lower() == ".pdf":
            from symcnn.report.pdf import check_pdf

            check_pdf(path)
    for path in keys:
        if path.with_suffix("").resolve() in stems:
            raise InputError(f"{path}: the key would take the exercise's place; expected a name of its own")
    return outs, keys


def _listed(paths: Paths | None) -> list[Path]:
    if paths is None:
        return []
    return list(dict.fromkeys(map(Path, [paths] if isinstance(paths, (str, Path)) else paths)))


def read_students(path: str | Path) -> list[str]:
    """The names of a list: a line for each, its cells joined; a line of heads is left out."""
    content = read_bytes(path, MAX_LIST_BYTES, "a list of names")
    try:
        rows = list(records(text_of(content)))[1:]
        if rows and {cell.lower() for cell in rows[0][1]} & _HEADS:
            rows = rows[1:]
        names = [(line, " ".join(filter(None, cells))) for line, cells in rows]
        for line, name in names:
            if len(name) > LONGEST_NAME or not all(map(is_shown, name)):
                raise InputError(f"line {line}: {quoted(name)}; expected a name of at most {LONGEST_NAME} characters")
        if not 1 <= len(names) <= MOST_STUDENTS:
            raise InputError(f"{len(names)} names; expected 1 to {MOST_STUDENTS}, one to a line")
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return [name for _, name in names]


# --- numbers --------------------------------------------------------------------------------------------------------


def evaluated(expression: Expr, values: Mapping[Expr, float]) -> float:
    """The value of an expression in quantities."""
    return float(worked_out(expression, values, _function))


def _function(function: Any) -> Callable[..., float]:
    if function is gate:
        return lambda y, above, below: above if y > 0 else below
    if function is maximum:
        return max
    if function is wins:
        return lambda value, largest, *before: float(value == largest and largest not in before)
    return lambda z: LEAF[function].value_at(math, z)


def draw(plan: ExercisePlan, data: Data | None, seed: int, student: str = "") -> ExerciseSheet:
    """Numbers for a sheet: the same for the same seed.

    Raises:
        NotSupportedYetError: among many draws there was none that is worth the work and rounds well.
    """
    rng = np.random.default_rng(seed)
    count = len(plan.network.parameters)
    sample = 0 if data is None else int(rng.integers(len(data.images)))
    for _ in range(MOST_DRAWS):
        image, target, label = _draw_image(plan.network, data, sample, rng)
        theta = rng.integers(1, 10, count) * rng.choice([-1, 1], count) / 10
        inputs = inputs_by_name(plan.network, theta, image, target)
        values = plan.complete(inputs)
        if not _is_worth_it(plan, values):
            continue
        values["η"] = float(RATE)
        exact = _rounding_well(plan, values)
        if exact is None:
            continue
        after = plan.complete({**inputs, plan.weight.name: exact[f"{plan.weight.name}_next"]})["E"]
        if round_half_up(after) < round_half_up(values["E"]):
            names = None if data is None else class_names(data.targets, data.labels)
            return ExerciseSheet(plan, seed, values | exact, label, names or (), after, student)
    raise NotSupportedYetError(
        f"exercise: {MOST_DRAWS} draws gave no numbers whose gradients show in {DECIMALS} decimals and survive"
        " rounding; expected fewer layers, or another seed or weight"
    )


def _draw_image(
    network: Network, data: Data | None, sample: int, rng: np.random.Generator
) -> tuple[Any, Any, str | None]:
    """An image with a target: a sample's with one pixel more, or any."""
    shape, outputs = network.input_shape, network.outputs
    if data is not None:
        image, target = np.array(data.images[sample], dtype=float).reshape(shape), data.targets[sample]
        if all(np.allclose(10 * v, np.round(10 * v)) and np.abs(v).max() < 10 for v in (image, target)):
            empty = np.flatnonzero(image == 0)
            if np.isin(image, (0, 1)).all() and len(empty) > 1:
                image.flat[rng.choice(empty)] = 1.0
            return image, target, None if data.labels is None else str(data.labels[sample])
    is_row = len(shape) == 1
    image = rng.integers(1, 10, shape) / 10 if is_row else (rng.random(shape) < 0.6).astype(float)
    target = np.eye(outputs)[rng.integers(outputs)] if outputs > 1 else rng.integers(0, 2, 1).astype(float)
    return image, target, None


def _is_worth_it(plan: ExercisePlan, values: Mapping[str, float]) -> bool:
    """No gradient on the way that four decimals hardly show, no neuron that is saturated."""
    for quantity in plan.way[:-1]:
        least = 0.02 if quantity == plan.weight else 0.005
        if abs(values[quantity.adjoint.name]) < least:
            return False
        if quantity.tensor.kind is TensorKind.PREACTIVATION and abs(values[quantity.name]) > 2:
            return False
    return all(near(values) >= FAR for near in plan.distances)


def _rounding_well(plan: ExercisePlan, values: Mapping[str, float]) -> dict[str, float] | None:
    """The value of each blank by its key; None where a pupil who rounds gets another number than who does not."""
    exactly: dict[Expr, float] = {Symbol(name): v for name, v in values.items()}
    on_paper: dict[Expr, float] = {Symbol(name): round_half_up(values[name]) for name in (*plan.given, "η")}
    exact: dict[str, float] = {}
    for blank in plan.blanks.values():
        value = evaluated(blank.expression, exactly)
        result = evaluated(blank.rule, on_paper)
        if _is_near_half(value) or _is_near_half(result) or abs(round_half_up(value) - round_half_up(result)) > 1e-9:
            return None
        exact[blank.key] = value
        on_paper[Symbol(blank.key)] = round_half_up(result)
    return exact


def _is_near_half(value: float) -> bool:
    """Could it be rounded up or down, by different rules?"""
    scaled: float = abs(value) * 10**DECIMALS
    return abs(scaled - math.floor(scaled) - 0.5) < 1e-3


# --- prints ---------------------------------------------------------------------------------------------------------


def _pdf(path: Path, sheets: Sequence[ExerciseSheet], text: Catalogue, is_key: bool, _: bool) -> dict[Path, bytes]:
    from symcnn.exercise.prints import to_typst
    from symcnn.report.pdf import set_pages

    return {path: set_pages(to_typst(sheets, text, is_key))}


def _html(path: Path, sheets: Sequence[ExerciseSheet], text: Catalogue, is_key: bool, _: bool) -> dict[Path, bytes]:
    from symcnn.exercise.prints import to_html

    return {path: to_html(sheets, text, is_key).encode()}


def _xlsx(path: Path, sheets: Sequence[ExerciseSheet], text: Catalogue, is_key: bool, many: bool) -> dict[Path, bytes]:
    """A workbook; of several students one for each, numbered as in their list."""
    from symcnn.exercise.workbook import to_workbook

    width = len(str(len(sheets)))
    places = [path.with_stem(f"{path.stem}-{n:0{width}}") for n in range(1, len(sheets) + 1)] if many else [path]
    return {place: to_workbook(sheet, text, is_key) for place, sheet in zip(places, sheets, strict=True)}


#: Suffix -> the files that are written for a path.
_PRINTS: Mapping[str, Callable[[Path, Sequence[ExerciseSheet], Catalogue, bool, bool], dict[Path, bytes]]] = {
    ".pdf": _pdf, ".html": _html, ".xlsx": _xlsx,
}  # fmt: skip
SUFFIXES = tuple(_PRINTS)


# --- what marking needs ---------------------------------------------------------------------------------------------


def _json(sheets: Sequence[ExerciseSheet], text: Catalogue, is_key: bool) -> bytes:
    plan = sheets[0].plan
    network = json.dumps(words_of(plan.network), sort_keys=True)
    document = {
        "format": FORMAT, "version": __version__, "language": text.lang, "of": plan.weight.name, "decimals": DECIMALS,
        "network": words_of(plan.network), "network_sha256": hashlib.sha256(network.encode()).hexdigest(),
        "sheets": [_sheet(sheet, is_key) for sheet in sheets],
    }  # fmt: skip
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _sheet(sheet: ExerciseSheet, is_key: bool) -> dict[str, Any]:
    printed = [{"quantity": n, "printed": as_printed(sheet.values[n])} for n in (*sheet.plan.given, "η")]
    blanks = [_blank(sheet, blank, is_key) for blank in sheet.plan.blanks.values()]
    return {"seed": sheet.seed, "student": sheet.student, "given": printed, "blanks": blanks}


def _blank(sheet: ExerciseSheet, blank: Blank, is_key: bool) -> dict[str, Any]:
    record: dict[str, Any] = {
        "key": blank.key, "name": sheet.plan.names[blank.key], "section": blank.section,
        "expression": str(blank.expression),
        "uses": sorted(s.name for s in blank.rule.free_symbols), "decimals": DECIMALS, "width_mm": blank.width,
    }  # fmt: skip
    if is_key:
        record |= {"value": sheet.values[blank.key], "printed": sheet.text(blank)}
    return record


def _check_ours(path: Path) -> None:
    """Nobody asked by name for the JSON beside an exercise: what is no earlier one is left alone."""
    if path.suffix != ".json" or not path.exists():
        return
    check_writable(path, (".json",))
    if f'"format": "{FORMAT}"'.encode() not in read_bytes(path, MAX_JSON_BYTES, "a JSON file")[:200]:
        raise InputError(f"{path}: is not the JSON of an exercise; expected to be able to put one there: move it away")


__all__ = ["SUFFIXES", "check_outputs", "make_sheets", "read_students", "write_exercise"]
