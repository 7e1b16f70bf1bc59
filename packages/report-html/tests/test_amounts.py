"""Numbers as people read them."""

from snn_report_html.amounts import correlation, count, joules, milliseconds, per_cent, points, small


def test_what_is_not_known_is_a_dash():
    assert [f(None) for f in (per_cent, count, joules, small, correlation)] == ["–"] * 5
    assert small(float("nan")) == "–"


def test_negative_numbers_have_a_minus_and_no_hyphen():
    told = [small(-0.01234567), correlation(-0.5), count(-12_345_678.0), per_cent(-0.1)]
    assert told == ["−0.0123", "−0.5000", "−12.3\u202fM", "−10.00\u202f%"]


def test_counts_have_three_digits_or_all_of_them():
    assert [count(number) for number in (0, 0.5, 999, 1234, 9999, 10_000, 2e9)] == [
        "0",
        "0.5",
        "999",
        "1,234",
        "9,999",
        "10\u202fk",
        "2\u202fG",
    ]


def test_energies_have_the_unit_that_keeps_them_short():
    assert [joules(energy) for energy in (0.0, 4e-13, 2e-9, 1.5e-3, 12.0)] == [
        "0\u202fJ",
        "0.4\u202fpJ",
        "2\u202fnJ",
        "1.5\u202fmJ",
        "12\u202fJ",
    ]


def test_times_and_differences_have_their_unit():
    assert (milliseconds(3.164), milliseconds(12_345)) == ("3.16\u202fms", "12,345\u202fms")
    assert points(-0.0125) == "1.25 points"
