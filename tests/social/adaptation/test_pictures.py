"""Pictures: what a file holds, what breaks a rule, and copies that keep every rule."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from social.adaptation import pictures
from social.adaptation.pictures import (
    CROP,
    PAD,
    Facts,
    PictureRules,
    UnreadablePicture,
    faults,
    fit,
    fitted_size,
    inspect,
)
from social.connectors import registry

INSTAGRAM = registry["instagram"].picture_rules
SMALL_FILES = PictureRules(formats=("JPEG",), max_bytes=40_000, min_width=100)
TALL_ENOUGH = PictureRules(formats=("JPEG", "PNG"), max_bytes=5_000_000, min_width=400, min_height=300)
ALL_RULES = [*(rules for slug in registry if (rules := registry[slug].picture_rules)), SMALL_FILES, TALL_ENOUGH]
RED, BLUE = (220, 20, 20), (20, 20, 220)


def file_of(width, height, kind="PNG", colour=RED, mode="RGB", **options):
    out = io.BytesIO()
    Image.new(mode, (width, height), colour).save(out, kind, **options)
    return out.getvalue()


def opened(content):
    return Image.open(io.BytesIO(content))


def is_near(colour, expected):
    return all(abs(one - other) < 40 for one, other in zip(colour, expected, strict=True))


def test_inspection_tells_what_the_file_holds():
    content = file_of(1080, 608, "JPEG")

    facts = inspect(content)

    assert (facts.width, facts.height, facts.format, facts.size_bytes) == (1080, 608, "JPEG", len(content))
    assert facts.ratio == 1080 / 608


def test_a_picture_taken_sideways_is_measured_upright():
    exif = Image.Exif()
    exif[pictures.ORIENTATION] = 6

    facts = inspect(file_of(1000, 400, "JPEG", exif=exif))

    assert (facts.width, facts.height) == (400, 1000)


@given(
    width=st.integers(1, 6000),
    height=st.integers(1, 6000),
    rules=st.sampled_from(ALL_RULES),
    mode=st.sampled_from([CROP, PAD]),
)
def test_the_sides_of_a_copy_keep_every_rule(width, height, rules, mode):
    sides = fitted_size((width, height), rules, mode)

    assert faults(Facts(*sides, "JPEG", 1), rules) == []
    assert max(sides) <= rules.fit_side


@settings(max_examples=25, deadline=None)
@given(
    size=st.one_of(
        st.tuples(st.integers(1, 900), st.integers(1, 900)),
        st.sampled_from([(1, 1), (6000, 200), (200, 6000), (6000, 1), (1, 6000)]),
    ),
    rules=st.sampled_from(ALL_RULES),
    mode=st.sampled_from([CROP, PAD]),
)
def test_a_copy_keeps_every_rule(size, rules, mode):
    copy, _ = fit(file_of(*size), rules, mode=mode)

    assert faults(inspect(copy), rules) == []


def test_a_heavy_picture_is_made_lighter():
    noise = Image.effect_noise((1600, 1200), 90).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "PNG")

    copy, _ = fit(out.getvalue(), SMALL_FILES)

    assert len(copy) <= 40_000
    assert opened(copy).format == "JPEG"


@pytest.mark.parametrize(
    ("facts", "rule", "limit", "cures"),
    [
        (Facts(3000, 500, "JPEG", 1), "picture_ratio", 1.91, ("crop", "pad")),
        (Facts(500, 3000, "JPEG", 1), "picture_ratio", 0.8, ("crop", "pad")),
        (Facts(1000, 1000, "PNG", 1), "picture_format", "JPEG", ("convert",)),
        (Facts(1000, 1000, "JPEG", 8_000_001), "picture_bytes", 8_000_000, ("convert",)),
    ],
)
def test_each_broken_rule_is_named_with_its_limit_and_cures(facts, rule, limit, cures):
    (found,) = faults(facts, INSTAGRAM)

    assert (found.rule, found.limit, found.cures) == (rule, limit, cures)


@pytest.mark.parametrize("size", [(1080, 1350), (1910, 1000), (1080, 1080), (4000, 3000), (200, 200)])
def test_shapes_within_bounds_pass(size):
    assert faults(Facts(*size, "JPEG", 1), INSTAGRAM) == []


def test_a_crop_keeps_the_focal_point():
    picture = Image.new("RGB", (3000, 500), RED)
    picture.paste(BLUE, (2400, 0, 3000, 500))
    out = io.BytesIO()
    picture.save(out, "PNG")

    centre, notes = fit(out.getvalue(), INSTAGRAM)
    right, _ = fit(out.getvalue(), INSTAGRAM, focus=(1.0, 0.5))

    assert is_near(opened(centre).getpixel((opened(centre).width // 2, 200)), RED)
    assert is_near(opened(right).getpixel((opened(right).width - 10, 200)), BLUE)
    assert notes[0] == "recadrée"


def test_padding_keeps_the_whole_picture_on_white():
    copy, notes = fit(file_of(3000, 500), INSTAGRAM, mode=PAD, background="white")

    image = opened(copy)
    assert image.size == (1440, 754)
    assert is_near(image.getpixel((720, 20)), (255, 255, 255))
    assert is_near(image.getpixel((720, 377)), RED)
    assert notes[0] == "complétée sur ses bords"


def test_padding_is_a_blurred_copy_by_default():
    copy, _ = fit(file_of(3000, 500), INSTAGRAM, mode=PAD)

    assert is_near(opened(copy).getpixel((720, 20)), RED)


def test_a_copy_is_upright_and_says_nothing_of_where_it_was_taken():
    exif = Image.Exif()
    exif[pictures.ORIENTATION] = 6
    exif.get_ifd(0x8825)[1] = "N"

    copy, _ = fit(file_of(1000, 900, "JPEG", exif=exif), INSTAGRAM)

    assert opened(copy).size == (900, 1000)
    assert dict(opened(copy).getexif()) == {}


def test_transparency_becomes_white():
    copy, _ = fit(file_of(400, 400, colour=(0, 0, 0, 0), mode="RGBA"), INSTAGRAM)

    assert is_near(opened(copy).getpixel((200, 200)), (255, 255, 255))


def test_print_colours_become_screen_colours():
    copy, _ = fit(file_of(400, 400, "JPEG", colour=(0, 255, 255, 0), mode="CMYK"), INSTAGRAM)

    assert opened(copy).mode == "RGB"
    red, green, blue = opened(copy).getpixel((200, 200))
    assert red > 200
    assert max(green, blue) < 60


def test_a_colour_profile_is_applied_and_a_broken_one_forgotten():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    good, _ = fit(file_of(400, 400, "JPEG", icc_profile=profile), INSTAGRAM)
    broken, _ = fit(file_of(400, 400, "JPEG", icc_profile=b"rien" * 40), INSTAGRAM)

    for copy in (good, broken):
        assert is_near(opened(copy).getpixel((200, 200)), RED)
        assert "icc_profile" not in opened(copy).info


def test_an_animation_keeps_its_first_frame_and_says_so():
    out = io.BytesIO()
    Image.new("RGB", (400, 400), RED).save(
        out, "GIF", save_all=True, append_images=[Image.new("RGB", (400, 400), BLUE)]
    )

    copy, notes = fit(out.getvalue(), INSTAGRAM)

    assert notes[0] == "l'animation est perdue"
    assert is_near(opened(copy).getpixel((200, 200)), RED)


@pytest.mark.parametrize(
    "content",
    [b"", b"bonjour", b"%!PS-Adobe-3.0 EPSF-3.0", b"<svg xmlns='http://www.w3.org/2000/svg'/>", file_of(9, 9)[:40]],
)
def test_what_is_no_picture_is_refused_in_french(content):
    with pytest.raises(UnreadablePicture, match="image"):
        inspect(content)


def test_a_damaged_picture_is_refused():
    noise = io.BytesIO()
    Image.effect_noise((300, 300), 90).save(noise, "PNG")

    with pytest.raises(UnreadablePicture, match="abîmé"):
        fit(noise.getvalue()[: len(noise.getvalue()) // 2], INSTAGRAM)


def test_a_small_file_that_unfolds_into_gigabytes_is_never_decoded(monkeypatch):
    bomb = file_of(9000, 9000, mode="1", colour=0)

    assert len(bomb) < 50_000
    with pytest.raises(UnreadablePicture, match="9000 × 9000"):
        inspect(bomb)
    with pytest.raises(UnreadablePicture, match="9000 × 9000"):
        fit(bomb, INSTAGRAM)


def test_a_file_too_heavy_to_open_is_refused(monkeypatch):
    monkeypatch.setattr(pictures, "MOST_SOURCE_BYTES", 100)

    with pytest.raises(UnreadablePicture, match="au plus"):
        inspect(file_of(300, 300))
