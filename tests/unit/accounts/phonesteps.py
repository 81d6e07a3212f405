"""Steps on the way to another phone number."""

from phonenumber_field.phonenumber import PhoneNumber

from accounts import phones
from accounts.events import Actor
from accounts.models import Account, Phone
from accounts.policy import effective
from tests.unit.support import HOME, last_code

OLD, NEW, OTHER = "+12025550123", "+12025550177", "+12025550188"


def propose(account: Account, number: str = NEW, *, by: Actor = HOME) -> None:
    phones.propose_number(account, PhoneNumber.from_string(number), by=by)


def get_code(account: Account, *, by: Actor = HOME) -> str:
    phones.send_code(account, by=by)
    return last_code()


def on_file(account: Account) -> str:
    return str(Phone.objects.get(account=account).number)


def change(account: Account, number: str = NEW) -> None:
    propose(account, number)
    phones.confirm_code(account, get_code(account), by=HOME)
    phones.confirm_code(account, get_code(account), by=HOME)


def let_owners_enter_numbers(account: Account) -> None:
    policy = effective.load_effective_policy(account).policy
    policy.owner_sets_phone = True
    policy.save()
