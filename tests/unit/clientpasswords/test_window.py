"""The identity window after something went wrong."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account


@pytest.mark.parametrize("code", ["482913", "48291x"])
def test_a_wrong_code_is_not_shown_again_but_the_form_stays_the_same(
    bob: Account, client: Client, code: str
) -> None:
    client.force_login(bob)
    client.post(reverse("clientpasswords:code"))
    attempt = str(uuid4())

    answer = client.post(
        reverse("clientpasswords:verify"), {"code": code, "attempt": attempt}
    )

    assert answer.status_code == 422
    assert code not in answer.text
    assert f'value="{attempt}"' in answer.text
    assert 'aria-invalid="true"' in answer.text
