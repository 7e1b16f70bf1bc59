"""The page of promises is what the checks say."""

from pathlib import Path

import pytest
from snn.testing import checks_for, contract, promise

PAGE = Path(__file__).parents[3] / "docs" / "contract.md"
KINDS = ("frontend", "normaliser", "code", "backend", "reporter", "trainer")


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == contract(), "write it again: python -m snn.testing > docs/contract.md"


@pytest.mark.parametrize("kind", KINDS)
def test_every_check_has_a_promise_in_one_sentence(kind):
    for check in checks_for(kind):
        assert promise(check).endswith("."), check.__name__
        assert check.__name__ in contract()


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_checks_of_a_kind_have_one_name(kind):
    names = [check.__name__ for check in checks_for(kind)]
    assert len(set(names)) == len(names)
