"""Many requests in the same moment, each on a database connection of its own."""

from uuid import UUID, uuid4

import pytest

from accounts import codes
from accounts.events import Actor
from accounts.models import Account, Phone
from clientpasswords import lifecycle
from clientpasswords.models import ClientPassword
from tests.factories import make_client_password
from tests.unit.support import HOME, at_once, code_for, issue

pytestmark = pytest.mark.django_db(transaction=True)


def outcome_of_issuing(account: Account, code: str, attempt: UUID | None = None) -> str:
    try:
        issue(account, code, attempt=attempt)
    except (lifecycle.Refused, lifecycle.AlreadyIssued, codes.CodeError) as refusal:
        return type(refusal).__name__
    return "issued"


def test_one_form_sent_by_twenty_at_once_makes_one_password(bob: Account) -> None:
    attempt, code = uuid4(), code_for(bob)

    outcomes = at_once(20, lambda _n: outcome_of_issuing(bob, code, attempt))

    assert outcomes.count("issued") == 1
    assert outcomes.count("AlreadyIssued") == 19
    assert bob.client_passwords.count() == 1


def test_one_code_in_twenty_forms_makes_one_password(bob: Account) -> None:
    code = code_for(bob)

    outcomes = at_once(20, lambda _n: outcome_of_issuing(bob, code))

    assert outcomes.count("issued") == 1
    assert outcomes.count("NoCode") == 19
    assert bob.client_passwords.count() == 1


def test_twenty_at_once_at_nine_of_ten_make_ten(
    bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(9):
        make_client_password(bob)
    # A code that is never used up, so that nothing but the limit is in the way.
    monkeypatch.setattr(codes, "spend", lambda *_args, **_kwargs: None)

    outcomes = at_once(20, lambda _n: outcome_of_issuing(bob, "123456"))

    assert outcomes.count("issued") == 1
    assert outcomes.count("LimitReached") == 19
    assert bob.client_passwords.live().count() == 10


def test_twenty_owners_at_once_get_one_each(bob: Account) -> None:
    owners = [_copy(bob, number) for number in range(20)]
    sent = [code_for(owner) for owner in owners]

    outcomes = at_once(20, lambda n: outcome_of_issuing(owners[n], sent[n]))

    assert outcomes == ["issued"] * 20
    assert ClientPassword.objects.count() == 20


def test_revoking_ten_times_at_once_revokes_once(bob: Account) -> None:
    row, _secret = make_client_password(bob)
    mine = bob.client_passwords.filter(pk=row.pk)

    counts = at_once(10, lambda _n: lifecycle.revoke(mine.all(), by=HOME))

    assert sorted(counts) == [0] * 9 + [1]
    assert bob.security_events.filter(kind="revoked").count() == 1


def test_issuing_and_revoking_at_once_do_not_wait_for_each_other_for_ever(
    bob: Account,
) -> None:
    for _ in range(5):
        make_client_password(bob)
    code = code_for(bob)

    def act(number: int) -> object:
        if number % 2:
            return outcome_of_issuing(bob, code)
        rows = bob.client_passwords.filter(slot=number // 2 + 1)
        return lifecycle.revoke(rows, by=Actor("admin@example.com"))

    results = at_once(10, act)

    assert results.count("issued") == 1
    assert bob.client_passwords.live().exists()


def _copy(account: Account, number: int) -> Account:
    copy = Account.objects.create(
        address=f"owner{number}@example.com",
        domain=account.domain,
        client_passwords_on=True,
    )
    Phone.objects.create(account=copy, number=f"+120255501{number:02}")
    return copy
