"""CSV files as people have them: read as they are meant, or refused with the option that decides."""

import pytest

import symcnn
from symcnn.network.tables import records

X = [[0, 0.5, 1, 0], [1, 1, 0, 0], [0, 1, 1, 0]]


def network(pixels=4, outputs=3):
    if outputs == 1:
        return symcnn.Network((pixels,), [symcnn.Dense(1)])
    return symcnn.Network((pixels,), [symcnn.Dense(outputs)], "cross_entropy")


def read(tmp_path, text, net=None, encoding="utf-8", **options):
    path = tmp_path / "d.csv"
    path.write_bytes(text.encode(encoding))
    data = symcnn.read_data(path, net or network(), **options)
    return data.images.tolist(), data.targets.argmax(axis=1).tolist(), data.labels


#: X with the classes 2, 1, 0, written in many ways.
LAST = "0,0.5,1,0,2\n1,1,0,0,1\n0,1,1,0,0\n"
FIRST = "2,0,0.5,1,0\n1,1,1,0,0\n0,0,1,1,0\n"
SAME = {
    "without a head": LAST,
    "class last": "p1,p2,p3,p4,class\n" + LAST,
    "class first": "class,p1,p2,p3,p4\n" + FIRST,
    "label first, as Kaggle": "label,pixel0,pixel1,pixel2,pixel3\n" + FIRST,
    "label first, 1x1": "label,1x1,1x2,2x1,2x2\n" + FIRST,
    "target first": "target,pixel_0_0,pixel_0_1,pixel_1_0,pixel_1_1\n" + FIRST,
    "y first": "y,p1,p2,p3,p4\n" + FIRST,
    "French, accents": "étiquette;p1;p2;p3;p4\n" + FIRST.replace(",", ";"),
    "French, capitals": "P1;P2;P3;P4;CLASSE\n" + LAST.replace(",", ";"),
    "French, quoted words": '"valeur cible";"p 1";"p 2";"p 3";"p 4"\n' + FIRST.replace(",", ";"),
    "in the middle": "p1,p2,Class Label,p3,p4\n0,0.5,2,1,0\n1,1,1,0,0\n0,1,0,1,0\n",
    "an index": ",p1,p2,p3,p4,class\n0,0,0.5,1,0,2\n1,1,1,0,0,1\n2,0,1,1,0,0\n",
    "an index from pandas": "Unnamed: 0,p1,p2,p3,p4,class\n0,0,0.5,1,0,2\n1,1,1,0,0,1\n2,0,1,1,0,0\n",
    "an index of a shuffled table": ",p1,p2,p3,p4,class\n7,0,0.5,1,0,2\n3,1,1,0,0,1\n5,0,1,1,0,0\n",
    "an index and a file": "id,file,label,a,b,c,d\n7,a.png,2,0,0.5,1,0\n8,b.png,1,1,1,0,0\n9,c.png,0,0,1,1,0\n",
    "an index without a head": "1,0,0.5,1,0,2\n2,1,1,0,0,1\n3,0,1,1,0,0\n",
    "columns counted": "0,1,2,3,2\n" + LAST,
    "columns counted, and the target": "0,1,2,3,target\n" + LAST,
    "columns counted to the last": "0,1,2,3,4\n" + LAST,
    "columns counted behind the label": "label,0,1,2,3\n" + FIRST,
    "columns counted behind an index": ",0,1,2,3,4\n0,0,0.5,1,0,2\n1,1,1,0,0,1\n2,0,1,1,0,0\n",
    "quoted": "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in LAST.split()),
    "quoted line ends": '"pixel\n1","p,2",p3,p4,"the ""class"""\n' + LAST.replace("\n", "\r\n"),
    "a trailing comma": LAST.replace("\n", ",\n"),
    "a trailing comma in the head": "a,b,c,d,class,\n" + LAST,
    "decimal commas": LAST.replace(",", ";").replace("0.5", "0,5"),
    "decimal commas between tabs": LAST.replace(",", "\t").replace("0.5", "0,5"),
    "decimal commas in quotes": LAST.replace("0.5", '"0,5"'),
    "decimal commas in quotes, one like a thousand": 'a,b,c,d,class\n"0","0,5","1,000","0","2"\n' + LAST[12:],
    "sep=;": "sep=;\r\na;b;c;d;class\r\n" + LAST.replace(",", ";"),
    "sep=|": "sep=|\n" + LAST.replace(",", "|"),
    "rows of separators": "a;b;c;d;class\n;;;;\n" + LAST.replace(",", ";") + ";;;;\n",
    "old line ends": LAST.replace("\n", "\r"),
    "tabs after commas": LAST.replace(",", ",\t"),
    "blanks": LAST.replace(",", "  "),
    "comments": "# digits, 2x2: 4 pixels + label\n# from: somewhere\np0,p1,p2,p3,label\n" + LAST,
    "comments without a head": "# made in 2020; by me\n" + LAST,
    "a head behind #": "# a comment\n# label,p1,p2,p3,p4\n" + FIRST,
    "a head behind #, between blanks": "# label p1 p2 p3 p4\n" + FIRST.replace(",", " "),
    "# numbers the lines": "#,p1,p2,p3,p4,class\n7,0,0.5,1,0,2\n3,1,1,0,0,1\n5,0,1,1,0,0\n",
    "# numbers the lines, between blanks": "# p1 p2 p3 p4 class\n7 0 0.5 1 0 2\n3 1 1 0 0 1\n5 0 1 1 0 0\n",
    "a comment, old line ends": ("# a, comment\n" + LAST).replace("\n", "\r"),
}


@pytest.mark.parametrize("what", SAME)
def test_the_same_samples(tmp_path, what):
    images, classes, labels = read(tmp_path, SAME[what])
    assert images == X
    assert classes == [2, 1, 0]
    assert labels is None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_the_encodings_of_excel(tmp_path, encoding):
    text = "Étiquette;p1;p2;p3;p4\r\n" + FIRST.replace(",", ";").replace("0.5", "0,5")
    assert read(tmp_path, text, encoding=encoding)[:2] == (X, [2, 1, 0])


def test_the_option_names_the_column(tmp_path):
    heads = "a,b,c,d,e\n"
    for column in ("first", "1", 1):
        assert read(tmp_path, FIRST, label_column=column)[:2] == (X, [2, 1, 0])
    for column in ("first", "a", "A", 1):
        assert read(tmp_path, heads + FIRST, label_column=column)[:2] == (X, [2, 1, 0])
    for column in ("last", "e", "5", 5):
        assert read(tmp_path, heads + LAST, label_column=column)[:2] == (X, [2, 1, 0])
    assert read(tmp_path, "0,0,0.5,1,0,1\n1,1,1,0,0,0\n2,0,1,1,0,1\n", network(outputs=2), label_column="last")[:2] == (
        X,
        [1, 0, 1],
    )
    assert read(tmp_path, "2,0,0,0,0\n2,0,1,0,0\n", label_column="first")[1] == [2, 2]  # who names it means it


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("a,b,c,d,species\n0,0.5,1,0,owl\n1,1,0,0,cat\n0,1,1,0,ant\n", ("ant", "cat", "owl")),
        ("0,0.5,1,0,Iris-v\n1,1,0,0,Iris-s\n0,1,1,0,Iris-a\n", ("Iris-a", "Iris-s", "Iris-v")),
        ("Id,a,b,c,d,Species\n1,0,0.5,1,0,c10\n2,1,1,0,0,c9\n3,0,1,1,0,c1\n", ("c1", "c9", "c10")),
        ("N°;a;b;c;d;Classe\n1;0;0,5;1;0;oie\n2;1;1;0;0;chien\n3;0;1;1;0;chat\n", ("chat", "chien", "oie")),
        ("3,4,ant,cat,owl\n" + LAST, ("ant", "cat", "owl")),
        ('a,b,c,d,label\n0,0.5,1,0,"x, y"\n1,1,0,0,B\n0,1,1,0,9\n', ("9", "B", "x, y")),
    ],
)
def test_classes_may_have_names(tmp_path, text, order):
    images, classes, labels = read(tmp_path, text)
    assert images == X
    assert classes == [2, 1, 0]
    assert labels == [order[k] for k in classes]


def test_targets_by_their_names(tmp_path):
    net = network(outputs=2)
    for head in ("y1,y2,a,b,c,d", "class_0,class_1,a,b,c,d", "cible 1,cible 2,a,b,c,d"):
        text = f"{head}\n0,1,0,0.5,1,0\n1,0,1,1,0,0\n0,1,0,1,1,0\n"
        assert read(tmp_path, text, net)[:2] == (X, [1, 0, 1])
    text = ",a,b,c,d,e,f\n0,0,0.5,1,0,0,1\n1,1,1,0,0,1,0\n2,0,1,1,0,0,1\n"
    assert read(tmp_path, text, net)[:2] == (X, [1, 0, 1])


#: The class in a column that no usual name tells, beside as many numbered columns as pixels.
BESIDE = {
    "survived": "survived,p1,p2,p3,p4\n" + FIRST,
    "emotion, rows and columns": "emotion;1x1;1x2;2x1;2x2\n" + FIRST.replace(",", ";"),
    "last": "pixel_0,pixel_1,pixel_2,pixel_3,diabetes\n" + LAST,
    "in the middle": "V1,V2,who,V3,V4\n0,0.5,2,1,0\n1,1,1,0,0\n0,1,0,1,0\n",
    "beside an index": "id,mood,x1,x2,x3,x4\n7,2,0,0.5,1,0\n3,1,1,1,0,0\n4,0,0,1,1,0\n",
    "German": "Klasse;Länge;Breite;Höhe;Tiefe\n" + FIRST.replace(",", ";"),
    "Spanish": "largo,ancho,alto,fondo,clase\n" + LAST,
}


@pytest.mark.parametrize("what", BESIDE)
def test_the_class_beside_the_pixels(tmp_path, what):
    assert read(tmp_path, BESIDE[what])[:2] == (X, [2, 1, 0])


@pytest.mark.parametrize("head", ["cat,dog,p1,p2,p3,p4", "o1,o2,i1,i2,i3,i4", "out_1,out_2,a,b,c,d",
                                  "species_cat,species_dog,a,b,c,d", "p1,p2,cat,dog,p3,p4", "a,b,c,d,t1,t2",
                                  ])  # fmt: skip
def test_targets_beside_the_pixels(tmp_path, head):
    """A line of pixels and two targets, in the order of the head."""
    names = head.split(",")
    of = [n for n, name in enumerate(names) if name[:3] in ("cat", "dog", "o1", "o2", "out", "spe", "t1", "t2")]
    rows = []
    for pixels, k in zip(X, (1, 0, 1), strict=True):
        cells, pixel = [""] * 6, iter(pixels)
        for n in range(6):
            cells[n] = str(int(of.index(n) == k)) if n in of else str(next(pixel))
        rows.append(",".join(cells))
    assert read(tmp_path, "\n".join([head, *rows]), network(outputs=2))[:2] == (X, [1, 0, 1])


def test_numbered_targets_are_no_pixels(tmp_path):
    """As many outputs as pixels, or fewer numbered columns than pixels: the last columns are the targets."""
    for pixels, head in ((4, "SL,SW,PL,PW,P1,P2"), (2, "SL,SW,P1,P2"), (2, "P1,P2,fast,slow")):
        rows = "".join(f"{','.join(['0.5'] * pixels)},{k},{1 - k}\n" for k in (0, 1, 1))
        assert read(tmp_path, f"{head}\n{rows}", network(pixels, 2))[:2] == ([[0.5] * pixels] * 3, [1, 0, 0])


def test_the_class_first_before_a_target_that_no_sigmoid_gives(tmp_path):
    net = symcnn.Network((2,), [symcnn.Dense(1, activation="sigmoid")])
    text = "0,0,0\n1,0,255\n1,255,0\n0,255,255\n"
    with pytest.raises(symcnn.InputError, match="numbers that no sigmoid gives; expected --label-column"):
        read(tmp_path, text, net)
    data = symcnn.read_data(tmp_path / "d.csv", net, label_column="first")
    assert data.images.tolist() == [[0, 0], [0, 255], [255, 0], [255, 255]]
    assert data.targets.tolist() == [[0], [1], [1], [0]]
    symcnn.read_data(tmp_path / "d.csv", network(2, 1))  # a regression
    (tmp_path / "xor.csv").write_text("i1,i2,o1\n0,0,0\n0,1,1\n1,0,1\n1,1,0")
    assert symcnn.read_data(tmp_path / "xor.csv", net).targets.tolist() == [[0], [1], [1], [0]]


@pytest.mark.parametrize(
    "head", ["input1,input2,exp1,exp2", "exp1,exp2,input1,input2", "E1,E2,x_1,x_2", "cat,dog,in1,in2"]
)
def test_inputs_by_their_names_where_there_are_as_many_targets(tmp_path, head):
    rows = [[0.3, 0.1, 1, 0], [0.2, 0.4, 0, 1]]
    swap = not head.startswith("input")
    text = "\n".join(",".join(map(str, row[2:] + row[:2] if swap else row)) for row in rows)
    assert read(tmp_path, f"{head}\n{text}\n", network(2, 2))[:2] == ([[0.3, 0.1], [0.2, 0.4]], [0, 1])


def test_targets_named_by_the_numbers_of_the_classes(tmp_path):
    text = "long,wide,0,1\n0.5,0.2,1,0\n0.1,0.3,0,1\n"
    assert read(tmp_path, text, network(2, 2), header=True)[:2] == ([[0.5, 0.2], [0.1, 0.3]], [0, 1])


def test_targets_may_be_truth_values(tmp_path):
    text = "Id,a,b,c,d,Species_x,Species_y,Species_z\n1,0,0.5,1,0,False,False,True\n2,1,1,0,0,False,True,False\n"
    assert read(tmp_path, text)[:2] == (X[:2], [2, 1])
    assert read(tmp_path, "a;b;c;d;oie;chat;chien\n0;0,5;1;0;FAUX;FAUX;VRAI\n1;1;0;0;FAUX;VRAI;FAUX\n")[1] == [2, 1]
    with pytest.raises(symcnn.InputError, match="line 2: 'True' is not a number"):
        read(tmp_path, "a,b,c,d,class\nTrue,0.5,1,0,1\n")


def test_two_one_hot_columns_first_are_refused(tmp_path):
    for head in ("", "wet,dry,a,b,c,d\n"):
        with pytest.raises(symcnn.InputError, match="the first 2 columns hold a 1 and zeros"):
            read(tmp_path, head + "1,0,0,0.5,1,0.1\n0,1,1,1,0,0.2\n", network(outputs=2))


def test_two_classes_in_the_first_column_and_in_the_last(tmp_path):
    """Refused where the columns between hold something else; black and white pixels hold nothing else."""
    for head in ("", "alive,a,b,c,d\n"):
        with pytest.raises(symcnn.InputError, match=r"first column and the last .* --label-column"):
            read(tmp_path, head + "0,0.5,0.2,0.1,0\n1,0.3,0.9,0.5,1\n0,0.5,0.3,0.2,1\n", network(outputs=2))
    text = "0,1,1,0,0\n1,1,0,0,1\n0,1,1,0,1\n"
    assert read(tmp_path, text, network(outputs=2))[1] == [0, 1, 1]
    assert read(tmp_path, "a,b,c,d,class\n0,0.5,0.2,1,0\n1,0.3,0.9,1,1\n", network(outputs=2))[1] == [0, 1]


def test_a_head_that_was_a_sample_once(tmp_path):
    """pandas takes the first sample for names and makes equal ones different; written again, it is no sample."""
    rows = "".join(f"{k},{','.join(str(7 * n % 5 * k) for n in range(16))}\n" for k in (0, 1, 2))
    first = ["0", *(f"0.{n}" for n in range(1, 12)), "253", "253.1", "18", "18.1"]
    for head in (["5", *first], ["0", *(f"0.{n}" for n in range(1, 17))], ["1", *first[:-1], "0.5.1"]):
        data = read(tmp_path, f"{','.join(head)}\n{rows}", network(16), label_column="first")
        assert len(data[0]) == 3
        assert data[1] == [0, 1, 2]
    ramp = "".join(",".join(f"{(n + k) / 10:g}" for n in range(16)) + f",{k}\n" for k in (0, 1, 2))
    assert len(read(tmp_path, ramp, network(16))[0]) == 3  # a sample: 0, 0.1, …, 0.9, 1, 1.1


def test_a_single_output_has_any_target(tmp_path):
    for text in ("x,y\n0,1.5\n1,-2\n2,7\n", "0,1.5\n1,-2\n2,7\n", "target,x\n1.5,0\n-2,1\n7,2\n"):
        (tmp_path / "d.csv").write_text(text)
        data = symcnn.read_data(tmp_path / "d.csv", network(1, 1))
        assert data.images.tolist() == [[0], [1], [2]]
        assert data.targets.tolist() == [[1.5], [-2], [7]]


def test_a_head_of_numbers_where_the_pixels_reach_as_far(tmp_path):
    text = "0,1,2,3,2\n0,128,255,0,1\n1,1,0,0,0\n"
    assert len(read(tmp_path, text, header=True)[0]) == 2
    assert len(read(tmp_path, text, header=False)[0]) == 3
    counted = ",".join(map(str, range(17)))
    rows = "".join(f"{','.join(['0', '255'] * 8)},{k}\n" for k in (0, 1, 2))
    assert len(read(tmp_path, f"{counted}\n{rows}", network(16))[0]) == 3
    ramps = "0,1,2,3,0\n4,5,6,7,1\n8,9,10,11,2\n"
    assert len(read(tmp_path, ramps)[0]) == 3
    xor = "0,0,0\n0,1,1\n1,0,1\n1,1,0\n"
    assert read(tmp_path, xor, network(2, 2))[:2] == ([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])


REFUSED = {
    "class first, last pixel 0": ("2,0,0.5,1,0\n1,1,0,0,0\n", {}, "all 2 samples have '0' in the last column"),
    "class first, last pixel 0 or 1": ("2,0,1,1,0\n1,1,0,0,1\n0,1,0,0,1\n", {}, "the first column holds every class"),
    "class first, grey last": ("2,0,1,1,0.7\n1,1,0,0,1\n", {}, "line 1: the label is 0.7; expected whole numbers"),
    "two classes": ("label,digit,a,b,c,d\n1,0,0,1,1,0\n", {}, r"columns 1 (label) and 2 (digit) may hold the class"),
    "a label and a target": ("label,a,b,c,target\n1,0,0,1,1\n", {}, "columns 1 (label) and 5 (target) may hold"),
    "the id is a pixel": ("id,a,b,c,class\n5,0,1,1,0\n6,1,0,0,1\n7,0,0,0,2\n", {}, "column 1 (id) numbers the lines"),
    "unnamed, and a pixel": (",a,b,c,d\n0,0,1,1,0\n1,1,0,0,1\n2,0,0,0,2\n", {}, "column 1 numbers the lines"),
    "an index that is none": ("id,a,b,c,d,class\n5,0,1,1,0,0\n5,1,0,0,1,1\n", {}, "column 1 (id) is no index"),
    "a head or a sample": ("0,1,2,3,2\n0,128,255,0,1\n1,1,0,0,0\n", {}, "expected --header or --no-header"),
    "one-hot first": ("a,b,c,p,q,r,s\n1,0,0,0,0.5,1,0\n0,1,0,1,1,0,0\n", {}, "the first 3 columns hold a 1"),
    "the class first without a usual name": ("a,b,c,d,e\n0,0.5,1,0,2\n1,1,0.2,0,0\n2,0,1,1,1\n", {}, "no other does"),
    "a number beside as many as pixels": ("num,1x1,1x2,2x1,2x2\n2,0,1,1,0\n1,1,0,0,1\n", {}, "(num) may be the class"),
    "renamed by pandas or not": ("2,0,0.1,0.2,0.3\n0,5,9,0,1\n1,0,0,3,2\n", {"label_column": "first"}, "--header"),
    "UTF-16 without a mark": ("a\0;\0b\0\n\0", {}, "not text in UTF-8"),
    "a y between": ("a,y,b,c,d\n1,0,0,0,1\n0,1,0,1,1\n", {}, "column 2 (y) may be a pixel or the class"),
    "from 1": ("a,b,c,d,class\n1,0,0,0,1\n0,1,0,1,3\n", {}, "line 3: the label is 3"),
    "few names": ("a,b,c,d,class\n1,0,0,0,x\n0,1,0,1,y\n", {}, "column 5 (class): names of 2 classes (x, y)"),
    "a name among numbers": ("a,b,c,d,class\n1,0,0,0,0\n0,1,0,1,l\n", {}, "line 3: 'l' is not a number"),
    "a slip that makes up the number": ("a,b,c,d,class\n1,0,0,0,0\n0,1,0,1,l\n0,1,0,1,2\n", {}, "line 3: 'l' is not"),
    "a missing class": ("a,b,c,d,class\n1,0,0,0,0\n0,1,0,1,\n", {}, "line 3: '' is not a number"),
    "both decimal signs": ("a;b;c;d;class\n1,5;0;0;0.5;0\n", {}, "line 2 has a decimal comma, line 2 a decimal point"),
    "a line behind comments": ("# a\n# b\na,b,c,d,class\n1,0,x,0,0\n", {}, "line 4: 'x' is not a number"),
    "thousands": ("a;b;c;d;class\n1 234;0;0;0;0\n", {}, "'1 234' is not a number"),
    "a thousand or not": ('a,b,c,d,class\n0,"1,234",0,0,0\n', {}, "line 2: '1,234' may be 1234 or 1.234"),
    "a decimal comma and a point": ('a,b,c,d,class\n0,"0,5",0,0.5,0\n', {}, "line 2 has a decimal comma, line 2"),
    "a head of several lines": ('a,b,c,"true\nclass","image\nlabel"\n0,1,0,0,1\n', {}, "5 (image label)"),
    "an open quote": ('a,b,c,d,class\n0,"1,0,0,0\n', {}, "unexpected end of data"),
    "a workbook": ("PK\x03\x04 xl/workbook.xml", {}, "not CSV but an Excel workbook"),
    "no such column": ("a,b,c,d,e\n1,0,0,0,0\n", {"label_column": "class"}, "line 1 has no such column"),
    "column 9": (LAST, {"label_column": 9}, "a number from 1 to 5"),
    "column 0": (LAST, {"label_column": 0}, "a number from 1 to 5"),
    "column 1.5": (LAST, {"label_column": 1.5}, "label_column=1.5"),
    "name or number": ("0,1,2,3,4\n" + LAST, {"label_column": "4"}, "may be one of columns 4, 5"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_plain_is_refused(tmp_path, what):
    text, options, words = REFUSED[what]
    with pytest.raises(symcnn.InputError) as error:
        read(tmp_path, text, **options)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400 + len(str(tmp_path))


def test_an_index_or_two_targets(tmp_path):
    with pytest.raises(symcnn.InputError, match=r"column 1 counts 0, 1, 2, …: .* --label-column last"):
        read(tmp_path, "0,0,0.5,1,0,1\n1,1,1,0,0,0\n2,0,1,1,0,1\n", network(outputs=2))


def test_a_first_line_with_a_slip_is_no_head(tmp_path):
    for line in ("1,x,2,3,0", "0.5,1,,0,1", "1,2,4,4,l"):
        with pytest.raises(symcnn.InputError, match=r"line 1: .* is not a number"):
            read(tmp_path, line + "\n0,0.5,1,0,1\n1,0,0,0,2\n")


@pytest.mark.parametrize("head", ["0,1,2,3,species", "1,2,3,4,species", "species,0,1,2,3"])
def test_a_head_that_counts_the_columns_and_nothing_below_it_holds_no_samples(tmp_path, head):
    with pytest.raises(symcnn.InputError, match="no samples"):
        read(tmp_path, head + "\n")


@pytest.mark.parametrize(
    ("head", "line"), [("sep=;\n", 3), ("\n\nsep=;\n", 5), ("sep=;\r", 3), ("# of 2026\nsep=;\n", 4)]
)
def test_an_error_names_the_line_of_the_file_whatever_stands_before(head, line):
    end = "\r" if head.endswith("\r") else "\n"
    assert [n for n, _ in records(head + f"a;b{end}1;2{end}")] == [0, line - 1, line]
