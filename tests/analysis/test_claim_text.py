"""What a claim means, and which texts are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.analysis import CLAIM_GRAMMAR, Claim, parse_claim
from workbench.schema import InputError

MODELS = ["unet", "unet wide", "otsu", "MAUNET_ENSEMBLE", "MAUNET_WIDE", "one on one", "cellpose"]
METRICS = ["f1", "dice"]


def parse(text: str) -> Claim:
    return parse_claim(text, models=MODELS, metrics=METRICS)


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("unet better than otsu", Claim("better", "unet", "otsu")),
        ("unet is significantly better than otsu.", Claim("better", "unet", "otsu")),
        ("UNET beats   OTSU", Claim("better", "unet", "otsu")),
        ("otsu worse than unet wide", Claim("worse", "otsu", "unet wide")),
        ("unet equals otsu within 0.02", Claim("equal", "unet", "otsu", margin=0.02)),
        ("unet is as good as otsu", Claim("equal", "unet", "otsu")),
        ("unet is the best", Claim("best", "unet")),
        ("unet performs best", Claim("best", "unet")),
        ("unet is the best model on dense images", Claim("best", "unet", slice_name="dense")),
        ("otsu works worst of all methods", Claim("worst", "otsu")),
        ("unet segments better than otsu", Claim("better", "unet", "otsu")),
        ("unet beats otsu in DAPI images", Claim("better", "unet", "otsu", slice_name="DAPI")),
        ("unet beats otsu for U2 by 0.1", Claim("better", "unet", "otsu", 0.1, slice_name="U2")),
        ("unet better than every other model by dice", Claim("best", "unet", metric="dice")),
        ("otsu worse than all others", Claim("worst", "otsu")),
        ("otsu is the worst at IoU 0.9", Claim("worst", "otsu", threshold=0.9)),
        ("unet beats otsu by 0.05 by dice", Claim("better", "unet", "otsu", 0.05, metric="dice")),
        ("unet beats otsu on all images", Claim("better", "unet", "otsu")),
        ("unet beats otsu on H&E images", Claim("better", "unet", "otsu", slice_name="H&E")),
        (
            "unet beats otsu at 0.7 where cell_type is 'in at on by'",
            Claim(
                "better", "unet", "otsu",
                slice_column="cell_type", slice_name="in at on by", threshold=0.7,
            ),
        ),
    ],
)  # fmt: skip
def test_texts_mean_what_they_say(text: str, claim: Claim) -> None:
    assert parse(text) == claim


def test_a_name_is_meant_if_no_other_begins_so() -> None:
    assert parse("maunet_e beats MAUNET_W").second == "MAUNET_WIDE"
    # "unet" is a whole name, though another begins with it.
    assert parse("unet beats cell").first == "unet"
    with pytest.raises(InputError, match="'mau' may be MAUNET_ENSEMBLE or MAUNET_WIDE"):
        parse("unet beats mau")


def test_hyphens_and_blanks_in_a_name_make_no_difference_where_one_name_is_left() -> None:
    assert parse("U-Net beats Cell pose").second == "cellpose"
    assert parse("unet-wide beats otsu").first == "unet wide"
    with pytest.raises(InputError, match="'mau-net' may be MAUNET_ENSEMBLE or MAUNET_WIDE"):
        parse("mau-net beats otsu")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("unet is at least as good as otsu", "'is at least' is no part of a comparison\\.\n"),
        ("unet is much better than otsu", "'is much' is no part of a comparison\\.\n"),
        ("unet wide is 0.1 better than otsu", "'is 0.1' is no part .*, but for \"by 0.05\" at"),
    ],
)
def test_words_that_would_change_a_claim_are_not_passed_over(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse(text)


def test_names_may_hold_words_of_the_language() -> None:
    assert parse("one on one beats unet").first == "one on one"
    assert parse("unet beats one on one on dense images").slice_name == "dense"
    assert parse("'one on one' beats 'unet'").first == "one on one"


def test_names_that_do_not_exist_are_answered_with_those_that_do() -> None:
    with pytest.raises(InputError, match="no model is called 'resnet': there are unet, unet wide"):
        parse("resnet beats unet")
    with pytest.raises(InputError, match=r"no measure is called 'dise'.* did you mean dice\?"):
        parse("unet beats otsu by dise")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no comparison"),
        ("unet", "no comparison"),
        ("unet vs otsu", "no comparison"),
        ("unet better than otsu better than cellpose", "2 comparisons"),
        ("unet is not better than otsu", "not what is not"),
        ("unet better than unet", "with itself"),
        ("unet better than otsu on dense images on sparse images", "said before"),
        ("unet better than otsu by dice by f1", "said before"),
        ("unet is the best because of its size", "no condition"),
        ("unet is the best by 0.05", '"by" a number goes with'),
        ("unet better than otsu within 0.02", '"within" goes with "equals"'),
        ("unet better than otsu where cell_type", "needs a column and a value"),
    ],
)
def test_unclear_texts_are_answered_with_the_grammar(text: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as raised:
        parse(text)
    assert str(raised.value).endswith(CLAIM_GRAMMAR)


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("by 5%", "0.05 rather than 5 %"),
        ("by -0.1", "expected a difference above 0"),
        ("by 0", "expected a difference above 0"),
        ("by 1e999", "expected a difference above 0"),
        ("at 70", "above 0 and at most 1, got '70'"),
        ("at dense", "above 0 and at most 1, got 'dense'"),
    ],
)
def test_numbers_out_of_range_are_refused(condition: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        parse(f"unet better than otsu {condition}")


def test_every_example_of_the_grammar_is_understood() -> None:
    examples = CLAIM_GRAMMAR.split("Examples:\n")[1].splitlines()
    assert len(examples) == 4
    for example in examples:
        assert parse(example).first == "unet"


@given(
    st.sampled_from(MODELS),
    st.sampled_from(["better than", "worse than", "equals", "is the best", "beats"]),
    st.sampled_from(MODELS),
    st.lists(
        st.sampled_from(
            ["by 0.1", "by dice", "at 0.7", "on dense images", "where a is b", "at", ""]
        )
        | st.text(max_size=8),
        max_size=4,
    ),
)
def test_a_text_is_a_claim_or_an_error_for_its_writer(
    first: str, relation: str, second: str, conditions: list[str]
) -> None:
    text = " ".join([first, relation, second, *conditions])
    try:
        claim = parse(text)
    except InputError:
        return
    assert claim.first in MODELS
    assert claim.second in {"", *MODELS}


@given(st.permutations(["by 0.1", "by dice", "at 0.7", "on dense images"]))
def test_conditions_stand_in_any_order(conditions: list[str]) -> None:
    text = " ".join(["unet better than otsu", *conditions])
    expected = Claim(
        "better", "unet", "otsu", 0.1, slice_name="dense", metric="dice", threshold=0.7
    )
    assert parse(text) == expected


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(InputError):
        parse(text)
