"""Writes test/shared/image/fixtures: small pictures, and what Pillow and Keras' preprocessing make of them.

    python3 -m venv .venv && .venv/bin/pip install pillow==13.0.0 numpy==2.4.6
    .venv/bin/python test/parity/pillow-fixture.py

Regenerating with the same versions reproduces every byte (seed below). The pictures are synthetic; no licence applies to them.
The expected values follow `keras.utils.load_img(..., color_mode='rgb', interpolation='bilinear')` after `ImageOps.exif_transpose`, and
the `caffe`, `torch` and `tf` modes of `keras.applications.imagenet_utils.preprocess_input`, written out below in numpy.
"""

import io
import json
import pathlib
import sys

import numpy as np
import PIL
from PIL import Image, ImageOps

SEED = 20261124
OUT = pathlib.Path(__file__).parent.parent / "shared" / "image" / "fixtures"


def scene(rng, width, height, channels):
    """Smooth waves, hard edges and noise: what a resize filter can get wrong."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = []
    for c in range(channels):
        wave = 127 + 90 * np.sin(x / (7 + 3 * c) + c) * np.cos(y / (5 + 2 * c))
        wave[height // 4 : height // 2, width // 5 : width // 2] = 20 + 200 * (c % 2)
        planes.append(wave + rng.normal(0, 12, (height, width)))
    return np.clip(np.stack(planes, -1).round(), 0, 255).astype(np.uint8)


def encode(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, **options)
    return buffer.getvalue()


def sources(rng):
    rgb = Image.fromarray(scene(rng, 90, 61, 3))
    rgba = Image.fromarray(scene(rng, 70, 50, 4), "RGBA")
    grey = Image.fromarray(scene(rng, 64, 48, 1)[..., 0], "L")
    cmyk = Image.fromarray(scene(rng, 60, 45, 4), "CMYK")
    exif = Image.Exif()
    exif[0x0112] = 6
    yield "rgb.png", encode(rgb, format="PNG")
    yield "rgba.png", encode(rgba, format="PNG")
    yield "grey.png", encode(grey, format="PNG")
    yield "grey-alpha.png", encode(rgba.convert("LA"), format="PNG")
    yield "bilevel.png", encode(grey.convert("1"), format="PNG")
    yield "palette.png", encode(rgb.quantize(32), format="PNG")
    yield "palette-transparent.png", encode(rgb.quantize(32), format="PNG", transparency=3)
    yield "frames.gif", encode(
        rgb.quantize(16), format="GIF", save_all=True, append_images=[grey.resize(rgb.size).quantize(16)]
    )
    yield "lossless.webp", encode(rgb, format="WEBP", lossless=True)
    yield "rgb.tiff", encode(rgb, format="TIFF", compression="tiff_lzw")
    yield "cmyk.tiff", encode(cmyk, format="TIFF", compression="tiff_lzw")
    yield "rgb.bmp", encode(rgb, format="BMP")
    yield "palette.bmp", encode(rgb.quantize(200), format="BMP")
    yield "bilevel.bmp", encode(grey.convert("1"), format="BMP")
    yield "rotated.png", encode(rgb, format="PNG", exif=exif)
    yield "wide.png", encode(Image.fromarray(scene(rng, 201, 7, 3)), format="PNG")
    yield "tall.png", encode(Image.fromarray(scene(rng, 5, 160, 3)), format="PNG")
    yield "full-chroma.jpg", encode(rgb, format="JPEG", quality=92, subsampling=0)
    yield "half-chroma.jpg", encode(rgb, format="JPEG", quality=92, subsampling=2)
    yield "progressive.jpg", encode(rgb, format="JPEG", quality=85, subsampling=2, progressive=True)
    yield "grey.jpg", encode(grey, format="JPEG", quality=90)
    yield "cmyk.jpg", encode(cmyk, format="JPEG", quality=95)
    yield "rotated.jpg", encode(rgb, format="JPEG", quality=92, subsampling=0, exif=exif)
    yield "lossy.webp", encode(rgb, format="WEBP", quality=80)
    yield "profile.jpg", encode(rgb, format="JPEG", quality=92, subsampling=0, icc_profile=swapped_profile())


def swapped_profile():
    """An sRGB profile with the red and the blue primary exchanged: whoever applies it gets quite other colours."""
    from PIL import ImageCms

    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes(12)  # The date it was made, so that every run writes the same bytes.
    red, blue = profile.find(b"rXYZ"), profile.find(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile)


SIZES = {"rgb.png": [(32, 32), (45, 20), (8, 8), (90, 61), (128, 96), (113, 30), (30, 113)], "half-chroma.jpg": [(32, 32), (90, 61), (9, 6)]}


def preprocess(pixels, mode):
    """keras/src/applications/imagenet_utils.py, `_preprocess_numpy_input`, restated."""
    x = pixels.astype(np.float64)
    if mode == "tf":
        return (x / 127.5 - 1).astype(np.float32)
    if mode == "torch":
        return ((x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).astype(np.float32)
    return (x[..., ::-1] - [103.939, 116.779, 123.68]).astype(np.float32)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    cases, expected = [], []
    for name, data in sources(rng):
        (OUT / name).write_bytes(data)
        for width, height in SIZES.get(name, [(32, 32)]):
            image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
            original = image.size
            pixels = np.asarray(image.convert("RGB").resize((width, height), Image.Resampling.BILINEAR))
            offset = sum(map(len, expected))
            cases.append({"file": name, "original": original, "width": width, "height": height, "offset": offset})
            expected.append(pixels.tobytes())
    (OUT / "expected.rgb").write_bytes(b"".join(expected))
    pixels = rng.integers(0, 256, (2, 3, 4, 3), dtype=np.uint8)
    values = {mode: preprocess(pixels, mode).ravel().astype(float).tolist() for mode in ("caffe", "torch", "tf")}
    index = {
        "generator": "test/parity/pillow-fixture.py",
        "seed": SEED,
        "versions": {"python": sys.version.split()[0], "pillow": PIL.__version__, "numpy": np.__version__},
        "cases": cases,
        "preprocess": {"shape": [2, 3, 4, 3], "pixels": pixels.ravel().tolist(), "layout": "NHWC", "values": values},
    }
    (OUT / "index.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    main()
