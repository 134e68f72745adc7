"""One rule for pictures, whichever way they come: PNG files, folders, Pillow's images, in every mode."""

import io
import struct
import zlib

import numpy as np
import pytest

import symcnn
from symcnn.errors import SymcnnWarning
from symcnn.network import checked_images, read_images
from symcnn.network.png import png_pixels

image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install pillow")

NET = symcnn.Network((2, 2), [symcnn.Dense(2)])
COLOURS = symcnn.Network((3, 2, 2), [symcnn.Dense(2)])
GREY = np.uint8([[0, 51], [255, 255]])
INK = np.array([[1, 0.8], [0, 0]])


def every_way(picture, tmp_path, net, ink):
    """The pixels of one of Pillow's images: as it is, in a list, as a file, in a folder."""
    for name in "ab":
        (tmp_path / "d" / name).mkdir(parents=True, exist_ok=True)
        picture.save(tmp_path / "d" / name / "x.png")
    one = symcnn.Data([picture, picture], [[1, 0], [0, 1]], ink=ink)
    yield checked_images(net, picture, ink)[0]
    yield checked_images(net, [picture, picture], ink)[1]
    yield read_images(tmp_path / "d" / "a" / "x.png", net, ink)[0]
    yield symcnn.read_data(tmp_path / "d", net, ink=ink).images[0]
    yield symcnn.train(net, one, steps=0).data.images[0]
    yield symcnn.train(net, one.split(0.5)[0], steps=0).data.images[0]


DARK, ALPHA = image.fromarray(np.uint8([[0, 51], [9, 0]])), image.fromarray(np.uint8([[255, 255], [0, 0]]))
MODES = {
    "L": image.fromarray(GREY),
    "16 bits": image.fromarray(GREY.astype(np.uint16) * 257),
    "RGB": image.fromarray(np.stack([GREY] * 3, axis=2)),
    "LA": image.merge("LA", [DARK, ALPHA]),
    "RGBA": image.merge("RGBA", [DARK, DARK, DARK, ALPHA]),
    "palette": image.fromarray(np.stack([GREY] * 3, axis=2)).quantize(3),
}  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
def test_every_way_and_every_mode_gives_the_same(tmp_path, mode):
    for pixels in every_way(MODES[mode], tmp_path, NET, None):
        assert np.allclose(pixels, INK, rtol=0, atol=1e-12)


@pytest.mark.parametrize("mode", ["L", "16 bits", "RGB", "palette"])
def test_white_ink_is_the_other_way_round(tmp_path, mode):
    for pixels in every_way(MODES[mode], tmp_path, NET, "white"):
        assert np.allclose(pixels, 1 - INK, rtol=0, atol=1e-12)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_what_is_transparent_is_paper_whatever_the_ink(tmp_path, mode):
    for pixels in every_way(MODES[mode], tmp_path, NET, "white"):
        assert np.allclose(pixels, [[0, 0.2], [0, 0]], rtol=0, atol=1e-12)


@pytest.mark.parametrize(("mode", "ink"), [(m, None) for m in MODES] + [("RGBA", "white")])
def test_colours(tmp_path, mode, ink):
    paper = 0 if ink == "white" else 1
    for pixels in every_way(MODES[mode], tmp_path, COLOURS, ink):
        assert np.allclose(pixels, [[[0, 0.2], [paper, paper]]] * 3, rtol=0, atol=1e-12)


def png(depth, colour, row, transparent, palette=b""):
    """A PNG of one row of two pixels, byte by byte."""

    def chunk(kind, content):
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, depth, colour, 0, 0, 0))
    body = (chunk(b"PLTE", palette) if palette else b"") + (chunk(b"tRNS", transparent) if transparent else b"")
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IDAT", zlib.compress(b"\0" + row)) + chunk(b"IEND", b"")


#: The first pixel is ink, the second transparent; in every depth that PNG has.
TRANSPARENT = {
    "grey 1": png(1, 0, b"\x40", b"\0\1"),
    "grey 2": png(2, 0, b"\x10", b"\0\1"),
    "grey 4": png(4, 0, b"\x07", b"\0\x07"),
    "grey 8": png(8, 0, b"\0\x07", b"\0\x07"),
    "grey 16": png(16, 0, b"\0\0\x12\x34", b"\x12\x34"),
    "grey 16, small": png(16, 0, b"\0\0\0\x34", b"\0\x34"),
    "colour 8": png(8, 2, bytes([0, 0, 0, 5, 0, 0]), b"\0\5\0\0\0\0"),
    "colour 16": png(16, 2, bytes([0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0]), b"\5\0\0\0\0\0"),
    "palette": png(2, 3, b"\x10", b"\xff\0", bytes([0, 0, 0, 0, 0, 255])),
    "grey and alpha 16": png(16, 4, b"\0\0\xff\xff\0\0\0\0", b""),
}


@pytest.mark.parametrize("what", TRANSPARENT)
def test_transparent_colours_of_every_depth(what):
    assert png_pixels(TRANSPARENT[what], (1, 2)).tolist() == [[1, 0]]
    assert png_pixels(TRANSPARENT[what], (1, 2), "white").tolist() == [[0, 0]]
    assert png_pixels(TRANSPARENT[what], (3, 1, 2)).tolist() == [[[0, 1]]] * 3
    with image.open(io.BytesIO(TRANSPARENT[what])) as picture:
        if what not in ("grey 2", "grey 4"):  # Pillow does not say the depth of those
            assert checked_images(symcnn.Network((1, 2), [symcnn.Dense(2)]), picture).tolist() == [[[1, 0]]]


def test_pictures_that_cannot_be_taken():
    for picture, words in (
        (image.fromarray(np.float32([[0, 1], [1, 0]])), "mode F"),
        (image.fromarray(np.int32([[0, 70_000], [1, 0]])), "mode I with values from 0 to 70000"),
        (image.fromarray(np.int32([[0, 200], [1, 0]])), "mode I with values from 0 to 200"),
        (image.new("L", (3, 2)), "an image of 2×3 pixels; expected 2×2"),
    ):
        with pytest.raises(symcnn.InputError, match=f"images: number 2: .*{words}"):
            checked_images(NET, [MODES["L"], picture])
    with pytest.raises(symcnn.InputError, match="number 1 is no image of Pillow's"):
        checked_images(NET, [GREY, MODES["L"]])
    with pytest.raises(symcnn.InputError, match=r"one channel or three; .* \(2,\)"):
        checked_images(symcnn.Network((2,), [symcnn.Dense(2)]), [MODES["L"]])


@pytest.mark.parametrize("kind", ["JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_another_format_called_png_is_named(tmp_path, kind):
    MODES["L"].save(tmp_path / "x.png", format=kind)
    name = "WebP" if kind == "WEBP" else kind
    with pytest.raises(symcnn.InputError, match=f"not a PNG image but a {name} image; expected PNG"):
        read_images(tmp_path / "x.png", NET)


def test_ink_is_for_pictures(tmp_path):
    np.savez(tmp_path / "d.npz", images=np.zeros((2, 2, 2)), labels=[0, 1])
    (tmp_path / "x.csv").write_text("0,1\n1,0\n")
    for call in (
        lambda: symcnn.read_data(tmp_path / "d.npz", NET, ink="white"),
        lambda: read_images(tmp_path / "x.csv", NET, "white"),
        lambda: checked_images(NET, np.zeros((1, 2, 2)), "white"),
    ):
        with pytest.raises(symcnn.InputError, match="ink='white': is for"):
            call()
    with pytest.raises(symcnn.InputError, match="ink='red': expected 'black'"):
        checked_images(NET, MODES["L"], "red")


def test_white_on_black_taken_for_black_on_white_is_said(tmp_path):
    net = symcnn.Network((5, 5), [symcnn.Dense(2)])
    picture = image.new("L", (5, 5))
    picture.putpixel((2, 2), 255)
    picture.save(tmp_path / "x.png")
    with pytest.warns(SymcnnWarning, match=r"the border of the pictures is black \(100 %\).*ink='white'"):
        checked_images(net, [picture])
    with pytest.warns(SymcnnWarning, match="--ink white"):
        read_images(tmp_path / "x.png", net)
    assert read_images(tmp_path / "x.png", net, "white").sum() == 1
