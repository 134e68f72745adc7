"""The catalogue as a reader of each language expects it: typography, one word for each idea, short sentences.

Each rule is a pattern of what must not stand in a text; every rule is tried on a text that breaks it.
"""

import re

import pytest

from symcnn.formula import Latex, MathML, Plain, tree
from symcnn.formula.typst import Typst
from symcnn.text import LANGUAGES, catalogue, tables
from tests.text.test_text import flat

NARROW = "\u202f"  # the narrow space of French: before ; : ! ? » % and between thousands

#: What is typed or calculated is no prose: code, and addresses and errors of a spreadsheet.
CODE = re.compile(r"`[^`]*`|\w+![A-Z]+\d+|#[A-Z]+!")

#: Rule -> a pattern of what breaks it, and a text that does.
TYPOGRAPHY: dict[str, dict[str, tuple[str, str]]] = {
    "en": {
        "a straight quotation mark or apostrophe": (r"['\"]", "Coq's kernel"),
        "a space before a sign": (r"[ \u00a0\u202f][;:!?,%]", "the error : its value"),
        "a French space": (r"[\u00a0\u202f]", f"10{NARROW}000 steps"),
        "a French quotation mark": (r"[«»]", "the answer «cross»"),
        "thousands without a comma": (r"(?<![\w.,])\d{4,}|\d \d{3}\b", "a sheet has 16384 columns"),
        "a decimal comma": (r"\d,\d(?!\d\d\b)", "0,5 and more"),
    },
    "fr": {
        "a straight quotation mark or apostrophe": (r"['\"]", "l'erreur"),
        "no narrow space before a sign": (rf"(?<![{NARROW}…])[;:!?»%]", "l’erreur : sa valeur"),
        "a space that breaks, or is not narrow": (r" [;:!?»%]|\u00a0|« ", "« croix »"),
        "no narrow space after «": (rf"«(?!{NARROW})", f"«croix{NARROW}»"),
        "a space before … or ,": (rf" ,|[^\d}}][ {NARROW}]…", "la suite …"),
        "English quotation marks": (r"[“”]", "“croix”"),
        "thousands without a narrow space": (r"(?<![\w.,])\d{4,}|\d \d{3}\b", "16384 colonnes"),
        "a decimal point": (r"(?<!Coq \d)(?<!Coq )\b\d+\.\d", "0.5 et plus"),
        "n. for n°": (r"\b[Nn]o\.|\bn\. \d", "couche no. 3"),
    },
}  # fmt: skip
BOTH = {
    "three dots": (r"\.\.\.", "and so on..."),
    "a hyphen for a minus": (r"(?<![\w\-})])-\s?\d", "from -1 to 1"),
    "a dash inside a sentence": (r"\w [–—] \w", "the error – half a sum – is small"),
    "a size with spaces or the letter x": (r"\d x ?\d|\d × \d", "3 x 3 pixels"),
    "two spaces": (r"(?<![=∂]) {2}(?!=|·|\S*∂)", "the  error"),
}
for _rules in TYPOGRAPHY.values():
    _rules.update(BOTH)

#: What an idea isn't called, and a text that calls it so; the keys in which the word means something else.
TERMS: dict[str, dict[str, tuple[str, str, str]]] = {
    "en": {
        "image: picture": (r"\bpictures?\b", "the picture of a cross",
                           r"story\.(?:operations_text|lead_large)|figure\.(?:feature_window|inverted_map).*"),
        "cell: entry": (r"\belements?\b", "an element of the map", r".*field_elements|verify\.modular_.*"),
        "filter: kernel": (r"\bkernels?\b", "the kernel slides", r"report\.certificate|certificate\..*|verify\.by_coq"),
        "present: found": (r"\bfound (?:where|at)\b", "found where 1 stands", ""),
        "target: expected": (r"\bexpected\b", "the expected output", r"fault\..*"),
        "error: loss": (r"\bloss\b|\bcost\b", "the loss decreases", ""),
        "training: learning anew": (r"\blearnt\b|\blearns?\b", "the network learnt it", ""),
        "step: iteration": (r"\biterations?\b", "at each iteration", ""),
        "current step: step shown": (r"\bsteps? (?:shown|displayed)\b|\bshown step\b", "at the step shown", ""),
        "learning rate: rate": (r"(?<!learning )(?<!\{)\brate\b", "the rate is too large", r"workbook\.short_partial"),
        "with respect to: by": (r"\bderivatives? (?:of \w+ )?by\b", "the derivative by the weight", ""),
        "derivative: ∂E as a noun": (r"∂E(?!\w*/|_total/)", "24 ∂E", ""),
        "absolute value: sign left out": (r"\bwithout (?:its|their) signs?\b", "without its sign", ""),
        "average pooling": (r"\bmean[- ]pooling|\bmax-pooling", "mean-pooling", ""),
        "kink: corner": (r"\bcorners?\b", "at the corner of ReLU", r"entry\.corner|story\.convention_large"),
        "flip: turn": (r"\bturns? (?:round|around)\b", "the filter turns round", ""),
        "checked: examined": (r"\bexamined\b|\bheld against\b|\blooked at\b", "the formula was examined", ""),
        "says: told": (r"\btold\b|\btells? of\b", "nothing is told of it", ""),
        "correctly: right": (r"\bimages right\b|\bright images\b", "2 images right", ""),
        "tolerance: allowed": (r"\ballowed\b|(?<!\{)\bworst\b", "worst 1, allowed 2", ""),
        "in total: in all": (r"\bin all\b(?! \w)", "24 in all", ""),
        "integer: whole number": (r"\bwhole numbers?\b", "a whole number from 1", ""),
        "substituted: put in": (r"\bput in\b", "with numbers put in", ""),
        "you: who": (r"\bwho(?:ever)? (?:takes|runs)\b", "who runs it sees", ""),
        "with numbers: in numbers": (r"\bin numbers\b", "checked in numbers", r"story\.lead"),
        "as requested: as asked for": (r"\basked for\b", "as asked for", ""),
        "plain words": (r"\bhanded in\b|\bstands there\b|\bderived line by line\b", "a certificate was handed in", ""),
    },
    "fr": {
        "fenêtre : morceau": (r"\bmorceaux?\b", "un morceau de l’image", ""),
        "case, terme : élément": (r"\béléments?\b", "un élément de la carte", r"verify\.modular_.*"),
        "filtre : noyau": (r"\bnoyaux?\b", "le noyau glisse", r"report\.certificate|certificate\..*|verify\.by_coq"),
        "présente : trouvée": (r"\btrouvées? là où\b|\bfigure (?:−|1)", "trouvée là où figure 1", ""),
        "attendu : espéré, cible": (r"\bespérée?s?\b|\bcibles?\b", "les valeurs espérées", ""),
        "erreur : coût, perte": (r"\bcoûts?\b|\bpertes?\b", "la perte diminue", ""),
        "apprentissage : entraînement": (r"\b[Ee]ntraînements?\b|\bentraînée?s?\b|\bréapprend\b",
                                         "après l’entraînement", ""),
        "itération : étape, pas": (r"\bétapes?\b|\b(?:un|le|du|au) pas (?:de|d’|en)\b", "à chaque étape",
                               r"certificate\.intro"),
        "affichée : montrée": (r"\bitération montrée\b|\bmontrée?s?\b(?! ici)", "l’itération montrée", ""),
        "taux : vitesse": (r"\bvitesses?\b", "la vitesse d’apprentissage", ""),
        "propagation avant : aller": (r"\b[Ll]’aller\b|^Aller$|\bpasse avant\b|\bpassage\b", "à l’aller", ""),
        "rétropropagation : retour": (r"\b[Aa]u retour\b|^Retour$|\ble retour\b|\bpasse arrière\b", "au retour", ""),
        "règle de la chaîne : théorème": (r"\ble théorème\b|\bdérivation en chaîne\b", "d’après le théorème", ""),
        "dérivée : ∂E comme nom": (r"∂E(?!\w*/|_total/)", "les 24 ∂E", ""),
        "valeur absolue : sans signe": (r"\bsans (?:son|leur) signe\b", "sans son signe", ""),
        "remplissage : bordure": (r"\bbordures?\b", "bordure 1", ""),
        "pooling moyen": (r"\bmean-pooling\b|\bmax pooling\b", "mean-pooling", ""),
        "ex æquo : égalité des cases": (r"\bcas d’égalité\b", "un cas d’égalité", ""),
        "point anguleux : coin": (r"\bcoins?\b", "au coin de ReLU", r"entry\.corner|story\.convention_large"),
        "retourner le filtre": (r"\btourne(?:r|nt)?\b(?! en rond)", "le filtre tourne", ""),
        "démontré : prouvé": (r"\bprouvée?s?\b", "24 formules prouvées", ""),
        "contrôlé : vérifié en nombres": (r"\ben nombres\b|\bexaminées?\b", "vérifié en nombres", r"story\.lead"),
        "bien classée : juste": (r"\bimages justes\b", "2 images justes", ""),
        "tolérance : permis": (r"\bpermise?s?\b(?!-)|\bau pire\b|\bpire\b", "permis 2, au pire 1", ""),
        "au total : en tout": (r"\ben tout\b(?! point)", "24 en tout", ""),
        "on : qui": (r"(?:^|[.:;]\s)[Qq]ui (?:prend|change)\b", "Qui prend la moyenne", ""),
        "mot à mot": (r"\bvivante?s?\b|\bfigure comme\b|\bimage à vous\b", "une image à vous", ""),
    },
}  # fmt: skip

#: A sentence that a reader need not read twice.
MOST_WORDS, MOST_COLONS, MOST_SEMICOLONS = 35, 1, 1

#: What a message is about stands before it: "w_12: not a value".
ABOUT = re.compile(r"^(?:∂/∂\()?\{\w+\}\)?\u202f?: |^E_total\u202f?: |^…\u202f?: ")


def slips(lang: str, text: str) -> list[str]:
    """The rules of typography that a text breaks."""
    prose = CODE.sub("`", text)
    return [rule for rule, (pattern, _) in TYPOGRAPHY[lang].items() if re.search(pattern, prose)]


def banned(lang: str, key: str, text: str) -> list[str]:
    """The words of a text that another word stands for."""
    prose = CODE.sub("`", text)
    return [
        idea
        for idea, (pattern, _, elsewhere) in TERMS[lang].items()
        if re.search(pattern, prose) and not (elsewhere and re.fullmatch(elsewhere, key))
    ]


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.!?])[)]? +(?=[^a-zà-ÿ])", ABOUT.sub("", CODE.sub("`", text)))


def too_much(text: str) -> list[str]:
    """What is too long in a text's sentences."""
    problems = []
    for sentence in sentences(text):
        words = [w for w in sentence.split() if re.search(r"[\w`]", w)]
        signs = re.sub(r"\([^()]*\)", "", sentence)  # a remark in brackets is a sentence of its own
        problems += [f"{len(words)} words: {sentence}"] if len(words) > MOST_WORDS else []
        problems += [f"colons: {sentence}"] if signs.count(":") > MOST_COLONS else []
        problems += [f"semicolons: {sentence}"] if signs.count(";") > MOST_SEMICOLONS else []
    return problems


def texts(lang):
    """What is read; the words of earlier versions are only read back."""
    return [(key, text) for key, text in flat(tables(lang)) if not key.startswith(("number.", "earlier."))]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_typography(lang):
    assert not {key: (found, text) for key, text in texts(lang) if (found := slips(lang, text))}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_word_for_each_idea(lang):
    assert not {key: (found, text) for key, text in texts(lang) if (found := banned(lang, key, text))}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sentences_are_short(lang):
    assert not {key: found for key, text in texts(lang) if (found := too_much(text))}


@pytest.mark.parametrize(("lang", "rule"), [(lang, rule) for lang in LANGUAGES for rule in TYPOGRAPHY[lang]])
def test_every_rule_of_typography_sees_its_slip(lang, rule):
    assert rule in slips(lang, TYPOGRAPHY[lang][rule][1])


@pytest.mark.parametrize(("lang", "idea"), [(lang, idea) for lang in LANGUAGES for idea in TERMS[lang]])
def test_every_banned_word_is_seen(lang, idea):
    assert banned(lang, "story.any", TERMS[lang][idea][1]) == [idea]


def test_long_sentences_are_seen():
    assert too_much("word " * 36)
    assert not too_much("word " * 35)
    assert too_much("One: two: three.")
    assert too_much(f"Un{NARROW}; deux{NARROW}; trois.")
    assert not too_much("One: two. Three: four; five.")
    assert not too_much("{what}: one: two")


def test_code_is_left_alone():
    assert not slips("en", "run `symcnn --lang 'fr'` on Conv1!T9 (#NUM!)")
    assert not slips("fr", "lancez `symcnn verify: 'x'` pour Conv1!T9 (#NOMBRE!)")


@pytest.mark.parametrize(
    ("lang", "count", "text"),
    [("en", 999, "999"), ("en", 1000, "1,000"), ("en", 1234567, "1,234,567"), ("fr", 999, "999"),
     ("fr", 10000, f"10{NARROW}000"), ("fr", -2500, f"-2{NARROW}500")],
)  # fmt: skip
def test_counts_have_their_thousands_apart(lang, count, text):
    assert catalogue(lang).number(count) == text


def test_only_counts_are_set_apart():
    """Neither what is counted off (a seed, a line, an image) nor what is already written."""
    french, english = catalogue("fr"), catalogue("en")
    assert french("workbook.made", version="0.1.0", steps=10000, seed=20210126).endswith(
        f"10{NARROW}000 itérations, graine 20210126"
    )
    assert english("check.line", line=12345) == "line 12345"
    assert english("label.image", number=1200) == "image 1200"
    assert english("check.line", line="12345") == "line 12345"
    assert french("verify.pair", one="numpy", other="python").endswith("donnent les mêmes valeurs")


@pytest.mark.parametrize(("lang", "decimal", "listed"), [("en", ".", "max(0.5, 1)"), ("fr", ",", "max(0,5 ; 1)")])
def test_numbers_of_a_list_are_parted_by_no_decimal_sign(lang, decimal, listed):
    largest = tree.Call("max", (tree.Number(0.5, 2), tree.Number(1)))
    assert catalogue(lang).decimal == decimal
    assert Plain(decimal).emit(largest) == listed
    assert (";" in Latex(decimal).emit(largest)) == (";" in MathML(decimal).emit(largest)) == (lang == "fr")
    assert (" semi " in Typst(decimal).emit(largest)) == (lang == "fr")
